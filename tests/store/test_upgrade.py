"""A database of an earlier version, with rows, is migrated without loss."""

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain import failures
from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import Failure
from bot.domain.form import Form
from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Kind,
    Progress,
    ReplyRef,
    Status,
)
from bot.domain.transitions import finished, observed, unchanged
from bot.store.migrate import migrate
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, MINUTE, NOW, SECOND, accept, asked
from tests.support.stored_sessions import started, with_part

DONE = Extension(
    id=1,
    idempotency_key="one",
    member_id=MEMBER,
    request=ExtendRequest(
        provider="suno", clip_id="root", continue_at=61.5, style=("folk", "slow"), title="Rain"
    ),
    reply=ReplyRef(channel_id=CHANNEL, guild_id=GUILD, message_id=11, final_shown=True),
    created_at=NOW,
    due_at=NOW,
    deadline_at=NOW + 15 * MINUTE,
    status=Status.COMPLETE,
    handle=Handle(clip_ids=("a", "b")),
    clips=(
        Clip(
            id="a",
            status=ClipStatus.COMPLETE,
            title="Rain",
            audio_url="https://a.example/a",
            duration=90.0,
        ),
        Clip(id="b", status=ClipStatus.FAILED, title="Rain", error="too quiet"),
    ),
    submitted_at=NOW,
    streaming_at=NOW + SECOND,
    finished_at=NOW + MINUTE,
    revision=4,
    published=4,
)
TRACKED = Extension(
    id=2,
    idempotency_key="two",
    member_id=MEMBER,
    request=ExtendRequest(provider="suno", clip_id="a"),
    reply=ReplyRef(channel_id=CHANNEL, message_id=12, token="t", editable_by_bot=False),
    created_at=NOW,
    due_at=NOW,
    deadline_at=NOW + 15 * MINUTE,
    retake_of=1,
    part_number=3,
    source_letter="A",
    status=Status.SUBMITTED,
    handle=Handle(task_id="task"),
    submitted_at=NOW,
    revision=2,
    published=1,
)
SOURCE = Clip(id="root", status=ClipStatus.COMPLETE, title="Seed")

# What the first version wrote, in its words: this must not change with the tables of today.
ROWS = (
    """
    INSERT INTO extensions (trigger, member_id, take_of, created_at, provider, clip_id,
        continue_at, lyrics, style, title, exclude, model, source_title, status, handle_task_id,
        handle_clip_ids, due_at, deadline_at, submitted_at, streaming_at, finished_at, failures,
        revision, reply_channel_id, reply_guild_id, reply_message_id, reply_token,
        reply_in_channel, reply_is_settled, reply_is_gone, published, publish_failures, publish_at)
    VALUES ('one', 1200000000000000042, NULL, 1779019200123456, 'suno', 'root',
        61.5, '', '["folk", "slow"]', 'Rain', '[]', NULL, '', 'complete', NULL,
        '["a", "b"]', 1779019200123456, 1779020100123456, 1779019200123456, 1779019201123456,
        1779019260123456, 0, 4, 5, 1200000000000000007, 11, '',
        true, true, false, 4, 0, 1779019200123456),
    ('two', 1200000000000000042, 1, 1779019200123456, 'suno', 'a',
        NULL, '', '[]', '', '[]', NULL, '', 'submitted', 'task',
        '[]', 1779019200123456, 1779020100123456, 1779019200123456, NULL,
        NULL, 0, 2, 5, NULL, 12, 't',
        false, false, false, 1, 0, 1779019200123456)
    """,
    """
    INSERT INTO clips (extension_id, position, provider, clip_id, status, title, style, audio_url,
        image_url, duration, error, known_at, search_text)
    VALUES (NULL, 0, 'suno', 'root', 'complete', 'Seed', '', NULL,
        NULL, NULL, '', 1779019200123456, 'seed root'),
    (1, 0, 'suno', 'a', 'complete', 'Rain', '', 'https://a.example/a',
        NULL, 90.0, '', NULL, 'rain a'),
    (1, 1, 'suno', 'b', 'failed', 'Rain', '', NULL,
        NULL, NULL, 'too quiet', NULL, 'rain b')
    """,
    """
    INSERT INTO drafts (member_id, form, created_at)
    VALUES (1200000000000000042, '{"clip": "root"}', 1779019200123456)
    """,
    "INSERT INTO facts (name, value) VALUES ('tree', 'hash')",
)


