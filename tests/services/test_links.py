"""Links are asked for anew; what was withdrawn is gone, what nobody tells stays as it was."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.errors import UserError
from bot.domain.models import Clip, ClipRecord, ClipStatus, Extension, Progress, Status
from bot.providers.base import Unavailable
from bot.services.links import LinkRefresher, RefreshedClip
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import SOURCE, ServiceHarness, complete, handle_of

FRESH = "https://cdn.example/fresh.mp3"


async def made(harness: ServiceHarness, ext: Extension) -> ClipRecord:
    known = await harness.store.clip(ext.clips[0].id)
    assert known is not None
    return known


def relinked(ext: Extension, url: str | None) -> Progress:
    """Return that the links of all clips of ``ext`` are ``url`` now."""
    return Progress(clips=tuple(replace(clip, audio_url=url) for clip in ext.clips))


async def test_a_clip_made_here_gets_the_link_of_today(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.progress[handle_of(ext)] = relinked(ext, FRESH)
    renewed = await harness.links.refresh_clip(await made(harness, ext))
    assert renewed.is_confirmed
    assert renewed.known.clip.audio_url == FRESH
    now = await harness.now(ext)
    assert now.clips[0].audio_url == FRESH
    assert now.revision > ext.revision


async def test_a_withdrawn_link_is_known_to_be_gone(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.progress[handle_of(ext)] = relinked(ext, None)
    renewed = await harness.links.refresh_clip(await made(harness, ext))
    assert renewed.is_confirmed
    assert not renewed.known.clip.is_playable
    now = await harness.now(ext)
    assert now.status is Status.COMPLETE
    assert now.clips[0].audio_url is None


async def test_the_same_link_is_no_news(harness: ServiceHarness, suno: ScriptedProvider) -> None:
    ext = await harness.finished("one")
    known = await made(harness, ext)
    assert await harness.links.refresh_clip(known) == RefreshedClip(known, is_confirmed=True)
    assert await harness.now(ext) == ext
    assert suno.asked[-1] == (ext.handle,)


async def test_a_provider_in_trouble_changes_nothing(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    known = await made(harness, ext)
    suno.on_fetch.then(Unavailable())
    assert await harness.links.refresh_clip(known) == RefreshedClip(known, is_confirmed=False)


async def test_a_provider_that_does_not_answer_is_not_waited_for(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    links = LinkRefresher(harness.runtime, timeout=0.01)
    ext = await harness.finished("one")
    known = await made(harness, ext)
    suno.on_fetch.then(lambda _: asyncio.Event().wait())
    assert await links.refresh_clip(known) == RefreshedClip(known, is_confirmed=False)


async def test_fields_that_the_provider_omits_stay(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    known = await made(harness, ext)
    del suno.progress[handle_of(ext)]
    assert await harness.links.refresh_clip(known) == RefreshedClip(known, is_confirmed=False)
    stranger = replace(known, clip=replace(known.clip, id="stranger"))
    suno.progress[handle_of(ext)] = complete(ext)
    assert await harness.links.refresh_clip(stranger) == RefreshedClip(stranger, is_confirmed=False)


async def test_a_provider_that_is_set_up_no_more_is_not_asked(harness: ServiceHarness) -> None:
    ext = await harness.finished("one")
    gone = replace(await made(harness, ext), provider="gone")
    assert await harness.links.refresh_clip(gone) == RefreshedClip(gone, is_confirmed=False)
    elsewhere = replace(ext, request=replace(ext.request, provider="gone"))
    assert await harness.links.refresh_extension(elsewhere) is None


async def test_an_extension_nobody_knows_is_not_asked_for(harness: ServiceHarness) -> None:
    ext = await harness.finished("one")
    unknown = replace(await made(harness, ext), extension_id=999)
    assert await harness.links.refresh_clip(unknown) == RefreshedClip(unknown, is_confirmed=False)


async def test_a_source_is_looked_up_where_that_can_be(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    await harness.known(audio_url="https://cdn.example/old.mp3")
    known = await harness.store.clip(SOURCE)
    assert known is not None
    assert await harness.links.refresh_clip(known) == RefreshedClip(known, is_confirmed=False)
    suno.capabilities = replace(suno.capabilities, lookup=True)
    suno.on_clip.then(Unavailable(), None)
    for _ in range(2):
        assert await harness.links.refresh_clip(known) == RefreshedClip(known, is_confirmed=False)
    suno.on_clip.then(Clip(id=SOURCE, status=ClipStatus.COMPLETE, audio_url=FRESH))
    renewed = await harness.links.refresh_clip(known)
    assert renewed.is_confirmed
    assert renewed.known.clip.audio_url == FRESH
    kept = await harness.store.clip(SOURCE)
    assert kept is not None
    assert kept.clip.audio_url == FRESH


async def test_check_again_says_that_nothing_is_new(harness: ServiceHarness) -> None:
    ext = await harness.finished("one")
    with pytest.raises(UserError, match="Nothing new yet: the links are up to date"):
        await harness.service.check_again(ext.id)


async def test_check_again_shows_fresh_links(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.progress[handle_of(ext)] = relinked(ext, FRESH)
    assert "the reply shows the news" in await harness.service.check_again(ext.id)
    assert (await harness.now(ext)).clips[0].audio_url == FRESH


async def test_check_again_says_that_there_is_still_no_link(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("one")
    suno.progress[handle_of(ext)] = complete(ext, audio_url=None)
    await harness.overdue(ext)
    await harness.track()
    before = await harness.now(ext)
    assert before.status is Status.FAILED
    with pytest.raises(UserError, match="Checked just now: still no link"):
        await harness.service.check_again(ext.id)
    assert await harness.now(ext) == before
    suno.progress[handle_of(ext)] = complete(ext)
    assert await harness.service.check_again(ext.id) == (
        "Checking. Its reply shows how it's going."
    )
    await harness.track()
    assert await harness.is_at(ext, Status.COMPLETE)


async def test_check_again_says_that_the_provider_does_not_tell(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.on_fetch.then(Unavailable())
    with pytest.raises(UserError, match="isn't answering"):
        await harness.service.check_again(ext.id)


async def test_check_again_has_audio_fetched_that_could_not_be_had(harness: ServiceHarness) -> None:
    ext = await harness.finished("one")
    lease_until = harness.clock.now.replace(year=2027)
    [work] = await harness.store.claim_audio(now=harness.clock(), lease_until=lease_until, limit=5)
    lost = Attachment(clip_id=ext.clips[0].id, outcome=AttachmentStatus.UNAVAILABLE)
    await harness.store.finish_audio(work, Uploads(attachments=(lost,)))
    now, reply = harness.clock(), ext.reply
    edit = await harness.store.claim_edit(ext.id, now=now, lease_until=lease_until)
    await harness.store.finish_edit(edit, reply, now=now, publish_at=now, shown=edit.uploads)
    assert await harness.store.next_audio() is None
    await harness.service.check_again(ext.id)
    assert await harness.store.next_audio() == harness.clock()
