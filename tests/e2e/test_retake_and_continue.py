"""One extension is a try-out: every way to extend again, on replies of any age."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text

NAME = "suno_api"

Act = Callable[[BotHarness, Message], Awaitable[object]]


async def extend_b(stage: BotHarness, reply: Message) -> None:
    call = await stage.ada.click(reply, "➕ Extend B")
    assert call.modal is not None, call.message and text(call.message)
    assert call.modal.fields["at"]["value"] == "end"
    await stage.ada.submit(call.modal)


async def another_take(stage: BotHarness, reply: Message) -> None:
    await stage.ada.click(reply, "🔁 Another take")


async def take_by_command(stage: BotHarness, reply: Message) -> None:
    await stage.ada.slash("reply", link=reply.url, do="another take", channel=reply.channel)


async def by_menu(stage: BotHarness, reply: Message) -> None:
    question = await stage.ada.context_menu("Extend this song", reply)
    assert question.is_ephemeral
    assert question.message is not None
    assert labels(question.message) == ["➕ Extend A", "➕ Extend B"]
    call = await stage.ada.click(question.message, "➕ Extend A")
    await stage.ada.submit(call.modal)


async def by_link_in_a_message(stage: BotHarness, reply: Message) -> None:
    clip = stage.studio(NAME).submissions[0].clip_ids[0]
    other = await stage.ada.say(reply.channel, f"listen: https://suno.com/song/{clip}?sh=1 !")
    call = await stage.ada.context_menu("Extend this song", other)
    await stage.ada.submit(call.modal)


async def react_for_another_take(stage: BotHarness, reply: Message) -> None:
    await stage.ada.react(reply, "🔁")


async def react_to_go_on(stage: BotHarness, reply: Message) -> None:
    await stage.ada.react(reply, "⏩")


BUTTONS: tuple[Act, ...] = (extend_b, another_take, take_by_command)
ANYWHERE: tuple[Act, ...] = (
    *BUTTONS,
    by_menu,
    by_link_in_a_message,
    react_for_another_take,
    react_to_go_on,
)


def place(stage: BotHarness, name: str) -> Channel:
    world = stage.discord.state
    match name:
        case "thread":
            return world.new_thread("part two", world.channel)
        case "direct":
            return stage.ada.dm
        case _:
            return world.channel


def replies(stage: BotHarness, channel: Channel) -> list[Message]:
    """Encore's public replies, oldest first."""
    bot = stage.discord.state.bot
    seen = [m for m in stage.ada.read(channel) if m.author is bot and not m.is_ephemeral]
    return [message for message in seen if "asked by" in text(message)]


async def acted(stage: BotHarness, act: Act, first: Message) -> Message:
    """Extend again; return the new reply once it is final."""
    await act(stage, first)
    await stage.until(lambda: len(replies(stage, first.channel)) == 2)
    second = replies(stage, first.channel)[1]
    await stage.finished(second)
    return second


@pytest.mark.parametrize("where", ["channel", "thread"])
@pytest.mark.parametrize("act", ANYWHERE, ids=lambda act: act.__name__)
async def test_every_way_extends_again(stage: BotHarness, act: Act, where: str) -> None:
    first = await stage.extend(NAME, at="0:10", channel=place(stage, where))
    await stage.finished(first)
    second = await acted(stage, act, first)
    assert colour(second) == GREEN, text(second)
    assert f"asked by {stage.ada.mention}" in text(second)
    assert second.pinged == frozenset()
    one, two = stage.studio(NAME).submissions
    takes = (another_take, take_by_command, react_for_another_take)
    source = "audio_id"
    if act in takes:
        assert two.request == one.request
        assert f"another take of [Night Bus]({first.url})" in text(second)
    else:
        assert two.request[source] == one.clip_ids[1 if act is extend_b else 0]
        assert f"]({first.url}) at" in text(second)
    if act in (react_for_another_take, react_to_go_on):
        assert second.reply_to is first


@pytest.mark.parametrize("act", BUTTONS, ids=lambda act: act.__name__)
async def test_buttons_work_in_direct_messages(stage: BotHarness, act: Act) -> None:
    first = await stage.extend(NAME, at="0:10", channel=stage.ada.dm)
    await stage.finished(first)
    second = await acted(stage, act, first)
    assert colour(second) == GREEN


@pytest.mark.parametrize("act", ANYWHERE, ids=lambda act: act.__name__)
async def test_every_way_works_after_a_restart(offline_stage: BotHarness, act: Act) -> None:
    stage = offline_stage
    async with stage.bot():
        first = await stage.extend(NAME, at="0:10")
        await stage.finished(first)
    async with stage.bot():
        second = await acted(stage, act, first)
        assert colour(second) == GREEN


