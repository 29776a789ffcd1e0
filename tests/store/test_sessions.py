"""Sessions as wholes: started once, changed under a lock, loaded as they were stored."""

from dataclasses import replace

import pytest

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef, Status
from bot.domain.sessions.models import (
    Ballot,
    Change,
    Count,
    EndReason,
    PostKey,
    PostKind,
    ProposalKind,
    ProposalStatus,
    RestReason,
    RoundStatus,
    SessionState,
    SessionStatus,
    Totals,
)
from bot.domain.sessions.posts import CARD, RECAP, board_key, proposal_key
from bot.domain.sessions.steps import opened, with_round
from bot.store.sessions import RunningHere, Started, TooManySessions
from bot.store.store import Store
from tests.support.store_samples import CHANNEL, GUILD, MEMBER, NOW, SECOND, asked, heard, taken
from tests.support.stored_sessions import (
    FIRST_REPLY_UNTIL,
    THREAD,
    begun,
    busy_round,
    change,
    last_round,
    making,
    over,
    proposal,
    start,
    started,
    vote,
    with_chosen_part,
    with_failed_part,
    with_part,
    with_proposals,
    with_votes,
)

REPLY = ReplyRef(channel_id=CHANNEL, guild_id=GUILD, message_id=9, token="t", token_expires_at=NOW)


# starting


async def test_started_session_comes_out_as_it_went_in(store: Store) -> None:
    state = await started(store)
    wanted = begun().state
    assert state == replace(
        wanted,
        session=replace(wanted.session, id=state.session.id),
        rounds=(replace(wanted.rounds[0], id=state.rounds[0].id),),
    )
    assert await store.session_state(state.session.id) == state
    assert await store.session_state(404) is None


async def test_started_session_has_its_card_and_its_board(store: Store) -> None:
    answer = await start(store, replace(begun(), replies={CARD: REPLY}))
    assert isinstance(answer, Started)
    card, board = await store.posts_of(answer.state.session.id)
    assert (card.key, card.reply, card.publish_at) == (CARD, REPLY, FIRST_REPLY_UNTIL)
    usual = ReplyRef(channel_id=THREAD, guild_id=GUILD)
    assert (board.key, board.reply, board.publish_at) == (board_key(1), usual, NOW)
    assert (board.revision, board.published) == (1, 0)


async def test_session_without_a_thread_has_its_card_where_it_was_started(store: Store) -> None:
    state = await started(store, channel_id=None, has_own_thread=True)
    [card] = await store.posts_of(state.session.id)
    assert card.reply == ReplyRef(channel_id=CHANNEL, guild_id=GUILD)


async def test_start_repeated_returns_the_session_as_it_is_now(store: Store) -> None:
    first = await started(store)
    await change(store, first.session.id, lambda was: last_round(was, voters=3))
    answer = await start(store, begun(title="Another"))
    assert answer == Started(await store.session_state(first.session.id), is_new=False)
    assert len(await store.posts_of(first.session.id)) == 2


async def test_start_repeated_after_the_end_starts_nothing(store: Store) -> None:
    first = await started(store)
    ended = await change(store, first.session.id, lambda was: over(was, SessionStatus.ENDED))
    assert await start(store, begun(), limit=1) == Started(ended, is_new=False)


async def test_only_one_session_runs_in_a_channel(store: Store) -> None:
    first = await started(store)
    assert await start(store, begun("other")) == RunningHere(session_id=first.session.id)
    await change(store, first.session.id, over)
    assert (await started(store, "other")).session.channel_id == THREAD


async def test_sessions_without_a_thread_yet_do_not_meet(store: Store) -> None:
    states = [await started(store, key, channel_id=None) for key in ("one", "two")]
    assert await store.threadless_sessions() == [state.session.id for state in states]


