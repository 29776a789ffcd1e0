"""A headless Chromium for tests, benchmarks and screenshots, controlled by Playwright.

Needs the `dev` packages and an installed Chromium; none is downloaded.
"""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

EXECUTABLE_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING_BROWSER = "No browser is here: install Debian's chromium (apt-get install chromium)."
BROWSER_ARGUMENTS = (
    "--no-sandbox",  # containers run it as root; it only opens our own page
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """Return the path of Chromium: ``CHROMIUM`` from the environment, or the first one found."""
    return os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, EXECUTABLE_NAMES)), None
    )


@asynccontextmanager
async def launch_browser() -> AsyncGenerator[Browser, None]:
    """Yield a browser, and close it at the end.

    Raises:
        FileNotFoundError: no Chromium is installed.
    """
    path = find_browser()
    if path is None:
        raise FileNotFoundError(MISSING_BROWSER)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*BROWSER_ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()
