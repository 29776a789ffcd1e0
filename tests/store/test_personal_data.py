"""What is kept of a member or a server is handed out whole, and a member is forgotten."""

import datetime as dt
import json
from dataclasses import replace

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import failures
from bot.domain.form import Form
from bot.domain.library import LibraryQuery, Scope, Viewer
from bot.domain.models import Clip, ExtendRequest, Extension, Status
from bot.domain.sessions.models import SessionState
from bot.domain.transitions import finished
from bot.store.schema import metadata
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    accepted,
    completed_extension,
    heard,
)
from tests.support.stored_sessions import (
    change,
    last_round,
    over,
    proposal,
    started,
    vote,
    with_proposals,
    with_votes,
)

OTHER = MEMBER + 1
HOUR = dt.timedelta(hours=1)
TOMORROW = NOW + dt.timedelta(days=1)
SUNG = "Über den Dächern"


async def written(store: Store, key: str, clip_id: str, **parts: object) -> Extension:
    """Return a finished request with lyrics, a name, and a token."""
    request = ExtendRequest(provider="suno", clip_id="source", lyrics=SUNG, style=("folk",))
    made = heard(clip_id, title="ÄTHER", style="folk")
    named = {"request": request, "member_name": "Ada", **parts}
    ext = await completed_extension(store, key, made, **named)
    await store.save_reply(ext.id, replace(ext.reply, token="a-secret-token"))
    return ext


async def change_style(store: Store, member_id: int) -> None:
    """Have a moderator change the settings of the server."""
    await store.change_settings(
        GUILD, lambda was: replace(was, style="folk"), member_id=member_id, now=NOW
    )


async def places_of(store: Store, member_id: int) -> list[str]:
    """Return the columns of all tables in which an id stands."""

    async def read(db: AsyncConnection) -> list[str]:
        columns = [
            (table, column)
            for table in metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, BigInteger)
        ]
        return [
            f"{table.name}.{column.name}"
            for table, column in columns
            if (await db.execute(select(column).where(column == member_id).limit(1))).first()
        ]

    return await store.database.run(read)


async def found(store: Store, search: str) -> list[Clip]:
    viewer = Viewer(member_id=MEMBER, channel_id=CHANNEL, guild_id=GUILD)
    page = await store.library_page(viewer, LibraryQuery(scope=Scope.CHANNEL, search=search))
    return [entry.known.clip for entry in page.entries]


async def test_data_of_a_member_is_whole_and_theirs_alone(store: Store) -> None:
    mine = await written(store, "mine", "a")
    await written(store, "theirs", "b", member_id=OTHER)
    await store.keep_draft(Form(clip="abc", lyrics="unsent"), member_id=MEMBER, now=NOW)
    state = await started(store)
    await change(
        store,
        state.session.id,
        lambda was: with_votes(
            with_proposals(was, proposal(1, member_id=MEMBER), proposal(2)), vote(MEMBER), vote(2)
        ),
    )
    await store.set_always_notify(MEMBER, always=True)
    await change_style(store, MEMBER)
    theirs = await accepted(store, "in progress", member_id=OTHER)
    await store.request_notification(theirs.id, MEMBER, now=NOW)
    data = await store.data_of_member(MEMBER)
    assert {table: len(rows) for table, rows in data.items()} == {
        "extensions": 1,
        "clips": 1,
        "drafts": 1,
        "sessions_hosted": 1,
        "proposals": 1,
        "votes": 1,
        "notifications": 1,
        "preferences": 1,
        "settings_changed": 1,
    }
    text = json.dumps(data, ensure_ascii=False)
    assert data["extensions"][0]["id"] == mine.id
    assert data["extensions"][0]["created_at"] == NOW.isoformat()
    assert data["extensions"][0]["status"] == "complete"
    assert SUNG in text
    assert "unsent" in text
    assert "a-secret-token" not in text


async def test_data_of_a_server_is_of_all_its_members_and_no_other(store: Store) -> None:
    await written(store, "mine", "a")
    await written(store, "theirs", "b", member_id=OTHER)
    await written(store, "elsewhere", "c", guild_id=GUILD + 1)
    state = await started(store)
    await change(
        store,
        state.session.id,
        lambda was: with_votes(with_proposals(was, proposal(1)), vote(2), vote(3)),
    )
    await change_style(store, MEMBER)
    data = await store.data_of_guild(GUILD)
    assert {table: len(rows) for table, rows in data.items()} == {
        "extensions": 2,
        "clips": 2,
        "sessions": 1,
        "rounds": 1,
        "proposals": 1,
        "votes": 2,
        "settings": 1,
    }


