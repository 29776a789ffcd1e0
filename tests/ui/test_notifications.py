"""The texts of *Tell me*."""

from dataclasses import replace

import pytest
from hypothesis import given

from bot.domain.models import Extension, Status
from bot.ui.notifications import (
    MAX_MENTIONS,
    ended_text,
    preference_embed,
    preference_view,
    request_embed,
    request_view,
    withdrawn_embed,
)
from tests.support.hostile_texts import long_texts
from tests.support.ui_samples import asked, assert_within_limits, buttons, extension, units

URL = "https://discord.com/channels/2/3/4"
MAX_CONTENT_LENGTH = 2000
ALWAYS = ("Always tell me", "ext:always:7")
STOP = ("Stop telling me", "ext:stop:7")
NEVER_MIND = ("Never mind", "ext:untell:7")


def ended(status: Status = Status.COMPLETE, title: str = "Electric Dreams") -> Extension:
    ext = asked(extension(status), title=title)
    reply = replace(ext.reply, guild_id=2, channel_id=3, message_id=4)
    return replace(ext, part_number=3, reply=reply)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.COMPLETE, "is ready."),
        (Status.FAILED, "didn't work out."),
        (Status.EXPIRED, "didn't work out."),
        (Status.UNCONFIRMED, "didn't work out."),
        (Status.CANCELLED, "was cancelled."),
    ],
)
def test_each_final_status_has_its_words(status: Status, outcome: str) -> None:
    text = ended_text(ended(status), [5], is_answer=True)
    assert text == f"<@5>, Electric Dreams · part 3 {outcome}"


@pytest.mark.parametrize(
    ("members", "addressed"),
    [
        ([], ""),
        ([5], "<@5>, "),
        ([5, 6], "<@5> and <@6>, "),
        ([5, 6, 7], "<@5>, <@6> and <@7>, "),
    ],
)
def test_members_are_listed(members: list[int], addressed: str) -> None:
    text = ended_text(ended(), members, is_answer=True)
    assert text == f"{addressed}Electric Dreams · part 3 is ready."


def test_message_that_answers_nothing_has_a_link() -> None:
    text = ended_text(ended(), [], is_answer=False)
    assert text == f"[Electric Dreams · part 3]({URL}) is ready."


def test_result_that_no_reply_shows_is_in_the_library() -> None:
    text = ended_text(ended(), [], is_answer=False, is_here=False)
    assert text == "Electric Dreams · part 3 is ready. Find it with `/library`."
    text = ended_text(ended(Status.FAILED), [], is_answer=False, is_here=False)
    assert text == "Electric Dreams · part 3 didn't work out."


@given(long_texts)
def test_title_is_only_text_and_fits(title: str) -> None:
    members = [2**63 - each for each in range(MAX_MENTIONS)]
    text = ended_text(ended(title=title), members, is_answer=False)
    assert units(text) <= MAX_CONTENT_LENGTH
    named = text.partition(f"<@{members[-1]}>, ")[2]
    assert "@everyone" not in named.replace("\\@everyone", "")
    assert "<@" not in named.replace("\\<\\@", "")
    assert_within_limits([request_embed(ended(title=title), is_new=False)])


def test_request_is_promised() -> None:
    assert request_embed(extension(), is_new=True).description == (
        "I'll mention you here when it's ready."
    )
    assert request_embed(extension(), is_new=False).description == (
        "Already on it. I'll mention you here when it's ready."
    )


def test_reply_that_only_one_sees_is_told_by_message() -> None:
    ext = extension()
    hidden = replace(ext, reply=replace(ext.reply, is_ephemeral=True))
    assert request_embed(hidden, is_new=True).description == "I'll message you when it's ready."


def test_late_request_is_answered_with_the_outcome() -> None:
    name = f"[Electric Dreams · part 3]({URL})"
    assert request_embed(ended(), is_new=False).description == f"{name} is ready already."
    failed = request_embed(ended(Status.FAILED), is_new=False)
    assert failed.description == f"{name} didn't work out."


@pytest.mark.parametrize(
    ("status", "is_new", "is_always", "row"),
    [
        (Status.SUBMITTED, True, False, [ALWAYS]),
        (Status.SUBMITTED, True, True, [STOP]),
        (Status.SUBMITTED, False, False, [NEVER_MIND, ALWAYS]),
        (Status.SUBMITTED, False, True, [NEVER_MIND, STOP]),
        (Status.COMPLETE, False, False, [ALWAYS]),
        (Status.COMPLETE, False, True, [STOP]),
    ],
)
def test_answer_has_the_buttons_that_change_something(
    status: Status, row: list[tuple[str, str]], *, is_new: bool, is_always: bool
) -> None:
    view = request_view(extension(status), is_new=is_new, is_always=is_always)
    assert buttons(view) == [row]


def test_preference_can_be_taken_back() -> None:
    assert buttons(preference_view(7, is_always=True)) == [[STOP]]
    assert buttons(preference_view(7, is_always=False)) == [[ALWAYS]]
    said = (preference_embed(is_always=True), preference_embed(is_always=False), withdrawn_embed())
    assert len({embed.description for embed in said}) == len(said)
