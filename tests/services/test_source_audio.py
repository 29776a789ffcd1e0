"""Providers that want the source's audio: it is cut and handed over, or else nothing is sent."""

import datetime as dt
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audio.analysis import analyze
from bot.audio.download import PrivateServer, SafeDownloader
from bot.audio.errors import MediaError, TransientMediaError, UnusableMediaError
from bot.domain.errors import UnknownClipError, UserError
from bot.domain.failures import (
    Failure,
    Forgotten,
    PastTheEnd,
    SongTooLong,
    SourceUnavailable,
)
from bot.domain.form import Form
from bot.domain.models import Clip, ClipStatus, Extension, Progress, Status
from bot.providers.base import Capabilities, NewLength, Unavailable, UnknownClip
from bot.services import source_audio
from bot.services.kept_audio import KeptAudio
from bot.services.media import MediaFetcher
from bot.services.source_audio import SourceAudioPreparer, UnusableSourceError
from bot.services.uploaded_files import MAX_BYTES, UploadedFiles
from bot.store.store import Store
from tests.support.file_server import RATE, FileServer, hosting, song
from tests.support.scripted_provider import LIMITS, ScriptedProvider
from tests.support.scripted_sources import SOURCE as SCRIPTED
from tests.support.service_harness import SOURCE, ServiceHarness, actor, handle_of
from tests.support.worker_calls import ThreadPool

FILE = f"file-{'a' * 32}"
LENGTHS = NewLength(shortest=10, longest=90, usual=60)
HEARS = {
    "label": "ACE Test",
    "wants_source_audio": True,
    "needs_continue_at": False,
    "new_length": LENGTHS,
    "longest_song": 100.0,
}


@pytest.fixture
async def host() -> AsyncGenerator[FileServer]:
    async with hosting() as host:
        yield host


class SourceHarness:
    """Two providers: *suno* knows clips, *ace* is given their audio."""

    def __init__(self, store: Store, host: FileServer, pool: ThreadPool, folder: Path) -> None:
        self.suno = ScriptedProvider("suno", lookup=True)
        self.ace = ScriptedProvider("ace", **HEARS)
        self.kept = KeptAudio(folder / "kept")
        self.services = ServiceHarness(store, self.suno, self.ace, kept_audio=self.kept)
        self.host, self.folder = host, folder
        downloader = SafeDownloader(
            trusted_hosts={host.name},
            private_servers={"ace": PrivateServer(f"http://{host.name}")},
        )
        self.media = MediaFetcher(downloader, pool, self.services.links, self.kept)
        self.downloader, self.pool = downloader, pool
        self.preparer = SourceAudioPreparer(self.services.runtime, self.media, pool)
        self.files = UploadedFiles(self.services.runtime, downloader, pool)
        self.mp3 = song(folder, 2.0)

    async def asked(self, **fields: object) -> Extension:
        return await self.services.ask("one", **{"provider": "ace", "at": "1.5", **fields})

    async def prepared(self, ext: Extension) -> source_audio.PreparedSource:
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return await self.preparer.prepare(ext, self.ace.capabilities, work)

    async def file(self, seconds: float = 4.0) -> Clip:
        """Return a file that a member uploaded."""
        link = self.host.put("file.mp3", song(self.folder, seconds))
        return await self.files.receive(link, name="my_song.mp3", size=1000)


@pytest.fixture
async def harness(store: Store, host: FileServer, tmp_path: Path) -> AsyncGenerator[SourceHarness]:
    async with ThreadPool(tmp_path / "pool") as pool:
        yield SourceHarness(store, host, pool, tmp_path)


# Having and cutting the audio


async def test_source_is_cut_to_the_sample_where_it_goes_on(harness: SourceHarness) -> None:
    await harness.services.known(audio_url=harness.host.put("a.mp3", harness.mp3))
    ext = await harness.asked(at="1.234")
    prepared = await harness.prepared(ext)
    assert analyze(prepared.audio.path).duration * RATE == round(1.234 * RATE)
    assert prepared.extension.request.continue_at == 1.234
    assert prepared.audio.lyrics == ""
    assert [path.name for path in (harness.folder / "work").iterdir()] == ["source.flac"]


async def test_end_is_that_of_the_audio_itself(harness: SourceHarness) -> None:
    await harness.services.known(audio_url=harness.host.put("a.mp3", harness.mp3), duration=2.4)
    ext = await harness.asked(at="end")
    prepared = await harness.prepared(replace(ext, request=replace(ext.request, continue_at=None)))
    assert prepared.extension.request.continue_at == pytest.approx(1.99)


