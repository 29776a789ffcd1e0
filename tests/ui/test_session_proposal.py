"""A proposal's post, and the answers to votes."""

from dataclasses import replace

import pytest

from bot.domain.sessions.models import (
    DropReason,
    Proposal,
    ProposalStatus,
    RoundStatus,
    SessionStatus,
)
from bot.ui.session_proposal import (
    change_confirmation,
    choice_confirmation,
    choice_over_embed,
    part_draft_view,
    proposal_embed,
    proposal_file,
    proposal_view,
    vote_confirmation,
    vote_over_embed,
    vote_over_view,
    withdraw_view,
)
from bot.ui.theme import BLURPLE, GREY, RED
from tests.support.session_samples import (
    ADA,
    BO,
    CY,
    ENDS,
    NOW,
    RUN,
    SOON,
    back,
    chosen,
    end,
    proposal,
    second_round,
    session_round,
    session_view,
    url,
)
from tests.support.ui_samples import SOURCE, STAMP, buttons, units

LONG = "\n".join(f"[Verse {number}]\nLine {number}" for number in range(40))


def lines(each: Proposal, **parts: object) -> list[str]:
    view = session_view(session_round(**parts), proposals=[each])
    return proposal_embed(view, each).description.splitlines()


def test_part_shows_what_would_be_sent() -> None:
    each = proposal()
    embed = proposal_embed(session_view(proposals=[each]), each)
    assert (embed.colour, embed.title) == (BLURPLE, "Proposal 1 · Verse")
    assert embed.description.splitlines() == [
        r"> \[Verse\]",
        "> Neon rain on the window",
        "> Running down in silver lines",
        "**Style** as before",
        "goes on from the end",
        f"-# by <@{BO}>",
    ]
    assert buttons(proposal_view(each)) == [
        [("🗳️ Vote for this", "ses:vote:101"), ("✏️", "ses:edit:101"), ("🗑️", "ses:drop:101")]
    ]
    assert proposal_file(each) is None


def test_changed_style_is_marked() -> None:
    assert "**Style** half-time, piano (*changed*)" in lines(proposal(style=("half-time", "piano")))


def test_instrumental_part_says_so() -> None:
    each = proposal(lyrics="")
    assert lines(each)[0] == "*Instrumental*"
    assert proposal_embed(session_view(proposals=[each]), each).title == "Proposal 1"
    assert lines(proposal(lyrics="[Solo]"))[:2] == [r"> \[Solo\]", "*Instrumental*"]


def test_second_holds_for_the_clip_that_it_was_written_for() -> None:
    at = proposal(continue_at=82.0, for_clip_id=SOURCE)
    assert "goes on at 1:22 of the last part" in lines(at)
    assert "goes on at 1:22 of the last part" in lines(at, base_clip_id=SOURCE)
    assert "goes on from the end" in lines(at, base_clip_id="another")
    assert "goes on from the end" in lines(replace(at, for_clip_id="another"))


def test_changed_part_says_when() -> None:
    assert lines(proposal(changed_at=NOW))[-1] == f"-# by <@{BO}> · changed <t:{STAMP}:R>"


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (DropReason.NEITHER, "which kept neither clip"),
        (DropReason.FAILED, "whose part was not made"),
        (DropReason.LATE, "whose part was not made"),
    ],
)
def test_part_that_is_listed_again_says_where_it_comes_from(reason: DropReason, why: str) -> None:
    dropped = session_round(1, status=RoundStatus.DROPPED, drop_reason=reason)
    again = proposal(1, 2, listed_from=1)
    view = session_view(dropped, session_round(2), proposals=[proposal(), again])
    said = proposal_embed(view, again).description.splitlines()
    assert said[-1] == f"-# by <@{BO}> · from round 1, {why}"


def test_long_lyrics_are_a_file() -> None:
    each = proposal(lyrics=LONG)
    assert "All lyrics: `lyrics.txt`" in lines(each)
    assert proposal_file(each).fp.read() == LONG.encode()
    view = session_view(proposals=[each])
    shown = proposal_embed(view, each, with_file=False).description
    assert "lyrics.txt" not in shown
    assert "Line 25" in shown


@pytest.mark.parametrize(
    ("each", "text", "custom_id"),
    [
        (end(), f"Proposal 2 · 🏁 **the song ends here** · <@{CY}>", "ses:vote:102"),
        (back(), f"Proposal 3 · ↩ **take “Run, run” back** · <@{ADA}>", "ses:vote:203"),
    ],
)
def test_end_and_back_are_one_line(each: Proposal, text: str, custom_id: str) -> None:
    embed = proposal_embed(second_round(), each)
    assert (embed.title, embed.description) == (None, text)
    assert buttons(proposal_view(each)) == [[("🗳️ Vote for this", custom_id)]]
    assert proposal_file(each) is None


