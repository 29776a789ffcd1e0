"""Threads on the page, with a scripted bot: boards with selects and buttons, opened from a card."""

import time

import pytest
from playwright.async_api import Page, expect

from sandbox.discord.models import Channel, Message
from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import EPHEMERAL, MESSAGE, MODAL, Payload, ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

PLACEHOLDER = "Vote for what comes next"


def row(*components: Payload) -> Payload:
    return {"type": 1, "components": list(components)}


def button(label: str, custom_id: str) -> Payload:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id}


def vote_select() -> Payload:
    words = ("Neon rain on the window", "Run, run", "The song ends here")
    options = [
        {"label": f"{number} · {each}", "value": f"p{number}", "description": "Verse · Bo"}
        for number, each in enumerate(words, start=1)
    ]
    return {"type": 3, "custom_id": "pick", "placeholder": PLACEHOLDER, "options": options}


def card_with_thread(discord: DiscordServer, bot: ScriptedBot) -> tuple[Message, Channel]:
    state = discord.state
    card = bot.post(embeds=[{"title": "🎶 Electric Dreams", "description": "A song to write"}])
    return card, state.new_thread("🎵 Electric Dreams", state.channel, owner=state.bot, start=card)


def board(bot: ScriptedBot, thread: Channel) -> Message:
    ends = int(time.time()) + 45
    embeds = [
        {"color": 0xFEE75C, "description": f"**3 have voted.** It ends <t:{ends}:R>."},
        {"color": 0xFEE75C, "title": "Proposals", "description": "1 · Neon rain on the window"},
    ]
    rows = [row(vote_select()), row(button("Write a part", "write"))]
    return bot.post(channel=thread, embeds=embeds, components=rows)


async def open_thread(page: Page) -> None:
    await page.locator("button.thread").click()
    await page.get_by_role("heading", name="🎵 Electric Dreams", exact=True).first.wait_for()