async def test_source_nobody_here_knows_is_looked_up_elsewhere(harness: SourceHarness) -> None:
    link = harness.host.put("a.mp3", harness.mp3)
    clip = Clip(id=SOURCE, status=ClipStatus.COMPLETE, audio_url=link, title="Far")
    harness.suno.on_clip.then(clip)
    ext = await harness.asked()
    harness.services.clock.advance(1)
    assert (await harness.prepared(ext)).extension.request.continue_at == 1.5
    assert harness.ace.looked_up == []
    known = await harness.services.store.clip(SOURCE)
    assert known is not None
    assert (known.provider, known.clip.title) == ("suno", "Far")


@pytest.mark.parametrize("answer", [None, Unavailable(), TimeoutError()])
async def test_source_that_no_provider_has_is_unavailable(
    harness: SourceHarness, answer: object
) -> None:
    harness.suno.on_clip.then(answer)
    with pytest.raises(UnusableMediaError):
        await harness.prepared(await harness.asked())


async def test_source_made_here_whose_link_was_withdrawn_is_unavailable(
    harness: SourceHarness,
) -> None:
    made = await harness.services.submitted("1", provider="suno")
    clips = tuple(
        Clip(id=clip_id, status=ClipStatus.COMPLETE, audio_url=url)
        for clip_id, url in (("suno-1-a", None), ("suno-1-b", "https://audio.example/b.mp3"))
    )
    harness.suno.progress[handle_of(made)] = Progress(clips=clips)
    await harness.services.overdue(made)
    await harness.services.track()
    looked_up = len(harness.suno.looked_up)
    ext = await harness.asked()
    withdrawn = replace(ext, request=replace(ext.request, clip_id="suno-1-a"))
    with pytest.raises(UnusableMediaError):
        await harness.prepared(withdrawn)
    assert len(harness.suno.looked_up) == looked_up


async def test_source_that_was_forgotten_altogether_is_unavailable(
    harness: SourceHarness,
) -> None:
    ext = await harness.asked()
    other = replace(ext, request=replace(ext.request, clip_id=FILE))
    with pytest.raises(UnusableSourceError) as caught:
        await harness.prepared(other)
    assert caught.value.failure == SourceUnavailable(is_file=True)


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"continue_at": 40.0}, PastTheEnd(2.0)),
        ({"length": 99.0}, SongTooLong(1.0)),
    ],
)
async def test_source_that_can_not_go_on_so_ends_the_extension(
    harness: SourceHarness, changes: dict[str, float], failure: Failure
) -> None:
    await harness.services.known(audio_url=harness.host.put("a.mp3", harness.mp3))
    ext = await harness.asked()
    with pytest.raises(UnusableSourceError) as caught:
        await harness.prepared(replace(ext, request=replace(ext.request, **changes)))
    if isinstance(caught.value.failure, PastTheEnd):
        assert caught.value.failure.length == pytest.approx(2, abs=0.01)
    else:
        assert caught.value.failure == failure


async def test_lyrics_are_those_of_all_that_the_audio_holds(harness: SourceHarness) -> None:
    link = harness.host.put("a.mp3", harness.mp3)
    await harness.services.known(audio_url=link)
    first = await harness.services.submitted("1", provider="suno", lyrics="One")
    clip = Clip(id="suno-1-a", status=ClipStatus.COMPLETE, audio_url=link)
    harness.suno.progress[handle_of(first)] = Progress(clips=(clip,))
    await harness.services.overdue(first)
    await harness.services.track()
    second = await harness.services.submitted(
        "2", provider="ace", clip=first.reply.url, at="1", lyrics="Two"
    )
    clips = (Clip(id="ace-1-a", status=ClipStatus.COMPLETE, audio_url=link, contains_source=True),)
    harness.ace.progress[handle_of(second)] = Progress(clips=clips)
    await harness.services.overdue(second)
    await harness.services.track()
    third = await harness.services.ask("3", clip=second.reply.url, at="1.5", lyrics="Three")
    assert third.request.provider == "ace"
    assert (await harness.prepared(third)).audio.lyrics == "One\n\nTwo"


def test_preparer_works_in_a_folder_of_the_pool(harness: SourceHarness) -> None:
    with harness.preparer.temporary_folder() as folder:
        assert folder.is_dir()


# Handing it over


async def test_audio_is_handed_over_once_and_removed(harness: SourceHarness) -> None:
    ext = await harness.services.submitted("1", provider="ace", length="30")
    assert harness.ace.heard == [(b"audio", "Old words")]
    assert [request.length for request in harness.ace.sent] == [30]
    assert ext.request.length == 30
    assert not any(folder.exists() for folder in harness.services.sources.folders)


