"""Commands of sessions, and what other commands do with the parts of one that runs."""

from collections.abc import Awaitable, Callable

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Message
from sandbox.discord.permissions import Permission
from sandbox.members import find_component, find_option
from tests.support.bot_harness import BotHarness, labels, text
from tests.support.session_evening import Evening

PROVIDER = "aimlapi"
VERSE = "[Verse]\nNeon rain on the window"
OTHER_VERSE = "[Verse]\nStreetlights count the empty corners"
BELONGS = "This part belongs to a session."
REMOVE = "Take a proposal off the board"


def answered(call: Interaction) -> str:
    """Return an answer that only the member sees."""
    assert call.message is not None, call.error
    assert call.is_ephemeral, text(call.message)
    return text(call.message)


async def show(evening: Evening, member: Member) -> Message:
    """Return the answer to `/session show`."""
    shown = await member.slash("session show", channel=evening.thread)
    assert shown.is_ephemeral
    assert shown.message is not None
    return shown.message


async def press(evening: Evening, member: Member, label: str) -> Interaction:
    """Press a button of the answer to `/session show`."""
    return await member.click(await show(evening, member), label)


async def press_more(evening: Evening, member: Member, label: str) -> Interaction:
    """Press a button that stands behind *More* of the answer to `/session show`."""
    more = await press(evening, member, "⋯ More")
    assert more.message is not None
    return await member.click(more.message, label)


async def end_now(evening: Evening) -> None:
    """Have the host end the session by hand."""
    asked = await evening.more(evening.ada, "🏁 End it now")
    assert asked.message is not None
    await evening.ada.click(asked.message, "🏁 End it now")


async def test_one_round_goes_by_session_show_alone(evening: Evening) -> None:
    ada, bo, cy, dee, _ = evening.members
    await evening.start(PROVIDER)
    opened = await press(evening, bo, "✍️ Write a part")
    proposed = await bo.submit(opened.modal, {"lyrics": VERSE})
    assert not proposed.is_ephemeral
    changing = await press(evening, bo, "✏️ Change your part")
    changed = await bo.submit(changing.modal, {"lyrics": OTHER_VERSE})
    assert "Your proposal is now 1 · “Streetlights count the empty corners”" in answered(changed)
    assert "It's off the board." in answered(await press(evening, bo, "🗑️ Withdraw it"))
    again = await press(evening, bo, "✍️ Write a part")
    await bo.submit(again.modal, {"lyrics": VERSE})
    voted = await evening.vote_on(await show(evening, cy), cy, 2)
    assert "Your vote: 2" in answered(voted)
    so_far = await press(evening, cy, "📜 Song so far")
    assert "Night Bus · 0:24 so far" in answered(so_far)
    closed = await press_more(evening, ada, "⏩ Close the vote now")
    assert "The vote is closed." in answered(closed)
    await evening.until(lambda: evening.result)
    for label, said in (
        ("A goes on", "You chose A."),
        ("🔁 Neither", "You chose neither."),
        ("B goes on", "You chose B."),
    ):
        assert said in answered(await press(evening, dee, label))
    await evening.count_choices(1)
    await evening.until_shown("Round 1 · B goes on")


async def test_a_song_is_ended_by_session_show_alone(evening: Evening) -> None:
    ada, bo, cy, dee, _ = evening.members
    await evening.start(PROVIDER)
    await evening.add_part(bo, VERSE)
    so_far = await press(evening, cy, "📜 Song so far")
    assert "Neon rain on the window" in answered(so_far)
    assert labels(so_far.message) == ["▶ The last part", "💿 Join it so far"]
    joined = await cy.click(so_far.message, "💿 Join it so far")
    assert joined.message is not None, joined.error
    assert not joined.is_ephemeral
    back = await press_more(evening, dee, "↩ Take “Neon rain on the window” back")
    assert back.message is not None
    assert "take “Neon rain on the window” back" in text(back.message)
    ending = await press_more(evening, cy, "🏁 End the song")
    assert ending.message is not None
    assert "the song ends here" in text(ending.message)
    asked = await press_more(evening, ada, "🏁 End it now")
    await ada.click(asked.message, "🏁 End it now")
    await evening.until_shown("Night Bus is finished")
    over = await evening.cy.slash("session show", channel=evening.thread)
    assert "No session is running in this channel." in answered(over)


async def test_the_host_removes_a_proposal_by_session_show(evening: Evening) -> None:
    ada, bo, cy, _, _ = evening.members
    await evening.start(PROVIDER)
    await evening.write(bo, VERSE)
    await evening.write(cy, OTHER_VERSE)
    theirs = await press(evening, cy, "⋯ More")
    assert find_component(theirs.message, REMOVE) is None
    offered = await press(evening, ada, "⋯ More")
    select = find_component(offered.message, REMOVE)
    assert select is not None
    of_bo = find_option(select, "Neon rain on the window")
    assert of_bo is not None
    removed = await ada.select(offered.message, select["custom_id"], of_bo["value"])
    assert "It's off the board." in answered(removed)
    left = await press(evening, ada, "⋯ More")
    select = find_component(left.message, REMOVE)
    assert [each["label"] for each in select["options"]] == [
        "2 · Streetlights count the empty corners"
    ]


