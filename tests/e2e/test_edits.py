"""Each edit of a reply shows something new, whatever members do."""

import asyncio
import random

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.member import Member
from sandbox.discord.models import Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import GREEN, BotHarness, colour, labels
from tests.support.torture import WALK_LENGTH

JOINS = "suno_api"
FAULTS = (Fault.ERROR_CLIPS, Fault.TWIN_FAILS, Fault.FORBIDDEN_MODERATION)


def visible_versions(message: Message) -> list[object]:
    """What each version of a message showed."""
    parts = ("content", "embeds", "components", "attachments")
    return [[version[part] for part in parts] for _, version in message.history]


async def act(harness: BotHarness, member: Member, chance: random.Random) -> None:
    """Have a member do something; the client does not allow all of it."""
    messages = [each for each in member.read() if each.author.id == harness.discord.state.bot.id]
    action = chance.choice(("extend", "fail", "press", "press", "press", "react", "library"))
    if action == "fail":
        harness.account(JOINS).fail_next(chance.choice(FAULTS), on="submit")
    if action in ("extend", "fail"):
        await harness.extend(JOINS, member=member)
    elif action == "library":
        await member.slash("library")
    elif messages and action == "react":
        green = [each for each in messages if colour(each) == GREEN]
        if green:
            await member.react(chance.choice(green), chance.choice("🔁⏩"))
    elif messages:
        message = chance.choice(messages)
        if buttons := labels(message):
            call = await member.click(message, chance.choice(buttons))
            if call.modal is not None:
                await member.submit(call.modal)


async def test_no_edit_repeats_what_a_reply_shows(harness: BotHarness) -> None:
    chance = random.Random(7)
    members = [harness.ada, harness.discord.member("Ben"), harness.discord.member("Eve")]
    for _ in range(WALK_LENGTH):
        try:
            await act(harness, chance.choice(members), chance)
        except NotPossibleError:
            continue
        await asyncio.sleep(chance.uniform(0, 0.4))
    channel = harness.discord.state.channel
    repeated = [
        (message.id, number)
        for message in channel.messages.values()
        for number, (before, now) in enumerate(
            zip(visible_versions(message), visible_versions(message)[1:], strict=False)
        )
        if before == now
    ]
    assert repeated == []
