"""Posts of a session as messages, and the answer to `/session show`."""

import pytest

from bot.domain.models import Status
from bot.domain.sessions.models import PostKey, PostKind, RoundStatus, SessionStatus
from bot.domain.sessions.posts import CARD, RECAP, board_key, proposal_key, result_key
from bot.services.session_view import SessionView
from bot.ui.session_posts import overview, post_message, song_so_far
from tests.support.session_samples import (
    ADA,
    BO,
    CY,
    RUN,
    chosen,
    part,
    proposal,
    session_round,
    session_view,
    tally,
    twins,
)
from tests.support.ui_samples import buttons

LONG = "\n".join(f"Line {number}" for number in range(40))
CHOOSING = session_round(
    2, status=RoundStatus.CHOOSING, winner=1, extension_id=7, tally=tally((1, 2))
)


def evening(lyrics: str = RUN, **in_session: object) -> SessionView:
    return session_view(
        chosen(1, extension_id=None),
        CHOOSING,
        session_round(3),
        proposals=[proposal(lyrics=lyrics), proposal(1, 2), proposal(1, 3, member_id=CY)],
        extensions=[part(Status.COMPLETE, *twins())],
        in_session=in_session,
    )


@pytest.mark.parametrize(
    ("key", "title"),
    [
        (CARD, "🎶 Electric Dreams"),
        (board_key(3), "Round 3 · what comes next?"),
        (proposal_key(1, 1), "Proposal 1"),
        (result_key(2), "Round 2 · which one goes on?"),
        (RECAP, "🏁 Electric Dreams is finished"),
    ],
)
def test_each_post_has_its_message(key: PostKey, title: str) -> None:
    for may_attach in (True, False):
        message = post_message(evening(LONG), key, may_attach=may_attach)
        assert message.embeds[0].title == title
        has_file = may_attach and key.kind in (PostKind.PROPOSAL, PostKind.RECAP)
        assert (message.file is not None) == has_file
        assert ("file" in message.sent()) == has_file
        assert len(message.edited()["attachments"]) == has_file
        assert ("view" in message.sent()) == (message.view is not None)


@pytest.mark.parametrize("key", [proposal_key(1, 9), PostKey(PostKind.BOARD)])
def test_unknown_post_is_refused(key: PostKey) -> None:
    with pytest.raises(ValueError, match="no post"):
        post_message(evening(), key)


def test_song_so_far_has_its_lyrics_as_a_file_where_that_is_allowed() -> None:
    assert song_so_far(evening(LONG), may_attach=True).file is not None
    assert song_so_far(evening(LONG), may_attach=False).file is None
    assert song_so_far(evening(), may_attach=True).file is None


def test_overview_has_the_buttons_of_all_that_can_be_done() -> None:
    message = overview(evening(), CY)
    assert [embed.title for embed in message.embeds] == [
        "Round 2 · which one goes on?",
        "Round 3 · what comes next?",
        "Proposals",
    ]
    pick, *rows = message.view.to_components()
    assert pick["components"][0]["custom_id"] == "ses:pick:73"
    assert [[button["custom_id"] for button in row["components"]] for row in rows] == [
        ["ses:write:5", "ses:far:5", "ses:more:5"],
        ["ses:edit:301", "ses:drop:301"],
        ["ses:choose:72-a", "ses:choose:72-b", "ses:choose:72-none"],
    ]
    others = [name for row in overview(evening(), ADA).view.to_components() for name in row]
    assert "ses:edit:301" not in str(others)


def test_overview_of_an_open_round_is_its_board() -> None:
    view = session_view(chosen(1), session_round(2), proposals=[proposal()])
    message = overview(view, BO)
    assert [embed.title for embed in message.embeds] == ["Round 2 · what comes next?"]
    assert [[label for label, _ in row] for row in buttons(message.view)] == [
        ["✍️ Write a part", "📜 Song so far", "⋯ More"]
    ]


def test_overview_of_a_session_that_is_over_is_its_card() -> None:
    over = session_round(2, status=RoundStatus.SETTLED)
    view = session_view(
        chosen(1), over, proposals=[proposal()], in_session={"status": SessionStatus.FINISHED}
    )
    assert [embed.title for embed in overview(view, BO).embeds] == ["🏁 Electric Dreams"]
