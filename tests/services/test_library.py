"""The library as a member may see it: what isn't theirs to see, nobody knows."""

import asyncio
import datetime as dt
import uuid
from dataclasses import replace

import pytest

from bot.domain.attachments import Attachment, AttachmentStatus, Uploads
from bot.domain.errors import UserError
from bot.domain.library import MAX_SEARCH_LENGTH, LibraryPage, LibraryQuery, Scope, Viewer
from bot.domain.models import Clip, ClipStatus, Extension, Handle, Progress
from bot.providers.base import Unavailable
from bot.services.library import ClipDetails, Library
from bot.store.store import Store
from tests.support.scripted_provider import ScriptedProvider
from tests.support.service_harness import (
    ADA,
    BEN,
    CHANNEL,
    ELSEWHERE,
    GUILD,
    OTHER,
    SOURCE,
    ServiceHarness,
    complete,
    handle_of,
)

HERE = Viewer(member_id=BEN, channel_id=CHANNEL, guild_id=GUILD, channels=frozenset({CHANNEL}))
OWN = replace(HERE, member_id=ADA)
DIRECT = Viewer(member_id=ADA, channel_id=99)


@pytest.fixture
def library(harness: ServiceHarness) -> Library:
    return Library(harness.runtime, harness.links)


async def refusal(library: Library, act: str, clip_id: str, viewer: Viewer) -> str:
    """Return what is said to a member who can't do that with a clip."""
    with pytest.raises(UserError) as refused:
        await getattr(library, act)(clip_id, viewer)
    assert refused.value.problem.endswith(".")
    assert refused.value.remedy.endswith(".")
    return refused.value.problem


def ids(page: LibraryPage) -> list[str]:
    return [made.known.clip.id for made in page.entries]


async def clips_in(library: Library, viewer: Viewer, scope: Scope, search: str = "") -> list[str]:
    return ids(await library.page(viewer, LibraryQuery(scope=scope, search=search)))


def lineage(details: ClipDetails) -> list[tuple[str | None, float | None, bool]]:
    return [
        (each.known and each.known.clip.id, each.continued_at, each.is_continued)
        for each in details.lineage
    ]


async def made(harness: ServiceHarness, idempotency_key: str, **fields: object) -> tuple[str, str]:
    """Have two clips made, of which more can be made; return their ids."""
    first, second = (str(uuid.uuid5(uuid.NAMESPACE_OID, idempotency_key + each)) for each in "ab")
    harness.providers["suno"].on_extend.then(Handle(clip_ids=(first, second)))
    await harness.finished(idempotency_key, **fields)
    return first, second


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (OWN, True),
        (Viewer(member_id=ADA, channel_id=1), True),
        (HERE, True),
        (replace(HERE, channel_id=ELSEWHERE), True),
        (Viewer(member_id=BEN, channel_id=CHANNEL), True),
        (Viewer(member_id=BEN, channel_id=ELSEWHERE, guild_id=GUILD), False),
        (replace(HERE, channel_id=ELSEWHERE, guild_id=GUILD + 1), False),
        (replace(HERE, channel_id=ELSEWHERE, guild_id=None), False),
    ],
)
async def test_visibility_of_clips_by_channel(
    harness: ServiceHarness, viewer: Viewer, *, sees: bool
) -> None:
    assert viewer.can_see(await harness.ask("one")) == sees


async def test_a_page_is_looked_up_with_a_tidy_search(
    harness: ServiceHarness, library: Library
) -> None:
    first, second = await made(harness, "one")
    text = first[:9].upper()
    page = await library.page(OWN, LibraryQuery(scope=Scope.MINE, search=f"  {text}\n"))
    assert ids(page) == [first]
    assert page.query.search == text
    assert await clips_in(library, OWN, Scope.MINE) == [first, second]
    assert await clips_in(library, HERE, Scope.MINE) == []
    assert await clips_in(library, HERE, Scope.SERVER) == [first, second]


