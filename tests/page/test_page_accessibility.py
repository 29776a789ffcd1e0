"""Whether axe-core finds anything on the page, in both themes."""

import pytest
from playwright.async_api import Page, expect

from sandbox.discord.server import DiscordServer
from tests.support.accessibility import accessibility_problems
from tests.support.browser_user import OpenBrowser
from tests.support.scripted_bot import ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"width": 360, "height": 740}


async def test_screens_up_to_a_finished_reply_are_accessible(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    page, problems = ada.page, []
    await expect(page.get_by_text("New here?")).to_be_visible()
    problems += await accessibility_problems(page, "first screen")
    await ada.type_command("/")
    await expect(page.get_by_role("option", name="/extend")).to_be_visible()
    problems += await accessibility_problems(page, "slash menu")
    await page.keyboard.press("Backspace")
    form = await ada.open_modal()
    problems += await accessibility_problems(page, "modal")
    await form.get_by_label("Lyrics").fill("Over the water")
    await form.get_by_role("button", name="Submit").click()
    await ada.wait_for_audio(ada.messages.last)
    await expect(ada.messages.last.get_by_role("button", name="Song A")).to_be_in_viewport()
    problems += await accessibility_problems(page, "finished reply")
    await page.get_by_role("button", name="Behind the scenes").click()
    panel = page.get_by_role("complementary", name="Behind the scenes")
    await expect(panel.get_by_role("button", name="Extend Electric Dreams").first).to_be_visible()
    problems += await accessibility_problems(page, "panel")
    assert problems == []


async def test_sides_and_thread_are_accessible(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    state, problems = discord.state, []
    other = state.new_channel("other")
    bot.post(channel=other, content=f"<@{discord.member('Ada').id}> Yours is ready.")
    await page.set_viewport_size({"width": 1280, "height": 800})
    members = page.get_by_role("complementary", name="Members")
    await expect(members.get_by_role("button", name="Ben")).to_be_visible()
    await expect(page.locator(".channel .badge")).to_be_visible()
    problems += await accessibility_problems(page, "member list and badge")

    start = bot.post(content="Begin")
    thread = state.new_thread("Takes", state.channel, owner=state.bot, start=start)
    options = [{"label": name, "value": name, "description": name} for name in "AB"]
    select = {"type": 3, "custom_id": "take", "placeholder": "Which take?", "options": options}
    bot.post(
        channel=thread,
        embeds=[{"title": "Round 2", "description": "What comes next? [Listen](http://127.0.0.1)"}],
        components=[{"type": 1, "components": [select]}],
    )
    await page.locator("button.thread").click()
    await page.get_by_role("combobox", name="Which take?").click()
    await expect(page.get_by_role("option", name="A")).to_be_visible()
    problems += await accessibility_problems(page, "thread with an open select")

    await page.set_viewport_size(NARROW)
    await page.get_by_role("button", name="Channels", exact=True).click()
    await expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
    problems += await accessibility_problems(page, "drawer")
    assert problems == []
