"""Posts of sessions: claimed, edited, postponed as the replies of extensions are."""

from dataclasses import replace

import pytest

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import Post
from bot.domain.sessions.posts import CARD, board_key, proposal_key
from bot.store.store import Store
from tests.support.store_samples import GUILD, MINUTE, NOW, SECOND
from tests.support.stored_sessions import (
    FIRST_REPLY_UNTIL,
    THREAD,
    change,
    proposal,
    started,
    with_proposals,
)

LEASE_END = NOW + MINUTE
SHOWN = ReplyRef(channel_id=THREAD, guild_id=GUILD, message_id=9)


@pytest.fixture
async def board(store: Store) -> Post:
    """The unpublished board of a session whose card is published."""
    state = await started(store)
    card, board = await store.posts_of(state.session.id)
    await store.record_first_post(state.session.id, CARD, card.reply, publish_at=NOW)
    return board


async def claimed(store: Store, post: Post) -> Post:
    claim = await store.claim_post(post.id, now=NOW, lease_until=LEASE_END)
    assert claim == replace(post, publish_at=LEASE_END)
    return claim


async def test_posts_are_found_by_session_and_key(store: Store, board: Post) -> None:
    session_id = board.session_id
    assert await store.post_of(session_id, board_key(1)) == board
    assert await store.card_of(session_id) == (await store.posts_of(session_id))[0]
    for unknown in (board_key(2), proposal_key(1, 1)):
        assert await store.post_of(session_id, unknown) is None
    assert await store.card_of(session_id + 404) is None


async def test_unpublished_posts_are_the_longest_due(store: Store, board: Post) -> None:
    new = proposal(1), proposal(2)
    await change(
        store,
        board.session_id,
        lambda was: with_proposals(was, *new),
        replies={proposal_key(1, 1): SHOWN},
    )
    board = await store.post_of(board.session_id, board.key)
    later, other = [await store.post_of(board.session_id, proposal_key(1, n)) for n in (1, 2)]
    assert await store.unpublished_posts(now=NOW - SECOND) == []
    assert await store.unpublished_posts(now=NOW) == [board, other]
    assert await store.unpublished_posts(now=FIRST_REPLY_UNTIL) == [board, other, later]
    assert await store.unpublished_posts(now=NOW, limit=1) == [board]
    assert await store.unpublished_posts(now=NOW, excluding=[board.id]) == [other]


async def test_post_is_claimed_once_until_its_lease_ends(store: Store, board: Post) -> None:
    assert await store.next_post() == NOW
    await claimed(store, board)
    assert await store.next_post() == LEASE_END
    assert await store.claim_post(board.id, now=NOW, lease_until=LEASE_END) is None
    again = await store.claim_post(board.id, now=LEASE_END, lease_until=LEASE_END + MINUTE)
    assert again.publish_at == LEASE_END + MINUTE


async def test_finished_post_is_not_edited_without_news(store: Store, board: Post) -> None:
    claim = await claimed(store, board)
    await store.finish_post(claim, SHOWN, publish_at=NOW + SECOND)
    stored = await store.post_of(board.session_id, board.key)
    assert stored == replace(board, reply=SHOWN, published=1, publish_at=NOW + SECOND)
    assert await store.next_post() is None
    assert await store.claim_post(board.id, now=LEASE_END, lease_until=LEASE_END) is None
    await store.raise_posts(board.session_id, [board.key, board_key(9)])
    assert await store.next_post() == NOW + SECOND
    assert (await store.post_of(board.session_id, board.key)).revision == 2


async def test_news_during_an_edit_are_shown_by_the_next(store: Store, board: Post) -> None:
    claim = await claimed(store, board)
    await store.raise_posts(board.session_id, [board.key])
    await store.finish_post(claim, SHOWN, publish_at=NOW)
    [stored] = await store.unpublished_posts(now=NOW)
    assert (stored.published, stored.revision) == (1, 2)


async def test_lapsed_claim_leaves_the_one_that_followed(store: Store, board: Post) -> None:
    lapsed = await claimed(store, board)
    until = LEASE_END + MINUTE
    claim = await store.claim_post(board.id, now=LEASE_END, lease_until=until)
    await store.postpone_post(lapsed, publish_at=NOW)
    await store.release_post(lapsed, SHOWN, publish_at=NOW)
    await store.finish_post(lapsed, replace(SHOWN, token="new"), publish_at=NOW)
    stored = await store.post_of(board.session_id, board.key)
    assert stored == replace(claim, reply=replace(SHOWN, token="new"))


async def test_postponed_post_counts_its_failures(store: Store, board: Post) -> None:
    claim = await claimed(store, board)
    await store.postpone_post(claim, publish_at=NOW)
    claim = await store.claim_post(board.id, now=NOW, lease_until=LEASE_END)
    assert claim.publish_failures == 1
    await store.finish_post(claim, SHOWN, publish_at=NOW)
    assert (await store.post_of(board.session_id, board.key)).publish_failures == 0


async def test_released_post_keeps_what_was_learned(store: Store, board: Post) -> None:
    claim = await claimed(store, board)
    await store.release_post(claim, SHOWN, publish_at=NOW)
    assert await store.unpublished_posts(now=NOW) == [replace(board, reply=SHOWN)]
    claim = await store.claim_post(board.id, now=NOW, lease_until=LEASE_END)
    await store.release_post(claim, claim.reply, publish_at=NOW + SECOND)
    assert (await store.post_of(board.session_id, board.key)).reply == SHOWN


async def test_unreachable_post_is_not_published(store: Store, board: Post) -> None:
    claim = await claimed(store, board)
    await store.finish_post(claim, replace(SHOWN, unreachable=True), publish_at=NOW)
    await store.raise_posts(board.session_id, [board.key])
    assert await store.unpublished_posts(now=LEASE_END) == []
    assert await store.next_post() is None


async def test_first_post_is_recorded_unless_an_edit_was_faster(store: Store, board: Post) -> None:
    await store.record_first_post(board.session_id, board.key, SHOWN, publish_at=NOW + SECOND)
    stored = await store.post_of(board.session_id, board.key)
    assert stored == replace(board, reply=SHOWN, published=1, publish_at=NOW + SECOND)
    late = replace(SHOWN, message_id=10)
    await store.record_first_post(board.session_id, board.key, late, publish_at=NOW)
    assert await store.post_of(board.session_id, board.key) == stored


async def test_claims_of_an_ended_process_lapse(sqlite_url: str) -> None:
    async with Store.open(sqlite_url) as store:
        [_, board] = await store.posts_of((await started(store)).session.id)
        await claimed(store, board)
    async with Store.open(sqlite_url) as store:
        claim = await store.claim_post(board.id, now=NOW, lease_until=LEASE_END)
        assert claim.publish_at == LEASE_END