async def test_a_reply_says_where_it_goes_on_with_few_edits(stage: BotHarness) -> None:
    first = await stage.extend("aimlapi", at="0:10", title="Long Road")
    await stage.finished(first)
    edits = first.edit_count
    names = ("Ben", "Cleo", "Dora")
    members = [stage.discord.member(name) for name in names]
    for member in members:
        await member.react(first, "⏩")
    await stage.until(lambda: "continued in" in text(first), within=30)
    await stage.until(lambda: len(replies(stage, first.channel)) == 4)
    for reply in replies(stage, first.channel)[1:]:
        await stage.until(lambda link=reply.url: link in text(first), within=30)
    assert first.edit_count - edits <= 2


async def test_a_double_click_takes_once(stage: BotHarness) -> None:
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    calls = await asyncio.gather(*(stage.ada.click(first, "🔁 Another take") for _ in range(2)))
    await stage.finished(replies(stage, first.channel)[1])
    assert len(stage.studio(NAME).submissions) == 2
    answers = [call.message for call in calls if call.message and call.is_ephemeral]
    assert ["sent this already" in text(answer) for answer in answers] == [True]


@pytest.mark.parametrize("emoji", ["🔁", "⏩"])
async def test_a_reaction_counts_once_for_ever(stage: BotHarness, emoji: str) -> None:
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    await stage.ada.react(first, emoji)
    stage.discord.gateway.resend_last("MESSAGE_REACTION_ADD")
    await stage.ada.unreact(first, emoji)
    await stage.ada.react(first, emoji)
    await stage.until(lambda: len(replies(stage, first.channel)) == 2)
    await stage.finished(replies(stage, first.channel)[1])
    assert len(stage.studio(NAME).submissions) == 2
    await stage.discord.member("Ben").react(first, emoji)
    await stage.until(lambda: len(stage.studio(NAME).submissions) == 3)


async def test_reactions_that_mean_nothing_do_nothing(stage: BotHarness) -> None:
    first = await stage.extend(NAME, at="0:10")
    await stage.ada.react(first, "🔁")  # not finished yet
    await stage.finished(first)
    await stage.ada.react(first, "👍")
    other = await stage.ada.say(None, "not one of Encore's")
    await stage.ada.react(other, "🔁")
    second = await stage.extend(NAME, at="0:12")
    await stage.finished(second)
    assert len(stage.studio(NAME).submissions) == 2


@contextlib.asynccontextmanager
async def limited(stage: BotHarness, **limits: str) -> AsyncIterator[None]:
    stage.overrides.update(limits)
    stage.providers.clock.speed = 0.01
    async with stage.bot():
        yield


async def test_too_much_at_once_is_refused_with_links_and_nothing_is_lost(
    offline_stage: BotHarness,
) -> None:
    stage = offline_stage
    async with limited(stage, ENCORE_MEMBER_LIMIT="2"):
        running = [await stage.extend("aimlapi", at="0:10") for _ in range(2)]
        for reply in running:  # its link is known once it has been edited
            await stage.until(lambda shown=reply: shown.edit_count)
        refused = await stage.ask("aimlapi", at="0:10", lyrics="my third song")
        assert refused.is_ephemeral
        assert refused.message is not None
        said = text(refused.message)
        assert "You have 2 extensions in progress" in said
        for reply in running:
            assert reply.url in said
        opened = await stage.ada.click(refused.message, "Edit and send")
        assert opened.modal is not None
        assert opened.modal.fields["lyrics"]["value"] == "my third song"
        ben = stage.discord.member("Ben")
        assert not (await stage.ask("aimlapi", at="0:10", member=ben)).is_ephemeral


async def test_a_channel_has_a_limit_too(offline_stage: BotHarness) -> None:
    stage = offline_stage
    async with limited(stage, ENCORE_CHANNEL_LIMIT="1"):
        await stage.extend("aimlapi", at="0:10")
        ben = stage.discord.member("Ben")
        refused = await stage.ask("aimlapi", at="0:10", member=ben)
        assert refused.message is not None
        assert "This channel has 1 extension in progress" in text(refused.message)


