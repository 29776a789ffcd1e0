"""How high a finished reply is on the page, with the real bot and real audio."""

import pytest
from playwright.async_api import expect

from tests.support.browser_user import OpenBrowser

MAX_HEIGHT = 720  # CSS pixels, so that a reply fits into a window
LYRICS = """[Verse]
Silver cities shine brightly tonight
Skies are painted blue and gold
[Chorus]
Neon rivers carry us home
Every window tells a story untold
And the engines hum below"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_finished_reply_fits_into_a_window(open_browser: OpenBrowser) -> None:
    ada = await open_browser(width=1440, height=900)
    reply = await ada.extend(LYRICS)
    await expect(reply.locator(".player")).to_have_count(2, timeout=60_000)
    picture = reply.get_by_alt_text("Waveforms of")
    await expect(picture).to_have_count(1)
    await picture.evaluate("image => image.decode()")
    await expect(reply.locator("blockquote")).to_contain_text("story untold …")
    height = await reply.evaluate("message => message.getBoundingClientRect().height")
    assert height <= MAX_HEIGHT
    shown = await picture.bounding_box()
    assert shown is not None
    assert round(shown["width"] / shown["height"], 2) == round(520 / 150, 2)
