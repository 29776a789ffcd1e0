"""Votes in sessions: what counts and what wins, what becomes of proposals, and late presses."""

import asyncio
import re

import pytest

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import GREEN, GREY, RED, colour, labels, text
from tests.support.session_evening import Evening

PROVIDER = "aimlapi"
VERSE = "[Verse]\nNeon rain on the window"
OTHER_VERSE = "[Verse]\nStreetlights count the empty corners"
CHORUS = "[Chorus]\nRun, run, the night is electric"


def answered(call: Interaction) -> str:
    """Return an answer that only the member sees."""
    assert call.message is not None, call.error
    assert call.is_ephemeral, text(call.message)
    return text(call.message).strip()


def sent(evening: Evening) -> int:
    """Return how many parts were asked for."""
    account = evening.harness.account(PROVIDER)
    return sum(each.method == "POST" for each in account.requests)


async def test_a_tie_goes_to_the_earlier_part_then_to_who_has_fewer(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.write(evening.cy, OTHER_VERSE)
    await evening.count_votes(2)
    over = await evening.until_shown("Round 1 · “Neon rain on the window” goes in")
    assert "tied: it was written first" in text(over)
    await evening.until(lambda: evening.result)
    # of two clips with as many votes, the one that the writer chose
    await evening.choose_all("A goes on", evening.cy)
    await evening.choose_all("B goes on", evening.bo)
    await evening.count_choices(2)
    await evening.until_shown("Round 1 · B goes on", "1 A · 1 B · 0 neither")
    await evening.until_shown("Round 2 · what comes next?")
    await evening.write(evening.bo, CHORUS)
    await evening.write(evening.cy, OTHER_VERSE)
    await evening.count_votes(2)
    over = await evening.until_shown("Round 2 · “Streetlights count the empty corners” goes in")
    assert f"tied: {evening.cy.mention} has fewer parts in the song" in text(over)


async def test_a_vote_after_the_count_is_refused_and_the_words_are_offered_again(
    evening: Evening,
) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.write(evening.cy, OTHER_VERSE, style="half-time, piano")
    late, winner = evening.proposal(2), evening.proposal(1)
    await evening.vote_for(1, evening.ada)
    await evening.count_votes(3)
    board = await evening.until_shown("Round 1 · “Neon rain on the window” goes in")
    call = await evening.dee.click(late, "🗳️ Vote for this")
    assert "That vote is over." in answered(call)
    assert f"“Neon rain on the window” went in; [the board]({board.url})" in answered(call)
    again = await evening.dee.click(call.message, "↩ Propose it again")
    assert again.modal is not None
    proposed = await evening.dee.submit(again.modal)
    assert proposed.message is not None
    assert "Streetlights count the empty corners" in text(proposed.message)
    assert "half-time, piano" in text(proposed.message)
    assert f"by {evening.dee.mention}" in text(proposed.message)
    won = await evening.dee.click(winner, "🗳️ Vote for this")
    assert "That vote is over." in answered(won)
    assert labels(won.message) == []
    for button in ("✏️", "🗑️"):
        assert "That vote is over." in answered(await evening.cy.click(late, button))


async def test_a_choice_after_the_count_is_refused(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: evening.result)
    result = evening.result
    assert result is not None
    shown = list(result.components[0]["components"])
    custom_id = shown[1]["custom_id"]
    await evening.count_choices(0)
    assert await evening.until_shown("Round 1 · A goes on") is result
    assert colour(result) == GREEN
    assert labels(result) == []
    # a client that has not drawn the edit yet
    result.components = [{"type": 1, "components": shown}]
    call = await evening.cy.click(result, custom_id)
    assert "That vote is over." in answered(call)
    assert "A goes on; [the board](" in answered(call)


async def test_double_clicks_and_repeated_events_count_once(
    evening: Evening, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = evening.harness.discord.gateway
    await evening.start(PROVIDER)
    gateway.resend_last("INTERACTION_CREATE")  # the start
    await evening.write(evening.bo, VERSE)
    gateway.resend_last("INTERACTION_CREATE")  # the form
    await evening.write(evening.cy, OTHER_VERSE)
    post = evening.proposal(1)
    pressed = await asyncio.gather(*(evening.ada.click(post, "🗳️ Vote for this") for _ in range(3)))
    assert {answered(call).split(" You")[0] for call in pressed} == {
        "🗳️ **Your vote: 1 · “Neon rain on the window”.**"
    }
    gateway.resend_last("INTERACTION_CREATE")
    await evening.vote_for(2, evening.dee)
    await evening.until_voted(4)
    # an old vote that arrives once more moves nothing
    [session] = gateway.sessions.values()
    old = [each for each in session.sent if each.name == "INTERACTION_CREATE"][-2]
    await evening.vote_for(2, evening.ada)
    session.send(old.name, old.body)
    await evening.count_votes(4)
    over = await evening.until_shown("Round 1 · “Streetlights count the empty corners” goes in")
    assert "3 votes · [Streetlights count" in text(over)
    assert "1 vote · [Neon rain" in text(over)
    assert len([each for each in evening.messages() if "Proposal 1" in text(each)]) == 1
    assert len(evening.harness.ada.read()) == 1
    await evening.until(lambda: evening.result)
    assert sent(evening) == 1
    assert "Traceback" not in caplog.text
    # an interaction is answered once; that it has been is learned by the answer
    repeated = "POST /interactions/{interaction_id}/{interaction_token}/callback"
    evening.harness.violations = [
        f"{repeated}: Interaction has already been acknowledged.",
    ] * 4


async def test_withdrawing_the_only_proposal_with_votes_stops_the_clock(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.write(evening.cy, OTHER_VERSE)
    await evening.vote_for(1, evening.cy)
    await evening.until_voted(2)
    call = await evening.bo.click(evening.proposal(1), "🗑️")
    assert "It's off the board." in answered(call)
    await evening.until_shown("Nobody has voted yet", "The first vote starts the clock: 1 minute")
    await evening.until_shown(f"~~Proposal 1~~ withdrawn by {evening.bo.mention}")
    await evening.pass_time(600)
    await evening.until_shown("Nobody has voted yet")
    assert sent(evening) == 0
    refused = await evening.dee.click(evening.proposal(2), "🗑️")
    assert f"Only {evening.cy.mention}, the host or a moderator can do that." in answered(refused)
    # the host removes the other one too
    await evening.ada.click(evening.proposal(2), "🗑️")
    await evening.until_shown(f"~~Proposal 2~~ removed by {evening.ada.mention}")
    await evening.until_shown("Nobody has written yet")


async def test_a_proposal_that_others_want_is_withdrawn_before_it_is_changed(
    evening: Evening,
) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    changed = await evening.bo.click(evening.proposal(1), "✏️")
    assert changed.modal is not None
    await evening.bo.submit(changed.modal, {"lyrics": OTHER_VERSE})
    await evening.until_shown("Proposal 1", "Streetlights", "changed <t:")
    await evening.vote_for(1, evening.cy)
    pressed = await evening.bo.click(evening.proposal(1), "✏️")
    assert "Others have voted for your proposal." in answered(pressed)
    assert labels(pressed.message) == ["🗑️ Withdraw it"]
    refused = await evening.write(evening.bo, CHORUS)
    assert "Others have voted for your proposal." in answered(refused)
    assert labels(refused.message) == ["✏️ Edit & send", "🗑️ Withdraw it"]
    withdrawn = await evening.bo.click(refused.message, "🗑️ Withdraw it")
    assert "It's off the board." in answered(withdrawn)
    again = await evening.bo.click(refused.message, "✏️ Edit & send")
    await evening.bo.submit(again.modal)
    await evening.until_shown("Proposal 2 · Chorus")


async def test_only_end_and_back_tied_decide_nothing(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    await evening.more(evening.cy, "🏁 End the song")
    await evening.more(evening.dee, "↩ Take “Neon rain on the window” back")
    await evening.count_votes(2)
    await evening.until_shown("Round 2 · what comes next?", "Nobody has voted yet.")
    await evening.pass_time(600)
    await evening.vote_for(1, evening.cy)
    await evening.count_votes(1)
    await evening.until_shown("Round 2 · the song ends here")
    await evening.until_shown("Night Bus is finished")


async def test_the_end_needs_more_than_half_and_without_a_part_nothing_is_finished(
    evening: Evening,
) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.more(evening.cy, "🏁 End the song")
    await evening.until_shown("Proposals", "the song ends here")
    second = await evening.write(evening.dee, OTHER_VERSE)
    assert second.message is not None
    await evening.vote_for(2, evening.eli)
    await evening.count_votes(4)
    over = await evening.until_shown("Round 1 · “Neon rain on the window” goes in")
    assert "2 votes · 🏁 **the song ends here**" in text(over)
    await evening.until(lambda: evening.result)
    await evening.choose_all("🔁 Neither", evening.bo)
    await evening.count_choices(1)
    await evening.until_shown("Round 2 · what comes next?", "Nobody has voted yet")
    await evening.more(evening.cy, "🏁 End the song")
    await evening.count_votes(1)
    await evening.until_shown("Round 2 · the song ends here")
    await evening.until(lambda: "Ended without a part." in text(evening.card))
    assert colour(evening.card) == GREY
    assert labels(evening.card) == ["The thread"]


async def test_a_session_is_ended_by_hand_while_a_part_is_being_made(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    evening.harness.providers.clock.speed = 0.01
    await evening.write_and_send(evening.cy, CHORUS)
    board = await evening.until_shown("Round 2 · “Run, run, the night is electric” goes in")
    assert "⋯ More" not in labels(board)
    shown = await evening.ada.slash("session show", channel=evening.thread)
    more = await evening.ada.click(shown.message, "⋯ More")
    assert labels(more.message) == ["🏁 End the song", "🏁 End it now"]
    shown_to_dee = await evening.dee.slash("session show", channel=evening.thread)
    more_of_dee = await evening.dee.click(shown_to_dee.message, "⋯ More")
    assert labels(more_of_dee.message) == ["🏁 End the song"]
    asked = await evening.ada.click(more.message, "🏁 End it now")
    assert "The one that is being made would not be in it." in answered(asked)
    ended = await evening.ada.click(asked.message, "🏁 End it now")
    assert "The session is over." in answered(ended)
    recap = await evening.until_shown("Night Bus is finished", "1 part")
    assert "Chorus" not in text(recap)
    evening.harness.providers.clock.speed = 50
    # the part stays in the library
    await evening.until(lambda: evening.found("✅ Night Bus", "Run, run"))
    late = await evening.dee.click(shown_to_dee.message, "✍️ Write a part")
    assert "This session is over." in answered(late)


async def test_the_host_closes_votes_and_nobody_else_does(evening: Evening) -> None:
    await evening.start(PROVIDER, vote=86_400)
    more = await evening.ada.click(evening.board, "⋯ More")
    assert "⏩ Close the vote now" not in labels(more.message)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    more = await evening.dee.click(evening.board, "⋯ More")
    assert labels(more.message) == ["🏁 End the song"]
    closed = await evening.more(evening.ada, "⏩ Close the vote now")
    assert "The vote is closed." in answered(closed)
    over = await evening.until_shown("Round 1 · “Neon rain on the window” goes in")
    assert f"closed by {evening.ada.mention}" in text(over)
    await evening.until(lambda: evening.result)
    await evening.choose_all("B goes on", evening.cy)
    await evening.until_chosen(1)
    shown = await evening.ada.slash("session show", channel=evening.thread)
    more = await evening.ada.click(shown.message, "⋯ More")
    await evening.ada.click(more.message, "⏩ Close the vote now")
    result = await evening.until_shown("Round 1 · B goes on")
    assert f"closed by {evening.ada.mention}" in text(result)


async def test_no_parts_left_lets_nobody_write(evening: Evening) -> None:
    await evening.start(PROVIDER, parts=1)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    early = evening.board
    assert early is not None
    opened = await evening.cy.click(early, "✍️ Write a part")
    await evening.run_out(early)
    board = await evening.until_shown("Round 1", "It is the last one: then the song is finished.")
    assert labels(board) == ["📜 Song so far"]
    refused = await evening.cy.submit(opened.modal, {"lyrics": CHORUS})
    assert "All parts are made." in answered(refused)
    await evening.until(lambda: evening.result)
    await evening.count_choices(0)
    await evening.until_shown("Night Bus is finished")
    await evening.until(lambda: "finished: 1 part" in text(evening.card))


async def test_thirty_proposals_at_once_are_22_taken_and_8_kept_as_drafts(
    evening: Evening,
) -> None:
    await evening.start(PROVIDER)
    writers = [evening.harness.discord.member(f"Writer {number}") for number in range(30)]
    calls = await asyncio.gather(
        *(evening.write(each, f"[Verse]\nWords of {each.name}") for each in writers)
    )
    refused = [(who, call) for who, call in zip(writers, calls, strict=True) if call.is_ephemeral]
    assert len(refused) == 8
    for who, call in refused:
        assert "22 proposals are on the board." in answered(call)
        assert labels(call.message) == ["✏️ Edit & send"]
        reopened = await who.click(call.message, "✏️ Edit & send")
        assert reopened.modal is not None
        assert f"Words of {who.name}" in str(reopened.modal.components)
        again = await who.submit(reopened.modal)
        assert "22 proposals are on the board." in answered(again)
    await evening.until_shown("what comes next?", "**22 have voted.**")
    numbers = re.findall(r"^(\d+) · ", text(evening.board), re.MULTILINE)
    assert sorted(map(int, numbers)) == list(range(1, 23))


async def test_who_cannot_write_cannot_take_part(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    state = evening.harness.discord.state
    opened = await evening.dee.click(evening.board, "✍️ Write a part")
    denied = Permission.SEND_MESSAGES_IN_THREADS
    state.set_overwrite(state.channel, evening.dee.user, deny=denied)
    for button in ("✍️ Write a part", "⋯ More"):
        call = await evening.dee.click(evening.board, button)
        assert "You can't write here." in answered(call)
    vote = await evening.dee.click(evening.proposal(1), "🗳️ Vote for this")
    assert "You can't write here." in answered(vote)
    late = await evening.dee.submit(opened.modal, {"lyrics": CHORUS})
    assert "You can't write here." in answered(late)
    assert labels(late.message) == ["✏️ Edit & send"]
    state.set_overwrite(state.channel, evening.dee.user)
    again = await evening.dee.click(late.message, "✏️ Edit & send")
    proposed = await evening.dee.submit(again.modal)
    assert proposed.message is not None
    assert "Run, run, the night is electric" in text(proposed.message)


async def test_nobody_writes_for_three_days(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.pass_days(3)
    await evening.until(lambda: "Nobody wrote for three days." in text(evening.card))
    assert "Ended without a part." in text(evening.card)
    board = await evening.until_shown("Round 1 · the session is over")
    assert labels(board) == ["📜 Song so far"]


async def test_a_song_is_finished_after_three_idle_days(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    await evening.pass_days(3)
    await evening.until_shown("Night Bus is finished", "1 part")
    await evening.until(lambda: "Nobody wrote for three days." in text(evening.card))
    await evening.until(lambda: "💿 The full song" in labels(evening.card))
    assert colour(evening.card) != RED


async def test_nothing_depends_on_the_host(evening: Evening) -> None:
    state = evening.harness.discord.state
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.write(evening.cy, OTHER_VERSE)
    for gone in (evening.ada, evening.cy):
        state.leave(state.guild, gone.user)
    moderators = state.new_role("Mods", state.guild, permissions=Permission.MANAGE_MESSAGES)
    state.guild.members[evening.dee.id].roles.add(moderators.id)
    removed = await evening.dee.click(evening.proposal(2), "🗑️")
    assert "It's off the board." in answered(removed)
    await evening.until_shown(f"~~Proposal 2~~ removed by {evening.dee.mention}")
    await evening.count_votes(1)
    await evening.until(lambda: evening.result)
    await evening.count_choices(0)
    await evening.until_shown("Round 2 · what comes next?")
    asked = await evening.more(evening.dee, "🏁 End it now")
    await evening.dee.click(asked.message, "🏁 End it now")
    await evening.until_shown("Night Bus is finished")


async def test_a_proposal_in_the_last_second_gets_a_minute(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.write(evening.bo, VERSE)
    await evening.until_voted(1)
    await evening.pass_time(50)
    await evening.write(evening.cy, OTHER_VERSE)
    await evening.pass_time(20)
    assert sent(evening) == 0
    await evening.vote_for(2, evening.dee)
    await evening.count_votes(3)
    await evening.until_shown("Round 1 · “Streetlights count the empty corners” goes in")