async def test_limit_is_of_running_sessions_of_a_server(store: Store) -> None:
    first = await started(store, "one", channel_id=1)
    await started(store, "elsewhere", channel_id=2, guild_id=2)
    second = await start(store, begun("two", channel_id=3), limit=2)
    assert isinstance(second, Started)
    refused = TooManySessions(session_ids=(first.session.id, second.state.session.id))
    assert await start(store, begun("three", channel_id=4), limit=2) == refused
    assert await start(store, begun("two"), limit=2) == Started(second.state, is_new=False)
    assert await start(store, begun("here", channel_id=1), limit=2) == RunningHere(
        session_id=first.session.id
    )
    await change(store, first.session.id, over)
    assert isinstance(await start(store, begun("three", channel_id=4), limit=2), Started)


# changing


async def test_change_stores_every_field_of_a_session(store: Store) -> None:
    was = await started(store, channel_id=None)
    changes = {
        "channel_id": 5_000_000_000,
        "latest_clip_id": "b",
        "parts_left": 3,
        "rests_since": NOW,
        "rest_reason": RestReason.FORBIDDEN,
        "active_at": NOW + SECOND,
        "due_at": NOW + 2 * SECOND,
        "end_reason": EndReason.BY_HAND,
        "finished_at": NOW,
    }
    new = await change(
        store,
        was.session.id,
        lambda state: replace(state, session=replace(state.session, **changes)),
    )
    assert new.session == replace(was.session, **changes, version=1)


async def test_change_stores_every_field_of_rounds_and_proposals(store: Store) -> None:
    was = await started(store)
    state = await change(store, was.session.id, lambda was: with_proposals(was, proposal(1)))
    changed_round = replace(
        state.rounds[0],
        status=RoundStatus.SETTLED,
        winner=1,
        base_clip_id="source",
        clip_id="a",
        clock_started_at=NOW,
        last_proposal_at=NOW + SECOND,
        ends_at=NOW + 2 * SECOND,
        voters=4,
        tally=(Count(choice="1", votes=3), Count(choice="2", votes=1)),
        clip_tally=(Count(choice="", votes=2),),
        tie_broken=True,
        closed_by=MEMBER,
        clip_closed_by=MEMBER + 1,
        ended_at=NOW,
    )
    changed_proposal = replace(
        state.proposals[0],
        kind=ProposalKind.BACK,
        lyrics="",
        style=("half-time", "piano"),
        continue_at=61.5,
        for_clip_id="a",
        listed_from=1,
        status=ProposalStatus.REMOVED,
        removed_by=MEMBER,
        changed_at=NOW,
    )
    new = await change(
        store,
        was.session.id,
        lambda state: with_proposals(with_round(state, changed_round), changed_proposal),
    )
    assert (new.rounds, new.proposals) == ((changed_round,), (changed_proposal,))
    assert new.session.version == 2


async def test_change_inserts_moves_and_deletes_votes(store: Store) -> None:
    was = await started(store)
    votes = vote(1), vote(2), vote(3)
    state = await change(store, was.session.id, lambda was: with_votes(was, *votes))
    assert set(state.votes) == set(votes)
    moved = vote(2, "2", interaction_id=101, at=NOW + SECOND)
    clip = vote(1, "", ballot=Ballot.CLIP)
    new = await change(
        store, was.session.id, lambda was: replace(was, votes=(votes[0], moved, clip))
    )
    assert set(new.votes) == {votes[0], moved, clip}


async def test_decision_for_nothing_changes_nothing(store: Store) -> None:
    was = await started(store)

    def refuse(_: SessionState) -> Change:
        raise UserError("No.", "Never.")

    for _ in range(2):
        with pytest.raises(UserError):
            await store.change_session(
                was.session.id, refuse, now=NOW, first_reply_until=FIRST_REPLY_UNTIL
            )
    for session_id in (was.session.id, 404):
        changed = await store.change_session(
            session_id, lambda _: None, now=NOW, first_reply_until=FIRST_REPLY_UNTIL
        )
        assert changed is None
    assert await store.session_state(was.session.id) == was