async def test_thread_is_opened_from_its_message_and_left_again(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    _, thread = card_with_thread(discord, bot)
    link = page.locator("button.thread")
    await expect(link).to_contain_text("🎵 Electric Dreams0 Messages")
    bot.post(channel=thread, content="Round 1")
    await expect(link).to_contain_text("1 Message ")
    await open_thread(page)
    shown = page.locator(".message")
    # it begins with the message from which it was started, which does not link to itself
    await expect(shown).to_have_count(2)
    await expect(shown.first).to_contain_text("A song to write")
    await expect(page.locator("button.thread")).to_have_count(0)
    await expect(page.locator("#welcome")).to_contain_text("Started by Bot")
    await page.get_by_role("button", name="Back to #songs").click()
    await expect(page.get_by_role("heading", name="songs", exact=True)).to_be_visible()
    await expect(link).to_be_visible()


async def test_board_is_voted_on_by_keyboard(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    def vote(received: Payload) -> Payload:
        words = f"Your vote: {received['data']['values'][0]}"
        return {"type": MESSAGE, "data": {"content": words, "flags": EPHEMERAL}}

    bot.answer_with("pick", vote)
    card, thread = card_with_thread(discord, bot)
    board(bot, thread)
    await open_thread(page)
    await expect(page.locator(".embed")).to_have_count(3)
    clock = page.locator("time.moment")
    before = await clock.inner_text()
    assert before.startswith("in 4")
    await expect(clock).not_to_have_text(before)
    menu = page.get_by_role("combobox", name=PLACEHOLDER)
    await menu.focus()
    await page.keyboard.press("Enter")
    option = page.get_by_role("option", name="2 · Run, run Verse · Bo")
    await expect(option).to_be_visible()
    for key in ("ArrowDown", "Escape"):
        await page.keyboard.press(key)
    await expect(option).to_be_hidden()
    await expect(menu).to_be_focused()
    await expect(menu).to_contain_text(PLACEHOLDER)
    for key in ("ArrowDown", "End", "ArrowUp"):
        await page.keyboard.press(key)
    active = await menu.get_attribute("aria-activedescendant")
    assert await page.locator(f"#{active}").inner_text() == "2 · Run, run\nVerse · Bo"
    await page.keyboard.press("Enter")
    answer = page.locator(".message").last
    await expect(answer).to_contain_text("Your vote: p2")
    await expect(answer).to_contain_text("Only you can see this")
    assert bot.received[-1]["channel_id"] == str(thread.id)
    # only the board counts where the thread began
    await page.get_by_role("button", name="Back to #songs").click()
    await expect(page.locator(f'[data-id="{card.id}"]')).to_contain_text("1 Message ")


async def test_open_select_stays_open_while_its_board_changes(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    _, thread = card_with_thread(discord, bot)
    sent = board(bot, thread)
    await open_thread(page)
    menu = page.get_by_role("combobox", name=PLACEHOLDER)
    await menu.focus()
    for key in ("Enter", "ArrowDown"):
        await page.keyboard.press(key)
    # others write meanwhile, and the board has one more to vote for
    for number in (1, 2):
        bot.post(channel=thread, content=f"Proposal {number}")
    await expect(page.get_by_text("Proposal 2", exact=True)).to_be_visible()
    select = vote_select()
    select["options"].append({"label": "4 · Slow now", "value": "p4"})
    bot.edit(sent, components=[row(select)])
    await expect(page.get_by_role("option")).to_have_count(4)
    await expect(page.get_by_role("option", name="2 · Run, run")).to_be_visible()
    await expect(menu).to_be_focused()
    active = await menu.get_attribute("aria-activedescendant")
    assert (await page.locator(f"#{active}").inner_text()).startswith("2 · Run, run")


async def test_modal_is_opened_and_submitted_in_a_thread(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    lyrics = {"type": 4, "custom_id": "lyrics", "style": 2, "max_length": 4000}
    label = {"type": 18, "label": "Lyrics", "component": lyrics}
    form = {"title": "Round 1 · your part", "custom_id": "draft", "components": [label]}
    bot.answer_with("write", lambda _told: {"type": MODAL, "data": form})
    bot.answer_with("draft", lambda _told: {"type": MESSAGE, "data": {"content": "Proposal 1"}})
    _, thread = card_with_thread(discord, bot)
    board(bot, thread)
    await open_thread(page)
    await page.get_by_role("button", name="Write a part").click()
    dialog = page.get_by_role("dialog", name="Round 1 · your part")
    await dialog.get_by_label("Lyrics").fill("Neon rain on the window")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message").last).to_contain_text("Proposal 1")
    assert bot.received[-1]["channel_id"] == str(thread.id)


async def test_links_lead_to_threads_and_to_their_messages(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    card, thread = card_with_thread(discord, bot)
    sent = board(bot, thread)
    place = f"https://discord.com/channels/{discord.state.guild.id}"
    join = {"type": 2, "style": 5, "label": "Join in", "url": f"{place}/{thread.id}"}
    bot.edit(card, components=[row(join)])
    await page.get_by_role("link", name="Join in").click()
    heading = page.get_by_role("heading", name="🎵 Electric Dreams", exact=True).first
    await expect(heading).to_be_visible()
    assert len(page.context.pages) == 1
    bot.post(content=f"[Its board]({place}/{thread.id}/{sent.id})")
    await page.get_by_role("button", name="Back to #songs").click()
    await page.get_by_role("link", name="Its board").click()
    await expect(page.locator(f'.message[data-id="{sent.id}"]')).to_be_focused()


async def test_archived_and_locked_threads_are_marked(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    bot.answer_with("write", lambda _told: {"type": MESSAGE, "data": {"content": "Gladly"}})
    _, thread = card_with_thread(discord, bot)
    board(bot, thread)
    await open_thread(page)
    mark = page.locator(".thread-state")
    await expect(mark).to_have_count(0)
    discord.state.archive(thread, archived=True)
    await expect(mark).to_have_text("archived")
    # a press opens it
    await page.get_by_role("button", name="Write a part").click()
    await expect(page.locator(".message").last).to_contain_text("Gladly")
    await expect(mark).to_have_count(0)
    discord.state.archive(thread, archived=False, locked=True)
    await expect(mark).to_have_text("locked")
    await expect(page.get_by_role("button", name="Write a part")).to_be_disabled()
    await expect(page.get_by_role("combobox", name=PLACEHOLDER)).to_be_disabled()
    discord.state.archive(thread, archived=False)
    await expect(page.get_by_role("button", name="Write a part")).to_be_enabled()


async def test_deleted_channel_is_left_with_its_threads(page: Page, discord: DiscordServer) -> None:
    verses = discord.state.new_channel("verses")
    discord.state.new_thread("takes", verses)
    channels = page.get_by_role("navigation", name="Channels")
    await channels.get_by_role("button", name="takes").click()
    await expect(page.get_by_role("heading", name="takes", exact=True).first).to_be_visible()
    discord.delete(verses)
    await expect(page.get_by_role("heading", name="songs", exact=True)).to_be_visible()
    await expect(channels.get_by_role("button")).to_have_count(1)


@pytest.mark.parametrize("width", [360, 1440])
async def test_board_fits_into_the_window(
    page: Page, bot: ScriptedBot, discord: DiscordServer, width: int
) -> None:
    _, thread = card_with_thread(discord, bot)
    board(bot, thread)
    await page.set_viewport_size({"width": width, "height": 740})
    await open_thread(page)
    menu = page.get_by_role("combobox", name=PLACEHOLDER)
    await menu.click()
    box = await page.get_by_role("listbox", name=PLACEHOLDER).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await page.locator("#scroll").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
