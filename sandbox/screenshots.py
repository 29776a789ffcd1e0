"""``python -m sandbox.screenshots``: take the README's pictures of the running page.

`docs/demo.webp` plays an extension from the form to its audio, and `docs/reply.png` shows the same
reply standing still; `docs/board.png` shows the board of a session with votes, and `docs/song.png`
its finished song.
"""

import argparse
import asyncio
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, Page, ViewportSize, expect

from sandbox.app import Sandbox
from sandbox.browser import launch_browser
from sandbox.demo import LYRICS

SPEED = 20.0  # each status can be seen for a second at least
WINDOW: ViewportSize = {"width": 1080, "height": 860}
SONG_WINDOW: ViewportSize = {"width": 760, "height": 1300}
SCALE = 1.5  # pixels for one of the page's: sharp on dense screens, too
MAX_BYTES = 300_000
MAX_ANIMATION_BYTES = 1_500_000
ANIMATION_QUALITY = 80  # of WebP, 0 to 100
TIMEOUT = 60_000  # milliseconds
EVENING_TIMEOUT = 10 * 60.0  # seconds
CONTINUE_AT = "1:04.3"
COMMAND = f"at:{CONTINUE_AT} tags:synthpop, dreamy title:Electric Dreams"
PLAYING_FRAMES = 6


class Animation:
    """Screenshots of a page, each with the time for which it is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._durations: list[int] = []

    async def add(self, milliseconds: int) -> None:
        """Take a screenshot, to be shown for so long."""
        picture = Image.open(io.BytesIO(await self._page.screenshot()))
        self._frames.append(picture.convert("RGB"))
        self._durations.append(milliseconds)

    def save(self, path: Path) -> None:
        """Save it as an animated WebP that never ends.

        Raises:
            ValueError: the file is larger than ``MAX_ANIMATION_BYTES``.
        """
        first, *others = self._frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=self._durations,
            loop=0,
            quality=ANIMATION_QUALITY,
            method=6,
        )
        _check_size(path, MAX_ANIMATION_BYTES)


def main() -> int:
    """Take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.screenshots", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs"))
    parser.add_argument("--no-evening", action="store_true", help="leave out the session")
    options = parser.parse_args()
    try:
        asyncio.run(_take_pictures(options.folder, evening=not options.no_evening))
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _take_pictures(folder: Path, *, evening: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    async with Sandbox(speed=SPEED) as sandbox, launch_browser() as browser:
        await sandbox.start_bot()
        context = await browser.new_context(
            viewport=WINDOW,
            color_scheme="dark",
            device_scale_factor=SCALE,
            reduced_motion="reduce",
        )
        context.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        page = await context.new_page()
        await page.goto(sandbox.page.address)
        await _take_extension(page, (await sandbox.sample_clip_ids())["aimlapi"], folder)
        if evening:
            await _take_evening(sandbox, page, folder)


async def _take_extension(page: Page, clip: str, folder: Path) -> None:
    """Extend a clip: the command, the form, each status of the reply, and its audio playing."""
    animation = Animation(page)
    await page.get_by_role("button", name="Hide these hints").click()
    await page.get_by_label("Message", exact=True).click()
    await page.keyboard.insert_text(f"/extend clip:{clip} {COMMAND}")
    await animation.add(1500)
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog")
    await form.wait_for()
    await animation.add(800)
    lines = LYRICS.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        await form.get_by_label("Lyrics").fill("".join(lines[:count]))
        await animation.add(1200 if count == len(lines) else 250)
    await form.get_by_role("button", name="Submit").click()
    reply = page.locator(".message").last
    await page.mouse.move(0, 0)
    for status in ("Submitted", "Streaming"):
        await expect(reply.locator(".embed-title").first).to_contain_text(status)
        await animation.add(1800)
    await reply.locator(".file.audio").nth(1).wait_for()
    await page.wait_for_load_state("networkidle")
    await reply.evaluate("each => each.scrollIntoView({ block: 'start' })")
    await animation.add(1800)
    await _save_screenshot(page, folder / "reply.png")
    play = reply.get_by_role("button", name="Play ").first
    await play.click()
    await page.mouse.move(0, 0)
    for second in range(1, PLAYING_FRAMES + 1):
        await expect(reply.locator(".player-time").first).to_contain_text(f"0:{second:02} /")
        await animation.add(1000)
    await reply.get_by_role("button", name="Pause ").first.click()
    animation.save(folder / "demo.webp")


async def _take_evening(sandbox: Sandbox, page: Page, folder: Path) -> None:
    """Have members write a song; take its second board with votes, and the song."""
    evening = asyncio.create_task(sandbox.run_evening(lambda _line: None))
    try:
        await page.get_by_role("link", name="Join in").click()
        board = page.locator(".message", has_text="Round 2 · what comes next?").first
        await board.get_by_text("4 have voted").wait_for(timeout=EVENING_TIMEOUT * 1000)
        await page.mouse.move(0, 0)
        await _save_screenshot(page, folder / "board.png", board)
        await asyncio.wait_for(evening, EVENING_TIMEOUT)
    finally:
        evening.cancel()
    await page.set_viewport_size(SONG_WINDOW)
    await page.get_by_role("button", name="Back to #songs").click()
    song = page.locator(".message", has=page.locator(".file.audio")).last
    await song.get_by_alt_text("Waveform of").wait_for()
    await page.wait_for_load_state("networkidle")
    await page.mouse.move(0, 0)
    await _save_screenshot(page, folder / "song.png", song)


async def _save_screenshot(page: Page, path: Path, part: Locator | None = None) -> None:
    """Save a screenshot of the page, or of a part of it.

    Raises:
        ValueError: the file is larger than ``MAX_BYTES``.
    """
    await page.evaluate("document.fonts.ready")
    await (part or page).screenshot(path=path)
    _check_size(path, MAX_BYTES)


def _check_size(path: Path, most: int) -> None:
    size = path.stat().st_size
    if size > most:
        raise ValueError(f"{path} has {size} bytes, more than {most}")
    sys.stdout.write(f"{path}: {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())