# What the second version wrote: songs, failures in words, and the audio of replies.
FAILED_COLUMNS = """
    INSERT INTO extensions (trigger, kind, member_id, created_at, provider, clip_id, lyrics, style,
        title, exclude, source_title, status, reason_kind, reason_text, due_at, deadline_at,
        failures, revision, reply_channel_id, reply_guild_id, reply_message_id, reply_token,
        reply_token_until, reply_in_channel, reply_answers, reply_attachment_limit,
        reply_is_settled, reply_is_gone, published, publish_failures, publish_at)
    VALUES
"""
FAILED_ROW = """
    ('{key}', '{kind}', 1200000000000000042, 1779019200123456, '{provider}', 'a', '', '[]',
        '', '[]', '', '{status}', {reason}, 1779019200123456, {deadline},
        0, 2, 5, NULL, {message}, 'token',
        1779019200123456, false, 99, 10485760, true, {gone}, 1, 0, 1779019200123456)
"""
OLD_REASONS: dict[str, tuple[str, str, Failure]] = {
    "r1": ("rejected", "Prompt flagged.", failures.Rejected("Prompt flagged.")),
    "r2": ("out_of_credits", "none", failures.OutOfCredits()),
    "r3": ("unauthorized", "", failures.Unauthorized()),
    "r4": ("rate_limited", "", failures.RateLimited()),
    "r5": ("unavailable", "", failures.Unavailable()),
    "r6": ("unconfirmed", "No answer.", failures.Unconfirmed("No answer.")),
    "r7": ("generation_failed", "it''s bad", failures.GenerationFailed("it's bad")),
    "r8": ("not_playable", "", failures.NotPlayable()),
    "r9": ("length_unknown", "", failures.LengthUnknown()),
    "r10": ("past_the_end", "192.4", failures.PastTheEnd(192.4)),
    "r11": ("part_unavailable", "3 part-2", failures.PartUnavailable(3, "part-2")),
    "r12": ("too_large", "12.345 10485760", failures.TooLarge(12.345, 10_485_760)),
    "r13": ("not_allowed", "", failures.AttachNotAllowed()),
    "r14": ("unexpected", "", failures.Unexpected()),
}
DEADLINE = 1779020100123456
CENTURY = 4932619200123456  # the deadline that a splice had


def old_row(key: str, message: int, **parts: object) -> str:
    usual = {
        "kind": "part",
        "provider": "suno",
        "status": "failed",
        "reason": "NULL, NULL",
        "deadline": DEADLINE,
        "gone": "false",
    }
    return FAILED_ROW.format(key=key, message=message, **(usual | parts))


SECOND_ROWS = (
    FAILED_COLUMNS
    + ",".join(
        [
            old_row(key, 100 + number, reason=f"'{kind}', '{text}'")
            for number, (key, (kind, text, _)) in enumerate(OLD_REASONS.items())
        ]
        + [
            old_row(
                "splice",
                21,
                kind="splice",
                provider="Encore",
                status="submitted",
                deadline=CENTURY,
            ),
            old_row("concat", 22, kind="concat", reason="'rejected', 'no'"),
            old_row("gone", 23, status="complete", gone="true"),
        ]
    ),
    "UPDATE extensions SET due_at = 4932619200123456 WHERE kind = 'splice'",
    """
    INSERT INTO audio (extension_id, is_wanted, due_at, failures, attachments)
    SELECT id, true, 1779019200123456, 2, '[]' FROM extensions WHERE trigger = 'splice'
    """,
    """
    INSERT INTO audio (extension_id, is_wanted, due_at, failures, attachments)
    VALUES (1, false, 1779019200123456, 0, '[{"clip_id": "a", "outcome": "attached",
        "bit_rate": 96000, "picture": "w.png", "duration": 90.5, "starts": [0.0, 61.5]}]')
    """,
    "UPDATE clips SET is_removed = true WHERE clip_id = 'b'",
)


def fill(connection: Connection, *, version: str) -> None:
    """Make a database of an earlier version, with all that it could hold."""
    migrate(connection, to="0001")
    for statement in ROWS:
        connection.exec_driver_sql(statement)
    if version >= "0002":
        migrate(connection, to="0002")
        for statement in SECOND_ROWS:
            connection.exec_driver_sql(statement)
    migrate(connection, to=version)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    return request.getfixturevalue("postgres_url")