async def test_change_that_breaks_a_rule_of_the_tables_changes_nothing(store: Store) -> None:
    was = await started(store)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await change(store, was.session.id, lambda state: opened(last_round(state, voters=9), NOW))
    assert await store.session_state(was.session.id) == was


async def test_requested_part_is_accepted_with_the_change(store: Store) -> None:
    was = await started(store)
    state = await with_part(store, was)
    part = await store.extension(state.busy_round.extension_id)
    assert part is not None
    assert (part.idempotency_key, part.status) == (f"session:{was.session.id}:1", Status.WAITING)
    assert state.extensions == {part.id: part}
    assert [each.status for each in state.rounds] == [RoundStatus.MAKING, RoundStatus.OPEN]
    assert [post.id for post in await store.unpublished(now=NOW)] == [part.id]
    assert await store.session_of_extension(part.id) == was.session.id
    assert (await store.clip("source")).clip.id == "source"


async def test_part_that_was_requested_before_is_not_requested_again(store: Store) -> None:
    was = await started(store)
    known = await taken(store, f"session:{was.session.id}:1")
    assert (await with_part(store, was)).busy_round.extension_id == known.id


async def test_rounds_change_places_in_one_change(store: Store) -> None:
    was = await started(store)
    state = await with_part(store, was)

    def chosen_and_next(state: SessionState) -> SessionState:
        chosen = busy_round(state, status=RoundStatus.CHOSEN, clip_id="a")
        return making(with_proposals(chosen, proposal(1, round_number=2)))

    new = await change(store, was.session.id, chosen_and_next, request=asked("second", clip_id="a"))
    assert [each.status for each in new.rounds] == [
        RoundStatus.CHOSEN,
        RoundStatus.MAKING,
        RoundStatus.OPEN,
    ]
    assert [*new.extensions] == [new.rounds[1].extension_id] != [state.rounds[0].extension_id]


async def test_end_keeps_totals_and_deletes_votes(store: Store) -> None:
    was = await started(store)
    other = await started(store, "other", channel_id=1)
    await change(store, other.session.id, lambda was: with_votes(was, vote(1)))

    def written(state: SessionState) -> SessionState:
        proposals = (
            proposal(1),
            proposal(2, status=ProposalStatus.WITHDRAWN),
            proposal(3, kind=ProposalKind.END),
            proposal(4, listed_from=1, member_id=1),
        )
        return with_votes(with_proposals(state, *proposals), vote(1), vote(9))

    await change(store, was.session.id, written)
    so_far = Totals(members=4, proposals=2, votes=2)
    assert await store.session_totals(was.session.id) == so_far
    last = vote(10, ballot=Ballot.CLIP)
    ended = await change(store, was.session.id, lambda was: over(with_votes(was, last)))
    assert ended.session.totals == Totals(members=5, proposals=2, votes=3)
    assert ended.votes == ()
    assert len((await store.session_state(other.session.id)).votes) == 1
    again = await change(store, was.session.id, lambda state: state)
    assert again.session.totals == ended.session.totals


# loading


async def test_state_has_the_newest_rounds_and_the_winners_of_all(store: Store) -> None:
    state = await started(store)
    for _ in range(2):
        state = await with_chosen_part(store, state)
        newest = len(state.rounds)
        more = (
            proposal(7, round_number=newest - 1),
            proposal(8, round_number=newest),
        )
        cast = vote(1, round_number=newest - 1), vote(2, round_number=newest)
        state = await change(
            store,
            state.session.id,
            lambda was, more=more, cast=cast: with_votes(with_proposals(was, *more), *cast),
        )
    places = [(each.round_number, each.number) for each in state.proposals]
    assert places == [(1, 1), (2, 1), (2, 7), (2, 8), (3, 8)]
    assert [each.round_number for each in state.votes] == [2, 2, 3]
    whole = await store.session_state(state.session.id, whole=True)
    assert len(whole.proposals) == len(places) + 1
    assert [each.round_number for each in whole.votes] == [1, 2, 2, 3]
    assert [*state.extensions] == [state.rounds[1].extension_id]


