"""Mentions of the member: badges, the window's title, and notifications for who asked for them."""

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

# keeps what would be shown; a headless browser shows nothing
RECORD_NOTIFICATIONS = """() => {
    window.shown = [];
    window.Notification = class extends EventTarget {
        static permission = "default";
        static async requestPermission() { return (this.permission = "granted"); }
        constructor(title, { body }) { super(); window.shown.push([title, body]); }
    };
}"""


def badge(page: Page, name: str) -> Locator:
    channels = page.get_by_role("navigation", name="Channels")
    return channels.get_by_role("button", name=name).locator(".badge")


async def test_mention_is_counted_until_the_channel_is_entered(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    other = discord.state.new_channel("other")
    ada, ben = discord.member("Ada"), discord.member("Ben")
    button = page.get_by_role("button", name="other")
    await expect(button).to_be_visible()
    bot.post(channel=other, content=f"<@{ben.id}> Yours is ready.")
    await expect(button).to_have_class("channel unread")
    await expect(badge(page, "other")).to_have_count(0)
    mention = bot.post(channel=other, content=f"<@{ada.id}> Yours is ready.")
    bot.post(channel=other, content=f"<@{ada.id}> And the next.")
    await expect(badge(page, "other")).to_have_text("2 mentions")
    await expect(page.get_by_role("button", name="Studio").locator(".badge")).to_be_visible()
    await expect(page).to_have_title("(2) #songs · Studio · Encore's sandbox")
    discord.delete(mention)
    await expect(badge(page, "other")).to_have_text("1 mention")
    await button.click()
    await expect(badge(page, "other")).to_have_count(0)
    await expect(page).to_have_title("#other · Studio · Encore's sandbox")
    await expect(page.locator(".message.mentioned")).to_have_count(1)


async def test_direct_message_counts_for_its_member_alone(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    ben = discord.member("Ben")
    bot.post(channel=discord.state.dm_channel(ben.user), content="Here it is")
    bot.post(content="To all")
    await expect(page.locator(".message")).to_have_count(1)
    direct = page.get_by_role("button", name="Direct messages")
    await expect(direct.locator(".badge")).to_have_count(0)
    await page.get_by_role("button", name="switch member").click()
    await page.get_by_role("menuitem", name="Ben").click()
    await expect(direct.locator(".badge")).to_have_text("1 mention")
    await direct.click()
    await expect(page.get_by_text("Here it is")).to_be_visible()
    await expect(direct.locator(".badge")).to_have_count(0)
    people = page.get_by_role("complementary", name="Members")
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(people.locator(".person-name")).to_have_text(["Ben", "Bot"])


async def test_notification_is_shown_to_who_asked_for_them(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    await page.evaluate(RECORD_NOTIFICATIONS)
    other = discord.state.new_channel("other")
    words = f"<@{discord.member('Ada').id}> Yours is ready."
    bot.post(channel=other, content=words)
    await expect(badge(page, "other")).to_have_text("1 mention")
    await page.get_by_role("button", name="switch member").click()
    await page.get_by_role("menuitem", name="Desktop notification").click()
    await expect(page.get_by_text("You are notified of mentions.")).to_be_visible()
    bot.post(channel=other, content=words)
    await expect(badge(page, "other")).to_have_text("2 mentions")
    assert await page.evaluate("shown") == [["Bot (#other)", "@Ada Yours is ready."]]
