"""A database of an earlier Encore, with what it holds, becomes one of today and loses nothing."""

from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.form import Form
from bot.domain.models import (
    Clip,
    ClipRecord,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Progress,
    ReplyRef,
    Status,
)
from bot.domain.transitions import observed
from bot.store.migrate import migrate
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, MINUTE, NOW, SECOND, asked

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


def fill(connection: Connection) -> None:
    """Make a database of the first version, with all that it could hold."""
    migrate(connection, to="0001")
    for statement in ROWS:
        connection.exec_driver_sql(statement)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
async def old_url(empty_url: str) -> str:
    """A database as the first version left it."""
    engine = create_async_engine(empty_url)
    async with engine.begin() as connection:
        await connection.run_sync(fill)
    await engine.dispose()
    return empty_url


async def test_what_it_held_is_kept_as_parts_that_nobody_removed(old_url: str) -> None:
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
        )
        assert await store.clip("a") == made
        source = ClipRecord(clip=SOURCE, provider="suno", known_at=NOW)
        assert await store.clip("root") == source
        assert [step.known for step in await store.lineage("a")] == [source, made]
        assert await store.notes.draft(1, member_id=MEMBER) == Form(clip="root")
        assert await store.notes.fact("tree") == "hash"


async def test_what_was_complete_before_has_no_audio_to_be_attached(old_url: str) -> None:
    async with Store.open(old_url) as store:
        assert await store.audio.next_due() is None
        assert await store.audio.attachments(DONE.id) == ()


async def test_work_goes_on_where_it_was(old_url: str) -> None:
    async with Store.open(old_url) as store:
        [was] = await store.claim_due("suno", now=NOW, lease_until=NOW + MINUTE)
        done = observed(was, Progress(clips=DONE.clips), now=NOW)
        assert await store.save(done, was=was)
        assert await store.audio.next_due() == NOW
        new, _ = await store.insert(asked("new"))
        assert new.id == TRACKED.id + 1
