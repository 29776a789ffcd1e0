"""`/library` and `/clip`: what they show, and what they hide from whom."""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Iterable

from bot.domain.library import PAGE_SIZE
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.permissions import Permission
from sandbox.providers.clips import LinkKind
from tests.support.bot_harness import GREEN, RED, BotHarness, colour, labels, text

NAME = "suno_api"
PAGE_AND_ONE = [f"Song {number}" for number in range(PAGE_SIZE // 2 + 1)]
LONG_LYRICS = "\n".join(f"[Verse {number}]\nla *la* @everyone" for number in range(60))


async def finished_reply(
    harness: BotHarness,
    *,
    channel: Channel | None = None,
    member: Member | None = None,
    **options: object,
) -> Message:
    """Return the finished reply to an extension."""
    reply = await harness.extend(NAME, at="0:03", channel=channel, member=member, **options)
    await harness.finished(reply)
    assert colour(reply) == GREEN, text(reply)
    return reply


async def extend_in_turns(harness: BotHarness, titles: Iterable[str]) -> None:
    """Extend a clip once for each title, asked for in this order and finished together."""
    replies = [await harness.extend(NAME, at="0:03", title=title) for title in titles]
    for reply in replies:
        await harness.finished(reply)
        assert colour(reply) == GREEN, text(reply)


async def wait_for_audio(harness: BotHarness) -> None:
    """Wait until all replies have their audio, so that none is edited any more."""

    def is_done() -> bool:
        with contextlib.closing(sqlite3.connect(harness.database)) as db:
            pending = db.execute("SELECT 1 FROM audio WHERE is_queued OR uploads IS NOT NULL")
            return not pending.fetchall()

    await harness.until(is_done)


async def open_library(
    harness: BotHarness,
    *,
    member: Member | None = None,
    channel: Channel | None = None,
    **options: object,
) -> Message:
    """Return the answer to /library."""
    return ephemeral_answer(
        await (member or harness.ada).slash("library", channel=channel, **options)
    )


def ephemeral_answer(call: Interaction) -> Message:
    """Return an answer that only the member sees."""
    assert call.error is None, call.error
    assert call.message is not None
    assert call.message.is_ephemeral
    assert call.message.pinged == frozenset()
    return call.message


async def show_clip(
    harness: BotHarness,
    named: object,
    *,
    member: Member | None = None,
    channel: Channel | None = None,
) -> Message:
    """Return the answer to /clip, once it is complete."""
    call = await (member or harness.ada).slash("clip", clip=named, channel=channel)
    return await loaded_answer(harness, call)


async def loaded_answer(harness: BotHarness, call: Interaction) -> Message:
    """Return a deferred answer once it is complete."""
    message = ephemeral_answer(call)
    await harness.until(lambda: not message.is_loading)
    return message


def made_clips(harness: BotHarness, number: int = -1) -> list[str]:
    return harness.account(NAME).submissions[number].clip_ids


def footer(message: Message) -> str:
    return message.embeds[0].get("footer", {}).get("text", "")


async def test_library_lists_a_members_clips(harness: BotHarness) -> None:
    empty = await open_library(harness)
    assert "You haven't made any clips yet" in text(empty)
    assert "/extend" in text(empty)
    reply = await finished_reply(harness, title="Long *Road*")
    page = await open_library(harness, show="mine")
    assert page.embeds[0]["title"] == "Your clips"
    first, second = page.embeds[0]["description"].splitlines()
    pattern = (
        r"`{}` \*\*Long \\\*Road\\\* · part 2 · {}\*\* 0:\d\d · “Silver cities shine brightly” "
        r"· <t:\d+:R> · \[reply\]\({}\)"
    )
    for line, number, letter in ((first, 1, "A"), (second, 2, "B")):
        assert re.fullmatch(pattern.format(number, letter, reply.url), line)
    assert footer(page) == "page 1 of 1 · 2 clips"
    assert labels(page) == ["1", "2"]
    card = await loaded_answer(harness, await harness.ada.click(page, "2"))
    assert card.embeds[0]["title"] == r"Long \*Road\* · part 2 · B"


async def test_library_pages_turn_in_place_and_after_a_restart(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with harness.bot():
        await extend_in_turns(harness, PAGE_AND_ONE)
        page = await open_library(harness, show="this channel", search="song")
        assert footer(page) == f"page 1 of 2 · {PAGE_SIZE + 2} clips"
        await harness.ada.click(page, "Older ▶")
        assert footer(page) == f"page 2 of 2 · {PAGE_SIZE + 2} clips"
        assert text(page).count("Song 0") == 2
    async with harness.bot():
        newer = await harness.ada.click(page, "◀ Newer")
        assert newer.message is page
        assert footer(page) == f"page 1 of 2 · {PAGE_SIZE + 2} clips"
        assert page.embeds[0]["title"] == "Clips from this channel that match “song”"


async def test_library_search_accepts_any_text(harness: BotHarness) -> None:
    await finished_reply(harness, title="Łódź: 50%_off :2:")
    found = await open_library(harness, search="  łÓDŹ: 50%_OFF :2: ")
    assert footer(found) == "page 1 of 1 · 2 clips"
    none = await open_library(harness, search="@everyone **x**")
    assert r"Nothing here matches “\@everyone \*\*x\*\*”" in text(none)
    long = await open_library(harness, search="x" * 51)
    assert colour(long) == RED
    assert "too long to search for" in text(long)


async def test_library_shows_the_last_page_for_one_that_is_gone(harness: BotHarness) -> None:
    await extend_in_turns(harness, PAGE_AND_ONE)
    page = await open_library(harness)
    for clip_id in made_clips(harness, 0):
        card = await show_clip(harness, clip_id)
        question = ephemeral_answer(await harness.ada.click(card, "🗑️ Remove from library"))
        await harness.ada.click(question, "Remove")
    await harness.ada.click(page, "Older ▶")
    assert footer(page) == f"page 1 of 1 · {PAGE_SIZE} clips"
    assert "◀ Newer" not in labels(page)


async def test_clips_of_hidden_channels_are_nowhere(harness: BotHarness) -> None:
    state = harness.discord.state
    ben = harness.discord.member("Ben")
    secret = state.new_channel("secret")
    thread = state.new_thread("in secret", secret)
    state.set_overwrite(secret, ben.user, deny=Permission.VIEW_CHANNEL)
    hidden = [
        await finished_reply(harness, title="Hidden Song", channel=place)
        for place in (secret, thread)
    ]
    await finished_reply(harness, title="Direct Song", channel=harness.ada.dm)
    other_guild = state.new_guild("Other")
    state.join(other_guild, harness.ada.user)
    abroad = state.new_channel("abroad", other_guild)
    await finished_reply(harness, title="Foreign Song", channel=abroad)
    open_reply = await finished_reply(harness, title="Open Song")
    page = await open_library(harness, member=ben, show="this server")
    assert footer(page) == "page 1 of 1 · 2 clips"
    assert "Open Song" in text(page)
    assert "any clips yet" in text(await open_library(harness, member=ben))
    for command in ("clip", "extend"):
        choices = await ben.autocomplete(command, focused="clip", value="song")
        assert {choice["name"].split(" · ")[0] for choice in choices} == {"Open Song"}
    for number in range(4):
        refused = await show_clip(harness, made_clips(harness, number)[0], member=ben)
        assert "don't know that clip" in text(refused)
    for reply in hidden:
        assert "don't know that clip" in text(await show_clip(harness, reply.url, member=ben))
    assert "Open Song" in text(await show_clip(harness, open_reply.url, member=ben))
    assert footer(await open_library(harness, show="this server")) == "page 1 of 1 · 6 clips"
    assert footer(await open_library(harness)) == "page 1 of 2 · 10 clips"
    state.set_overwrite(secret, ben.user)
    page = await open_library(harness, member=ben, show="this server")
    assert footer(page) == "page 1 of 1 · 6 clips"


async def test_clips_of_archived_threads_are_listed_if_visible(offline_harness: BotHarness) -> None:
    harness = offline_harness
    state = harness.discord.state
    ben = harness.discord.member("Ben")
    secret = state.new_channel("secret")
    state.set_overwrite(secret, ben.user, deny=Permission.VIEW_CHANNEL)
    seen, unseen = state.new_thread("seen", state.channel), state.new_thread("unseen", secret)
    deleted = state.new_channel("deleted")
    async with harness.bot():
        for title, place in (("Seen", seen), ("Unseen", unseen), ("Deleted", deleted)):
            await finished_reply(harness, title=title, channel=place)
        await wait_for_audio(harness)
    for thread in (seen, unseen):
        state.archive(thread)
    state.delete_channel(deleted)
    async with harness.bot():
        for _ in range(2):
            page = await open_library(harness, member=ben, show="this server")
            assert footer(page) == "page 1 of 1 · 2 clips"
            assert "**Seen · part 2 · A**" in text(page)
        assert footer(await open_library(harness)) == "page 1 of 1 · 6 clips"


async def test_thread_that_can_not_be_fetched_is_hidden_meanwhile(
    offline_harness: BotHarness,
) -> None:
    harness = offline_harness
    ben = harness.discord.member("Ben")
    thread = harness.discord.state.new_thread("slow", harness.discord.state.channel)
    async with harness.bot():
        await finished_reply(harness, title="Slow", channel=thread)
        await wait_for_audio(harness)
    harness.discord.state.archive(thread)
    async with harness.bot():
        fault = harness.discord.faults.hang("GET", "/channels/{channel_id}")
        page = await open_library(harness, member=ben, show="this server")
        assert "no clips from this server that you can see" in text(page)
        assert fault.matched_requests
        fault.release()
        page = await open_library(harness, member=ben, show="this server")
        assert footer(page) == "page 1 of 1 · 2 clips"


async def test_private_thread_is_visible_from_inside_or_to_thread_managers(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    ben = harness.discord.member("Ben")
    thread = state.new_thread("secret", state.channel, private=True)
    reply = await finished_reply(harness, title="Hidden Song", channel=thread)
    assert "no clips from this server that you can see" in text(
        await open_library(harness, member=ben, show="this server")
    )
    assert "don't know that clip" in text(await show_clip(harness, reply.url, member=ben))
    inside = await open_library(harness, member=ben, show="this server", channel=thread)
    assert footer(inside) == "page 1 of 1 · 2 clips"
    state.set_overwrite(state.channel, ben.user, allow=Permission.MANAGE_THREADS)
    page = await open_library(harness, member=ben, show="this server")
    assert footer(page) == "page 1 of 1 · 2 clips"


async def test_library_of_the_server_is_refused_in_a_direct_message(harness: BotHarness) -> None:
    await finished_reply(harness, title="Direct Song", channel=harness.ada.dm)
    refused = await open_library(harness, show="this server", channel=harness.ada.dm)
    assert colour(refused) == RED
    assert "This only works in a server." in text(refused)
    for of in ("mine", "this channel"):
        assert (
            footer(await open_library(harness, show=of, channel=harness.ada.dm))
            == "page 1 of 1 · 2 clips"
        )


async def test_clip_shows_its_request_and_lineage(harness: BotHarness) -> None:
    first = await finished_reply(harness, title="Root Song", exclude="metal")
    call = await harness.ada.click(first, "Extend B")
    sent = await harness.ada.submit(call.modal)
    assert sent.message is not None
    await harness.finished(sent.message)
    await harness.ada.react(sent.message, "⏩")
    await harness.until(lambda: len(harness.ada.read(first.channel)) == 3)
    third = harness.ada.read(first.channel)[-1]
    await harness.finished(third)
    card = await show_clip(harness, made_clips(harness, 1)[0])
    said = text(card)
    assert card.embeds[0]["title"] == "Root Song · part 3 · A"
    assert "**Style** synthpop, dreamy" in said
    assert f"from [Root Song · part 2 · B]({first.url}) at 0:0" in said
    assert "> Silver cities" not in said
    assert "*Instrumental*" in said
    assert f"asked by {harness.ada.mention} <t:" in said
    assert f"└ [Root Song · part 2 · B]({first.url})" in said
    assert "└ **Root Song · part 3 · A**" in said
    assert "**Other version** B · Root Song" in said
    assert f"**Continued here** [Root Song · part 4]({third.url})" in said
    assert footer(card) == "suno-api"
    assert labels(card) == ["▶ Listen", "Extend", "🗑️ Remove from library", "Show B"]
    root = await show_clip(harness, first.url)
    assert "**Excluded styles** metal" in text(root)
    assert "> Silver cities shine brightly" in text(root)
    sibling = await loaded_answer(harness, await harness.ada.click(root, "Show B"))
    assert sibling.embeds[0]["title"] == "Root Song · part 2 · B"
    extending = await harness.ada.click(sibling, "Extend")
    assert extending.modal is not None


async def test_clip_shows_a_source_made_elsewhere(harness: BotHarness) -> None:
    await finished_reply(harness)
    card = await show_clip(harness, f"https://suno.com/song/{harness.source(NAME)}")
    assert "made elsewhere, continued here" in text(card)
    assert "▶ Listen" in labels(card)
    assert "🗑️ Remove from library" not in labels(card)
    refused = await show_clip(harness, "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab")
    assert colour(refused) == RED
    assert "don't know that clip" in text(refused)
    assert "I can't find “nonsense”." in text(
        ephemeral_answer(await harness.ada.slash("clip", clip="nonsense"))
    )


async def test_clip_attaches_long_lyrics_as_a_file(harness: BotHarness) -> None:
    reply = await finished_reply(harness, lyrics=LONG_LYRICS)
    card = await show_clip(harness, reply.url)
    assert [each.filename for each in card.attachments] == ["lyrics.txt"]
    assert card.attachments[0].content.decode() == LONG_LYRICS
    assert "`lyrics.txt`" in text(card)
    assert r"\*la\* \@everyone" in text(card)


async def test_clip_shows_long_lyrics_as_text_without_attach_permission(
    harness: BotHarness,
) -> None:
    state = harness.discord.state
    state.set_overwrite(state.channel, state.bot, deny=Permission.ATTACH_FILES)
    reply = await finished_reply(harness, lyrics=LONG_LYRICS)
    call = await harness.ada.slash("clip", clip=reply.url)
    card = await loaded_answer(harness, call)
    assert not card.attachments
    assert "All lyrics are below" in text(card)
    await harness.until(lambda: "Verse 59" in "".join(map(text, call.followups)))
    assert all(message.is_ephemeral for message in call.followups)
    assert sum(text(message).count(r"\@everyone") for message in call.followups) == 60


async def test_clip_says_that_its_link_was_withdrawn(harness: BotHarness) -> None:
    await finished_reply(harness)
    clip_id = made_clips(harness)[0]
    assert "▶ Listen" in labels(await show_clip(harness, clip_id))
    harness.account(NAME).clips[clip_id].link_kind = LinkKind.FORBIDDEN
    card = await show_clip(harness, clip_id)
    assert "can't be played any more" in text(card)
    assert "▶ Listen" not in labels(card)
    assert footer(await open_library(harness)) == "page 1 of 1 · 1 clip"


async def test_member_removes_a_clip_from_the_library(offline_harness: BotHarness) -> None:
    harness = offline_harness
    ben = harness.discord.member("Ben")
    async with harness.bot():
        reply = await finished_reply(harness, title="Mine")
        clip_id = made_clips(harness)[0]
        following = await finished_reply(harness, clip=clip_id, title="Yours", member=ben)
        assert "🗑️ Remove from library" not in labels(await show_clip(harness, clip_id, member=ben))
        card = await show_clip(harness, clip_id)
        kept = ephemeral_answer(await harness.ada.click(card, "🗑️ Remove from library"))
        assert "Remove “Mine · part 2 · A” from the library?" in text(kept)
        await harness.ada.click(kept, "Keep")
        assert "stays in the library" in text(kept)
        assert labels(kept) == []
        question = ephemeral_answer(await harness.ada.click(card, "🗑️ Remove from library"))
    async with harness.bot():
        await harness.ada.click(question, "Remove")
        assert "“Mine · part 2 · A” was removed from the library." in text(question)
        assert "reply and its audio stay" in text(question)
        assert labels(question) == []
        again = ephemeral_answer(await harness.ada.click(card, "🗑️ Remove from library"))
        assert "was removed from the library" in text(again)
        page = await open_library(harness, show="this channel")
        assert footer(page) == "page 1 of 1 · 3 clips"
        choices = await ben.autocomplete("clip", focused="clip", value="mine")
        assert [choice["value"] for choice in choices] == [made_clips(harness, 0)[1]]
        tree = text(await show_clip(harness, following.url, member=ben))
        assert "└ *(removed)*, continued from 0:03" in tree
        assert reply.url not in tree
        assert "Mine" not in tree
        assert "Mine" in text(reply)


async def test_two_clicks_remove_a_clip_once(harness: BotHarness) -> None:
    await finished_reply(harness)
    card = await show_clip(harness, made_clips(harness)[0])
    question = ephemeral_answer(await harness.ada.click(card, "🗑️ Remove from library"))
    calls = await asyncio.gather(*(harness.ada.click(question, "Remove") for _ in range(2)))
    assert all(call.error is None for call in calls)
    assert footer(await open_library(harness)) == "page 1 of 1 · 1 clip"
