"""A newcomer's way from the first screen to a full song, with nothing but what the page offers."""

import pytest
from playwright.async_api import expect

from tests.support.browser_user import OpenBrowser
from tests.support.newcomer import Hands, Newcomer

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("hands", ["mouse", "keyboard"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
async def test_newcomer_hears_a_full_song(
    open_browser: OpenBrowser, hands: Hands, width: int, height: int
) -> None:
    newcomer = Newcomer(await open_browser(width, height), hands)
    await expect(newcomer.page.get_by_text("New here?")).to_be_visible()
    await newcomer.use_offered_song()
    first = await newcomer.submit_form("Silver cities shine brightly", at="0:08")
    await expect(newcomer.page.get_by_text("New here?")).to_be_hidden()

    await newcomer.press(first.get_by_role("button", name="Extend A"))
    second = await newcomer.submit_form("Future dreams so high")

    await newcomer.press(second.get_by_role("button", name="Song A"))
    song = newcomer.user.messages.nth(2)
    await newcomer.user.wait_for_audio(song)
    # eight seconds of the first clip, and two parts of four to six each
    assert 15 < await newcomer.play(song) < 21
    assert await newcomer.page.evaluate("document.documentElement.scrollWidth") <= width
