"""Sessions while a provider fails, while Encore is away, and while Discord refuses posts."""

import datetime as dt

import pytest

from bot.domain.clock import utc_now
from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import MessageFlag
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, GREY, RED, BotHarness, colour, labels, text
from tests.support.session_evening import END_TIME, Evening

PROVIDER = "aimlapi"
VERSE = "[Verse]\nNeon rain on the window"
OTHER_VERSE = "[Verse]\nStreetlights count the empty corners"
CHORUS = "[Chorus]\nRun, run, the night is electric"

FREE, CHARGED = "12 more parts can be made", "11 more parts can be made"
MAY_BE_CHARGED = "It may have been charged: ask a moderator"

# fault: what the result says, what the board says, how many parts are left
FAILURES = {
    Fault.PAYMENT_REQUIRED: ("is out of credits", "Nothing was charged.", FREE),
    Fault.FORBIDDEN_CREDITS: ("is out of credits", "Nothing was charged.", FREE),
    Fault.UNAUTHORIZED: ("rejected Encore's key", "Nothing was charged.", FREE),
    Fault.FORBIDDEN_MODERATION: ("didn't accept", "Nothing was charged.", FREE),
    Fault.CLOSE_BEFORE: ("gave no clear answer", MAY_BE_CHARGED, CHARGED),
    Fault.ERROR_CLIPS: ("couldn't finish it", MAY_BE_CHARGED, CHARGED),
    Fault.NONE_MP3: ("Suno withdrew the link", MAY_BE_CHARGED, CHARGED),
}


def asked(harness: BotHarness) -> int:
    """Return how many parts were asked for."""
    return sum(each.method == "POST" for each in harness.account(PROVIDER).requests)


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_part_that_fails_is_back_on_the_board_until_somebody_votes_again(
    evening: Evening, fault: Fault
) -> None:
    harness = evening.harness
    said, board_says, parts_left = FAILURES[fault]
    await evening.start(PROVIDER)
    harness.account(PROVIDER).fail_next(fault, on="submit")
    with evening.held_submissions():
        await evening.write(evening.bo, VERSE)
        await evening.count_votes(1)
        await evening.until_shown("Round 1", "goes in")
        await evening.write(evening.cy, OTHER_VERSE)
    result = await evening.until_shown("Round 1 · no part was made")
    assert colour(result) == RED
    assert labels(result) == []
    assert said in text(result)
    assert "is back on the board, without votes: nothing is sent before" in text(result)
    assert (MAY_BE_CHARGED in text(result)) == (fault is Fault.CLOSE_BEFORE)
    board = await evening.until_shown("Round 2 · what comes next?", "The proposals are kept")
    assert board_says in text(board)
    assert parts_left in text(board)
    assert "2 · [Neon rain on the window](" in text(board)
    # nothing is sent by itself, not even what the other member has voted for
    await evening.pass_time(1800)
    assert asked(harness) == 1
    await evening.vote_for(2, evening.dee)
    await evening.count_votes(1)
    await evening.until(lambda: evening.result)
    assert asked(harness) == 2


async def test_a_part_that_the_provider_never_answers_is_back_on_the_board(
    offline_harness: BotHarness,
) -> None:
    harness, name = offline_harness, "suno_api"
    harness.overrides["SUNO_API_SUBMIT_TIMEOUT"] = "1"
    async with harness.bot() as bot:
        evening = await Evening(harness, bot).start(name)
        harness.account(name).fail_next(Fault.HANG_BEFORE, on="submit")
        await evening.write_and_send(evening.bo, VERSE)
        result = await evening.until_shown("Round 1 · no part was made")
        assert "gave no clear answer" in text(result)
        await evening.until_shown("Round 2 · what comes next?", "the next vote tries again")
        await evening.vote_for(1, evening.dee)
        await evening.count_votes(1)
        await evening.until(lambda: evening.result)
        assert len(harness.account(name).submissions) == 1


@pytest.mark.parametrize(
    "fault", [Fault.RATE_LIMITED, Fault.RATE_LIMITED_SECONDS, Fault.RATE_LIMITED_DATE]
)
async def test_a_part_is_made_although_the_provider_is_too_busy_at_first(
    evening: Evening, fault: Fault
) -> None:
    await evening.start(PROVIDER)
    evening.harness.account(PROVIDER).fail_next(fault, on="submit", retry_after=1)
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: asked(evening.harness) == 1)
    await evening.pass_time(60)
    await evening.until(lambda: evening.result)
    assert asked(evening.harness) == 2
    assert len(evening.harness.account(PROVIDER).submissions) == 1


