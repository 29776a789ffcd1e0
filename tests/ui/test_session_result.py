"""The result of a round: the choice between clips, what came of it, or why there are none."""

from dataclasses import replace

import pytest

from bot.domain import failures
from bot.domain.failures import Failure
from bot.domain.models import Extension, ReplyRef, Status
from bot.domain.sessions.models import (
    NEITHER,
    DropReason,
    Proposal,
    RestReason,
    Round,
    RoundStatus,
)
from bot.services.session_view import SessionView
from bot.ui.session_result import choice_of, result_embed, result_view
from bot.ui.theme import GREEN, GREY, ORANGE, RED
from tests.support.session_samples import (
    ADA,
    BO,
    ENDS,
    NOW,
    RUN,
    SOON,
    THREAD,
    chosen,
    part,
    proposal,
    session_round,
    session_view,
    tally,
    twins,
    url,
)
from tests.support.ui_samples import buttons, playable, withdrawn

A, B = twins()
PLAY_A = "[▶ A](https://audio.example/a.mp3) 1:52"
PLAY_B = "[▶ B](https://audio.example/b.mp3) 1:47"
EARLY = f"It ends {ENDS}, or as soon as all who voted in this round have chosen."
AGAIN = proposal(1, 3, listed_from=2)
ON_BOARD = f"[“Neon rain on the window”]({url(601)}) is back on the board"
UNPAID = f"{ON_BOARD}, without votes: nothing is sent before somebody votes again."
ACCOUNT = "It may have been charged: ask a moderator before you vote for it."


def sent(status: RoundStatus = RoundStatus.CHOOSING, **parts: object) -> Round:
    fields: dict[str, object] = {
        "status": status,
        "winner": 1,
        "extension_id": 7,
        "voters": 5,
        "ends_at": SOON,
    }
    return session_round(2, **(fields | parts))


def view_of(
    each: Round, ext: Extension | None, *more: Proposal, **in_session: object
) -> SessionView:
    return session_view(
        chosen(1),
        each,
        session_round(3),
        proposals=(proposal(lyrics=RUN), proposal(1, 2), *more),
        extensions=[] if ext is None else [ext],
        in_session=in_session,
    )


def lines(each: Round, ext: Extension | None, *more: Proposal, **in_session: object) -> list[str]:
    return result_embed(view_of(each, ext, *more, **in_session), each).description.splitlines()


# Choosing


def test_two_clips_are_chosen_from() -> None:
    each, ext = sent(), part(Status.COMPLETE, A, B)
    embed = result_embed(view_of(each, ext), each)
    assert (embed.colour, embed.title) == (ORANGE, "Round 2 · which one goes on?")
    assert embed.description.splitlines() == [
        f"{PLAY_A} · {PLAY_B} — or play them in [the part]({url(500)})",
        f"**5 have chosen.** {EARLY}",
        f"-# No votes: A goes on. A tie: the one that <@{BO}> chose, who wrote it.",
    ]
    assert buttons(result_view(view_of(each, ext), each)) == [
        [
            ("A goes on", "ses:choose:72-a"),
            ("B goes on", "ses:choose:72-b"),
            ("🔁 Neither", "ses:choose:72-none"),
        ]
    ]


def test_one_playable_clip_is_accepted_or_not() -> None:
    each, ext = sent(voters=1), part(Status.COMPLETE, withdrawn("a"), B)
    assert lines(each, ext) == [
        f"{PLAY_B} — or play it in [the part]({url(500)})",
        f"**1 has chosen.** {EARLY}",
        "-# No votes: it goes on.",
    ]
    assert buttons(result_view(view_of(each, ext), each)) == [
        [("It goes on", "ses:choose:72-b"), ("🔁 Neither", "ses:choose:72-none")]
    ]


