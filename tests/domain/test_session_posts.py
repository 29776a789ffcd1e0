from dataclasses import replace

from bot.domain import failures
from bot.domain.models import Status
from bot.domain.sessions import actions
from bot.domain.sessions.models import (
    NEITHER,
    EndReason,
    PostKey,
    RestReason,
    SessionState,
    SessionStatus,
)
from bot.domain.sessions.posts import (
    CARD,
    RECAP,
    board_key,
    changed_posts,
    linking_posts,
    proposal_key,
    result_key,
)
from bot.domain.transitions import finished
from tests.support.sessions import ADA, BO, CY, HOST, StoredSession


class Watched:
    """Tells which posts changed since it was asked last."""

    def __init__(self, stored: StoredSession) -> None:
        self.stored = stored
        self.was: SessionState | None = None

    def changed(self) -> set[PostKey]:
        was, self.was = self.was, self.stored.whole
        return set(changed_posts(was, self.was))


def test_session_begins_with_a_card_and_a_board_once_it_has_a_channel() -> None:
    watched = Watched(StoredSession(channel_id=None))
    assert watched.changed() == {CARD}
    stored = watched.stored
    stored.apply(actions.thread_made(stored.load(), 300, stored.now))
    assert watched.changed() == {CARD, board_key(1)}
    assert watched.changed() == set()


def test_proposal_has_a_post_and_the_board_lists_it() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    watched.changed()
    stored.propose(ADA)
    assert watched.changed() == {board_key(1), proposal_key(1, 1)}
    stored.pass_time(1)
    stored.propose(ADA, "Something else")
    assert watched.changed() == {board_key(1), proposal_key(1, 1)}
    stored.run()
    assert watched.changed() == {board_key(1)}
    mine = stored.whole.proposals[0]
    stored.apply(actions.take_off(stored.load(), mine, stored.press(ADA), is_host=False))
    assert watched.changed() == {board_key(1), proposal_key(1, 1)}


def test_vote_changes_the_board_when_it_is_counted_and_a_moved_one_does_not() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.propose(ADA)
    stored.propose(BO)
    stored.run()
    watched.changed()
    stored.vote(CY, 1, 1)
    assert watched.changed() == set()
    stored.run()
    assert watched.changed() == {board_key(1)}
    stored.vote(CY, 1, 2)
    stored.run()
    assert watched.changed() == set()


def test_next_board_is_posted_when_the_part_is_chosen() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.propose(ADA)
    stored.run()
    watched.changed()
    stored.end_ballot()
    assert watched.changed() == {CARD, board_key(1)}
    stored.propose(BO)
    stored.run()
    assert watched.changed() == {proposal_key(2, 1)}
    stored.complete_part()
    assert watched.changed() == set()
    stored.run()
    assert watched.changed() == {result_key(1)}
    stored.choose(ADA, "A")
    stored.run()
    assert watched.changed() == {result_key(1)}
    stored.end_ballot()
    assert watched.changed() == {CARD, result_key(1), board_key(2)}


def test_next_board_is_posted_when_nothing_was_made() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.send_part(ADA)
    watched.changed()
    failure = failures.OutOfCredits()
    stored.set_part(finished(stored.part, Status.FAILED, failure, now=stored.now))
    stored.run()
    # one part more can be made, as the card says
    assert watched.changed() == {CARD, result_key(1), board_key(2), proposal_key(2, 1)}


def test_card_stays_as_it_is_when_neither_clip_goes_on() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    watched.changed()
    stored.choose(ADA, NEITHER)
    stored.end_ballot()
    assert watched.changed() == {result_key(1), board_key(2), proposal_key(2, 1)}


def test_part_that_is_taken_back_changes_neither_its_board_nor_its_result() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.make_part(ADA)
    stored.propose_back(BO)
    stored.run()
    watched.changed()
    stored.end_ballot()
    assert watched.changed() == {CARD, board_key(2), board_key(3)}


def test_resting_is_said_on_what_is_voted_on() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    watched.changed()
    stored.apply(actions.rest(stored.load(), RestReason.CLOSED, stored.now))
    assert watched.changed() == {board_key(1)}
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    watched.changed()
    stored.apply(actions.rest(stored.load(), RestReason.FORBIDDEN, stored.now))
    assert watched.changed() == {result_key(1)}


def test_downtime_changes_what_says_a_time() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.propose(ADA)
    stored.run()
    watched.changed()
    stored.shift(600)
    assert watched.changed() == {board_key(1)}


def test_end_is_shown_on_card_and_recap_and_the_open_board_is_closed() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.make_part(ADA)
    watched.changed()
    stored.apply(actions.end_by_hand(stored.load(), stored.now))
    assert watched.changed() == {CARD, RECAP, board_key(2)}


def test_part_that_was_not_awaited_has_a_result_that_says_so() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.send_part(ADA)
    watched.changed()
    stored.apply(actions.end_by_hand(stored.load(), stored.now))
    assert watched.changed() == {CARD, result_key(1)}


def test_session_without_a_song_has_no_recap() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    watched.changed()
    stored.propose_end(ADA)
    stored.end_ballot()
    assert watched.changed() == {CARD, board_key(1), proposal_key(1, 1)}


def test_lost_server_gets_no_recap() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.make_part(ADA)
    watched.changed()
    stored.apply(actions.lost(stored.load(), EndReason.GUILD_LOST, stored.now))
    assert stored.session.status is SessionStatus.ENDED
    assert RECAP not in watched.changed()


def test_closing_alone_changes_what_it_closes() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.propose(ADA)
    stored.run()
    stored.pass_time(5)
    watched.changed()
    stored.apply(actions.close(stored.load(), 1, stored.press(HOST)))
    assert watched.changed() == {board_key(1)}


def test_board_that_waits_for_a_late_part_is_shown_without_a_clock() -> None:
    watched = Watched(StoredSession())
    stored = watched.stored
    stored.send_part(ADA)
    stored.expire_part()
    stored.run()
    watched.changed()
    stored.check_again()
    stored.run()
    assert watched.changed() == {board_key(2), result_key(1), proposal_key(2, 1)}


def test_choice_is_shown_though_its_part_is_not_loaded() -> None:
    stored = StoredSession()
    stored.send_part(ADA)
    stored.complete_part()
    stored.run()
    unloaded = replace(stored.whole, extensions={})
    assert changed_posts(stored.whole, unloaded) == {result_key(1)}


def test_posts_link_to_proposals_and_boards() -> None:
    assert linking_posts(proposal_key(2, 3)) == (board_key(2),)
    assert linking_posts(board_key(2)) == (CARD,)
    assert linking_posts(result_key(2)) == ()
