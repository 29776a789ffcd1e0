"""`/help`, `/queue` and the presence: what a member finds out about Encore."""

import contextlib
import re
import sqlite3

import pytest

from bot.domain.queue import MAX_ENTRIES
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.providers.faults import Fault
from tests.support.bot_harness import BotHarness, text

NAME = "aimlapi"
PLACES = ["server", "thread", "bot", "group", "foreign server"]


def place(harness: BotHarness, name: str) -> Channel:
    """Return a place where Ada can use Encore."""
    state, ada = harness.discord.state, harness.ada
    if name in ("group", "foreign server"):
        ada.user.has_app = True
    places = {
        "server": lambda: state.channel,
        "thread": lambda: state.new_thread("part two", state.channel),
        "bot": lambda: ada.dm,
        "group": lambda: state.new_private_channel(
            ada.user, harness.discord.member("Ben").user, name="band"
        ),
        "foreign server": lambda: state.foreign_channel,
    }
    return places[name]()


async def extend(harness: BotHarness, provider: str = NAME, **options: object) -> Message:
    """Return the first reply to an extension that stays in progress, once the store has it."""
    harness.providers.clock.speed = 0.01
    reply = await harness.extend(provider, at="0:03", **options)

    def is_stored() -> object:
        with contextlib.closing(sqlite3.connect(harness.database)) as db:
            query = "SELECT 1 FROM extensions WHERE reply_message_id = ?"
            return db.execute(query, [reply.id]).fetchone()

    await harness.until(is_stored)
    return reply


async def answer_to(member: Member, command: str, channel: Channel | None = None) -> str:
    """Return the whole answer, which only the member sees."""
    call: Interaction = await member.slash(command, channel=channel)
    assert call.error is None, call.error
    assert call.message is not None
    assert call.message.is_ephemeral
    assert call.message.pinged == frozenset()
    return text(call.message)


@pytest.mark.parametrize("name", PLACES)
async def test_help_and_queue_are_answered_everywhere(harness: BotHarness, name: str) -> None:
    channel = place(harness, name)
    told = await answer_to(harness.ada, "help", channel)
    assert "Share → Copy link" in told
    assert "AIML API, sunoapi.co, suno-api, sunoapi.com, sunosay.com, SunoAPI.org" in told
    assert told.endswith("**Something wrong?** Please tell \\@owner, who runs this bot.")
    assert ("🔁" in told) is (name not in ("group", "foreign server"))
    assert "Nothing is in progress" in await answer_to(harness.ada, "queue", channel)
    reply = await extend(harness, channel=channel)
    assert f"({reply.url})" in await answer_to(harness.ada, "queue", channel)


async def test_help_is_silent_on_sessions_where_they_are_off(offline_harness: BotHarness) -> None:
    async with offline_harness.bot():
        assert "/session" in await answer_to(offline_harness.ada, "help")
    offline_harness.overrides["ENCORE_SESSION_PARTS"] = "0"
    async with offline_harness.bot():
        assert "/session" not in await answer_to(offline_harness.ada, "help")


async def test_queue_shows_own_and_others_with_places_in_line(harness: BotHarness) -> None:
    ben = harness.discord.member("Ben")
    sent = await extend(harness, title="Sent")
    await harness.until(lambda: "Submitted" in text(sent))
    harness.account(NAME).fail_next(
        Fault.RATE_LIMITED_SECONDS, on="submit", count=50, retry_after=300
    )
    direct = await extend(harness, title="Direct", channel=harness.ada.dm)
    bens = await extend(harness, title="Ben's", member=ben)
    await harness.until(lambda: all("has been charged" in text(each) for each in (direct, bens)))
    own, others = (await answer_to(harness.ada, "queue")).split("**From others in this channel**")
    assert re.search(rf"\[Sent · part 2\]\({sent.url}\) · 📨 submitted · <t:\d+:R>", own)
    assert f"[Direct · part 2]({direct.url}) · ⏳ waiting, 1st in line · <t:" in own
    mention = f"<@{ben.user.id}>"
    assert f"[Ben's · part 2]({bens.url}) · ⏳ waiting, 2nd in line · {mention}" in others
    for_ben = await answer_to(ben, "queue")
    assert "Direct" not in for_ben
    assert "2nd in line" in for_ben.split("**From others in this channel**")[0]


async def test_queue_names_nothing_of_channels_that_the_member_can_not_view(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    ben = harness.discord.member("Ben")
    secret = state.new_channel("secret")
    own = await extend(harness, title="Lost", channel=secret, member=ben)
    adas = await extend(harness, title="Hidden", channel=secret)
    assert f"[Lost · part 2]({own.url})" in await answer_to(ben, "queue")
    state.set_overwrite(secret, ben.user, deny=Permission.VIEW_CHANNEL)
    queue = await answer_to(ben, "queue")
    assert "**Yours**\nIn another channel · " in queue
    for word in ("Lost", "Hidden", str(secret.id), str(adas.id)):
        assert word not in queue


async def test_queue_lists_at_most_ten(harness: BotHarness) -> None:
    for _ in range(MAX_ENTRIES + 1):
        await extend(harness, "suno_api")
    queue = await answer_to(harness.ada, "queue")
    assert queue.count("· part 2]") == MAX_ENTRIES
    assert queue.endswith("… and more")


async def test_presence_shows_the_command(harness: BotHarness) -> None:
    [session] = harness.discord.gateway.sessions.values()
    assert session.presence["game"] == {
        "type": 4,
        "name": "Custom Status",
        "state": "/extend",
    }
