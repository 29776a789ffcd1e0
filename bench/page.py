"""How well the sandbox's page keeps up: 200 edits a second, and 1,000 messages.

It prints how old the newest edit was when the page showed it, and how long frames took. Both are
measured in a real Chromium, by the page's own clock, which is that of this machine.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence

from playwright.async_api import Page

from sandbox.browser import launch_browser
from sandbox.discord import messages
from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer
from sandbox.page.server import PageServer

EDITED = 20  # messages that the edits go round
LAG_LIMIT = 300.0  # milliseconds
WATCH = """() => {
    window.lags = [];
    new MutationObserver(() => {
        const stamps = [...document.querySelectorAll('.m-content')]
            .map(each => Number(/stamp (\\d+)/.exec(each.textContent)?.[1] ?? 0));
        const newest = Math.max(...stamps);
        // the next frame comes after what changed has been painted
        requestAnimationFrame(() => window.lags.push(Date.now() - newest));
    }).observe(document.getElementById('messages'), {childList: true, subtree: true});
}"""
FRAMES = """() => {
    window.frames_ = [];
    let last = performance.now();
    const frame = (now) => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""
SCROLL = """async () => {
    const box = document.getElementById('scroll');
    for (let step = 0; step < 400 && (box.scrollTop > 0 || step < 2); step += 1) {
        box.scrollTop -= 240;
        await new Promise(requestAnimationFrame);
    }
    return document.querySelectorAll('.message').length;
}"""


def main() -> int:
    """Measure, print, and say by the exit code whether the page kept up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="only see whether it works")
    parser.add_argument("--rate", type=int, default=200, help="edits a second")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--messages", type=int, default=1000)
    options = parser.parse_args()
    if options.smoke:
        options.seconds, options.messages = 1.5, 150
    try:
        kept_up = asyncio.run(_measure(options))
    except FileNotFoundError as error:
        print(f"Skipped. {error}")
        return 0
    return 0 if kept_up or options.smoke else 1


async def _measure(options: argparse.Namespace) -> bool:
    async with (
        DiscordServer() as discord,
        PageServer(discord) as server,
        launch_browser() as browser,
    ):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.goto(server.address)
        await page.get_by_role("heading", name="songs", exact=True).wait_for()
        kept_up = await _edits(discord, page, options.rate, options.seconds)
        await _messages(discord, page, options.messages)
    return kept_up


async def _edits(discord: DiscordServer, page: Page, rate: int, seconds: float) -> bool:
    edited = [_posted(discord, number) for number in range(EDITED)]
    await page.locator(".message").nth(EDITED - 1).wait_for()
    await page.evaluate(WATCH)
    begun = time.monotonic()
    total = int(rate * seconds)
    for number in range(total):
        body = {"content": f"edit {number}, stamp {int(time.time() * 1000)}"}
        messages.edit_message(discord.state, edited[number % EDITED], body)
        await asyncio.sleep(max(0, begun + (number + 1) / rate - time.monotonic()))
    took = time.monotonic() - begun
    await page.get_by_text(f"edit {total - 1},").wait_for()
    lags: list[float] = await page.evaluate("window.lags")
    print(f"edits: {total} in {took:.1f} s, {total / took:.0f}/s; page behind by {_told(lags)}")
    return max(lags) < LAG_LIMIT


async def _messages(discord: DiscordServer, page: Page, count: int) -> None:
    await page.evaluate(FRAMES)
    begun = time.monotonic()
    for number in range(count):
        last = _posted(discord, number)
        if number % 20 == 0:
            await asyncio.sleep(0.01)
    await page.locator(f'[data-id="{last.id}"]').wait_for()
    print(f"{count} messages shown after {time.monotonic() - begun:.2f} s")
    print(f"  frames while they came: {_told(await page.evaluate('window.frames_'))}")
    await page.evaluate("window.frames_.length = 0")
    shown = await page.evaluate(SCROLL)
    frames = await page.evaluate("window.frames_")
    print(f"  frames while scrolling up through {shown}: {_told(frames)}")


def _posted(discord: DiscordServer, number: int) -> Message:
    state = discord.state
    embed = {
        "title": f"✅ Song {number}",
        "description": f"from [Electric Dreams](https://example.com/) at 1:0{number % 10}\n"
        "**Style** synthpop, dreamy\n> Neon on the water\n> Engines in the rain\nasked by **Ada**",
        "color": 0x57F287,
        "footer": {"text": "AIML API"},
    }
    body = {"content": f"message {number}", "embeds": [embed]}
    message = messages.new_message(state, state.channel, state.bot, body)
    messages.send(state, message)
    return message


def _told(milliseconds: Sequence[float]) -> str:
    found = sorted(milliseconds)
    p99 = found[min(len(found) - 1, int(len(found) * 0.99))]
    return f"median {statistics.median(found):.0f} ms, p99 {p99:.0f} ms, max {found[-1]:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
