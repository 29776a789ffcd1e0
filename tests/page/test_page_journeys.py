"""Whole user journeys on the page, with the real bot in a real browser."""

import re

import aiohttp
import pytest
from playwright.async_api import expect

from sandbox.app import Sandbox
from tests.support.browser_user import OpenBrowser

LOG_LINES = 20  # that the panel shows

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_new_user_extends_clip_and_plays_result(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    await ada.page.get_by_role("button", name="Electric Dreams · 3:12").click()
    await ada.page.keyboard.press("Enter")
    form = ada.page.get_by_role("dialog")
    await form.get_by_label("Lyrics").fill("[Verse]\nOver the water")
    await form.get_by_label("Continue at").fill("0:20")
    await form.get_by_role("button", name="Submit").click()
    await expect(ada.messages).to_have_count(1)
    reply = ada.messages.first
    await expect(reply).to_contain_text("Ada used /extend")
    await expect(reply.locator(".embed-title").first).to_contain_text("✅")
    await expect(reply).to_contain_text("Over the water")
    await expect(reply).to_contain_text("From Electric Dreams at 0:20")
    await reply.get_by_role("link", name="Listen A").first.click()
    length = await ada.wait_for_playback(ada.page.locator("#dock"))
    assert 3 < length < 7
    assert len(ada.page.context.pages) == 1


async def test_command_is_entered_by_keyboard_only(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    await ada.type_command("/ext")
    options = ada.page.get_by_role("option")
    await expect(options).to_have_count(1)
    await expect(options.first).to_contain_text("Continue a clip from any second")
    await ada.page.keyboard.press("Tab")
    # a clip or a file: neither is required
    await expect(ada.page.get_by_label("More options of /extend")).to_be_focused()
    await ada.page.keyboard.type(f"clip:{await ada.sample_clip_id()}")
    await ada.page.keyboard.press("Tab")
    await ada.page.keyboard.type("at:75")
    await expect(ada.page.get_by_role("option", name="1:15")).to_be_visible()
    await ada.page.keyboard.press("Enter")
    await ada.page.keyboard.press("Enter")
    form = ada.page.get_by_role("dialog")
    await expect(form.get_by_label("Continue at")).to_have_value("1:15")
    await ada.page.keyboard.press("Escape")
    await expect(form).to_have_count(0)


async def test_required_option_is_asked_for(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    await ada.type_command("/song")
    await ada.page.keyboard.press("Tab")
    await expect(ada.page.get_by_label("clip, required")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("alert").filter(has_text="required")).to_be_visible()


async def test_error_reply_is_ephemeral_and_keeps_input(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    form = await ada.open_modal()
    await form.get_by_label("Lyrics").fill("Neon rain on the window")
    await form.get_by_label("Continue at").fill("soon")
    await form.get_by_role("button", name="Submit").click()
    refusal = ada.messages.last
    await expect(refusal).to_contain_text("Only you can see this")
    await ada.switch_member("Ben")
    await expect(ada.messages).to_have_count(0)
    await ada.switch_member("Ada")
    await refusal.get_by_role("button", name="✏️ Edit & send").click()
    form = ada.page.get_by_role("dialog")
    await expect(form.get_by_label("Lyrics")).to_have_value("Neon rain on the window")
    await expect(form.get_by_label("Continue at")).to_have_value("soon")
    await form.get_by_role("button", name="Cancel").click()
    await refusal.get_by_role("button", name="Dismiss message").click()
    await expect(ada.messages).to_have_count(0)


async def test_killed_bot_completes_extension_after_restart(
    open_browser: OpenBrowser, sandbox: Sandbox
) -> None:
    ada = await open_browser()
    before = await _submissions(sandbox)
    await ada.page.get_by_role("button", name="Behind the scenes").click()
    panel = ada.page.get_by_role("complementary", name="Behind the scenes")
    speed = panel.get_by_label("Its clock runs")
    await speed.select_option("5")
    reply = await ada.extend("Killed in the middle")
    await expect(reply.locator(".embed-title").first).to_contain_text("Submitted")
    await panel.get_by_role("button", name="Kill (SIGKILL)").click()
    await expect(panel).to_contain_text("Not running")
    await speed.select_option("60")
    await panel.get_by_role("button", name="Close the panel").click()
    await expect(ada.page.locator(".people")).to_contain_text("Offline — 1")

    await ada.type_command(f"/extend clip:{await ada.sample_clip_id()}")
    await ada.page.keyboard.press("Enter")
    await expect(ada.messages.last).to_contain_text("The application did not respond")

    await ada.page.get_by_role("button", name="Behind the scenes").click()
    await panel.get_by_role("button", name="Start", exact=True).click()
    await expect(panel).to_contain_text("Running and connected")
    await expect(reply.locator(".embed-title").first).to_contain_text("✅")
    await expect(reply).to_contain_text("Killed in the middle")
    assert await _submissions(sandbox) == before + 1


async def test_end_of_bot_log_is_in_panel(open_browser: OpenBrowser, sandbox: Sandbox) -> None:
    ada = await open_browser()
    await ada.page.set_viewport_size({"width": 360, "height": 740})
    await ada.page.get_by_role("button", name="Behind the scenes").click()
    log = ada.page.get_by_role("region", name="The bot's log")
    await expect(log).to_contain_text("INFO")
    written = [f"line {number}" for number in range(50)]
    with sandbox.log_path.open("a") as file:
        file.write("\n".join(["x" * 20_000, *written, ""]))
    await expect(log).to_contain_text(written[-1])
    shown = (await log.inner_text()).splitlines()
    assert len(shown) == LOG_LINES
    assert set(shown[:10]) <= set(written)
    assert await log.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") < 1
    assert await ada.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_provider_fault_and_gateway_drop_are_reported_and_recovered(
    open_browser: OpenBrowser,
) -> None:
    ada = await open_browser()
    await ada.page.get_by_role("button", name="Behind the scenes").click()
    panel = ada.page.get_by_role("complementary", name="Behind the scenes")
    await panel.get_by_label("Next request fails with").select_option("payment_required")
    await panel.get_by_role("button", name="Fail next").click()
    await expect(panel).to_contain_text("Next: Out of credits (402), on aimlapi")
    await panel.get_by_role("button", name="Drop the gateway").click()
    await expect(panel).to_contain_text(re.compile(r"Reconnected after \d+\.\d s"))
    await expect(panel).to_contain_text("Running and connected")
    reply = await ada.extend("Words worth keeping")
    await expect(reply).to_contain_text("out of credits")
    sent = panel.get_by_role("listitem").filter(has_text="402").first
    await sent.click()
    await expect(sent).to_contain_text("Words worth keeping")
    await reply.get_by_role("button", name="✏️ Edit & send").click()
    form = ada.page.get_by_role("dialog")
    await expect(form.get_by_label("Lyrics")).to_have_value("Words worth keeping")
    await form.get_by_role("button", name="Submit").click()
    again = ada.messages.last
    await expect(again.locator(".embed-title").first).to_contain_text("✅")


async def test_hint_stays_until_an_extension_succeeds(open_browser: OpenBrowser) -> None:
    ada = await open_browser()
    hint = ada.page.get_by_text("New here?")
    await expect(hint).to_be_visible()
    await ada.type_command("/clip clip:nothing")
    await ada.page.keyboard.press("Enter")
    await expect(ada.messages).to_have_count(1)
    await expect(hint).to_be_visible()
    reply = await ada.extend()
    await expect(reply.locator(".file.audio").first).to_be_visible()
    await expect(hint).to_be_hidden()
    await ada.page.reload()
    await ada.open_channel(ada.channel)
    await expect(ada.messages.last.locator(".file.audio").first).to_be_visible()
    await expect(hint).to_be_hidden()


async def test_clip_in_panel_is_extended_by_its_provider(
    open_browser: OpenBrowser, sandbox: Sandbox
) -> None:
    ada = await open_browser()
    await ada.page.get_by_role("button", name="Behind the scenes").click()
    panel = ada.page.get_by_role("complementary", name="Behind the scenes")
    await panel.get_by_label("Provider", exact=True).select_option("sunosay")
    await panel.get_by_role("button", name="Extend Electric Dreams").last.click()
    await expect(ada.page.locator("[data-option=provider] input")).to_have_value("sunosay")
    clip = ada.page.locator("[data-option=clip] input")
    await expect(clip).not_to_have_value("")
    assert await clip.input_value() == (await sandbox.sample_clip_ids())["sunosay"]


async def test_two_members_react_to_same_message(open_browser: OpenBrowser) -> None:
    ada, ben = await open_browser(), await open_browser()
    await ben.switch_member("Ben")
    await ada.page.get_by_role("textbox", name="Message").fill("Which take is **better**?")
    await ada.page.keyboard.press("Enter")
    seen = ben.messages.last
    await expect(seen.locator("strong", has_text="better")).to_be_visible()
    await seen.hover()
    await seen.get_by_role("button", name="React with 👍").click()
    await expect(seen.get_by_role("button", name="press to remove yours")).to_be_visible()
    others = ada.messages.last.get_by_role("button", name="👍, 1 reaction, press to add yours")
    await others.click()
    await expect(seen.locator(".reaction-count")).to_have_text("2")
    await seen.get_by_role("button", name="press to remove yours").click()
    await expect(ada.messages.last.locator(".reaction-count")).to_have_text("1")

    await seen.hover()
    await seen.get_by_role("button", name="Reply", exact=True).click()
    await ben.page.keyboard.type("The second one")
    await ben.page.keyboard.press("Enter")
    await expect(ada.messages.last.locator(".reply-line")).to_contain_text("Which take is better?")
    await ada.messages.first.hover()
    await ada.messages.first.get_by_role("button", name="More").click()
    await ada.page.get_by_role("menuitem", name="Create thread").click()
    await ada.page.get_by_label("Thread name").fill("Takes")
    await ada.page.get_by_role("button", name="Create thread").last.click()
    await expect(ada.page.get_by_role("heading", name="Takes", exact=True).first).to_be_visible()
    await expect(ben.messages.first).to_contain_text("Takes")


async def test_command_works_in_direct_message(open_browser: OpenBrowser) -> None:
    ben = await open_browser()
    await ben.switch_member("Ben")
    await ben.page.get_by_role("button", name="Direct messages").click()
    await expect(ben.page.get_by_role("heading", name="Encore", exact=True).first).to_be_visible()
    reply = await ben.extend("Between us")
    await expect(reply).to_contain_text("Between us")
    await ben.switch_member("Ada")
    await expect(ben.messages).to_have_count(0)


async def _submissions(sandbox: Sandbox) -> int:
    async with (
        aiohttp.ClientSession(sandbox.providers_url) as http,
        http.get("/sandbox/submissions") as answer,
    ):
        return len((await answer.json())["submissions"])