async def test_of_one_clip_and_a_failed_twin_the_one_goes_on(evening: Evening) -> None:
    await evening.start(PROVIDER)
    evening.harness.account(PROVIDER).fail_next(Fault.TWIN_FAILS, on="submit")
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: evening.result)
    assert evening.result is not None
    assert labels(evening.result) == ["It goes on", "🔁 Neither"]
    await evening.choose_all("It goes on", evening.cy)
    await evening.count_choices(1)
    await evening.until_shown("Round 1 · it goes on")


async def test_a_cancelled_part_is_back_on_the_board(evening: Evening) -> None:
    await evening.start(PROVIDER)
    evening.harness.account(PROVIDER).fail_next(Fault.RATE_LIMITED, on="submit", count=50)
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: _with_label(evening, "Cancel"))
    while part := _with_label(evening, "Cancel"):  # it is too late while one more try is made
        edits = part.edit_count
        cancelled = await evening.bo.click(part, "Cancel")
        assert not cancelled.is_ephemeral
        await evening.until(lambda now=part, was=edits: now.edit_count > was)
    result = await evening.until_shown("Round 1 · no part was made")
    assert "is back on the board" in text(result)
    await evening.until_shown("Round 2 · what comes next?", "Nothing was charged.", FREE)


def _with_label(evening: Evening, label: str) -> Message | None:
    return next((each for each in evening.messages() if label in labels(each)), None)


async def test_a_part_that_comes_late_is_chosen_after_all(evening: Evening) -> None:
    await evening.start(PROVIDER)
    evening.harness.providers.clock.speed = 0.01
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: asked(evening.harness) == 1)
    await evening.pass_time(3 * 3600)
    await evening.until_shown("Round 1 · no part was made", "*Check again* on [its reply]")
    await evening.until_shown("Round 2 · what comes next?", MAY_BE_CHARGED)
    evening.harness.providers.clock.speed = 50
    part = _with_label(evening, "Check again")
    assert part is not None
    await evening.cy.click(part, "Check again")
    await evening.until_shown("Round 1 · which one goes on?")
    await evening.until(lambda: evening.result)
    await evening.count_choices(0)
    await evening.until_shown("Round 1 · A goes on")
    await evening.until_shown("Round 2 · what comes next?", "Nobody has written yet")


async def test_a_vote_waits_while_encore_is_away(evening: Evening) -> None:
    harness = evening.harness
    gateway = harness.discord.gateway
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    board = await evening.until_voted(1)
    before = END_TIME.search(text(board))
    assert before is not None
    with gateway.outage():
        await evening.until(lambda: not gateway.is_connected)
        harness.clock.move(dt.timedelta(minutes=2))
        evening.wake_loops()
    await evening.until(lambda: gateway.is_connected, within=60)
    await evening.until(lambda: END_TIME.findall(text(board)) > [before[1]])
    after = END_TIME.search(text(board))
    assert after is not None
    assert 115 <= int(after[1]) - int(before[1]) <= 125
    assert asked(harness) == 0
    voted = await evening.cy.click(evening.proposal(1), "🗳️ Vote for this")
    assert voted.message is not None
    await evening.count_votes(2)
    await evening.until_shown("Round 1", "goes in")


async def test_old_posts_are_edited_once_in_a_minute(evening: Evening) -> None:
    await evening.start(PROVIDER, vote=86_400)
    await evening.write(evening.bo, VERSE)
    board = await evening.until_voted(1)
    await evening.pass_time(3700)
    assert evening.harness.clock() - board.created_at > dt.timedelta(hours=1)
    await evening.vote_for(1, evening.cy)
    await evening.until_voted(2)
    await evening.vote_for(1, evening.dee)
    await evening.pass_time(10)
    await evening.write(evening.eli, OTHER_VERSE)
    await evening.until(lambda: evening.found("Proposal 2"))
    await evening.until_stored(4)
    assert "**2 have voted.**" in text(board)
    await evening.pass_time(60)
    await evening.until_voted(4)
    assert evening.hasty_edits() == []


async def test_a_board_whose_embeds_a_moderator_hid_shows_its_news(evening: Evening) -> None:
    await evening.start(PROVIDER)
    board = evening.board
    assert board is not None
    board.flags |= MessageFlag.SUPPRESS_EMBEDS  # "Remove all embeds" in the client
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    assert not board.flags & MessageFlag.SUPPRESS_EMBEDS


