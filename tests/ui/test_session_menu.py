"""What *More* offers, and the list of a server's sessions."""

from dataclasses import replace

import pytest

from bot.domain.sessions.models import Ballot, EndReason, RoundStatus, Session, SessionStatus
from bot.domain.sessions.posts import CARD
from bot.services.session_view import SessionView
from bot.ui.session_list import running_embed, sessions_embed, sessions_view
from bot.ui.session_menu import end_now_question, more
from tests.support.session_samples import (
    ADA,
    BO,
    CHANNEL,
    NOW,
    RUN,
    back,
    chosen,
    end,
    part,
    proposal,
    session_round,
    session_view,
    url,
    votes,
)
from tests.support.ui_samples import STAMP, buttons

END = ("🏁 End the song", "ses:end:5")
BACK = ("↩ Take “Run, run” back", "ses:back:5")
CLOSE = ("⏩ Close the vote now", "ses:close:72")
END_NOW = ("🏁 End it now", "ses:endnow:5")
PUT_TO_THE_VOTE = "What you propose here is put to the vote."
AT_ONCE = "What only the host and moderators can do is done at once, without a vote."


def offered(view: SessionView, *, is_host: bool = False) -> list[tuple[str, str]]:
    embed, buttons_of = more(view, is_host_or_moderator=is_host)
    [row] = buttons(buttons_of)
    title, *lines = embed.description.splitlines()
    assert title == "**What else?**"
    assert (PUT_TO_THE_VOTE in lines) == (END in row or BACK in row)
    assert (AT_ONCE in lines) == (END_NOW in row)
    return row


def removable(view: SessionView, *, is_host: bool) -> list[tuple[str, str]]:
    """Return the label and the value of each proposal that can be taken off the board."""
    _, shown = more(view, is_host_or_moderator=is_host)
    rows = shown.to_components() if shown else []
    selects = [each for row in rows for each in row["components"] if "options" in each]
    assert [each["custom_id"] for each in selects] in ([], ["ses:remove:72"])
    return [(each["label"], each["value"]) for select in selects for each in select["options"]]


def running(*rounds: object, **parts: object) -> SessionView:
    return session_view(chosen(1), *rounds, proposals=(proposal(lyrics=RUN),), **parts)


def test_first_round_offers_to_end_the_song() -> None:
    assert offered(session_view()) == [END]
    assert offered(session_view(), is_host=True) == [END, END_NOW]


def test_last_part_can_be_taken_back() -> None:
    assert offered(running(session_round(2))) == [END, BACK]


def test_host_can_close_a_vote_that_has_votes() -> None:
    view = running(session_round(2), votes=votes(2, Ballot.NEXT, 1))
    assert offered(view) == [END, BACK]
    assert offered(view, is_host=True) == [END, BACK, CLOSE, END_NOW]


def test_host_can_take_each_proposal_off_the_board() -> None:
    proposals = (proposal(lyrics=RUN), proposal(1, 2, lyrics=RUN), end(2, 2))
    view = session_view(chosen(1), session_round(2), proposals=proposals)
    offered_here = [("1 · Run, run", "201"), ("2 · 🏁 the song ends here", "202")]
    assert removable(view, is_host=True) == offered_here
    assert removable(view, is_host=False) == []
    assert removable(session_view(), is_host=True) == []


@pytest.mark.parametrize(
    ("status", "voters", "row"),
    [
        (RoundStatus.MAKING, 3, [END, END_NOW]),
        (RoundStatus.CHOOSING, 3, [END, CLOSE, END_NOW]),
        (RoundStatus.CHOOSING, 0, [END, END_NOW]),
    ],
)
def test_nothing_is_taken_back_while_a_part_is_made(
    status: RoundStatus, voters: int, row: list[tuple[str, str]]
) -> None:
    cast = (*votes(2, Ballot.CLIP, voters), *votes(3, Ballot.NEXT, 1))
    view = running(session_round(2, status=status), session_round(3), votes=cast)
    assert offered(view, is_host=True) == row


