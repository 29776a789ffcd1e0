"""Full songs: who joins them, what is refused, and how a provider is asked to."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.errors import FormError, UserError
from bot.domain.form import Form
from bot.domain.models import (
    Clip,
    ClipStatus,
    Extension,
    Kind,
    Progress,
    Status,
)
from bot.domain.timecode import parse_time
from bot.providers.base import OutOfCredits, Rejected, Unavailable, Unconfirmed
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    ADA,
    BEN,
    CHANNEL,
    DEADLINE,
    ELSEWHERE,
    SOURCE,
    ServiceHarness,
    actor,
    complete,
    handle_of,
    reply_to,
)
from tests.support.store_samples import accept

JOINS = {"concat": True}
YEAR = dt.timedelta(days=365)


async def continued(harness: ServiceHarness, parts: int = 2, **fields: object) -> Extension:
    """Return the last extension of a song of as many new parts."""
    ext = await harness.finished("part 0", title="Dreams", **fields)
    for number in range(1, parts):
        ext = await harness.finished(f"{number}, a part", clip=ext.reply.url)
    return ext


@pytest.fixture
def joiner() -> ScriptedProvider:
    """A provider that joins clips, and could tell of recent ones."""
    return ScriptedProvider("joiner", reconcile=True, **JOINS)


@pytest.fixture
def joining(store: Store, joiner: ScriptedProvider) -> ServiceHarness:
    return ServiceHarness(store, joiner)


# Who joins it


async def test_provider_with_concat_is_asked_for_the_song(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    song = await joining.song(last.clips[1].id, "song")
    assert (song.kind, song.status) == (Kind.CONCAT, Status.WAITING)
    assert song.request.provider == "joiner"
    assert song.deadline_at == joining.clock() + DEADLINE
    sent = len(joiner.sent)
    await joining.submit()
    assert joiner.joined == [last.clips[1].id]
    assert len(joiner.sent) == sent
    assert await joining.is_at(song, Status.SUBMITTED)


async def test_a_joined_song_is_finished_like_any_extension(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    song = await joining.song(last.clips[0].id, "song")
    await joining.submit()
    song = await joining.now(song)
    joiner.progress[handle_of(song)] = complete(song, duration=120.0)
    await joining.overdue(song)
    await joining.track()
    song = await joining.now(song)
    assert song.status is Status.COMPLETE
    assert [(clip.id, clip.title) for clip in song.clips] == [("joiner-song-1", "Dreams")]
    going_on = await joining.ask("go on", clip=song.reply.url, at="end")
    assert going_on.request.clip_id == "joiner-song-1"


async def test_song_is_spliced_where_provider_has_no_concat(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song", member_id=BEN)
    assert (song.kind, song.status) == (Kind.SPLICE, Status.SUBMITTED)
    assert (song.request.provider, song.request.clip_id) == ("", last.clips[0].id)
    assert (song.member_id, song.title) == (BEN, "Dreams")
    assert (song.source_url, song.submitted_at) == (last.reply.url, harness.clock())
    assert await harness.store.next_audio() is not None
    assert suno.joined == []


async def test_only_the_attacher_works_on_a_splice(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song")
    harness.clock.now += YEAR
    assert await harness.store.next_due() is None
    await harness.submit()
    await harness.track()
    assert await harness.now(song) == song


async def test_splice_wakes_the_attacher(harness: ServiceHarness) -> None:
    last = await continued(harness)
    await harness.wakeups.attacher.wait(0)  # whatever rang before
    await harness.song(last.clips[0].id, "song")
    async with asyncio.timeout(1):
        await harness.wakeups.attacher.wait(60)


async def test_a_song_of_two_providers_is_encores(store: Store, joiner: ScriptedProvider) -> None:
    other = ScriptedProvider("other", **JOINS)
    harness = ServiceHarness(store, joiner, other)
    last = await continued(harness, provider="joiner")
    request = replace(last.request, provider="other", clip_id=last.clips[0].id)
    clip = Clip(id="of-other", status=ClipStatus.COMPLETE, audio_url="https://audio.example/o")
    await accept(
        store, replace(last, id=0, idempotency_key="other", request=request, clips=(clip,))
    )
    assert (await harness.song("of-other", "song")).kind is Kind.SPLICE


async def test_without_the_provider_that_made_it_encore_joins(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    others = ServiceHarness(joining.store, ScriptedProvider("another"), clock=joining.clock)
    assert (await others.song(last.clips[0].id, "song")).kind is Kind.SPLICE
    assert joiner.joined == []


async def test_a_song_that_goes_on_is_joined_from_there(joining: ServiceHarness) -> None:
    last = await continued(joining)
    first = await finished_song(joining, last)
    going_on = await joining.finished("go on", clip=first.reply.url)
    whole = await joining.song(going_on.clips[0].id, "whole")
    assert whole.kind is Kind.CONCAT
    context = await joining.reply_contexts.load(whole)
    assert [step.known.clip.id for step in context.parts] == [
        first.clips[0].id,
        going_on.clips[0].id,
    ]


async def finished_song(harness: ServiceHarness, last: Extension) -> Extension:
    """Return the full song that ends with the first clip of ``last``, joined by its provider."""
    song = await harness.song(last.clips[0].id, "song")
    await harness.submit()
    song = await harness.now(song)
    harness.providers[song.request.provider].progress[handle_of(song)] = complete(song)
    await harness.overdue(song)
    await harness.track()
    return await harness.now(song)


# What is refused


async def test_a_clip_of_which_nothing_is_known_is_refused(harness: ServiceHarness) -> None:
    with pytest.raises(UserError, match="don't know that clip"):
        await harness.song(SOURCE, "song")


async def test_clip_without_parts_is_a_full_song_already(harness: ServiceHarness) -> None:
    await harness.known()
    with pytest.raises(UserError, match="“Dreams” is the whole song already"):
        await harness.song(SOURCE, "song")


async def test_a_joined_song_is_the_whole_song_already(joining: ServiceHarness) -> None:
    song = await finished_song(joining, await continued(joining))
    with pytest.raises(UserError, match="is the whole song already"):
        await joining.song(song.clips[0].id, "again")


async def test_song_of_an_unfinished_clip_is_refused(harness: ServiceHarness) -> None:
    ext = await harness.submitted("1")
    with pytest.raises(UserError, match="That clip is still being made"):
        await harness.song(ext.clips[0].id, "song")


async def test_song_of_a_failed_clip_is_refused(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("1")
    failed = [replace(clip, status=ClipStatus.FAILED) for clip in complete(ext).clips]
    suno.progress[handle_of(ext)] = Progress(clips=tuple(failed))
    await harness.overdue(ext)
    await harness.track()
    with pytest.raises(UserError, match="was never finished"):
        await harness.song(ext.clips[0].id, "song")


async def test_a_song_counts_as_in_progress(store: Store, suno: ScriptedProvider) -> None:
    harness = ServiceHarness(store, suno, member_limit=1)
    last = await continued(harness)
    await harness.song(last.clips[0].id, "song")
    with pytest.raises(UserError, match="you have 1 extension in progress"):
        await harness.song(last.clips[1].id, "other song")
    with pytest.raises(UserError, match="you have 1 extension in progress"):
        await harness.ask("an extension")


# Once for each channel


async def test_a_song_that_the_channel_soon_has_is_not_made_again(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song")
    again = await harness.songs.request(
        last.clips[0].id, idempotency_key="again", member_id=BEN, reply=reply_to("again")
    )
    assert (again.extension, again.is_new) == (song, False)


async def test_clicks_at_the_same_moment_make_one_song(harness: ServiceHarness) -> None:
    last = await continued(harness)
    songs = [harness.song(last.clips[0].id, f"{number}. click") for number in range(4)]
    assert len({song.id for song in await asyncio.gather(*songs)}) == 1


async def test_a_song_that_the_channel_has_is_not_made_again_even_beyond_the_quota(
    store: Store, joiner: ScriptedProvider
) -> None:
    harness = ServiceHarness(store, joiner, member_limit=1)
    last = await continued(harness)
    song = await finished_song(harness, last)
    await harness.ask("an extension")
    assert await harness.song(last.clips[0].id, "again") == song


async def test_a_song_whose_reply_was_deleted_can_be_made_again(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song")
    await harness.songs.mark_reply_deleted(song)
    assert (await harness.song(last.clips[0].id, "again")).id != song.id


async def test_another_channel_gets_the_song_too(harness: ServiceHarness) -> None:
    last = await continued(harness)
    here = await harness.song(last.clips[0].id, "song")
    there = await harness.song(last.clips[0].id, "there", channel_id=ELSEWHERE)
    assert here.id != there.id
    assert (here.reply.channel_id, there.reply.channel_id) == (CHANNEL, ELSEWHERE)


async def test_a_song_that_came_to_nothing_can_be_made_again(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    joiner.on_concat.then(Rejected("No."))
    song = await joining.song(last.clips[0].id, "song")
    await joining.submit()
    assert await joining.is_at(song, Status.FAILED)
    again = await joining.song(last.clips[0].id, "again")
    assert again.id != song.id


async def test_song_is_spliced_after_concat_failed(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    joiner.on_concat.then(Rejected("No."))
    await joining.song(last.clips[0].id, "song")
    await joining.submit()
    assert (await joining.song(last.clips[0].id, "again")).kind is Kind.SPLICE
    assert (await joining.song(last.clips[1].id, "other")).kind is Kind.CONCAT


async def test_concat_that_was_never_sent_is_tried_again(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    joiner.on_concat.then(OutOfCredits())
    await joining.song(last.clips[0].id, "song")
    await joining.submit()
    assert (await joining.song(last.clips[0].id, "again")).kind is Kind.CONCAT


# Asking a provider


async def test_nothing_is_looked_up_before_clips_are_joined(store: Store) -> None:
    joiner = ScriptedProvider("joiner", lookup=True, **JOINS)
    harness = ServiceHarness(store, joiner)
    last = await continued(harness)
    looked_up = len(joiner.looked_up)
    await harness.song(last.clips[0].id, "song")
    await harness.submit()
    assert joiner.joined == [last.clips[0].id]
    assert len(joiner.looked_up) == looked_up


async def test_a_refusal_to_join_is_told(joining: ServiceHarness, joiner: ScriptedProvider) -> None:
    last = await continued(joining)
    joiner.on_concat.then(Rejected("Not your clip."))
    song = await joining.song(last.clips[0].id, "song")
    await joining.submit()
    song = await joining.now(song)
    assert song.status is Status.FAILED
    assert song.failure == failures.Rejected("Not your clip.")


async def test_joining_waits_for_a_provider_that_is_away(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    joiner.on_concat.then(Unavailable())
    song = await joining.song(last.clips[0].id, "song")
    await joining.submit()
    assert await joining.is_at(song, Status.WAITING)
    await joining.overdue(song)
    await joining.submit()
    assert await joining.is_at(song, Status.SUBMITTED)


async def test_without_an_answer_nothing_is_looked_for_and_nothing_sent_again(
    joining: ServiceHarness, joiner: ScriptedProvider
) -> None:
    last = await continued(joining)
    joiner.on_concat.then(Unconfirmed())
    joiner.on_recent.then(AssertionError("nobody can tell a joined clip from others"))
    song = await joining.song(last.clips[0].id, "song")
    await joining.submit()
    assert await joining.is_at(song, Status.UNCONFIRMED)
    joining.clock.advance(3600)
    await joining.submit()
    assert joiner.joined == [last.clips[0].id]


async def test_an_interrupted_submission_is_unconfirmed_at_once(joining: ServiceHarness) -> None:
    last = await continued(joining)
    song = await joining.song(last.clips[0].id, "song")
    interrupted = replace(song, status=Status.SUBMITTING, submitted_at=joining.clock())
    await joining.store.save(interrupted, was=song)
    await joining.submit()
    assert await joining.is_at(song, Status.UNCONFIRMED)


# What else can be done with it


async def test_the_parts_of_a_song_are_told_beside_it(harness: ServiceHarness) -> None:
    first = await harness.finished("1", member_id=ADA)
    second = await harness.finished("2", clip=first.reply.url, member_id=BEN)
    song = await harness.song(second.clips[1].id, "song")
    context = await harness.reply_contexts.load(song)
    assert [step.known.clip.id for step in context.parts] == [
        SOURCE,
        first.clips[0].id,
        second.clips[1].id,
    ]
    assert [step.extension and step.extension.member_id for step in context.parts] == [
        None,
        ADA,
        BEN,
    ]
    assert context.label == "Encore"
    assert (await harness.reply_contexts.load(second)).parts == ()


async def test_a_song_is_no_continuation_of_its_last_clip(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song")
    await harness.service.record_first_reply(song, song.reply, min_edit_interval=dt.timedelta(0))
    assert not await harness.has_news(last)
    assert (await harness.reply_contexts.load(last)).continuations == ()


async def test_song_can_not_be_retaken_or_sent_again_as_a_part(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[0].id, "song")
    with pytest.raises(UserError, match="has no other take"):
        await harness.retake(song, "take")
    with pytest.raises(UserError, match="has nothing to edit"):
        await harness.service.form_of(song.id, actor())


async def test_a_link_to_a_splice_names_the_clip_that_it_ends_with(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[1].id, "song")
    with pytest.raises(UserError, match="has no finished clip yet"):
        await harness.ask("too early", clip=song.reply.url, at="end")
    await harness.store.save(replace(song, status=Status.COMPLETE), was=song)
    ext = await harness.ask("go on", clip=song.reply.url, at="end")
    assert ext.request.clip_id == last.clips[1].id


async def joined_song(harness: ServiceHarness) -> tuple[Extension, Extension]:
    """Return the last part of a song of three parts, of ten seconds each, and the joined song."""
    last = await continued(harness)
    song = await harness.song(last.clips[1].id, "song")
    await harness.store.save(replace(song, status=Status.COMPLETE), was=song)
    claimed = await harness.store.claim_audio(
        now=harness.clock(), lease_until=harness.clock() + YEAR, limit=9
    )
    [work] = [each for each in claimed if each.extension_id == song.id]
    attached = Attachment(
        clip_id=last.clips[1].id,
        outcome=AttachmentStatus.ATTACHED,
        duration=30.5,
        starts=(0.0, 10.0, 20.0),
    )
    harness.clock.advance(20)  # by then the lease of the first reply has expired
    now, later = harness.clock(), harness.clock() + YEAR
    assert await harness.store.finish_audio(work, Uploads(attachments=(attached,)))
    edit = await harness.store.claim_edit(song.id, now=now, lease_until=later)
    assert edit is not None
    await harness.store.finish_edit(edit, song.reply, now=now, publish_at=now, shown=edit.uploads)
    return last, await harness.now(song)


async def test_song_is_extended_at_what_one_hears(harness: ServiceHarness) -> None:
    last, song = await joined_song(harness)
    [reference] = song.extendable_references
    for key, (typed, clip_id, continue_at) in {
        "root": ("0:09.5", SOURCE, 9.5),
        "middle": ("15", last.request.clip_id, 5.0),
        "join": ("20", last.request.clip_id, 10.0),
        "last": ("0:25.5", last.clips[1].id, 5.5),
    }.items():
        ext = await harness.ask(key, clip=reference, at=typed)
        assert (ext.request.clip_id, ext.request.continue_at) == (clip_id, continue_at)
        assert ext.song_time == parse_time(typed)
        assert ext == await harness.now(ext)


async def test_song_is_extended_at_its_end_like_its_last_part(harness: ServiceHarness) -> None:
    last, song = await joined_song(harness)
    ext = await harness.ask("go on", clip=song.reply.url, at="end")
    assert (ext.request.clip_id, ext.request.continue_at) == (last.clips[1].id, None)
    assert (ext.song_time, ext.part_number, ext.source_letter) == (None, 4, "B")


async def test_form_of_a_song_has_its_length_and_refuses_more(harness: ServiceHarness) -> None:
    _, song = await joined_song(harness)
    [reference] = song.extendable_references
    prefilled = await harness.forms.prefill(Form(clip=song.reply.url or ""))
    assert (prefilled.form.clip, prefilled.length) == (reference, 30.5)
    assert await harness.forms.length_of(reference) == 30.5
    assert await harness.forms.length_of("song-404") is None
    with pytest.raises(UserError, match="0:30 long"):
        await harness.forms.parse(Form(clip=reference, at="32"))
    ends = await harness.forms.parse(Form(clip=reference, at="31"))
    assert ends.request.continue_at == 10.49


async def test_song_of_unknown_lengths_is_extended_at_its_end_only(store: Store) -> None:
    harness = ServiceHarness(store, ScriptedProvider(needs_continue_at=False))
    first = await harness.finished("first", at="end")
    song = await harness.song(first.clips[0].id, "song")
    await harness.store.save(replace(song, status=Status.COMPLETE), was=song)
    [reference] = (await harness.now(song)).extendable_references
    with pytest.raises(FormError, match="how long each part"):
        await harness.forms.parse(Form(clip=reference, at="5"))
    ext = await harness.ask("go on", clip=reference, at="end")
    assert ext.request.clip_id == first.clips[0].id


async def test_a_song_can_end_with_each_clip_of_a_reply_that_can_be_heard(
    harness: ServiceHarness, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("1")
    one, two = complete(ext).clips
    withdrawn = replace(two, audio_url=None)
    suno.progress[handle_of(ext)] = replace(complete(ext), clips=(one, withdrawn))
    await harness.overdue(ext)
    await harness.track()
    assert [known.clip.id for known in await harness.songs.ending_clips(ext.id)] == [one.id]


async def test_a_song_made_again_ends_as_it_did(harness: ServiceHarness) -> None:
    last = await continued(harness)
    song = await harness.song(last.clips[1].id, "song")
    [end] = await harness.songs.ending_clips(song.id)
    assert (end.clip.id, end.letter) == (last.clips[1].id, "B")


async def test_a_reply_without_clips_makes_no_song(harness: ServiceHarness) -> None:
    ext = await harness.ask("1")
    with pytest.raises(UserError, match="no finished clip yet"):
        await harness.songs.ending_clips(ext.id)
    with pytest.raises(UserError, match="don't know this reply"):
        await harness.songs.ending_clips(404)