async def test_style_and_title_of_a_source_that_was_looked_up_are_kept(
    harness: SourceHarness,
) -> None:
    ext = await harness.services.submitted("1", provider="ace")
    assert ext.request.style == ("slow", "sad")
    assert (ext.request.title, ext.source_title) == ("Far Away", "Far Away")


async def test_other_providers_are_given_no_audio(harness: SourceHarness) -> None:
    await harness.services.known()
    await harness.services.submitted("1", provider="suno")
    assert harness.services.sources.folders == []
    assert harness.suno.heard == []


@pytest.mark.parametrize("error", [TransientMediaError("late"), ZeroDivisionError()])
async def test_audio_that_is_late_postpones_what_was_not_sent(
    harness: SourceHarness, error: Exception
) -> None:
    harness.services.sources.on_prepare.then(error)
    ext = await harness.asked()
    await harness.services.submit()
    waiting = await harness.services.now(ext)
    assert (waiting.status, waiting.failure) == (Status.WAITING, SourceUnavailable())
    assert harness.ace.sent == []
    await harness.services.overdue(ext)
    await harness.services.submit()
    assert len(harness.ace.sent) == 1


async def test_audio_that_stays_late_ends_at_the_deadline(harness: SourceHarness) -> None:
    harness.services.sources.on_prepare.then(*[TransientMediaError("late")] * 60)
    ext = await harness.asked()
    for _ in range(60):
        await harness.services.submit()
        await harness.services.overdue(ext)
    ended = await harness.services.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, SourceUnavailable())
    assert harness.ace.sent == []


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (UnusableMediaError("no audio"), SourceUnavailable()),
        (UnusableSourceError(SongTooLong(40.0)), SongTooLong(40.0)),
    ],
)
async def test_audio_that_can_not_be_had_ends_what_was_not_sent(
    harness: SourceHarness, error: Exception, failure: Failure
) -> None:
    harness.services.sources.on_prepare.then(error)
    ext = await harness.asked()
    await harness.services.submit()
    ended = await harness.services.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, failure)
    assert harness.ace.sent == []


async def test_extension_cancelled_while_its_audio_is_fetched_is_not_sent(
    harness: SourceHarness,
) -> None:
    ext = await harness.asked(at="end")

    async def cancel(given: Extension) -> source_audio.PreparedSource:
        await harness.services.service.cancel(ext.id, actor(ext.member_id))
        request = replace(given.request, continue_at=9.0)
        folder = harness.services.sources.folders[-1]
        made = source_audio.SourceAudio(folder / "source.flac")
        return source_audio.PreparedSource(replace(given, request=request), made, SCRIPTED)

    harness.services.sources.on_prepare.then(cancel)
    await harness.services.submit()
    assert await harness.services.is_at(ext, Status.CANCELLED)
    assert harness.ace.sent == []


async def test_forgotten_extension_ends_and_can_be_sent_again(harness: SourceHarness) -> None:
    ext = await harness.services.submitted("1", provider="ace", length="45")
    harness.ace.progress[handle_of(ext)] = Progress(is_open=True, is_forgotten=True)
    await harness.services.overdue(ext)
    await harness.services.track()
    ended = await harness.services.now(ext)
    assert (ended.status, ended.failure) == (Status.FAILED, Forgotten())
    form = await harness.services.service.form_of(ext.id, actor(ext.member_id))
    assert (form.length, form.provider) == ("45", "ace")


# Files of members


async def test_file_becomes_a_clip_that_goes_on_without_its_link(harness: SourceHarness) -> None:
    clip = await harness.file()
    assert clip.title == "my song"
    assert clip.duration == pytest.approx(4, abs=0.01)
    harness.host.files.clear()
    ext = await harness.services.ask("1", clip=clip.id, at="1")
    assert ext.request.provider == "ace"  # the only one that can
    assert (await harness.prepared(ext)).extension.request.continue_at == 1
    assert ext.source_title == "my song"


async def test_same_file_is_the_same_clip(harness: SourceHarness) -> None:
    assert (await harness.file()).id == (await harness.file()).id


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no audio" * 99, "isn't audio that Encore can read"),
        (404, "didn't arrive whole"),
        (0.5, "is too short"),
        (101.0, "is too long"),
    ],
)
async def test_file_that_can_not_go_on_is_refused(
    harness: SourceHarness, content: bytes | float, said: str
) -> None:
    file = song(harness.folder, content) if isinstance(content, float) else content
    link = harness.host.put("file.mp3", file)
    with pytest.raises(UserError, match=said):
        await harness.files.receive(link, name="my_song.mp3", size=1000)


