"""Where the keyboard's focus goes when something closes, or is drawn anew."""

import pytest
from playwright.async_api import Page, expect

from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"width": 360, "height": 740}


async def test_skip_link_leads_to_the_message_box(page: Page) -> None:
    skip = page.get_by_role("link", name="Skip to the message box")
    await page.keyboard.press("Tab")
    await expect(skip).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_drawer_takes_the_focus_and_gives_it_back(page: Page, discord: DiscordServer) -> None:
    discord.state.new_channel("other")
    await page.set_viewport_size(NARROW)
    menu = page.get_by_role("button", name="Channels", exact=True)
    await menu.focus()
    await page.keyboard.press("Enter")
    channel = page.get_by_role("button", name="songs", exact=True)
    await expect(channel).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="other", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="other", exact=True)).to_be_visible()
    await expect(page.locator("#scroll")).to_be_focused()


async def test_press_beside_the_drawer_closes_it(page: Page) -> None:
    await page.set_viewport_size(NARROW)
    await page.get_by_role("button", name="Channels", exact=True).click()
    await expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
    await page.mouse.click(350, 300)
    await expect(page.get_by_role("navigation", name="Channels")).to_be_hidden()
    await page.get_by_role("textbox", name="Message").click()


async def test_chosen_channel_keeps_the_focus(page: Page, discord: DiscordServer) -> None:
    discord.state.new_channel("other")
    channel = page.get_by_role("button", name="other", exact=True)
    await channel.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="other", exact=True)).to_be_visible()
    await expect(channel).to_be_focused()


async def test_list_of_commands_stays_open_while_it_is_scrolled(
    page: Page, bot: ScriptedBot
) -> None:
    for number in range(20):
        bot.command(f"command-{number:02}", lambda _told: None)
    box = page.get_by_role("textbox", name="Message")
    await box.fill("/")
    commands = page.get_by_role("listbox", name="Suggestions")
    await expect(commands.get_by_role("option")).to_have_count(20)
    await commands.focus()  # as a press on its scroll bar does
    await expect(commands).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(box).to_be_focused()
    await commands.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("group", name="Command /command-01")).to_be_visible()
    await expect(page.get_by_label("More options of /command-01")).to_be_focused()