async def test_state_has_failed_parts_and_the_latest_clip(store: Store) -> None:
    state = await with_failed_part(store, await started(store))
    state = await with_part(store, state)
    assert {*state.extensions} == {each.extension_id for each in state.rounds[:2]}
    assert state.latest_clip == await store.clip("source")
    await store.remember_clip("suno", heard("source", duration=61.5), now=NOW)
    assert (await store.session_state(state.session.id)).latest_clip.clip.duration == 61.5


# posts of a change


async def test_change_adds_posts_and_raises_known_ones(store: Store) -> None:
    was = await started(store)
    new = proposal(1), proposal(2)
    key = proposal_key(1, 1)
    await change(store, was.session.id, lambda was: with_proposals(was, *new), replies={key: REPLY})
    posts = {post.key: post for post in await store.posts_of(was.session.id)}
    assert [*posts] == [CARD, board_key(1), key, proposal_key(1, 2)]
    assert [post.revision for post in posts.values()] == [1, 2, 1, 1]
    assert (posts[key].reply, posts[key].publish_at) == (REPLY, FIRST_REPLY_UNTIL)
    other = posts[proposal_key(1, 2)]
    assert other.reply == ReplyRef(channel_id=THREAD, guild_id=GUILD)
    assert other.publish_at == NOW


async def test_refused_posts_are_due_again_once_a_session_wakes(store: Store) -> None:
    def with_rest(state: SessionState, reason: RestReason | None) -> SessionState:
        since = NOW if reason is not None else None
        return replace(state, session=replace(state.session, rests_since=since, rest_reason=reason))

    was = await started(store)
    [card, board] = await store.posts_of(was.session.id)
    for post in (card, board):
        claimed = await store.claim_post(post.id, now=NOW, lease_until=NOW + SECOND)
        assert claimed is not None
        if post is board:
            await store.postpone_post(claimed, publish_at=NOW + 600 * SECOND)
    await change(store, was.session.id, lambda was: with_rest(was, RestReason.FORBIDDEN))
    assert [post.publish_at for post in await store.posts_of(was.session.id)] == [
        NOW + SECOND,
        NOW + 600 * SECOND,
    ]
    await change(store, was.session.id, lambda was: with_rest(was, None))
    # the card is being sent by somebody
    assert [post.publish_at for post in await store.posts_of(was.session.id)] == [
        NOW + SECOND,
        NOW,
    ]


async def test_part_that_is_listed_again_is_posted_above_its_board(store: Store) -> None:
    def dropped(state: SessionState) -> SessionState:
        state = last_round(state, status=RoundStatus.DROPPED)
        return with_proposals(opened(state, NOW), proposal(1, round_number=2))

    was = await started(store)
    await change(store, was.session.id, dropped)
    posts = [post.key for post in await store.posts_of(was.session.id)]
    assert posts.index(proposal_key(2, 1)) < posts.index(board_key(2))


async def test_reply_to_a_known_post_leaves_its_message(store: Store) -> None:
    was = await started(store)
    await change(store, was.session.id, lambda was: was, replies={CARD: REPLY})
    card = await store.card_of(was.session.id)
    assert (card.revision, card.reply.message_id) == (2, None)


async def test_song_is_shown_by_card_and_recap(store: Store) -> None:
    state = await with_chosen_part(store, await started(store))
    await change(store, state.session.id, over)
    assert await store.due_sessions(now=NOW) == [state.session.id]
    before = {post.key: post.revision for post in await store.posts_of(state.session.id)}
    song = await taken(store, "song")
    await store.set_song(state.session.id, song.id)
    assert (await store.session_state(state.session.id)).session.song_id == song.id
    after = {post.key: post.revision for post in await store.posts_of(state.session.id)}
    assert {key for key in after if after[key] != before[key]} == {CARD, RECAP}
    assert PostKey(PostKind.RECAP) in before
    assert await store.due_sessions(now=NOW) == []
