"""What the page keeps of a member's view: over a reload, and of channels that are not shown."""

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import EPHEMERAL, MESSAGE, ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")


def channel_button(page: Page, name: str) -> Locator:
    channels = page.get_by_role("navigation", name="Channels")
    return channels.get_by_role("button", name=name, exact=True)


async def test_reload_keeps_the_chosen_member(page: Page) -> None:
    await page.get_by_role("button", name="switch member").click()
    await page.get_by_role("menuitem", name="Ben").click()
    await page.reload()
    await expect(page.get_by_role("button", name="You are Ben")).to_be_visible()


async def test_reload_drops_ephemeral_messages(page: Page, bot: ScriptedBot) -> None:
    data = {"content": "Between us", "flags": EPHEMERAL}
    bot.command("whisper", lambda _told: {"type": MESSAGE, "data": data})
    bot.post(content="To all")
    await page.locator(".compose-text").fill("/whisper")
    await page.get_by_role("option").wait_for()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_have_count(2)
    await page.reload()
    await expect(page.locator(".message")).to_have_count(1)
    await expect(page.locator(".message")).to_contain_text("To all")


async def test_channels_and_threads_with_news_are_marked_until_entered(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    state = discord.state
    other = state.new_channel("other")
    start = bot.post(content="Begin")
    thread = state.new_thread("Takes", state.channel, owner=state.bot, start=start)
    for place in (other, thread):
        button = channel_button(page, place.name)
        await expect(button).to_be_visible()
        await expect(button).not_to_have_class("channel unread")
        bot.post(channel=place, content=f"News in {place.name}")
        await expect(button).to_have_class("channel unread")
        await expect(button).to_have_attribute("title", "Unread messages")
        await button.click()
        await expect(page.locator(".message").last).to_contain_text(f"News in {place.name}")
        await expect(button).not_to_have_class("channel unread")
    await expect(channel_button(page, "songs")).not_to_have_class("channel unread")