async def database_of(version: str, url: str) -> str:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(partial(fill, version=version))
    await engine.dispose()
    return url


@pytest.fixture(params=["0001", "0002", "0004", "0006", "0008"])
async def old_url(empty_url: str, request: pytest.FixtureRequest) -> str:
    """A database as an earlier version left it."""
    return await database_of(request.param, empty_url)


LATER_ROWS = (
    """
    INSERT INTO extensions (idempotency_key, kind, member_id, created_at, provider, clip_id, lyrics,
        style, title, exclude, source_title, status, due_at, failures, revision, reply_channel_id,
        reply_guild_id, reply_token, reply_editable_by_bot, reply_final_shown, reply_unreachable,
        published, publish_failures, publish_at) VALUES
    """
    + ",".join(
        f"""
    ('{key}', '{kind}', 7, 1779019200123456, 'suno', '{source}', '[Verse]\nGRÖSSE', '[]', '', '[]',
        '', 'complete', 0, 0, 1, 5, 1200000000000000007, '', true, true, false, 1, 0, 0)
    """
        for key, kind, source in (
            ("third", "part", "a"),
            ("song", "concat", "third-b"),
            ("after the song", "part", "whole"),
        )
    ),
    """
    INSERT INTO clips (extension_id, position, provider, clip_id, status, title, style, audio_url,
        error, search_text)
    SELECT id, 1, 'suno', 'third-b', 'complete', '', '', 'https://a.example/b', '', 'third-b'
    FROM extensions WHERE idempotency_key = 'third'
    """,
    """
    INSERT INTO clips (extension_id, position, provider, clip_id, status, title, style, audio_url,
        error, search_text)
    SELECT id, 0, 'suno', 'whole', 'complete', '', '', 'https://a.example/w', '', 'whole'
    FROM extensions WHERE idempotency_key = 'song'
    """,
)


async def test_upgrade_numbers_the_parts_and_searches_their_lyrics(empty_url: str) -> None:
    await database_of("0009", empty_url)
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        for statement in LATER_ROWS:
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    async with Store.open(empty_url) as store:
        third, whole = await store.clip("third-b"), await store.clip("whole")
        assert third is not None
        assert whole is not None
        assert (third.part_number, third.letter) == (3, "B")
        assert (whole.part_number, whole.letter) == (1, "")
        song_id = whole.extension_id or 0
        parts = [await store.extension(song_id + step) for step in (-1, 0, 1)]
        assert [(ext and ext.part_number, ext and ext.source_letter) for ext in parts] == [
            (3, "A"),
            (1, "B"),
            (2, ""),
        ]
        found = await store.search_clips("größe", guild_id=GUILD, member_id=7)
        assert {known.clip.id for known in found} == {"third-b", "whole"}


@pytest.fixture
async def second_url(empty_url: str) -> str:
    """A database as the second version left it."""
    return await database_of("0002", empty_url)


async def test_upgrade_keeps_extensions_clips_drafts_and_facts(old_url: str) -> None:
    async with Store.open(old_url) as store:
        assert [await store.extension(ext.id) for ext in (DONE, TRACKED)] == [DONE, TRACKED]
        made = ClipRecord(
            clip=DONE.clips[0],
            provider="suno",
            known_at=NOW + MINUTE,
            letter="A",
            extension_id=1,
            reply_url=DONE.reply.url,
            is_removed=False,
            part_number=2,
        )
        assert await store.clip("a") == made
        source = ClipRecord(clip=SOURCE, provider="suno", known_at=NOW)
        assert await store.clip("root") == source
        assert [step.known for step in await store.lineage("a")] == [source, made]
        assert await store.draft(1, member_id=MEMBER) == Form(clip="root")
        assert await store.fact("tree") == "hash"


async def test_upgrade_from_the_first_version_queues_no_audio(empty_url: str) -> None:
    async with Store.open(await database_of("0001", empty_url)) as store:
        assert await store.next_audio() is None
        assert await store.attachments(DONE.id) == ()