async def test_a_forgotten_member_has_left_clips_and_nothing_else(store: Store) -> None:
    ext = await written(store, "mine", "a")
    await store.keep_draft(Form(clip="abc"), member_id=MEMBER, now=NOW)
    await store.set_always_notify(MEMBER, always=True)
    state = await started(store)
    await change(
        store,
        state.session.id,
        lambda was: with_proposals(
            was, proposal(1, member_id=MEMBER, member_name="Ada"), proposal(2)
        ),
    )
    await change(store, state.session.id, over)
    assert await store.forget_member(MEMBER, now=TOMORROW) == 0
    assert not any((await store.data_of_member(MEMBER)).values())
    kept = await store.extension(ext.id)
    assert (kept.member_id, kept.member_name, kept.request.lyrics) == (0, "", "")
    assert kept.reply.token == ""
    assert kept.clips == ext.clips
    ended = await store.session_state(state.session.id, whole=True)
    assert (ended.session.host_id, ended.session.host_name) == (0, "")
    first, second = ended.proposals
    assert (first.member_name, first.lyrics, first.member_id < 0) == ("", "", True)
    assert second.member_name == "member 2"


async def test_a_forgotten_member_is_not_found_by_name_or_words(store: Store) -> None:
    await written(store, "mine", "a")
    await written(store, "theirs", "b", member_id=OTHER, member_name="Ben")
    assert [clip.id for clip in await found(store, "ada")] == ["a"]
    assert {clip.id for clip in await found(store, "dächern")} == {"a", "b"}
    await store.forget_member(MEMBER, now=TOMORROW)
    assert await found(store, "ada") == []
    assert [clip.id for clip in await found(store, "dächern")] == ["b"]
    assert {clip.id for clip in await found(store, "äther")} == {"a", "b"}


async def test_two_members_of_one_round_can_be_forgotten(store: Store) -> None:
    state = await started(store, host_id=7)
    await change(
        store,
        state.session.id,
        lambda was: with_proposals(was, proposal(1), proposal(2), proposal(3)),
    )
    await change(store, state.session.id, over)
    assert await store.forget_member(1, now=TOMORROW) == 0
    assert await store.forget_member(2, now=TOMORROW) == 0
    ended = await store.session_state(state.session.id, whole=True)
    assert [each.member_id > 0 for each in ended.proposals] == [False, False, True]


async def test_what_is_in_progress_stays_and_is_counted(store: Store) -> None:
    waiting = await accepted(store, "waiting")
    state = await started(store, host_id=OTHER)
    await change(
        store,
        state.session.id,
        lambda was: with_proposals(was, proposal(1, member_id=MEMBER), proposal(2)),
    )
    assert await store.forget_member(MEMBER, now=TOMORROW) == 2
    assert (await store.extension(waiting.id)).member_id == MEMBER
    now = await store.session_state(state.session.id)
    assert [each.member_id for each in now.proposals] == [MEMBER, 2]
    assert await store.forget_member(OTHER, now=TOMORROW) == 1
    assert (await store.session_state(state.session.id)).session.host_id == OTHER


async def test_why_a_request_failed_is_in_words(store: Store) -> None:
    ext = await accepted(store, "failed")
    failed = finished(ext, Status.FAILED, failures.Rejected("Too rude."), now=NOW)
    assert await store.save(failed, was=ext)
    [row] = (await store.data_of_member(MEMBER))["extensions"]
    assert "Too rude." in row["failure"]
    json.dumps(row)


async def test_no_table_names_a_forgotten_member(store: Store) -> None:
    await written(store, "mine", "a")
    await store.keep_draft(Form(clip="abc"), member_id=MEMBER, now=NOW)
    await store.set_always_notify(MEMBER, always=True)
    await change_style(store, MEMBER)
    state = await started(store)

    def edit(was: SessionState) -> SessionState:
        was = with_proposals(
            was, proposal(1, member_id=MEMBER), proposal(2, removed_by=MEMBER), proposal(3)
        )
        was = with_votes(was, vote(MEMBER), vote(3))
        return last_round(was, closed_by=MEMBER, clip_closed_by=MEMBER)

    await change(store, state.session.id, edit)
    await change(store, state.session.id, over)
    before = await places_of(store, MEMBER)
    assert {"extensions.member_id", "rounds.closed_by", "guild_settings.changed_by"} <= {*before}
    assert await store.forget_member(MEMBER, now=TOMORROW) == 0
    assert await places_of(store, MEMBER) == []
    assert not any((await store.data_of_member(MEMBER)).values())


async def test_nobody_gets_a_new_share_of_a_budget_by_being_forgotten(store: Store) -> None:
    await store.change_settings(
        GUILD, lambda was: replace(was, member_budget=1), member_id=OTHER, now=NOW
    )
    await written(store, "mine", "a")
    settings = await store.settings_of_guild(GUILD)
    assert await store.forget_member(MEMBER, now=NOW + HOUR) == 1
    *_, share = await store.budget_uses(settings, member_id=MEMBER, now=NOW + HOUR)
    assert share.is_used_up
    assert await store.forget_member(MEMBER, now=TOMORROW) == 0