async def test_file_that_is_too_large_is_not_even_fetched(harness: SourceHarness) -> None:
    link = harness.host.put("file.mp3", harness.mp3)
    with pytest.raises(UserError, match="is too large"):
        await harness.files.receive(link, name="my_song.mp3", size=MAX_BYTES + 1)
    assert harness.host.asked == []


async def test_file_is_refused_where_it_can_not_be_kept(harness: SourceHarness) -> None:
    assert harness.files.are_accepted
    services = ServiceHarness(harness.services.store, harness.suno, harness.ace)
    files = UploadedFiles(services.runtime, harness.downloader, harness.pool)
    assert not files.are_accepted
    link = harness.host.put("file.mp3", song(harness.folder, 4.0))
    with pytest.raises(UserError, match="can't keep that file"):
        await files.receive(link, name="my_song.mp3", size=1000)


async def test_audio_is_not_kept_where_the_folder_is_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.write_text("in the way")
    assert not await KeptAudio(folder).keep("one", folder)


async def test_what_a_killed_process_left_unfinished_is_removed_later(tmp_path: Path) -> None:
    audio, folder = tmp_path / "audio", tmp_path / "kept"
    audio.write_bytes(b"audio")
    folder.mkdir()
    old, young = folder / "old.part", folder / "young.part"
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - 3700
    os.utime(old, (long_ago, long_ago))
    assert await KeptAudio(folder).keep("one", audio)
    assert sorted(path.name for path in folder.iterdir()) == ["one.audio", "young.part"]


async def test_file_of_any_length_goes_on_where_no_provider_has_a_limit(
    harness: SourceHarness,
) -> None:
    harness.ace.capabilities = replace(harness.ace.capabilities, longest_song=None)
    assert (await harness.file(101.0)).duration == pytest.approx(101, abs=0.01)


async def test_file_that_is_gone_is_asked_for_again(harness: SourceHarness) -> None:
    clip = await harness.file()
    [kept] = (harness.folder / "kept").iterdir()
    kept.unlink()
    for clip_id in (clip.id, FILE):
        with pytest.raises(UserError, match="doesn't have that file any more"):
            await harness.services.forms.validate(Form(clip=clip_id, at="1"))


async def test_file_is_unknown_to_providers_that_take_no_audio(harness: SourceHarness) -> None:
    clip = await harness.file()
    with pytest.raises(UnknownClipError, match="This one is a file") as caught:
        await harness.services.forms.validate(Form(clip=clip.id, at="1", provider="suno"))
    assert caught.value.other_providers == {"ace": "ACE Test"}


async def test_file_without_a_provider_for_it_is_refused(harness: SourceHarness) -> None:
    clip = await harness.file()
    alone = ServiceHarness(harness.services.store, harness.suno, kept_audio=harness.kept)
    with pytest.raises(UserError, match="No service here can continue a file"):
        await alone.forms.validate(Form(clip=clip.id, at="1"))


async def test_default_provider_takes_a_file_if_it_can(harness: SourceHarness) -> None:
    clip = await harness.file()
    first, other = ScriptedProvider("first", **HEARS), harness.ace
    services = ServiceHarness(harness.services.store, other, first, kept_audio=harness.kept)
    assert (await services.forms.prefill(Form(clip=clip.id))).form.provider == "ace"


# Kept audio


async def test_kept_audio_makes_room_by_what_was_used_longest_ago(tmp_path: Path) -> None:
    kept = KeptAudio(tmp_path / "kept", max_bytes=25)
    audio = tmp_path / "audio"
    audio.write_bytes(b"ten bytes.")
    assert await kept.keep("one", audio)
    assert await kept.keep("two", audio)
    assert await kept.copy("one", tmp_path / "copy")
    assert await kept.keep("three", audio)
    assert [kept.has(name) for name in ("one", "two", "three")] == [True, False, True]
    large = tmp_path / "large"
    large.write_bytes(bytes(40))
    assert await kept.keep("four", large)
    assert [kept.has(name) for name in ("one", "three", "four")] == [False, False, True]
    assert not await kept.copy("one", tmp_path / "copy")


async def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    kept = KeptAudio(None)
    assert not kept.is_possible
    assert not await kept.keep("one", tmp_path)
    assert not await kept.copy("one", tmp_path / "copy")
    assert not kept.has("one")


