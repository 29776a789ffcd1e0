"""``python -m sandbox.screenshots``: take the README's screenshots of the running page.

`docs/modal.png` shows the modal of `/extend`, `docs/reply.png` a completed reply with its audio,
`docs/board.png` the board of a session with votes, and `docs/song.png` its finished song.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from playwright.async_api import Locator, Page, ViewportSize

from sandbox.app import Sandbox
from sandbox.browser import launch_browser
from sandbox.demo import LYRICS

SPEED = 60.0
WINDOW: ViewportSize = {"width": 1000, "height": 800}
REPLY_HEIGHT = 1300
SONG_WIDTH = 760
MAX_BYTES = 200_000
TIMEOUT = 30_000  # milliseconds
EVENING_TIMEOUT = 10 * 60.0  # seconds
CONTINUE_AT = "1:04.3"
COMMAND = f"at:{CONTINUE_AT} tags:synthpop, dreamy title:Electric Dreams"


def main() -> int:
    """Take the screenshots; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    options = parser.parse_args()
    try:
        asyncio.run(_take_screenshots(options.folder))
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _take_screenshots(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    async with Sandbox(speed=SPEED) as sandbox, launch_browser() as browser:
        await sandbox.start_bot()
        context = await browser.new_context(viewport=WINDOW, color_scheme="dark")
        context.set_default_timeout(TIMEOUT)
        page = await context.new_page()
        await page.goto(sandbox.page.address)
        await _open_modal(page, (await sandbox.sample_clip_ids())["aimlapi"])
        await _save_screenshot(page, folder / "modal.png")
        await page.get_by_role("button", name="Submit").click()
        await page.set_viewport_size({"width": WINDOW["width"], "height": REPLY_HEIGHT})
        await page.get_by_alt_text("Waveforms of").wait_for()
        await page.wait_for_load_state("networkidle")
        await page.get_by_role("button", name="Song A").scroll_into_view_if_needed()
        await page.mouse.move(0, 0)
        await _save_screenshot(page, folder / "reply.png")
        await _take_evening(sandbox, page, folder)


async def _take_evening(sandbox: Sandbox, page: Page, folder: Path) -> None:
    """Have members write a song; take its second board with votes, and the song."""
    evening = asyncio.create_task(sandbox.run_evening(lambda _line: None))
    try:
        await page.set_viewport_size(WINDOW)
        await page.get_by_role("link", name="Join in").click()
        board = page.locator(".message", has_text="Round 2 · what comes next?").first
        await board.get_by_text("4 have voted").wait_for(timeout=EVENING_TIMEOUT * 1000)
        await page.mouse.move(0, 0)
        await _save_screenshot(page, folder / "board.png", board)
        await asyncio.wait_for(evening, EVENING_TIMEOUT)
    finally:
        evening.cancel()
    await page.set_viewport_size({"width": SONG_WIDTH, "height": REPLY_HEIGHT})
    await page.get_by_role("button", name="Back to #songs").click()
    song = page.locator(".message", has=page.locator(".file.audio")).last
    await song.get_by_alt_text("Waveform of").wait_for()
    await page.wait_for_load_state("networkidle")
    await page.mouse.move(0, 0)
    await _save_screenshot(page, folder / "song.png", song)


async def _open_modal(page: Page, clip: str) -> None:
    await page.get_by_role("button", name="Electric Dreams · ").wait_for()
    await page.get_by_label("Message", exact=True).click()
    await page.keyboard.insert_text(f"/extend clip:{clip} {COMMAND}")
    await page.keyboard.press("Enter")
    await page.get_by_role("dialog").get_by_label("Lyrics").fill(LYRICS)


async def _save_screenshot(page: Page, path: Path, part: Locator | None = None) -> None:
    """Save a screenshot of the page, or of a part of it.

    Raises:
        ValueError: the file is larger than ``MAX_BYTES``.
    """
    await page.evaluate("document.fonts.ready")
    picture = await (part or page).screenshot(path=path)
    if len(picture) > MAX_BYTES:
        raise ValueError(f"{path} has {len(picture)} bytes, more than {MAX_BYTES}")
    sys.stdout.write(f"{path}: {len(picture) / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())
