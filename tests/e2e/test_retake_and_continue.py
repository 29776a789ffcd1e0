"""Finished replies are extended and retaken: by button, command, menu and reaction, at any age."""

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from bot.interactions.first_reply import MIN_EDIT_INTERVAL
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.providers.request_log import Submission
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, failures_of, labels, text

NAME = "suno_api"


@dataclass
class Finished:
    """A finished reply in a channel of its own, and the member who extends it again."""

    harness: BotHarness
    member: Member
    reply: Message
    title: str

    @property
    def submissions(self) -> list[Submission]:
        """What the provider was sent for this reply and those that continue it."""
        sent = self.harness.account(NAME).submissions
        return [each for each in sent if each.request["title"] == self.title]


async def extend_b(first: Finished) -> None:
    call = await first.member.click(first.reply, "Extend B")
    assert call.modal is not None, call.message and text(call.message)
    assert call.modal.fields["at"]["value"] == "end"
    await first.member.submit(call.modal)


async def retake_by_button(first: Finished) -> None:
    await first.member.click(first.reply, "🔁 Another take")


async def retake_by_command(first: Finished) -> None:
    reply = first.reply
    await first.member.slash("reply", link=reply.url, do="another take", channel=reply.channel)


async def extend_by_menu(first: Finished) -> None:
    question = await first.member.context_menu("Extend this song", first.reply)
    assert question.is_ephemeral
    assert question.message is not None
    assert labels(question.message) == ["Extend A", "Extend B"]
    call = await first.member.click(question.message, "Extend A")
    await first.member.submit(call.modal)


async def extend_by_link_in_a_message(first: Finished) -> None:
    clip = first.submissions[0].clip_ids[0]
    link = f"listen: https://suno.com/song/{clip}?sh=1 !"
    other = await first.member.say(first.reply.channel, link)
    call = await first.member.context_menu("Extend this song", other)
    await first.member.submit(call.modal)


async def retake_by_reaction(first: Finished) -> None:
    await first.member.react(first.reply, "🔁")


async def extend_by_reaction(first: Finished) -> None:
    await first.member.react(first.reply, "⏩")


Act = Callable[[Finished], Awaitable[None]]
IN_DIRECT_MESSAGES: tuple[Act, ...] = (extend_b, retake_by_button, retake_by_command)
IN_SERVERS: tuple[Act, ...] = (
    *IN_DIRECT_MESSAGES,
    extend_by_menu,
    extend_by_link_in_a_message,
    retake_by_reaction,
    extend_by_reaction,
)
RETAKES = (retake_by_button, retake_by_command, retake_by_reaction)
REACTIONS = (retake_by_reaction, extend_by_reaction)


def new_place(harness: BotHarness, kind: str, name: str) -> tuple[Member, Channel]:
    """Return a member, and a channel in which only this member extends songs."""
    state, member = harness.discord.state, harness.discord.member(name)
    match kind:
        case "thread":
            return member, state.new_thread(name, state.channel)
        case "direct message":
            return member, member.dm
        case _:
            return member, state.new_channel(name)


async def finished_reply(harness: BotHarness, kind: str, act: Act) -> Finished:
    """Return a new finished reply for ``act``."""
    title = f"{act.__name__} in a {kind}"
    member, channel = new_place(harness, kind, title)
    reply = await harness.extend(NAME, at="0:10", title=title, member=member, channel=channel)
    await harness.finished(reply)
    return Finished(harness, member, reply, title)


async def assert_extends_again(first: Finished, act: Act) -> None:
    """Act on a finished reply, and check the new one once it is final."""
    harness, reply = first.harness, first.reply
    await act(first)
    await harness.until(lambda: len(replies(harness, reply.channel, first.member)) == 2)
    second = replies(harness, reply.channel, first.member)[1]
    await harness.finished(second)
    assert colour(second) == GREEN, text(second)
    assert f" · {first.member.mention}" in text(second)
    assert second.pinged == frozenset()
    one, two = first.submissions
    if act in RETAKES:
        assert two.request == one.request
        assert f"another take of [{first.title} · part 2]({reply.url})" in text(second).replace(
            "\\", ""
        )
    else:
        assert two.request["audio_id"] == one.clip_ids[1 if act is extend_b else 0]
        assert f"]({reply.url}) at" in text(second)
    if act in REACTIONS:
        assert second.reply_to is reply