async def test_session_show_elsewhere_lists_what_runs(evening: Evening) -> None:
    shown = await evening.cy.slash("session show")
    assert "`/session start` with a clip starts one." in answered(shown)
    await evening.start(PROVIDER, title="Our *song*")
    await evening.until(lambda: evening.board in evening.posts())
    said = answered(await evening.cy.slash("session show"))
    assert "No session is running in this channel." in said
    assert evening.board is not None
    assert f"[Our \\*song\\*]({evening.board.url})" in said


async def test_session_list_names_songs_and_who_wrote_most(evening: Evening) -> None:
    state = evening.harness.discord.state
    nothing = await evening.cy.slash("session list")
    assert "There are none that you can see yet." in answered(nothing)
    await evening.start(PROVIDER, title="First", parts=1)
    await evening.write_and_send(evening.bo, VERSE)
    await evening.until(lambda: evening.result)
    await evening.count_choices(0)
    await evening.until_shown("First is finished")
    await evening.until(lambda: "💿 The full song" in labels(evening.card))
    hidden = state.new_channel("hidden")
    await evening.start(PROVIDER, title="Secret", channel=hidden)
    await evening.start(PROVIDER, title="Second")
    state.set_overwrite(hidden, evening.cy.user, deny=Permission.VIEW_CHANNEL)
    said = answered(await evening.cy.slash("session list"))
    assert said.index("Second") < said.index("First")
    assert "Secret" not in said
    assert "💿 the full song" in said
    assert f"Most parts here: {evening.bo.mention} 1" in said
    assert "Secret" in answered(await evening.dee.slash("session list"))


async def test_session_list_is_turned(offline_harness: BotHarness) -> None:
    offline_harness.overrides["ENCORE_SESSION_LIMIT"] = "0"
    async with offline_harness.bot() as bot:
        evening = Evening(offline_harness, bot)
        for number in range(11):
            await evening.start(PROVIDER, title=f"Song {number}.")
        listed = await evening.cy.slash("session list")
        assert "Song 0." not in answered(listed)
        assert "Song 10." in answered(listed)
        older = await evening.cy.click(listed.message, "Older ▶")
        assert "Song 0." in answered(older)
        newer = await evening.cy.click(listed.message, "◀ Newer")
        assert "Song 10." in answered(newer)


async def test_the_clip_of_a_session_is_completed(evening: Evening) -> None:
    reply = await evening.harness.extend(PROVIDER, at="0:10", title="Paper Moon")
    await evening.harness.finished(reply)
    offered = await evening.ada.autocomplete("session start", focused="clip", value="paper m")
    clips = evening.harness.account(PROVIDER).submissions[0].clip_ids
    assert {choice["value"] for choice in offered} == {*clips}
    providers = await evening.ada.autocomplete("session start", focused="provider", value="suno")
    assert "suno_api" in {choice["value"] for choice in providers}
    await evening.start(PROVIDER, clip=clips[0])
    assert f"starts from [Paper Moon]({reply.url})" in text(evening.card)
    assert evening.thread.name == "🎵 Paper Moon"


Attempt = Callable[[Evening, Message], Awaitable[Interaction]]
ATTEMPTS: dict[str, Attempt] = {
    "Extend A": lambda evening, part: evening.cy.click(part, "Extend A"),
    "Another take": lambda evening, part: evening.cy.click(part, "🔁 Another take"),
    "Change & redo": lambda evening, part: evening.cy.click(part, "✏️ Change & redo"),
    "/extend with a link": lambda evening, part: evening.cy.slash(
        "extend", channel=part.channel, clip=part.url
    ),
    "/extend with an id": lambda evening, _: evening.cy.slash(
        "extend", clip=evening.harness.account(PROVIDER).submissions[0].clip_ids[1]
    ),
    "/reply": lambda evening, part: evening.cy.slash(
        "reply", channel=part.channel, link=part.url, do="another take"
    ),
}


async def test_a_part_is_extended_by_nobody_while_its_session_runs(evening: Evening) -> None:
    await evening.start(PROVIDER)
    await evening.add_part(evening.bo, VERSE)
    part = next(each for each in evening.messages() if "🔁 Another take" in labels(each))
    board, cy = evening.board, evening.cy
    assert board is not None
    await evening.until(lambda: board in evening.posts())
    for name, attempt in ATTEMPTS.items():
        said = answered(await attempt(evening, part))
        assert BELONGS in said, name
        assert f"Propose there what comes next: [the board]({board.url})" in said, name
    asked = await cy.context_menu("Extend this song", part)
    assert "Which one do you want to extend?" in answered(asked)
    assert BELONGS in answered(await cy.click(asked.message, "Extend A"))
    # a member is told of refused reactions once in a minute
    for member, emoji in ((cy, "⏩"), (evening.dee, "🔁")):
        await member.react(part, emoji)
        await evening.until(lambda who=member: who.read(who.dm))
        assert BELONGS in text(member.read(member.dm)[-1])
    account = evening.harness.account(PROVIDER)
    assert len(account.submissions) == 1
    # once the session is over, anybody may
    await end_now(evening)
    await evening.until_shown("Night Bus is finished")
    opened = await cy.click(part, "Extend A")
    assert opened.modal is not None
    await cy.submit(opened.modal)
    await cy.click(part, "🔁 Another take")
    await evening.until(lambda: len(account.submissions) == 3)


async def test_a_start_with_an_unknown_clip_is_refused(evening: Evening) -> None:
    refused = await evening.ada.slash("session start", provider=PROVIDER, clip="nonsense !")
    assert "nonsense" in answered(refused)
    assert labels(refused.message) == []
