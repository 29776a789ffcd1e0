"""The board of a round: open in each of its states, and over in each of its endings."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain import failures
from bot.domain.models import Extension, Handle, Status
from bot.domain.sessions.models import (
    DropReason,
    EndReason,
    Proposal,
    ProposalStatus,
    RestReason,
    Round,
    RoundStatus,
    SessionStatus,
)
from bot.services.session_view import SessionView
from bot.ui.session_board import board_embeds, board_view
from bot.ui.theme import BLURPLE, YELLOW
from tests.support.session_samples import (
    ADA,
    BO,
    CY,
    ENDS,
    NEON,
    NOW,
    RUN,
    SOON,
    back,
    chosen,
    end,
    part,
    proposal,
    second_round,
    session_round,
    session_view,
    tally,
    url,
)
from tests.support.ui_samples import buttons

FIRST = proposal(lyrics=RUN)
SECOND = (
    proposal(1, 2),
    proposal(2, 2, lyrics=RUN, member_id=CY, style=("half-time", "piano")),
    end(3, 2),
    back(4, 2),
)
WRITE = ("✍️ Write a part", "ses:write:5")
NEXT = ("✍️ Write the next part", "ses:write:5")
SO_FAR = ("📜 Song so far", "ses:far:5")
MORE = ("⋯ More", "ses:more:5")
RULES = "-# Most votes win"


def newest(view: SessionView) -> Round:
    return view.state.rounds[-1]


def state_line(view: SessionView) -> str:
    """Return the line of an open board that says what it waits for."""
    lines = board_embeds(view, newest(view))[0].description.splitlines()
    return lines[lines.index("") + 1] if "" in lines else lines[0]


def busy(status: RoundStatus = RoundStatus.MAKING, **parts: object) -> Round:
    fields: dict[str, object] = {
        "status": status,
        "winner": 1,
        "extension_id": 7,
        "tally": tally((1, 5), (2, 3), (3, 1), (4, 0)),
    }
    return session_round(2, **(fields | parts))


def over(each: Round, **parts: object) -> SessionView:
    return session_view(chosen(1), each, session_round(3), proposals=(FIRST, *SECOND), **parts)


def select(view: SessionView) -> dict[str, Any]:
    return board_view(view, newest(view)).to_components()[0]["components"][0]


# Open


def test_first_board_explains_the_rules() -> None:
    view = session_view()
    [embed] = board_embeds(view, newest(view))
    assert (embed.colour, embed.title) == (YELLOW, "Round 1 · what comes next?")
    lines = embed.description.splitlines()
    assert lines[:3] == [
        "The song so far: source · 1:37",
        "",
        "**Nobody has written yet.** Lyrics, style, and where it goes on: press *Write a part*.",
    ]
    assert lines[3].startswith(RULES)
    assert lines[4:] == ["-# 9 more parts can be made · AIML API"]
    assert buttons(board_view(view, newest(view))) == [[WRITE, SO_FAR, MORE]]


def test_board_shows_the_song_and_its_last_lines() -> None:
    embed = board_embeds(second_round(), newest(second_round()))[0]
    assert embed.description.splitlines()[:3] == [
        f"The song so far: source · Chorus · 3:14 · [last part]({url(401)})",
        "> Run, run",
        "> Nobody is chasing us",
    ]
    assert RULES not in embed.description


def test_board_of_an_unknown_song_begins_with_its_state() -> None:
    view = session_view(parts=(), duration=None)
    assert board_embeds(view, newest(view))[0].description.startswith("**Nobody has written yet.")


def test_long_song_is_named_by_its_latest_sections() -> None:
    lyrics = ["la la", "", "[Tag only]", "[Bridge]\nla", RUN, NEON, "[Outro] *la*\nla"]
    proposals = [proposal(1, number, lyrics=text) for number, text in enumerate(lyrics, start=1)]
    rounds = [chosen(number) for number in range(1, 8)]
    view = session_view(*rounds, session_round(8), proposals=proposals, duration=None)
    said = board_embeds(view, newest(view))[0].description.splitlines()[0]
    assert said.startswith(
        "The song so far: … · Instrumental · Tag only · Bridge · Chorus · Verse · Outro"
    )
    short = session_view(*rounds[:2], session_round(3), proposals=[proposals[0]])
    said = board_embeds(short, newest(short))[0].description.splitlines()[0]
    assert said.startswith("The song so far: source · part 1 · part 2")


def test_proposals_are_listed_with_links() -> None:
    view = over(chosen(2))
    view = session_view(chosen(1), session_round(2, voters=4), proposals=(FIRST, *SECOND))
    _, listing = board_embeds(view, newest(view))
    assert (listing.colour, listing.title) == (YELLOW, "Proposals")
    assert listing.description.splitlines() == [
        f"1 · [Neon rain on the window]({url(501)}) · Verse · <@{BO}>",
        f"2 · [Run, run]({url(502)}) · Chorus · <@{CY}>",
        f"3 · 🏁 **the song ends here** · <@{CY}>",
        f"4 · ↩ **take “Run, run” back** · <@{ADA}>",
    ]


def test_proposal_without_a_post_is_not_linked() -> None:
    view = session_view(proposals=[proposal(lyrics="Neon")], links={})
    _, listing = board_embeds(view, newest(view))
    assert listing.description == f"1 · Neon · <@{BO}>"


def test_withdrawn_proposal_is_not_listed() -> None:
    gone = replace(proposal(), status=ProposalStatus.WITHDRAWN)
    view = session_view(proposals=[gone])
    assert len(board_embeds(view, newest(view))) == 1
    assert "Nobody has written yet" in state_line(view)


def test_select_has_an_option_for_each_proposal() -> None:
    view = session_view(chosen(1), session_round(2), proposals=(FIRST, *SECOND))
    assert select(view)["custom_id"] == "ses:pick:72"
    assert select(view)["placeholder"] == "Vote for what comes next"
    half = "takes more than half of the votes"
    assert [
        (option["value"], option["label"], option["description"])
        for option in select(view)["options"]
    ] == [
        ("201", "1 · Neon rain on the window", "Verse · Bo · style as before"),
        ("202", "2 · Run, run", "Chorus · Cy · style changed: half-time, piano"),
        ("203", "3 · 🏁 the song ends here", f"Cy · {half}"),
        ("204", "4 · ↩ take “Run, run” back", f"Ada · {half}"),
    ]


def test_part_that_is_unknown_can_be_voted_back() -> None:
    view = session_view(session_round(), proposals=[back(1, 1)])
    assert select(view)["options"][0]["label"] == "1 · ↩ take the last part back"
    assert "↩ **take the part back**" in board_embeds(view, newest(view))[1].description


def test_board_waits_for_the_first_vote() -> None:
    view = session_view(proposals=[proposal()])
    assert state_line(view) == (
        "**Nobody has voted yet.** The first vote starts the clock: 3 minutes."
    )


@pytest.mark.parametrize(("voters", "text"), [(1, "**1 has voted.** "), (4, "**4 have voted.** ")])
def test_board_counts_voters(voters: int, text: str) -> None:
    view = session_view(session_round(voters=voters, ends_at=SOON), proposals=[proposal()])
    assert state_line(view) == f"{text}It ends {ENDS}."
    later = session_view(
        chosen(1), session_round(2, voters=voters, ends_at=SOON), proposals=(FIRST, *SECOND)
    )
    assert state_line(later) == (
        f"{text}It ends {ENDS}, or as soon as all who took part in the last round have voted."
    )
    starting = session_view(session_round(voters=voters), proposals=[proposal()])
    assert state_line(starting) == f"{text}The clock starts in a moment."


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (RestReason.CLOSED, "The thread was closed."),
        (RestReason.FORBIDDEN, "Encore isn't allowed to post here."),
    ],
)
def test_resting_board_says_how_it_goes_on(reason: RestReason, why: str) -> None:
    resting = {"rests_since": NOW, "rest_reason": reason}
    view = session_view(session_round(voters=2), proposals=[proposal()], in_session=resting)
    assert state_line(view) == (
        f"**{why}** It goes on when somebody presses a button; until then the clock waits."
    )


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (RoundStatus.MAKING, "The part of round 2 is being made"),
        (RoundStatus.CHOOSING, "The clip of round 2 is being chosen"),
    ],
)
def test_clock_waits_for_the_part_before(status: RoundStatus, text: str) -> None:
    nobody = session_view(chosen(1), busy(status), session_round(3), proposals=(FIRST, *SECOND))
    said = f"**Nobody has written yet.** {text}: write the next one meanwhile."
    assert state_line(nobody) == said
    proposals = (FIRST, *SECOND, proposal(1, 3))
    written = session_view(chosen(1), busy(status), session_round(3), proposals=proposals)
    assert state_line(written) == f"{text}; the clock waits for that."
    voted = session_view(chosen(1), busy(status), session_round(3, voters=1), proposals=proposals)
    assert state_line(voted) == f"**1 has voted.** {text}; the clock waits for that."


def test_board_says_that_all_parts_are_made() -> None:
    view = session_view(busy(), session_round(2), in_session={"parts_left": 0})
    assert state_line(view) == (
        "**All parts are made.** The song is finished as soon as the last one is chosen."
    )
    assert buttons(board_view(view, newest(view))) == [[SO_FAR, MORE]]
    said = board_embeds(view, newest(view))[0].description
    assert said.endswith("-# no more parts can be made · AIML API")


KEPT = "The proposals are kept; the next vote tries again."
ACCOUNT = "It may have been charged: ask a moderator before you vote for it."


@pytest.mark.parametrize(
    ("status", "parts", "text"),
    [
        (
            Status.FAILED,
            {"failure": failures.OutOfCredits()},
            "**AIML API is out of credits.** Nothing was charged.",
        ),
        (
            Status.FAILED,
            {"failure": failures.Rejected("Bad lyrics")},
            "**AIML API didn't accept the lyrics.** Nothing was charged.",
        ),
        (Status.UNCONFIRMED, {}, f"**AIML API gave no clear answer.** {ACCOUNT}"),
        (Status.CANCELLED, {}, "**It was cancelled.** Nothing was charged."),
    ],
)
def test_board_says_what_kept_the_part_before_from_being_made(
    status: Status, parts: dict[str, object], text: str
) -> None:
    dropped = busy(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    again = proposal(1, 3, listed_from=2)
    shown = {"proposals": (FIRST, *SECOND, again), "extensions": [part(status, **parts)]}
    view = session_view(chosen(1), dropped, session_round(3), **shown)
    assert state_line(view) == f"{text} {KEPT}"
    voted = session_view(chosen(1), dropped, session_round(3, voters=1), **shown)
    assert state_line(voted).startswith("**1 has voted.**")
    unknown = session_view(chosen(1), dropped, session_round(3), proposals=(again,))
    assert state_line(unknown) == f"**The part of round 2 was not made.** {KEPT}"


@pytest.mark.parametrize(
    "made",
    [
        part(Status.UNCONFIRMED),
        part(Status.FAILED, failure=failures.GenerationFailed(), handle=Handle(task_id="x")),
    ],
)
def test_failure_of_a_service_without_credits_charged_nothing(made: Extension) -> None:
    dropped = busy(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    again = proposal(1, 3, listed_from=2)
    shown = {"proposals": (FIRST, *SECOND, again), "extensions": [made]}
    paid = session_view(chosen(1), dropped, session_round(3), **shown)
    assert state_line(paid).endswith(f" {ACCOUNT} {KEPT}")
    free = session_view(chosen(1), dropped, session_round(3), **shown, is_free=True)
    assert state_line(free).endswith(f" Nothing was charged. {KEPT}")


# Over


def test_part_goes_in() -> None:
    each = busy()
    view = over(each)
    [embed] = board_embeds(view, each)
    assert (embed.colour, embed.title) == (
        BLURPLE,
        "Round 2 · “Neon rain on the window” goes in",
    )
    assert embed.description.splitlines() == [
        f"5 votes · [Neon rain on the window]({url(501)}) · <@{BO}>",
        f"3 votes · [Run, run]({url(502)}) · <@{CY}>",
        f"1 vote · 🏁 **the song ends here** · <@{CY}>",
        "-# 9 votes",
        "",
        "**It is being made.** Write the next part meanwhile.",
    ]
    assert buttons(board_view(view, each)) == [[NEXT, SO_FAR]]


def test_last_part_is_said_to_be_the_last() -> None:
    each = busy()
    view = over(each, in_session={"parts_left": 0})
    [embed] = board_embeds(view, each)
    assert embed.description.endswith(
        "**It is being made.** It is the last one: then the song is finished."
    )
    assert buttons(board_view(view, each)) == [[SO_FAR]]


@pytest.mark.parametrize(
    "status", [RoundStatus.CHOOSING, RoundStatus.CHOSEN, RoundStatus.DROPPED, RoundStatus.UNDONE]
)
def test_part_that_is_made_is_not_said_to_be_in_the_making(status: RoundStatus) -> None:
    each = busy(status)
    [embed] = board_embeds(over(each), each)
    assert embed.description.endswith("-# 9 votes")


def test_board_tells_who_closed_the_vote() -> None:
    each = busy(closed_by=ADA, tally=tally((1, 1)))
    [embed] = board_embeds(over(each), each)
    assert f"\n-# 1 vote · closed by <@{ADA}>\n" in embed.description


@pytest.mark.parametrize(
    ("winner", "text"),
    [
        (2, f"tied: <@{CY}> has fewer parts in the song"),  # Bo wrote the first part
        (1, "tied: it was written first"),
    ],
)
def test_board_tells_how_a_tie_was_broken(winner: int, text: str) -> None:
    each = busy(winner=winner, tie_broken=True, tally=tally((1, 3), (2, 3), (3, 3)))
    [embed] = board_embeds(over(each), each)
    assert f"\n-# 9 votes · {text}\n" in embed.description


def test_part_that_was_taken_back_before_does_not_count_in_a_tie() -> None:
    undone = chosen(1, status=RoundStatus.UNDONE)
    taken = session_round(2, status=RoundStatus.SETTLED, winner=4)
    tied = session_round(
        3, status=RoundStatus.MAKING, winner=1, tie_broken=True, tally=tally((1, 2), (2, 2))
    )
    proposals = (FIRST, *SECOND, proposal(1, 3), proposal(2, 3, member_id=CY))
    view = session_view(undone, taken, tied, session_round(4), proposals=proposals)
    assert "tied: it was written first" in board_embeds(view, tied)[0].description


def test_part_is_taken_back() -> None:
    undone = chosen(1, status=RoundStatus.UNDONE)
    each = busy(RoundStatus.SETTLED, winner=4, extension_id=None, tally=tally((4, 3), (1, 1)))
    view = session_view(undone, each, session_round(3), proposals=(FIRST, *SECOND))
    [embed] = board_embeds(view, each)
    assert embed.title == "Round 2 · “Run, run” is taken back"
    assert embed.description.splitlines() == [
        f"3 votes · ↩ **take “Run, run” back** · <@{ADA}>",
        f"1 vote · [Neon rain on the window]({url(501)}) · <@{BO}>",
        "-# 4 votes",
    ]


def test_song_ends() -> None:
    each = busy(RoundStatus.SETTLED, winner=3, extension_id=None, tally=tally((3, 3)))
    ended = {"status": SessionStatus.FINISHED, "end_reason": EndReason.VOTED}
    view = session_view(chosen(1), each, proposals=(FIRST, *SECOND), in_session=ended)
    [embed] = board_embeds(view, each)
    assert embed.title == "Round 2 · the song ends here"
    assert buttons(board_view(view, each)) == [[SO_FAR]]


@pytest.mark.parametrize(
    ("reason", "why"),
    [(EndReason.BY_HAND, "It was ended by hand."), (None, "Nothing was decided.")],
)
def test_board_without_a_winner_says_that_the_session_is_over(
    reason: EndReason | None, why: str
) -> None:
    each = session_round(2, status=RoundStatus.SETTLED)
    ended = {"status": SessionStatus.FINISHED, "end_reason": reason}
    view = session_view(chosen(1), each, proposals=[FIRST], in_session=ended)
    [embed] = board_embeds(view, each)
    assert (embed.title, embed.description) == ("Round 2 · the session is over", why)


def test_votes_for_an_unknown_proposal_are_not_listed() -> None:
    each = busy(tally=tally((1, 2), (9, 1)))
    known: tuple[Proposal, ...] = (FIRST, SECOND[0])
    view = session_view(chosen(1), each, session_round(3), proposals=known)
    assert "\n-# 3 votes\n" in board_embeds(view, each)[0].description