def test_what_is_proposed_already_is_not_offered() -> None:
    proposals = (proposal(lyrics=RUN), end(1, 2), back(2, 2))
    view = session_view(chosen(1), session_round(2), proposals=proposals)
    assert offered(view, is_host=True) == [END_NOW]
    embed, nothing = more(view, is_host_or_moderator=False)
    assert nothing is None
    assert embed.description.startswith("**There's nothing else to do now.**")
    over = session_view(session_round(status=RoundStatus.SETTLED))
    assert more(over, is_host_or_moderator=True)[1] is None


@pytest.mark.parametrize(
    ("status", "warning"),
    [
        (RoundStatus.MAKING, " The one that is being made would not be in it."),
        (RoundStatus.CHOOSING, " The one that is being chosen would not be in it."),
        (RoundStatus.DROPPED, ""),
    ],
)
def test_end_by_hand_is_asked_for_once_more(status: RoundStatus, warning: str) -> None:
    embed, view = end_now_question(running(session_round(2, status=status), session_round(3)))
    finished = "The song is finished with the parts that it has."
    assert embed.description == f"**End it now?**\n{finished}{warning}"
    assert buttons(view) == [[("🏁 End it now", "ses:endyes:5")]]


def test_end_by_hand_without_a_part_makes_no_song() -> None:
    embed, _ = end_now_question(session_view())
    assert embed.description.endswith("It has no part yet, so there would be no song.")


# Lists


def ended(status: SessionStatus, **parts: object) -> SessionView:
    over = {"status": status, "end_reason": EndReason.VOTED, "finished_at": NOW}
    return session_view(chosen(1), proposals=[proposal()], in_session=over, **parts)


ACTIVE = f"started by <@{ADA}> · active <t:{STAMP}:R>"
OVER = f"started by <@{ADA}> · over <t:{STAMP}:R>"


def test_list_has_a_line_for_each_session() -> None:
    views = [
        running(session_round(2)),
        ended(SessionStatus.FINISHED, song=part()),
        ended(SessionStatus.FINISHED),
        ended(SessionStatus.ENDED, links={}),
    ]
    most = [(ADA, 12), (BO, 9)]
    embed = sessions_embed(views, number=2, page_count=3, total=24, most_parts=most)
    card = url(10, CHANNEL)
    assert embed.title == "Sessions in this server"
    assert embed.description.splitlines() == [
        f"🎶 **[Electric Dreams]({url(202)})** · round 2 · 1 part · {ACTIVE}",
        f"🏁 **[Electric Dreams]({card})** · 1 part · [💿 the full song]({url(500)}) · {OVER}",
        f"🏁 **[Electric Dreams]({card})** · 1 part · {OVER}",
        f"**Electric Dreams** · ended without a part · {OVER}",
        "",
        f"Most parts here: <@{ADA}> 12 · <@{BO}> 9",
    ]
    assert embed.footer.text == "page 2 of 3 · 24 sessions"


def test_list_can_be_turned() -> None:
    assert buttons(sessions_view(number=1, page_count=2)) == [
        [("◀ Newer", "ses:list:0"), ("Older ▶", "ses:list:2")]
    ]
    [row] = sessions_view(number=2, page_count=2).to_components()
    assert [button["disabled"] for button in row["components"]] == [False, True]
    assert sessions_view(number=1, page_count=1) is None


def test_empty_list_says_how_to_start() -> None:
    embed = sessions_embed([], number=1, page_count=1, total=0)
    assert embed.description == (
        "**There are none that you can see yet.**\n`/session start` with a clip starts one."
    )
    lone = sessions_embed([running(session_round(2))], number=1, page_count=1, total=1)
    assert lone.footer.text == "page 1 of 1 · 1 session"
    assert "Most parts" not in lone.description


def test_channel_without_a_session_links_to_those_elsewhere() -> None:
    assert running_embed([]).description == (
        "**No session is running in this channel.**\n`/session start` with a clip starts one."
    )
    view = running(session_round(2))
    said = running_embed([view, replace(view, links={CARD: url(10, CHANNEL)})]).description
    assert said.splitlines() == [
        "**No session is running in this channel.** These are:",
        f"🎶 **[Electric Dreams]({url(202)})** · round 2 · 1 part · {ACTIVE}",
        f"🎶 **[Electric Dreams]({url(10, CHANNEL)})** · round 2 · 1 part · {ACTIVE}",
    ]
    assert isinstance(view.state.session, Session)