async def test_upgraded_extensions_are_tracked_and_new_ones_accepted(old_url: str) -> None:
    async with Store.open(old_url) as store:
        [was] = await store.claim_due("suno", now=NOW, lease_until=NOW + MINUTE)
        done = observed(was, Progress(clips=DONE.clips), now=NOW)
        assert await store.save(done, was=was)
        assert await store.next_audio() is not None
        assert (await accept(store, asked("one"))).extension == DONE
        new, is_new, _ = await accept(store, asked("new"))
        assert (is_new, new.id > TRACKED.id) == (True, True)


async def test_extensions_of_before_teach_nothing_and_are_polled_on(old_url: str) -> None:
    async with Store.open(old_url) as store:
        assert await store.sightings("suno") == ([], [])
        [was] = await store.claim_due("suno", now=NOW, lease_until=NOW + MINUTE)
        pending = unchanged(was, now=NOW + SECOND)
        assert await store.save(pending, was=was)
        stored = await store.extension(was.id)
        assert stored is not None
        assert (was.polled_at, stored.polled_at, stored.no_audio_at) == (
            None,
            NOW + SECOND,
            NOW + SECOND,
        )


async def test_upgrade_parses_every_old_reason(second_url: str) -> None:
    async with Store.open(second_url) as store:
        for number, (key, (_, _, failure)) in enumerate(OLD_REASONS.items()):
            ext = await store.find_by_reply(100 + number)
            assert ext is not None
            assert (ext.idempotency_key, ext.failure) == (key, failure)


async def test_upgrade_keeps_every_field_of_a_reply(second_url: str) -> None:
    async with Store.open(second_url) as store:
        ext = await store.find_by_reply(100)
        assert ext is not None
        assert ext.reply == ReplyRef(
            channel_id=CHANNEL,
            message_id=100,
            token="token",
            token_expires_at=NOW,
            editable_by_bot=False,
            attachment_limit=10_485_760,
            reply_to_id=99,
            final_shown=True,
        )
        gone = await store.find_by_reply(23)
        assert gone is not None
        assert gone.reply.unreachable
        shown = await store.unpublished(now=NOW)
        assert (ext.id in {each.id for each in shown}, gone in shown) == (True, False)


async def test_upgraded_splice_has_no_provider_and_no_deadline(second_url: str) -> None:
    async with Store.open(second_url) as store:
        song = await store.find_by_reply(21)
        assert song is not None
        assert (song.request.provider, song.deadline_at, song.due_at) == ("", None, NOW)
        [work] = await store.claim_audio(now=NOW, lease_until=NOW + MINUTE, limit=9)
        assert (work.extension_id, work.failures) == (song.id, 2)
        assert await store.save(finished(song, Status.COMPLETE, None, now=NOW), was=song)
        assert await store.providers_in_use() == {"suno"}
        assert await store.is_song_refused("a")


async def test_upgrade_keeps_attachments_and_removed_clips(second_url: str) -> None:
    async with Store.open(second_url) as store:
        [attachment] = await store.attachments(DONE.id)
        assert attachment == Attachment(
            clip_id="a",
            outcome=AttachmentStatus.ATTACHED,
            bit_rate=96_000,
            picture="w.png",
            duration=90.5,
            starts=(0.0, 61.5),
        )
        assert [clip.is_removed for clip in await store.clips_of(DONE.id)] == [False, True]


async def test_upgraded_extensions_count_in_this_months_budgets(old_url: str) -> None:
    async with Store.open(old_url) as store:
        settings = await store.settings_of_guild(GUILD)
        day, month, own = await store.budget_uses(settings, member_id=MEMBER, now=NOW)
        assert (day.used, month.used, own.used) == (1, 1, 1)
        found = [await store.extension(number) for number in range(1, 100)]
        charged = [
            ext
            for ext in found
            if ext is not None
            and ext.kind is Kind.PART
            and (ext.handle is not None or ext.status is not Status.FAILED)
        ]
        use = await store.member_use(MEMBER, now=NOW)
        assert use.today == use.this_month == len(charged)


async def test_upgraded_database_has_no_session_and_takes_one(old_url: str) -> None:
    async with Store.open(old_url) as store:
        assert await store.due_sessions(now=NOW) == await store.running_sessions() == []
        state = await started(store, latest_clip_id="a")
        assert state.latest_clip == await store.clip("a")
        state = await with_part(store, state, clip_id="a")
        assert state.busy_round is not None
        assert state.busy_round.extension_id not in (None, DONE.id, TRACKED.id)