@pytest.mark.parametrize("is_private", [False, True])
async def test_audio_that_only_encore_reaches_is_kept(
    harness: SourceHarness, *, is_private: bool
) -> None:
    link = harness.host.put("one.mp3", harness.mp3)
    await harness.services.known(audio_url="ace:/one.mp3" if is_private else link)
    known = await harness.services.store.clip(SOURCE)
    assert known is not None
    assert known.clip.public_url == (None if is_private else link)
    await harness.media.audio(known, harness.folder / "first")
    assert harness.kept.has(SOURCE) == is_private
    harness.host.files.clear()
    if is_private:
        assert (await harness.media.audio(known, harness.folder / "again")).info.duration > 1.9


# The form


async def test_clip_of_a_provider_goes_on_with_another_that_takes_its_audio(
    harness: SourceHarness,
) -> None:
    ext = await harness.services.finished("1", provider="suno")
    link = ext.reply.url or ""
    forms = harness.services.forms
    assert (await forms.prefill(Form(clip=link))).form.provider == "suno"
    assert (await forms.prefill(Form(clip=link, provider="ace"))).form.provider == "ace"
    later = ServiceHarness(harness.services.store, harness.ace).forms
    with pytest.raises(UnknownClipError, match="isn't set up here any more") as caught:
        await later.prefill(Form(clip=link))
    assert caught.value.other_providers == {"ace": "ACE Test"}


async def test_clip_of_a_provider_that_takes_audio_is_unknown_to_others(
    harness: SourceHarness,
) -> None:
    ext = await harness.services.finished("1", provider="ace")
    form = Form(clip=ext.reply.url or "", provider="suno")
    with pytest.raises(UnknownClipError, match="This one was made through ACE Test") as caught:
        await harness.services.forms.prefill(form)
    assert caught.value.other_providers == {"ace": "ACE Test"}


async def test_reply_for_an_unknown_clip_made_here_leads_to_who_takes_its_audio(
    harness: SourceHarness,
) -> None:
    made = await harness.services.finished("1", provider="suno")
    harness.suno.on_extend.then(UnknownClip())
    ext = await harness.services.ask("2", clip=made.reply.url, at="1")
    await harness.services.submit()
    ext = await harness.services.now(ext)
    context = await harness.services.reply_contexts.load(ext)
    assert context.other_providers == {"ace": "ACE Test"}


async def test_provider_that_takes_longer_has_a_later_deadline(harness: SourceHarness) -> None:
    runtime = harness.services.runtime
    slow, quick = dt.timedelta(minutes=45), dt.timedelta(minutes=1)
    for deadline, longest in ((slow, slow), (quick, runtime.deadline), (None, runtime.deadline)):
        harness.ace.capabilities = replace(harness.ace.capabilities, deadline=deadline)
        assert runtime.deadline_of("ace") == longest
    assert runtime.deadline_of("unknown") == runtime.deadline


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"length": "soon"}, "can't make a part of “soon”"),
        ({"length": "end"}, "can't make a part of “end”"),
        ({"length": "9"}, "10 to 90 seconds"),
        ({"length": "91"}, "or nothing for 60"),
        ({"length": "1:31"}, "or nothing for 60"),
        ({"at": "41"}, "Continue at 0:40 or earlier"),
        ({"at": "11", "length": "90"}, "Continue at 0:10 or earlier"),
        ({"length": "30", "provider": "suno"}, "decides itself how long"),
    ],
)
async def test_length_that_can_not_be_made_is_refused(
    harness: SourceHarness, fields: dict[str, str], said: str
) -> None:
    form = Form(**{"clip": SOURCE, "at": "5", "provider": "ace", **fields})
    with pytest.raises(UserError, match=said):
        await harness.services.forms.validate(form)


@pytest.mark.parametrize(("typed", "length"), [("", None), ("45", 45), ("1:10", 70)])
async def test_length_is_read_as_time(
    harness: SourceHarness, typed: str, length: float | None
) -> None:
    form = Form(clip=SOURCE, at="5", provider="ace", length=typed)
    assert (await harness.services.forms.validate(form)).request.length == length


async def test_form_for_another_provider_keeps_the_length_it_takes(
    harness: SourceHarness,
) -> None:
    service, form = harness.services.service, Form(clip=SOURCE, length="30")
    assert service.for_provider(form, "ace").length == "30"
    assert service.for_provider(form, "suno").length == ""


def test_capabilities_bound_where_a_clip_can_go_on() -> None:
    bounded = Capabilities(label="x", limits=LIMITS, new_length=LENGTHS, longest_song=100)
    assert bounded.latest_continue_at(None) == 40
    assert bounded.latest_continue_at(10) == 90
    assert Capabilities(label="x", limits=LIMITS).latest_continue_at(10) is None


def test_errors_of_sources_have_no_address() -> None:
    assert str(UnusableSourceError(SongTooLong(1))) == "SongTooLong"
    assert issubclass(UnusableMediaError, MediaError)