@pytest.mark.parametrize(
    ("status", "removed_by", "text"),
    [
        (ProposalStatus.WITHDRAWN, None, f"~~Proposal 1~~ withdrawn by <@{BO}>"),
        (ProposalStatus.REMOVED, ADA, f"~~Proposal 1~~ removed by <@{ADA}>"),
        (ProposalStatus.REMOVED, None, "~~Proposal 1~~ removed"),
    ],
)
def test_proposal_that_is_taken_off_has_no_words_and_no_buttons(
    status: ProposalStatus, removed_by: int | None, text: str
) -> None:
    each = proposal(status=status, removed_by=removed_by, lyrics=LONG)
    embed = proposal_embed(session_view(), each)
    assert (embed.colour, embed.description) == (GREY, text)
    assert proposal_view(each) is None
    assert proposal_file(each) is None


# Answers


@pytest.mark.parametrize(
    ("each", "text"),
    [
        (proposal(), "1 · “Neon rain on the window”"),
        (end(), "2 · 🏁 the song ends here"),
        (back(), "3 · ↩ take the last part back"),
    ],
)
def test_vote_is_confirmed(each: Proposal, text: str) -> None:
    assert vote_confirmation(each, SOON).description == (
        f"🗳️ **Your vote: {text}.** You can move it until the vote ends {ENDS}."
    )
    assert vote_confirmation(each, None).description.endswith("until the vote ends.")


@pytest.mark.parametrize(("letter", "name"), [("B", "B"), ("", "neither")])
def test_choice_is_confirmed(letter: str, name: str) -> None:
    said = choice_confirmation(letter, SOON).description
    assert said == f"🗳️ **You chose {name}.** You can change it until the vote ends {ENDS}."
    assert choice_confirmation(letter, None).description.endswith("until the vote ends.")


@pytest.mark.parametrize(
    ("winner", "outcome"),
    [
        (1, "“Run, run” went in"),
        (2, "The song ended there"),
        (3, "The part was taken back"),
        (None, "Nothing went in"),
    ],
)
def test_vote_that_comes_too_late_is_answered(winner: int | None, outcome: str) -> None:
    proposals = (proposal(lyrics=RUN), end(), back(3, 1))
    each = session_round(1, status=RoundStatus.SETTLED, winner=winner)
    view = session_view(each, session_round(2), proposals=proposals)
    embed = vote_over_embed(view, each)
    assert embed.colour == RED
    assert embed.description == (
        f"**That vote is over.**\n{outcome}; [the board]({url(202)}) shows what comes next."
    )


def test_vote_after_the_end_is_answered_without_a_board() -> None:
    each = chosen(1)
    view = session_view(each, proposals=[proposal()], in_session={"status": SessionStatus.ENDED})
    said = vote_over_embed(view, each).description
    assert said == "**That vote is over.**\n“Neon rain on the window” went in."
    assert vote_over_view(view, proposal(2)) is None


def test_part_that_lost_can_be_proposed_again() -> None:
    each = chosen(1)
    view = session_view(each, session_round(2), proposals=[proposal(), proposal(2), end(3)])
    assert buttons(vote_over_view(view, proposal(2))) == [[("↩ Propose it again", "ses:again:102")]]
    assert vote_over_view(view, proposal(1)) is None
    assert vote_over_view(view, end(3)) is None
    spent = session_view(each, session_round(2), in_session={"parts_left": 0})
    assert vote_over_view(spent, proposal(2)) is None


def test_choice_that_comes_too_late_is_answered() -> None:
    board = f"; [the board]({url(202)}) shows what comes next."
    over = "**That vote is over.**\n"
    view = session_view(chosen(1), session_round(2), proposals=[proposal()])
    assert choice_over_embed(view, view.state.rounds[0]).description == f"{over}A goes on{board}"
    dropped = session_round(1, status=RoundStatus.DROPPED, drop_reason=DropReason.NEITHER)
    view = session_view(dropped, session_round(2), proposals=[proposal()])
    assert choice_over_embed(view, dropped).description == f"{over}Neither goes on{board}"
    failed = replace(dropped, drop_reason=DropReason.FAILED)
    view = session_view(failed, session_round(2), proposals=[proposal()])
    said = choice_over_embed(view, failed).description
    assert said == f"{over}Its clips can't be played any more{board}"
    undone = chosen(1, status=RoundStatus.UNDONE)
    view = session_view(undone, session_round(2), proposals=[proposal()])
    assert choice_over_embed(view, undone).description == f"{over}It has been chosen{board}"


def test_changed_proposal_is_confirmed_with_its_new_words() -> None:
    embed = change_confirmation(proposal(lyrics="[Verse]\nRun, run"))
    assert embed.description == "✏️ **Your proposal is now 1 · “Run, run”.** You vote for it."


def test_small_views_have_their_button() -> None:
    assert buttons(withdraw_view(proposal())) == [[("🗑️ Withdraw it", "ses:drop:101")]]
    draft, withdrawal = ("✏️ Edit & send", "ses:draft:5-8"), ("🗑️ Withdraw it", "ses:drop:101")
    assert buttons(part_draft_view(5, 8)) == [[draft]]
    assert buttons(part_draft_view(5, 8, wanted=proposal())) == [[draft, withdrawal]]
    assert units("🗑️ Withdraw it") <= 80