async def test_fifty_members_react_at_once(offline_stage: BotHarness) -> None:
    stage = offline_stage
    stage.overrides.update(ENCORE_MEMBER_LIMIT="2", ENCORE_CHANNEL_LIMIT="10")
    async with stage.bot():
        first = await stage.extend(NAME, at="0:10")
        await stage.finished(first)
        members = [stage.discord.member(f"Member {number}") for number in range(50)]
        for member in members:
            await member.react(first, "🔁")
        await stage.until(
            lambda: (
                sum(bool(m.read(m.dm)) for m in members) == 40
                and len(replies(stage, first.channel)) == 11
            ),
            within=180,
        )
        made = replies(stage, first.channel)[1:]
        for reply in made:
            await stage.finished(reply, within=180)
        assert {colour(reply) for reply in made} == {GREEN}
        asked = [next(m for m in members if m.mention in text(reply)) for reply in made]
        assert asked == members[:10]
        for member in members[10:]:
            [refusal] = member.read(member.dm)
            assert "This channel has 10 extensions in progress" in text(refusal)
        for reply in made:
            times = [at for at, _ in reply.history]
            assert all(b - a >= 1.5 for a, b in itertools.pairwise(times))
        limited = [r.route for r in stage.discord.requests if r.status == 429]
        assert limited == []
        assert len(stage.studio(NAME).submissions) == 11


@pytest.mark.parametrize(
    ("denied", "name"),
    [
        (Permission.SEND_MESSAGES, "Send Messages"),
        (Permission.EMBED_LINKS, "Embed Links"),
    ],
)
async def test_a_missing_permission_is_told_by_its_name(
    stage: BotHarness, denied: Permission, name: str
) -> None:
    world = stage.discord.state
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    world.set_overwrite(world.channel, world.bot, deny=denied)
    await stage.ada.react(first, "🔁")
    await stage.until(lambda: stage.ada.read(stage.ada.dm))
    [refusal] = stage.ada.read(stage.ada.dm)
    assert f"lacks the permission *{name}*" in text(refusal)
    assert len(stage.studio(NAME).submissions) == 1
    by_button = await stage.ada.click(first, "🔁 Another take")
    assert by_button.message is not None
    await stage.finished(by_button.message)
    assert colour(by_button.message) == GREEN


async def test_without_the_history_a_reaction_is_answered_all_the_same(stage: BotHarness) -> None:
    world = stage.discord.state
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    world.set_overwrite(world.channel, world.bot, deny=Permission.READ_MESSAGE_HISTORY)
    await stage.ada.react(first, "🔁")
    await stage.until(lambda: len(replies(stage, first.channel)) == 2)
    await stage.finished(replies(stage, first.channel)[1])
    assert colour(replies(stage, first.channel)[1]) == GREEN


async def test_a_closed_thread_refuses_kindly(stage: BotHarness) -> None:
    world = stage.discord.state
    thread = world.new_thread("done", world.channel)
    first = await stage.extend(NAME, at="0:10", channel=thread)
    await stage.until(lambda: first.attachments)  # nothing more is to be shown there
    world.archive(thread, locked=True)
    with contextlib.suppress(Exception):
        await stage.ada.react(first, "🔁")
    again = await stage.extend(NAME, at="0:12")
    await stage.finished(again)
    assert colour(again) == GREEN


async def test_who_lost_the_channel_can_not_act_through_an_old_button(stage: BotHarness) -> None:
    world = stage.discord.state
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    world.set_overwrite(world.channel, stage.ada.user, deny=Permission.USE_APPLICATION_COMMANDS)
    call = await stage.ada.click(first, "🔁 Another take")
    assert call.message is not None
    assert call.is_ephemeral
    assert "may not use Encore" in text(call.message)
    assert len(stage.studio(NAME).submissions) == 1


async def test_rights_in_one_channel_reach_no_reply_in_another(stage: BotHarness) -> None:
    first = await stage.extend(NAME, at="0:10")
    await stage.finished(first)
    elsewhere = stage.discord.state.new_channel("elsewhere")
    call = await stage.ada.slash("reply", link=first.url, do="another take", channel=elsewhere)
    assert call.is_ephemeral
    assert call.message is not None
    assert "another channel" in text(call.message)
    assert len(stage.studio(NAME).submissions) == 1


async def test_only_who_asked_or_a_moderator_cancels(offline_stage: BotHarness) -> None:
    stage = offline_stage
    stage.overrides.update(SUNOSAY_SUBMIT_EVERY="600")
    async with stage.bot():
        await stage.extend("sunosay", at="0:10")
        waiting = await stage.extend("sunosay", at="0:11")
        ben = stage.discord.member("Ben")
        refused = await ben.click(waiting, "Cancel")
        assert refused.message is not None
        assert "can cancel" in text(refused.message)
        await stage.ada.click(waiting, "Cancel")
        await stage.until(lambda: "Cancelled" in text(waiting))
    assert colour(waiting) != RED