def test_four_clips_are_chosen_from() -> None:
    each, ext = sent(), part(Status.COMPLETE, *(playable(f"c{number}") for number in range(5)))
    [row] = buttons(result_view(view_of(each, ext), each))
    assert [label for label, _ in row] == [
        *(f"{letter} goes on" for letter in "ABCD"),
        "🔁 Neither",
    ]
    assert "▶ D" in lines(each, ext)[0]
    assert "▶ E" not in lines(each, ext)[0]


def test_clip_with_a_long_link_is_named_only() -> None:
    long = replace(A, audio_url="https://audio.example/" + "x" * 900)
    ext = part(Status.COMPLETE, long, B, reply=ReplyRef(channel_id=THREAD))
    assert lines(sent(), ext)[0] == f"A 1:52 · {PLAY_B}"


def test_choice_without_votes_yet_and_without_a_clock() -> None:
    ext = part(Status.COMPLETE, A, B)
    assert lines(sent(voters=0), ext)[1] == f"**Nobody has chosen yet.** {EARLY}"
    assert lines(sent(ends_at=None), ext)[1] == "**5 have chosen.**"
    resting = lines(sent(ends_at=None), ext, rests_since=NOW, rest_reason=RestReason.CLOSED)
    assert resting[1] == (
        "**5 have chosen.** **The thread was closed.** "
        "It goes on when somebody presses a button; until then the clock waits."
    )


def test_choice_from_unknown_clips_has_no_buttons() -> None:
    each = sent()
    assert lines(each, None) == [f"**5 have chosen.** {EARLY}"]
    assert result_view(view_of(each, None), each) is None
    unknown = view_of(replace(each, winner=None), part(Status.COMPLETE, A, B))
    assert result_embed(unknown, unknown.state.rounds[1]).description.endswith(
        "-# No votes: A goes on."
    )


@pytest.mark.parametrize(
    ("stored_id", "choice"), [("72-a", (72, "A")), ("72-d", (72, "D")), ("1-none", (1, NEITHER))]
)
def test_choice_is_read_from_its_button(stored_id: str, choice: tuple[int, str]) -> None:
    assert choice_of(stored_id) == choice


# Over


@pytest.mark.parametrize("status", [RoundStatus.CHOSEN, RoundStatus.UNDONE])
def test_chosen_clip_is_named(status: RoundStatus) -> None:
    counts = tally(("A", 2), ("B", 4), (NEITHER, 0))
    each = sent(status, clip_id="b", clip_tally=counts)
    ext = part(Status.COMPLETE, A, B)
    embed = result_embed(view_of(each, ext), each)
    assert (embed.colour, embed.title) == (GREEN, "Round 2 · B goes on")
    assert embed.description == "2 A · 4 B · 0 neither"
    assert result_view(view_of(each, ext), each) is None
    closed = result_embed(view_of(replace(each, clip_closed_by=ADA), ext), each)
    assert closed.title == "Round 2 · B goes on"
    assert lines(replace(each, clip_closed_by=ADA), ext)[1] == f"-# closed by <@{ADA}>"


def test_chosen_clip_of_a_part_that_is_not_loaded_is_named_by_the_song() -> None:
    view = session_view(chosen(1), session_round(2), proposals=[proposal()])
    assert result_embed(view, view.state.rounds[0]).title == "Round 1 · A goes on"
    undone = replace(view.state.rounds[0], clip_id=None)
    assert result_embed(view, undone).title == "Round 1 · one clip goes on"


def test_only_clip_goes_on_without_votes() -> None:
    each = sent(RoundStatus.CHOSEN, clip_id="b", clip_tally=tally(("B", 0), (NEITHER, 0)))
    embed = result_embed(view_of(each, part(Status.COMPLETE, withdrawn("a"), B)), each)
    assert embed.title == "Round 2 · it goes on"
    assert embed.description == "Nobody chose, so the first one goes on."


