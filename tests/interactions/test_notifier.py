"""The loop that tells members of an end, on a real store and a Discord of this process."""

from collections import Counter
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Self

import discord
import pytest

from bot.domain.models import Extension, Status
from bot.interactions.notifier import MAX_ATTEMPTS, Notifier
from bot.store.store import Store
from bot.ui.notifications import MAX_MENTIONS
from tests.support.ended_extensions import ask, fail, failed, show, stored
from tests.support.fake_discord import LOST_CONNECTION, error
from tests.support.scripted_provider import Script
from tests.support.service_harness import ManualClock
from tests.support.store_samples import CHANNEL, MEMBER, MINUTE, NOW

ADA, BEN, CLEO = MEMBER, MEMBER + 1, MEMBER + 2
HOUR = 60 * MINUTE


@dataclass
class Sent:
    """A message as it was sent."""

    channel_id: int
    content: str
    nonce: str
    mentions: discord.AllowedMentions | None = None
    reference: discord.MessageReference | None = None

    @property
    def mentioned(self) -> set[int]:
        """The ids of the members who are notified."""
        assert self.mentions is not None
        allowed = self.mentions.to_dict()
        assert allowed["parse"] == []
        assert not allowed.get("replied_user")
        assert all(f"<@{each}>" in self.content for each in allowed["users"])
        return set(allowed["users"])


class NotifierDiscord:
    """Stands in place of the client; scripts fail requests before, or after a message was made."""

    application_id = 1

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.attempts = 0
        self.on_send, self.on_sent = Script(), Script()
        self.rate_limiter: Any = SimpleNamespace(acquire=self._at_once)

    @property
    def http(self) -> Self:
        return self

    async def start_private_message(self, member_id: int) -> dict[str, str]:
        return {"id": str(-member_id)}

    def get_partial_messageable(self, channel_id: int, **_: object) -> "NotifierChannel":
        return NotifierChannel(self, channel_id)

    async def _at_once(self, _: int = 1) -> None: ...


@dataclass
class NotifierChannel:
    """A channel that keeps what is sent."""

    server: NotifierDiscord
    id: int

    async def send(
        self,
        content: str,
        *,
        nonce: str,
        allowed_mentions: discord.AllowedMentions | None = None,
        reference: discord.MessageReference | None = None,
    ) -> None:
        self.server.attempts += 1
        await self.server.on_send.next(lambda: None)
        self.server.sent.append(Sent(self.id, content, nonce, allowed_mentions, reference))
        await self.server.on_sent.next(lambda: None)


class NotifierHarness:
    """The loop, with a clock that tests move."""

    def __init__(self, store: Store) -> None:
        self.store, self.discord, self.clock = store, NotifierDiscord(), ManualClock()
        self.clock.now = NOW + 5 * MINUTE
        bot: Any = self.discord
        self.notifier = Notifier(bot, store, clock=self.clock)

    async def run(self) -> None:
        """Run the loop once, when it has something to do, and let it finish."""
        if due := await self.store.next_notification():
            self.clock.now = max(self.clock.now, due)
        await self.notifier.run_once()
        await self.notifier.idle()

    async def change_reply(self, ext: Extension, **parts: object) -> None:
        await self.store.save_reply(ext.id, replace(ext.reply, **parts))


@pytest.fixture
def harness(store: Store) -> NotifierHarness:
    return NotifierHarness(store)


async def test_one_message_answers_the_reply_and_mentions_who_asked(
    harness: NotifierHarness,
) -> None:
    ext = await failed(harness.store, "one", BEN, ADA, message_id=9)
    await harness.run()
    await harness.run()
    [sent] = harness.discord.sent
    assert sent.channel_id == CHANNEL
    assert sent.mentioned == {ADA, BEN}
    assert sent.reference is not None
    assert sent.reference.message_id == ext.reply.message_id
    assert sent.reference.fail_if_not_exists is False
    assert len(sent.nonce) == 25  # Discord's limit
    assert await harness.store.next_notification() is None