async def test_fifty_votes_in_a_moment_are_shown_by_two_edits(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    board = await evening.until_voted(1)
    await evening.pass_time(3)
    edits, begun_at = board.edit_count, utc_now()
    voters = [evening.harness.discord.member(f"Voter {number}") for number in range(50)]
    await evening.vote_together(1, *voters)
    is_quick = utc_now() - begun_at < dt.timedelta(seconds=2)
    assert board.edit_count <= edits + 2 or not is_quick
    await evening.until_voted(51)


async def test_posts_that_a_moderator_deletes_are_missed_by_nobody(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.write(evening.cy, OTHER_VERSE)
    await evening.until_voted(2)
    for post in (evening.board, evening.proposal(1), evening.card):
        assert post is not None
        evening.harness.discord.delete(post)
    shown = await evening.dee.slash("session show", channel=evening.thread)
    assert shown.message is not None
    voted = await evening.vote_on(shown.message, evening.dee, 1)
    assert voted.message is not None
    assert "Your vote: 1" in text(voted.message)
    await evening.pass_time(121)
    await evening.until(lambda: evening.result)
    evening.harness.discord.delete(evening.result)
    again = await evening.dee.slash("session show", channel=evening.thread)
    chosen = await evening.dee.click(again.message, "B goes on")
    assert chosen.message is not None
    assert "You chose B." in text(chosen.message)
    await evening.pass_time(400)
    await evening.until_shown("Round 2 · what comes next?", "Verse")
    await evening.more(evening.ada, "🏁 End it now")
    question = evening.ada.read(evening.thread)[-1]
    await evening.ada.click(question, "🏁 End it now")
    await evening.until_shown("Night Bus is finished")
    await evening.until(
        lambda: any("full song" in text(each) for each in evening.ada.read()), within=30
    )
    song = next(each for each in evening.ada.read() if "full song" in text(each))
    assert song.reply_to is None
    await evening.until(lambda: colour(song) == GREEN, within=30)


async def test_a_session_needs_a_thread(evening: Evening) -> None:
    evening.harness.discord.state.max_active_threads = 0
    started = await evening.ada.slash(
        "session start", clip=evening.harness.source(PROVIDER), provider=PROVIDER
    )
    card = started.message
    assert card is not None
    await evening.until(lambda: colour(card) == GREY)
    assert "This server has as many threads as Discord allows." in text(card)
    assert "Close some, or start in a thread." in text(card)
    assert labels(card) == []
    shown = await evening.ada.slash("session show")
    assert shown.message is not None
    assert "No session is running in this channel." in text(shown.message)


async def test_a_thread_that_cannot_be_made_any_more_ends_the_session(evening: Evening) -> None:
    discord = evening.harness.discord
    discord.faults.refuse("POST", "/channels/*/threads", 50013)
    started = await evening.ada.slash(
        "session start", clip=evening.harness.source(PROVIDER), provider=PROVIDER
    )
    card = started.message
    assert card is not None
    await evening.until(lambda: colour(card) == GREY)
    assert "it needs the *Create Public Threads* permission" in text(card)


async def test_a_card_whose_answer_was_lost_is_posted_again(evening: Evening) -> None:
    evening.harness.discord.faults.close("POST", "/interactions/*")
    started = await evening.ada.slash(
        "session start", clip=evening.harness.source(PROVIDER), provider=PROVIDER
    )
    assert started.message is None
    await evening.pass_time(15)
    await evening.until(evening.ada.read)
    [card] = evening.ada.read()
    await evening.until(lambda: labels(card) == ["Join in"])
    thread = evening.harness.discord.state.channels[card.id]
    await evening.until(lambda: any("Round 1" in text(each) for each in evening.ada.read(thread)))


async def test_without_attach_files_all_is_told_in_texts(evening: Evening) -> None:
    state = evening.harness.discord.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, "[Verse]\n" + "Neon rain on the window\n" * 40)
    asked_for_end = await evening.more(evening.ada, "🏁 End it now")
    await evening.ada.click(asked_for_end.message, "🏁 End it now")
    recap = await evening.until_shown("Night Bus is finished")
    assert recap.attachments == []
    await evening.until(lambda: labels(evening.card) == ["The thread", "💿 The full song"])