def test_neither_goes_on() -> None:
    counts = tally(("A", 1), ("B", 0), (NEITHER, 2))
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.NEITHER, clip_tally=counts)
    embed = result_embed(view_of(each, part(Status.COMPLETE, A, B), AGAIN), each)
    assert (embed.colour, embed.title) == (GREY, "Round 2 · neither goes on")
    assert embed.description.splitlines() == [
        "1 A · 0 B · 2 neither",
        f"The song stays as it was. {ON_BOARD}, to be voted for again or changed.",
    ]
    assert lines(each, None)[1] == "The song stays as it was."


def test_part_that_came_too_late_is_in_the_library() -> None:
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.LATE)
    embed = result_embed(view_of(each, part(Status.COMPLETE, A)), each)
    assert (embed.colour, embed.title) == (GREY, "Round 2 · its part came too late")
    assert embed.description == "The song went on without it; it is kept in the library."


def test_session_that_ends_before_the_choice_says_so() -> None:
    each = sent(RoundStatus.SETTLED)
    embed = result_embed(view_of(each, part(Status.COMPLETE, A)), each)
    assert (embed.colour, embed.title) == (GREY, "Round 2 · not in the song")


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (failures.OutOfCredits(), "**AIML API is out of credits.**"),
        (failures.Unauthorized(), "**AIML API rejected Encore's key.**"),
        (failures.WrongAddress(), "**AIML API isn't set up right here.**"),
        (failures.SessionExpired(), "**AIML API is signed out of Suno.**"),
        (failures.RateLimited(), "**AIML API is too busy.**"),
        (failures.Unavailable(), "**AIML API can't be reached.**"),
        (failures.NotPlayable(), "**Finished, but Suno withdrew the link.**"),
        (failures.LengthUnknown(), "**AIML API can't tell how long that clip is.**"),
        (failures.PastTheEnd(97), "**That's past the end.**"),
        (failures.Rejected(), "**AIML API didn't accept the request.**"),
        (
            failures.Rejected(r"Lyrics *are* \bad."),
            r"**AIML API didn't accept the lyrics:** *Lyrics \*are\* \\bad.*",
        ),
        (failures.GenerationFailed("Oh"), "**AIML API couldn't finish it:** *Oh.*"),
        (failures.Unexpected(), "**Something went wrong.**"),
        (None, "**Something went wrong.**"),
    ],
)
def test_each_failure_is_told_without_advice_for_a_reply(
    failure: Failure | None, cause: str
) -> None:
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    embed = result_embed(view_of(each, part(Status.FAILED, failure=failure), AGAIN), each)
    assert (embed.colour, embed.title) == (RED, "Round 2 · no part was made")
    assert embed.description.splitlines() == [cause, UNPAID]


def test_unconfirmed_part_of_a_service_without_credits_was_not_charged() -> None:
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    view = replace(view_of(each, part(Status.UNCONFIRMED), AGAIN), is_free=True)
    said = result_embed(view, each).description.splitlines()
    assert said == ["**AIML API gave no clear answer.**", UNPAID]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.UNCONFIRMED, ["**AIML API gave no clear answer.**", UNPAID, ACCOUNT]),
        (
            Status.EXPIRED,
            [
                "**AIML API accepted it but never finished.**",
                (
                    f"Press *Check again* on [its reply]({url(500)}) to ask for the result once "
                    "more; that costs nothing."
                ),
                UNPAID,
            ],
        ),
        (Status.CANCELLED, ["**It was cancelled.**", UNPAID]),
        (Status.COMPLETE, ["**Something went wrong.**", UNPAID]),
    ],
)
def test_part_that_ended_otherwise_says_how(status: Status, said: list[str]) -> None:
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    assert lines(each, part(status), AGAIN) == said


def test_failure_of_an_unknown_part_still_says_what_happens_next() -> None:
    each = sent(RoundStatus.DROPPED, drop_reason=DropReason.FAILED)
    assert lines(each, None, AGAIN) == [UNPAID]
    assert lines(each, part(Status.EXPIRED, reply=ReplyRef(channel_id=THREAD))) == [
        "**AIML API accepted it but never finished.**"
    ]