async def test_many_members_are_told_in_several_messages_each_once(
    harness: NotifierHarness,
) -> None:
    members = range(ADA, ADA + 2 * MAX_MENTIONS + 1)
    await failed(harness.store, "one", *members, message_id=9)
    harness.discord.on_send.then(lambda: None, error(500))  # the second fails
    await harness.run()
    assert len(harness.discord.sent) == 1
    await harness.run()
    told = Counter(each for sent in harness.discord.sent for each in sent.mentioned)
    assert told == Counter(members)
    assert len({sent.nonce for sent in harness.discord.sent}) == 3
    assert max(len(sent.content) for sent in harness.discord.sent) <= 2000


@pytest.mark.parametrize("failure", [error(500), error(429), LOST_CONNECTION, ValueError("bug")])
async def test_message_that_fails_is_sent_later_with_the_same_nonce(
    harness: NotifierHarness, failure: Exception
) -> None:
    await failed(harness.store, "one", ADA, BEN, message_id=9)
    harness.discord.on_sent.then(failure)  # after the message was made
    await harness.run()
    await harness.run()
    first, second = harness.discord.sent
    assert (first.nonce, first.content) == (second.nonce, second.content)
    assert await harness.store.next_notification() is None


async def test_telling_is_given_up_after_about_an_hour(harness: NotifierHarness) -> None:
    await failed(harness.store, "one", ADA, message_id=9)
    harness.discord.on_send.then(*[error(500)] * (MAX_ATTEMPTS + 5))
    begun = harness.clock.now
    while await harness.store.next_notification() is not None:
        await harness.run()
    assert harness.discord.attempts == MAX_ATTEMPTS
    assert HOUR / 3 < harness.clock.now - begun < 1.5 * HOUR
    assert harness.discord.sent == []


async def test_each_end_has_a_message_of_its_own(harness: NotifierHarness) -> None:
    store = harness.store
    ext = await failed(store, "one", ADA, message_id=9)
    await harness.run()
    was = await stored(store, ext)
    open_again = replace(was, status=Status.SUBMITTED, revision=was.revision + 1)
    assert await store.save(open_again, was=was)
    await ask(store, ext, ADA)
    again = await fail(store, ext, at=NOW + MINUTE)
    await show(store, again)
    await harness.run()
    assert len({sent.nonce for sent in harness.discord.sent}) == 2


# Direct messages


async def test_where_the_bot_may_not_send_each_is_told_directly(harness: NotifierHarness) -> None:
    ext = await failed(harness.store, "one", ADA, BEN, message_id=9)
    harness.discord.on_send.then(error(403, 50013))
    await harness.run()
    assert [sent.channel_id for sent in harness.discord.sent] == [-ADA, -BEN]
    assert all(f"]({ext.reply.url}) didn't" in sent.content for sent in harness.discord.sent)
    assert await harness.store.next_notification() is None


async def test_member_who_can_not_be_told_is_left_out(harness: NotifierHarness) -> None:
    ext = await failed(harness.store, "one", ADA, BEN, CLEO, message_id=9)
    await harness.change_reply(ext, editable_by_bot=False, token_expires_at=None)
    harness.discord.on_send.then(error(403, 50007))  # Ada has the result itself
    await harness.run()
    assert [sent.channel_id for sent in harness.discord.sent] == [-CLEO]
    assert await harness.store.next_notification() is None


async def test_direct_message_that_fails_is_sent_to_those_who_have_none(
    harness: NotifierHarness,
) -> None:
    ext = await failed(harness.store, "one", BEN, CLEO, CLEO + 1, message_id=9)
    await harness.change_reply(ext, editable_by_bot=False)
    harness.discord.on_send.then(lambda: None, error(403, 50001))
    await harness.run()
    assert [sent.channel_id for sent in harness.discord.sent] == [-BEN]
    await harness.run()
    assert [sent.channel_id for sent in harness.discord.sent] == [-BEN, -CLEO, -CLEO - 1]


async def test_nobody_is_told_of_a_reply_that_is_gone(harness: NotifierHarness) -> None:
    ext = await failed(harness.store, "one", ADA, BEN, message_id=9)
    await harness.change_reply(ext, unreachable=True)
    await harness.run()
    assert harness.discord.attempts == 0
    assert await harness.store.next_notification() is None