def replies(harness: BotHarness, channel: Channel, reader: Member | None = None) -> list[Message]:
    """Return Encore's public replies, oldest first."""
    bot = harness.discord.state.bot
    seen = (reader or harness.ada).read(channel)
    public = [each for each in seen if each.author is bot and not each.is_ephemeral]
    return [message for message in public if "From " in text(message)]


async def test_every_act_extends_again_in_each_kind_of_channel(harness: BotHarness) -> None:
    async def attempt(kind: str, act: Act) -> None:
        await assert_extends_again(await finished_reply(harness, kind, act), act)

    attempts = {
        f"{act.__name__} in a {kind}": attempt(kind, act)
        for kind, acts in (
            ("channel", IN_SERVERS),
            ("thread", IN_SERVERS),
            ("direct message", IN_DIRECT_MESSAGES),
        )
        for act in acts
    }
    assert await failures_of(attempts) == {}


async def test_every_act_extends_again_after_a_restart(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with harness.bot():
        replies = [finished_reply(harness, "channel", act) for act in IN_SERVERS]
        firsts = await asyncio.gather(*replies)
    async with harness.bot():
        attempts = {
            act.__name__: assert_extends_again(first, act)
            for act, first in zip(IN_SERVERS, firsts, strict=True)
        }
        assert await failures_of(attempts) == {}


async def test_reply_links_its_continuations_with_few_edits(harness: BotHarness) -> None:
    first = await harness.extend("aimlapi", at="0:10", title="Long Road")
    await harness.finished(first)
    edits = first.edit_count
    names = ("Ben", "Cleo", "Dora")
    members = [harness.discord.member(name) for name in names]
    for member in members:
        await member.react(first, "⏩")
    await harness.until(lambda: "continued here" in text(first), within=30)
    await harness.until(lambda: len(replies(harness, first.channel)) == 4)
    for reply in replies(harness, first.channel)[1:]:
        await harness.until(lambda link=reply.url: link in text(first), within=30)
    assert first.edit_count - edits <= 2


async def test_a_double_click_takes_once(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    calls = await asyncio.gather(*(harness.ada.click(first, "🔁 Another take") for _ in range(2)))
    await harness.finished(replies(harness, first.channel)[1])
    assert len(harness.account(NAME).submissions) == 2
    answers = [call.message for call in calls if call.message and call.is_ephemeral]
    assert ["sent this already" in text(answer) for answer in answers] == [True]


@pytest.mark.parametrize("emoji", ["🔁", "⏩"])
async def test_a_reaction_counts_once_for_ever(harness: BotHarness, emoji: str) -> None:
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    await harness.ada.react(first, emoji)
    harness.discord.gateway.resend_last("MESSAGE_REACTION_ADD")
    await harness.ada.unreact(first, emoji)
    await harness.ada.react(first, emoji)
    await harness.until(lambda: len(replies(harness, first.channel)) == 2)
    await harness.finished(replies(harness, first.channel)[1])
    assert len(harness.account(NAME).submissions) == 2
    await harness.discord.member("Ben").react(first, emoji)
    await harness.until(lambda: len(harness.account(NAME).submissions) == 3)


async def test_reactions_that_mean_nothing_do_nothing(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    await harness.ada.react(first, "🔁")  # not finished yet
    await harness.finished(first)
    await harness.ada.react(first, "👍")
    other = await harness.ada.say(None, "not a link to one of my")
    await harness.ada.react(other, "🔁")
    second = await harness.extend(NAME, at="0:12")
    await harness.finished(second)
    assert len(harness.account(NAME).submissions) == 2


@contextlib.asynccontextmanager
async def limited(harness: BotHarness, **limits: str) -> AsyncIterator[None]:
    harness.overrides.update(limits)
    harness.providers.clock.speed = 0.01
    async with harness.bot():
        yield


async def test_too_much_at_once_is_refused_with_links_and_nothing_is_lost(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    async with limited(harness, ENCORE_MEMBER_LIMIT="2"):
        running = [await harness.extend("aimlapi", at="0:10") for _ in range(2)]
        for reply in running:  # its link is known once it has been edited
            await harness.until(lambda shown=reply: shown.edit_count)
        refused = await harness.ask("aimlapi", at="0:10", lyrics="my third song")
        assert refused.is_ephemeral
        assert refused.message is not None
        said = text(refused.message)
        assert "you have 2 extensions in progress" in said
        for reply in running:
            assert reply.url in said
        opened = await harness.ada.click(refused.message, "✏️ Edit & send")
        assert opened.modal is not None
        assert opened.modal.fields["lyrics"]["value"] == "my third song"
        ben = harness.discord.member("Ben")
        assert not (await harness.ask("aimlapi", at="0:10", member=ben)).is_ephemeral


async def test_a_channel_has_a_limit_too(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with limited(harness, ENCORE_CHANNEL_LIMIT="1"):
        await harness.extend("aimlapi", at="0:10")
        ben = harness.discord.member("Ben")
        refused = await harness.ask("aimlapi", at="0:10", member=ben)
        assert refused.message is not None
        assert "this channel has 1 extension in progress" in text(refused.message)


async def test_fifty_members_react_at_once(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.min_edit_interval = MIN_EDIT_INTERVAL
    harness.overrides.update(ENCORE_MEMBER_LIMIT="2", ENCORE_CHANNEL_LIMIT="10")
    async with harness.bot():
        first = await harness.extend(NAME, at="0:10")
        await harness.finished(first)
        members = [harness.discord.member(f"Member {number}") for number in range(50)]
        harness.providers.clock.speed = 0.01  # none is finished before all have reacted
        for member in members:
            await member.react(first, "🔁")
        await harness.until(
            lambda: (
                sum(bool(m.read(m.dm)) for m in members) == 40
                and len(replies(harness, first.channel)) == 11
            ),
            within=180,
        )
        harness.providers.clock.speed = 1.0
        made = replies(harness, first.channel)[1:]
        for reply in made:
            await harness.finished(reply, within=180)
        assert {colour(reply) for reply in made} == {GREEN}
        asked = [next(m for m in members if m.mention in text(reply)) for reply in made]
        assert asked == members[:10]
        for member in members[10:]:
            [refusal] = member.read(member.dm)
            assert "this channel has 10 extensions in progress" in text(refusal)
        for reply in made:
            times = [at for at, _ in reply.history]
            assert all(b - a >= 1.5 for a, b in itertools.pairwise(times))
        limited = [r.route for r in harness.discord.requests if r.status == 429]
        assert limited == []
        assert len(harness.account(NAME).submissions) == 11


@pytest.mark.parametrize(
    ("denied", "name"),
    [
        (Permission.SEND_MESSAGES, "Send Messages"),
        (Permission.EMBED_LINKS, "Embed Links"),
    ],
)
async def test_a_missing_permission_is_told_by_its_name(
    harness: BotHarness, denied: Permission, name: str
) -> None:
    state = harness.discord.state
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    state.set_overwrite(state.channel, state.bot, deny=denied)
    await harness.ada.react(first, "🔁")
    await harness.until(lambda: harness.ada.read(harness.ada.dm))
    [refusal] = harness.ada.read(harness.ada.dm)
    assert "Encore needs the *" in text(refusal)
    assert f"*{name}*" in text(refusal)
    assert len(harness.account(NAME).submissions) == 1
    by_button = await harness.ada.click(first, "🔁 Another take")
    assert by_button.message is not None
    await harness.finished(by_button.message)
    assert colour(by_button.message) == GREEN


async def test_without_the_history_a_reaction_is_answered_all_the_same(harness: BotHarness) -> None:
    state = harness.discord.state
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    state.set_overwrite(state.channel, state.bot, deny=Permission.READ_MESSAGE_HISTORY)
    await harness.ada.react(first, "🔁")
    await harness.until(lambda: len(replies(harness, first.channel)) == 2)
    await harness.finished(replies(harness, first.channel)[1])
    assert colour(replies(harness, first.channel)[1]) == GREEN


async def test_a_closed_thread_refuses_kindly(harness: BotHarness) -> None:
    state = harness.discord.state
    thread = state.new_thread("done", state.channel)
    first = await harness.extend(NAME, at="0:10", channel=thread)
    await harness.until(lambda: first.attachments)  # nothing more is to be shown there
    state.archive(thread, locked=True)
    with contextlib.suppress(Exception):
        await harness.ada.react(first, "🔁")
    again = await harness.extend(NAME, at="0:12")
    await harness.finished(again)
    assert colour(again) == GREEN


async def test_button_checks_the_members_current_permissions(harness: BotHarness) -> None:
    state = harness.discord.state
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    state.set_overwrite(state.channel, harness.ada.user, deny=Permission.USE_APPLICATION_COMMANDS)
    call = await harness.ada.click(first, "🔁 Another take")
    assert call.message is not None
    assert call.is_ephemeral
    assert "can't use Encore" in text(call.message)
    assert len(harness.account(NAME).submissions) == 1


async def test_reply_command_acts_in_its_own_channel_alone(harness: BotHarness) -> None:
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    elsewhere = harness.discord.state.new_channel("elsewhere")
    call = await harness.ada.slash("reply", link=first.url, do="another take", channel=elsewhere)
    assert call.is_ephemeral
    assert call.message is not None
    assert "another channel" in text(call.message)
    assert len(harness.account(NAME).submissions) == 1


async def test_finished_reply_says_that_it_is_finished(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10")
    await harness.finished(reply)
    for do, said in (("cancel", "It's already finished"), ("check again", "Nothing new yet")):
        call = await harness.ada.slash("reply", link=reply.url, do=do)
        assert call.message is not None, call.error
        assert call.is_ephemeral
        await harness.until(lambda call=call, said=said: said in text(call.message))


@pytest.mark.parametrize("verb", ["cancel", "check", "again", "take", "song"])
async def test_button_of_a_reply_that_is_elsewhere_is_refused(
    harness: BotHarness, verb: str
) -> None:
    state = harness.discord.state
    reply = await harness.extend(NAME, at="0:10")
    await harness.finished(reply)
    elsewhere = state.new_channel("elsewhere")
    ben = harness.discord.member("Ben")
    forged = await harness.extend(NAME, at="0:12", member=ben, channel=elsewhere)
    await harness.finished(forged)
    buttons = [button for row in forged.components for button in row["components"]]
    next(each for each in buttons if "custom_id" in each)["custom_id"] = f"ext:{verb}:1"
    state.set_overwrite(elsewhere, ben.user, allow=Permission.MANAGE_MESSAGES)
    call = await ben.click(forged, f"ext:{verb}:1")
    assert call.message is not None
    assert "is in another channel" in text(call.message)
    assert len(harness.account(NAME).submissions) == 2


async def test_refused_reactions_are_answered_once_a_minute(harness: BotHarness) -> None:
    state = harness.discord.state
    first = await harness.extend(NAME, at="0:10")
    await harness.finished(first)
    state.set_overwrite(state.channel, state.bot, deny=Permission.EMBED_LINKS)
    ben = harness.discord.member("Ben")
    for _ in range(3):
        await harness.ada.react(first, "🔁")
        await harness.ada.unreact(first, "🔁")
    await ben.react(first, "🔁")
    await harness.until(lambda: ben.read(ben.dm))
    await asyncio.sleep(0.2)  # for messages that must not come
    assert len(harness.ada.read(harness.ada.dm)) == 1
    assert len(ben.read(ben.dm)) == 1


async def test_only_asking_member_or_moderator_cancels(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.overrides.update(SUNOSAY_SUBMIT_EVERY="600")
    async with harness.bot():
        await harness.extend("sunosay", at="0:10")
        waiting = await harness.extend("sunosay", at="0:11")
        ben = harness.discord.member("Ben")
        refused = await ben.click(waiting, "Cancel")
        await harness.until(lambda: refused.followups)
        assert "can cancel it" in text(refused.followups[0])
        assert refused.followups[0].is_ephemeral
        await harness.ada.click(waiting, "Cancel")
        await harness.until(lambda: "Cancelled" in text(waiting))
        opened = await harness.ada.click(waiting, "✏️ Edit & send")
        assert opened.modal is not None
        assert opened.modal.fields["at"]["value"] == "0:11"
    assert colour(waiting) != RED


async def test_all_lyrics_are_shown_to_who_presses(harness: BotHarness) -> None:
    ben = harness.discord.member("Ben")
    lyrics = "\n".join(f"line {number}" for number in range(9))
    reply = await harness.extend(NAME, at="0:10", lyrics=lyrics)
    call = await ben.click(reply, "📄 Lyrics")
    assert call.is_ephemeral
    assert call.message is not None, call.error
    assert lyrics in text(call.message)


async def test_long_lyrics_are_a_file_or_several_messages(harness: BotHarness) -> None:
    state = harness.discord.state
    lyrics = "\n".join(f"line {number} of a long song" for number in range(120))
    reply = await harness.extend(NAME, at="0:10", lyrics=lyrics)
    await harness.finished(reply)
    call = await harness.ada.click(reply, "📄 Lyrics")
    assert call.is_ephemeral
    assert call.message is not None, call.error
    [file] = call.message.attachments
    assert (file.filename, file.content.decode()) == ("lyrics.txt", lyrics)
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    call = await harness.ada.slash("reply", link=reply.url, do="lyrics")
    assert call.message is not None, call.error
    await harness.until(lambda: call.followups)
    parts = [call.message, *call.followups]
    assert all(each.is_ephemeral and not each.attachments for each in parts)
    assert "line 0 of" in text(parts[0])
    assert "line 119 of" in text(parts[-1])


async def test_reply_without_lyrics_says_so(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10", lyrics=None)
    await harness.finished(reply)
    call = await harness.ada.slash("reply", link=reply.url, do="lyrics")
    assert call.message is not None, call.error
    assert "That reply has no lyrics" in text(call.message)


async def cancelled_reply(harness: BotHarness, **options: object) -> Message:
    """Return a reply that waits behind another one, and was cancelled."""
    await harness.extend("sunosay", at="0:10")
    waiting = await harness.extend("sunosay", at="0:11", **options)
    await harness.ada.click(waiting, "Cancel")
    await harness.until(lambda: "🗑️ Delete" in labels(waiting))
    return waiting


async def test_cancelled_reply_is_deleted_by_who_asked(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.overrides.update(SUNOSAY_SUBMIT_EVERY="600")
    async with harness.bot():
        reply = await cancelled_reply(harness)
        refused = await harness.discord.member("Ben").click(reply, "🗑️ Delete")
        await harness.until(lambda: refused.followups)
        assert "or a moderator can delete it" in text(refused.followups[0])
        assert not reply.deleted
        await harness.ada.click(reply, "🗑️ Delete")
        await harness.until(lambda: reply.deleted)
    with sqlite3.connect(harness.database) as db:
        [[unreachable]] = db.execute("SELECT reply_unreachable FROM extensions WHERE id = 2")
    db.close()
    assert unreachable
    assert harness.ada.read(harness.ada.dm) == []


async def test_reply_that_can_not_be_deleted_says_why(offline_harness: BotHarness) -> None:
    harness = offline_harness
    harness.overrides.update(SUNOSAY_SUBMIT_EVERY="600")
    async with harness.bot():
        reply = await cancelled_reply(harness)
        harness.discord.faults.answer(
            "DELETE", "/channels/{channel_id}/messages/{message_id}", status=403, code=50013
        )
        call = await harness.ada.slash("reply", link=reply.url, do="delete")
        await harness.until(lambda: call.message and "couldn't delete it" in text(call.message))
        assert call.message is not None
        assert "ordered by a test" in text(call.message)
        assert not reply.deleted
        for _ in range(2):  # the second time it is gone already
            again = await harness.ada.slash("reply", link=reply.url, do="delete")
            await harness.until(lambda c=again: c.message and "was deleted" in text(c.message))
            assert reply.deleted


async def test_complete_reply_is_changed_and_redone_by_anybody(harness: BotHarness) -> None:
    reply = await harness.extend(NAME, at="0:10", lyrics="Neon on the water")
    await harness.finished(reply)
    opened = await harness.discord.member("Ben").click(reply, "✏️ Change & redo")
    assert opened.modal is not None
    assert opened.modal.fields["lyrics"]["value"] == "Neon on the water"