async def test_a_page_keeps_its_number(harness: ServiceHarness, library: Library) -> None:
    for number in range(5):
        await made(harness, f"t{number}")
    page = await library.page(OWN, LibraryQuery(scope=Scope.MINE, page_number=2))
    assert (page.query.page_number, len(page.entries)) == (2, 2)


@pytest.mark.parametrize(
    "search", ["x" * (MAX_SEARCH_LENGTH + 1), "🎵" * (MAX_SEARCH_LENGTH // 2 + 1)]
)
async def test_a_search_fits_into_a_button(library: Library, search: str) -> None:
    with pytest.raises(UserError, match="too long to search for"):
        await library.page(OWN, LibraryQuery(scope=Scope.MINE, search=search))
    assert await clips_in(library, OWN, Scope.MINE, search[:-1]) == []


async def test_there_is_no_server_in_a_direct_message(
    harness: ServiceHarness, library: Library
) -> None:
    await made(harness, "one")
    with pytest.raises(UserError, match="only works in a server"):
        await library.page(DIRECT, LibraryQuery(scope=Scope.SERVER))
    assert len(await clips_in(library, DIRECT, Scope.MINE)) == 2
    assert await clips_in(library, DIRECT, Scope.CHANNEL) == []


async def test_channels_of_a_guild_are_told(harness: ServiceHarness, library: Library) -> None:
    await harness.ask("one")
    await harness.ask("two", channel_id=ELSEWHERE)
    assert await library.channels(GUILD) == [ELSEWHERE, CHANNEL]


async def test_suggestions_are_limited_to_visible_clips(
    harness: ServiceHarness, library: Library
) -> None:
    await harness.known(title="Electric Dreams")
    await harness.ask("one")
    here = [known.clip.id for known in await library.suggestions("dreams", HERE)]
    assert here == [SOURCE]
    away = replace(HERE, channel_id=ELSEWHERE, channels=frozenset())
    assert await library.suggestions("dreams", away) == []
    assert len(await library.suggestions("dreams", replace(away, member_id=ADA))) == 1
    assert len(await library.suggestions("dreams", replace(away, channel_id=CHANNEL))) == 1


async def test_a_clip_comes_with_all_round_it(harness: ServiceHarness, library: Library) -> None:
    await harness.known(title="Root", duration=60.0)
    first, second = await made(harness, "one", title="Part")
    third, _ = await made(harness, "two", clip=first, at="20")
    following = await harness.ask("three", clip=third, at="5")
    details = await library.details(third, HERE)
    assert details.known == await harness.store.clip(third)
    assert details.extension == await harness.store.extension(details.known.extension_id)
    assert (details.label, details.title) == ("Suno Test", "Part")
    assert (details.is_confirmed, details.is_own) == (True, False)
    assert lineage(details) == [(SOURCE, 10, True), (first, 20, True), (third, None, False)]
    assert [known.letter for known in details.siblings] == ["B"]
    assert [ext.idempotency_key for ext in details.continuations] == [following.idempotency_key]
    assert (await library.details(third, OWN)).is_own
    assert (await library.details(second, HERE)).continuations == ()


async def test_a_source_clip_is_everyones_to_see(harness: ServiceHarness, library: Library) -> None:
    await harness.known(title="Root")
    far = Viewer(member_id=BEN, channel_id=1)
    details = await library.details(SOURCE, far)
    assert (details.extension, details.siblings, details.is_own) == (None, (), False)
    assert details.title == "Root"
    assert not details.is_confirmed
    await harness.ask("one")
    assert (await library.details(SOURCE, far)).continuations == ()
    assert len((await library.details(SOURCE, HERE)).continuations) == 1


async def test_a_clip_without_any_title_has_none(harness: ServiceHarness, library: Library) -> None:
    await harness.known(title="")
    assert (await library.details(SOURCE, HERE)).title == ""


async def test_invisible_clip_is_unknown_to_the_member(
    harness: ServiceHarness, library: Library
) -> None:
    clip_id, _ = await made(harness, "one")
    away = replace(HERE, channel_id=ELSEWHERE, channels=frozenset())
    unknown = await refusal(library, "details", "nothing", away)
    for act in ("details", "owned_clip", "remove"):
        assert await refusal(library, act, clip_id, away) == unknown
    assert (await library.details(clip_id, replace(away, member_id=ADA))).is_own


async def test_an_ancestor_that_isnt_theirs_to_see_only_has_its_place(
    harness: ServiceHarness, library: Library
) -> None:
    first, _ = await made(harness, "one", channel_id=ELSEWHERE)
    second, _ = await made(harness, "two", clip=first, at="20")
    details = await library.details(second, HERE)
    assert lineage(details) == [(SOURCE, 10, True), (None, 20, True), (second, None, False)]


async def test_a_continuation_that_isnt_theirs_to_see_is_not_told(
    harness: ServiceHarness, library: Library
) -> None:
    first, _ = await made(harness, "one")
    await harness.ask("two", clip=first, channel_id=ELSEWHERE)
    assert (await library.details(first, HERE)).continuations == ()
    assert len((await library.details(first, OWN)).continuations) == 1


async def test_a_clip_is_shown_with_its_current_link(
    harness: ServiceHarness, library: Library, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.progress[handle_of(ext)] = complete(ext, audio_url=None)
    details = await library.details(ext.clips[0].id, HERE)
    assert details.is_confirmed
    assert not details.known.clip.is_playable


async def test_a_provider_that_does_not_tell_hides_nothing(
    harness: ServiceHarness, library: Library, suno: ScriptedProvider
) -> None:
    ext = await harness.finished("one")
    suno.on_fetch.then(Unavailable("down"))
    details = await library.details(ext.clips[0].id, HERE)
    assert not details.is_confirmed
    assert details.known.clip.is_playable


async def test_provider_is_not_asked_for_an_unfinished_clip(
    harness: ServiceHarness, library: Library, suno: ScriptedProvider
) -> None:
    ext = await harness.submitted("one")
    clip = Clip(id=handle_of(ext).clip_ids[0], status=ClipStatus.QUEUED)
    await store_clips(harness, ext, clip)
    asked = len(suno.asked)
    details = await library.details(clip.id, HERE)
    assert (details.known.clip, details.is_confirmed) == (clip, False)
    assert len(suno.asked) == asked


async def test_clip_is_kept_as_long_as_its_provider_says(store: Store) -> None:
    keeping = ScriptedProvider("keeping", retention=dt.timedelta(days=14))
    harness = ServiceHarness(store, ScriptedProvider(), keeping)
    library = Library(harness.runtime, harness.links)
    ext = await harness.finished("one", provider="keeping")
    [first, _] = ext.clips
    assert ext.finished_at is not None
    shown = await library.details(first.id, HERE)
    assert shown.kept_until == ext.finished_at + dt.timedelta(days=14)
    harness.clock.advance(14 * 86_400)
    assert (await library.details(first.id, HERE)).kept_until is None
    other = await harness.finished("two", provider="suno", clip=OTHER)
    assert (await library.details(other.clips[0].id, HERE)).kept_until is None
    assert (await library.details(SOURCE, HERE)).kept_until is None


async def test_attached_clip_is_told_from_one_that_is_not(
    harness: ServiceHarness, library: Library
) -> None:
    ext = await harness.finished("one")
    first, second = (clip.id for clip in ext.clips)
    store, now = harness.store, harness.clock()
    lease_until = now + dt.timedelta(minutes=1)
    [work] = await store.claim_audio(now=now, lease_until=lease_until, limit=1)
    found = (
        Attachment(clip_id=first, outcome=AttachmentStatus.ATTACHED),
        Attachment(clip_id=second, outcome=AttachmentStatus.TOO_LARGE),
    )
    await store.finish_audio(work, Uploads(attachments=found))
    edit = await store.claim_edit(ext.id, now=now, lease_until=lease_until)
    assert edit is not None
    reply = edit.extension.reply
    await store.finish_edit(edit, reply, now=now, publish_at=now, shown=edit.uploads)
    assert (await library.details(first, HERE)).is_attached
    assert not (await library.details(second, HERE)).is_attached


async def test_a_provider_that_is_gone_is_called_by_its_name(
    harness: ServiceHarness, library: Library
) -> None:
    await harness.known(provider="former")
    assert (await library.details(SOURCE, HERE)).label == "former"


async def test_siblings_are_those_that_can_be_heard(
    harness: ServiceHarness, library: Library
) -> None:
    ext = await harness.submitted("one")
    first, second = handle_of(ext).clip_ids
    heard = complete(ext).clips[0]
    broken = Clip(id=second, status=ClipStatus.FAILED)
    harness.providers["suno"].progress[handle_of(ext)] = Progress(clips=(heard, broken))
    await harness.overdue(ext)
    await harness.track()
    assert (await library.details(first, HERE)).siblings == ()
    assert len((await library.details(second, HERE)).siblings) == 1


async def test_a_member_takes_their_own_clip_out(harness: ServiceHarness, library: Library) -> None:
    first, second = await made(harness, "one", title="Part")
    third, _ = await made(harness, "two", clip=first, at="20", member_id=BEN)
    own = await library.owned_clip(first, OWN)
    assert (own.title, own.known.letter, own.extension.idempotency_key) == ("Part", "A", "one")
    assert await library.remove(first, OWN) == own
    assert await clips_in(library, OWN, Scope.MINE) == [second]
    for act in ("details", "owned_clip", "remove"):
        assert "was removed" in await refusal(library, act, first, OWN)
    assert (await library.details(second, HERE)).siblings == ()
    assert (await library.details(third, HERE)).lineage[1].known.is_removed


async def test_other_members_may_not_remove_a_clip(
    harness: ServiceHarness, library: Library
) -> None:
    first, _ = await made(harness, "one")
    for act in ("owned_clip", "remove"):
        said = await refusal(library, act, first, HERE)
        assert said == f"Only <@{ADA}> can remove it from the library."
    assert len(await clips_in(library, OWN, Scope.MINE)) == 2


async def test_a_source_from_elsewhere_is_in_no_library(
    harness: ServiceHarness, library: Library
) -> None:
    await harness.known()
    for act in ("owned_clip", "remove"):
        assert "wasn't made here" in await refusal(library, act, SOURCE, OWN)


async def test_two_clicks_remove_a_clip_once(harness: ServiceHarness, library: Library) -> None:
    first, _ = await made(harness, "one")
    both = await asyncio.gather(
        *(library.remove(first, OWN) for _ in range(2)), return_exceptions=True
    )
    refused = [each for each in both if isinstance(each, UserError)]
    assert ["was removed" in each.problem for each in refused] == [True]


async def test_clip_reference_is_parsed_as_in_the_form(harness: ServiceHarness) -> None:
    clip_id, _ = await made(harness, "one")
    reply_url = (await harness.store.clip(clip_id)).reply_url
    assert await harness.forms.clip_id_of(f" <{reply_url}>\n") == clip_id
    assert await harness.forms.clip_id_of(f"https://suno.com/song/{SOURCE}") == SOURCE
    with pytest.raises(UserError, match="can't find"):
        await harness.forms.clip_id_of("nonsense")


async def store_clips(harness: ServiceHarness, ext: Extension, *clips: Clip) -> None:
    """Let the store know what a provider has told of ``ext`` meanwhile."""
    new = replace(ext, clips=clips, revision=ext.revision + 1)
    assert await harness.store.save(new, was=ext)
