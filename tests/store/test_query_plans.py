"""Each query of the store uses an index; none scans a table."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.form import Form
from bot.domain.guild_settings import GuildSettings
from bot.domain.library import LibraryQuery, Scope, Viewer
from bot.domain.models import Kind
from bot.store.acceptance import Quota
from bot.store.database import open_database
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, MINUTE, NOW, accept, asked
from tests.support.stored_sessions import begun, change, over, start, started

Query = Callable[[Store], Awaitable[object]]


async def loaded(store: Store) -> None:
    state = await started(store)
    assert await store.session_state(state.session.id, whole=True) == state


async def changed(store: Store) -> None:
    state = await started(store)
    await change(store, state.session.id, over)


async def accepted_within_budgets(store: Store) -> None:
    budgets = {"daily_budget": 1, "monthly_budget": 1, "member_budget": 1}
    await store.change_settings(
        GUILD, lambda was: replace(was, **budgets), member_id=MEMBER, now=NOW
    )
    await accept(store, asked("x"))


QUERIES: dict[str, tuple[Query, set[str]]] = {
    "next_waiting": (
        lambda store: store.next_waiting("suno", now=NOW, excluding=[1, 2]),
        {"extensions_due", "extensions_in_line"},
    ),
    "stale_submissions": (
        lambda store: store.stale_submissions(now=NOW),
        {"extensions_due", "extensions_in_line"},
    ),
    "claim_due": (
        lambda store: store.claim_due("suno", now=NOW, lease_until=NOW, excluding=[1, 2]),
        {"extensions_due"},
    ),
    "unpublished": (
        lambda store: store.unpublished(now=NOW, excluding=[1, 2]),
        {"extensions_unpublished"},
    ),
    "next_due": (lambda store: store.next_due(), {"extensions_due"}),
    "next_publish": (lambda store: store.next_publish(), {"extensions_unpublished"}),
    "pending_uploads": (
        lambda store: store.with_pending_uploads([1, 2]),
        {"INTEGER PRIMARY KEY"},
    ),
    "claim_audio": (
        lambda store: store.claim_audio(now=NOW, lease_until=NOW, limit=9, excluding=[1, 2]),
        {"audio_due"},
    ),
    "next_audio": (lambda store: store.next_audio(), {"audio_due"}),
    "attachments": (lambda store: store.attachments(1), {"INTEGER PRIMARY KEY"}),
    "request_notification": (
        lambda store: store.request_notification(1, MEMBER, now=NOW),
        {"INTEGER PRIMARY KEY"},
    ),
    "claim_notifications": (
        lambda store: store.claim_notifications(
            now=NOW, lease_until=NOW, limit=9, excluding=[1, 2]
        ),
        {"notifications_due"},
    ),
    "next_notification": (lambda store: store.next_notification(), {"notifications_due"}),
    "lineage": (lambda store: store.lineage("a"), {"clips_by_id"}),
    "accept_song": (
        lambda store: accept(store, asked("x", kind=Kind.SPLICE, clip_id="a")),
        {"extensions_of_source"},
    ),
    "accept_retake": (
        lambda store: accept(store, asked("x", retake_of=1)),
        {"extensions_retakes", "extensions_of_member"},
    ),
    "accept_within_quota": (
        lambda store: store.accept(
            asked("x"), publish_at=NOW, quota=Quota(member=1, channel=1), double_since=NOW
        ),
        {"extensions_open_in_channel"},
    ),
    "accept_within_budgets": (
        accepted_within_budgets,
        {"extensions_charged_to_guild"},
    ),
    "budget_uses": (
        lambda store: store.budget_uses(GuildSettings(guild_id=GUILD), member_id=MEMBER, now=NOW),
        {"extensions_charged_to_guild"},
    ),
    "member_use": (
        lambda store: store.member_use(MEMBER, now=NOW),
        {"extensions_charged_to_member"},
    ),
    "settings_of_guild": (
        lambda store: store.settings_of_guild(GUILD),
        {"sqlite_autoindex_guild_settings_1"},
    ),
    "next_notice": (lambda store: store.next_notice(), {"budget_notices_due"}),
    "claim_notices": (
        lambda store: store.claim_notices(now=NOW, lease_until=NOW),
        {"budget_notices_due"},
    ),
    "is_song_refused": (lambda store: store.is_song_refused("a"), {"extensions_of_source"}),
    "continuations": (lambda store: store.continuations(["a"]), {"extensions_of_source"}),
    "find_by_reply": (lambda store: store.find_by_reply(7), {"extensions_by_reply"}),
    "queue_position": (lambda store: store.queue_position(asked("x")), {"extensions_in_line"}),
    "queue": (
        lambda store: store.queue(VIEWER),
        {"extensions_open_in_channel"},
    ),
    "bump_queue_positions": (
        lambda store: store.bump_queue_positions("suno"),
        {"extensions_in_line"},
    ),
    "sightings": (lambda store: store.sightings("suno"), {"extensions_in_line"}),
    "providers_in_use": (
        lambda store: store.providers_in_use(),
        {"extensions_due", "extensions_in_line"},
    ),
    "clip": (lambda store: store.clip("a"), {"clips_by_id"}),
    "unknown_clips": (lambda store: store.unknown_clips(["a"]), {"clips_by_id"}),
    "search_clips": (
        lambda store: store.search_clips("a", guild_id=GUILD, member_id=MEMBER),
        {"extensions_of_guild"},
    ),
    "search_own_clips": (
        lambda store: store.search_clips("a", guild_id=None, member_id=MEMBER),
        {"extensions_of_member"},
    ),
    "search_clips_of_channels": (
        lambda store: store.search_clips("a", guild_id=GUILD, member_id=MEMBER, channels=[CHANNEL]),
        {"COVERING INDEX extensions_of_guild"},
    ),
    "library_page_of_member": (
        lambda store: store.library_page(VIEWER, LibraryQuery(scope=Scope.MINE)),
        {"extensions_of_member"},
    ),
    "library_page_of_channel": (
        lambda store: store.library_page(VIEWER, LibraryQuery(scope=Scope.CHANNEL)),
        {"extensions_of_channel"},
    ),
    "library_page_of_server": (
        lambda store: store.library_page(VIEWER, LibraryQuery(scope=Scope.SERVER)),
        {"extensions_of_guild", "extensions_of_channel"},
    ),
    "library_search_of_server": (
        lambda store: store.library_page(VIEWER, LibraryQuery(scope=Scope.SERVER, search="a")),
        {"COVERING INDEX extensions_of_guild"},
    ),
    "library_channels": (
        lambda store: store.library_channels(GUILD),
        {"COVERING INDEX extensions_channels"},
    ),
    "clips_of": (lambda store: store.clips_of(1), {"clips_made"}),
    "start_session": (lambda store: start(store, begun()), {"sessions_of_guild"}),
    "session_state": (loaded, {"rounds_of_session"}),
    "change_session": (
        changed,
        {"proposals_of_round"},
    ),
    "vote_for_proposal": (
        lambda store: store.vote_for_proposal(1, member_id=1, interaction_id=1, now=NOW),
        {"INTEGER PRIMARY KEY"},
    ),
    "vote_for_clip": (
        lambda store: store.vote_for_clip(1, "A", member_id=1, interaction_id=1, now=NOW),
        {"INTEGER PRIMARY KEY"},
    ),
    "session_totals": (lambda store: store.session_totals(1), {"sqlite_autoindex_votes_1"}),
    "session_in_channel": (lambda store: store.session_in_channel(1), {"sessions_in_channel"}),
    "session_of_extension": (
        lambda store: store.session_of_extension(1),
        {"sqlite_autoindex_rounds_1"},
    ),
    "sessions_of_guild": (
        lambda store: store.sessions_of_guild(GUILD, channels=[CHANNEL], offset=0, limit=9),
        {"sessions_of_guild"},
    ),
    "session_channels": (lambda store: store.session_channels(GUILD), {"sessions_of_guild"}),
    "running_in_guild": (lambda store: store.running_in_guild(GUILD), {"sessions_of_guild"}),
    "threadless_sessions": (lambda store: store.threadless_sessions(), {"sessions_in_channel"}),
    "most_parts": (lambda store: store.most_parts(GUILD), {"sessions_of_guild"}),
    "round_place": (lambda store: store.round_place(1), {"INTEGER PRIMARY KEY"}),
    "proposal_place": (lambda store: store.proposal_place(1), {"INTEGER PRIMARY KEY"}),
    "due_sessions": (lambda store: store.due_sessions(now=NOW), {"sessions_due"}),
    "next_session_due": (lambda store: store.next_session_due(), {"sessions_due"}),
    "card_of": (lambda store: store.card_of(1), {"posts_of_session"}),
    "posts_of": (lambda store: store.posts_of(1), {"posts_of_session"}),
    "unpublished_posts": (
        lambda store: store.unpublished_posts(now=NOW, excluding=[1, 2]),
        {"posts_unpublished"},
    ),
    "next_post": (lambda store: store.next_post(), {"posts_unpublished"}),
    "forget": (lambda store: store.forget(now=NOW, keep=None), {"extensions_ended_without_audio"}),
    "forget_what_is_old": (
        lambda store: store.forget(now=NOW, keep=MINUTE),
        {"extensions_ended"},
    ),
    "keep_draft": (
        lambda store: store.keep_draft(Form(clip="a"), member_id=MEMBER, now=NOW),
        {"drafts_of_member"},
    ),
}
VIEWER = Viewer(
    member_id=MEMBER, channel_id=CHANNEL, guild_id=GUILD, channels=frozenset({CHANNEL, CHANNEL + 1})
)
TABLES = (
    *(
        "drafts",
        "extensions",
        "clips",
        "audio",
        "sessions",
        "rounds",
        "proposals",
        "votes",
        "posts",
    ),
    *("notifications", "guild_settings", "budget_notices"),
)
SCANS = tuple(f"SCAN {table}" for table in TABLES)
# indexes of a few rows, which may be read whole
SMALL_INDEXES = (
    *("rounds_busy", "sessions_without_song", "notifications_due"),
    *("extensions_with_token", "posts_with_token"),
)


@pytest.mark.parametrize("name", QUERIES)
async def test_query_uses_an_index(sqlite_url: str, name: str) -> None:
    run, indexes = QUERIES[name]
    statements: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, sql: str, values: object, *_: object) -> None:
        if sql.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            statements.append((sql, values))

    async def plan(db: AsyncConnection) -> list[str]:
        return [
            step[-1]
            for sql, values in statements
            if "1!=1" not in sql  # SQLAlchemy's way to ask for nothing
            for step in await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        ]

    async with open_database(sqlite_url) as database:
        event.listen(Engine, "before_cursor_execute", note)
        try:
            await run(Store(database))
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        steps = await database.run(plan)
    assert any(index in step for step in steps for index in indexes), steps
    scans = [step for step in steps if step.startswith(SCANS)]
    assert not [step for step in scans if not step.endswith(SMALL_INDEXES)]
