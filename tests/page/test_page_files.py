"""Files on the page: audio plays, images are in place, everything fits."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.discord.models import Upload
from sandbox.providers.cover import render_cover
from sandbox.providers.mp3 import render_mp3
from sandbox.providers.music import Segment
from tests.support.scripted_bot import ScriptedBot

SECONDS = 3.0
PICTURE = {"title": "Night Bus (A)", "image": {"url": "attachment://waveform-a.png"}}
RIGHTMOST = """message => Math.max(...[...message.querySelectorAll('.file, .embed, .picture img')]
    .map(each => each.getBoundingClientRect().right))"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def song() -> bytes:
    return render_mp3((Segment(song=1, take=0, start=0.0, length=SECONDS),))


def audio(name: str, song: bytes) -> Upload:
    return Upload(name, song, "audio/mpeg")


def picture(name: str) -> Upload:
    return Upload(name, render_cover(name), "image/png")


def attached_images(message: Locator) -> Locator:
    """The images outside of embeds."""
    return message.locator(".m-attachments img")


async def test_attached_audio_plays_under_original_name(
    page: Page, bot: ScriptedBot, song: bytes
) -> None:
    bot.post([audio("Night Bus (A).mp3", song), audio("Night Bus (B).mp3", song)], content="x")
    players = page.locator(".message .player")
    await expect(players).to_have_count(2)
    first = page.get_by_role("group", name="Night Bus (A).mp3")
    await expect(first).to_contain_text("0:00 / 0:03")
    await first.get_by_role("button", name="Play Night Bus (A).mp3").click()
    sound = await first.locator("audio").element_handle()
    await page.wait_for_function("audio => audio.currentTime > 0.2", arg=sound)
    assert abs(await sound.evaluate("audio => audio.duration") - SECONDS) < 0.2
    # one at a time
    await page.get_by_role("button", name="Play Night Bus (B).mp3").click()
    await page.wait_for_function("audio => audio.paused", arg=sound)
    link = page.get_by_role("link", name="Download Night Bus (A).mp3")
    assert await link.get_attribute("download") == "Night Bus (A).mp3"


async def test_audio_keeps_playing_while_message_is_edited(
    page: Page, bot: ScriptedBot, song: bytes
) -> None:
    message = bot.post([audio("a.mp3", song)], embeds=[{"title": "first"}])
    await page.get_by_role("button", name="Play a.mp3").click()
    sound = await page.locator("audio").element_handle()
    await page.wait_for_function("audio => audio.currentTime > 0", arg=sound)
    bot.edit(message, embeds=[{"title": "second"}])
    await expect(page.locator(".embed")).to_contain_text("second")
    assert await sound.evaluate("audio => audio.isConnected && !audio.paused")


async def test_embed_image_is_shown_only_inside_embed(
    page: Page, bot: ScriptedBot, song: bytes
) -> None:
    files = [audio("a.mp3", song), picture("waveform-a.png")]
    described = [{"id": "1", "description": "A waveform"}]
    message = bot.post(files, embeds=[PICTURE], attachments=described)
    inside = page.locator(".message .embed img")
    await expect(inside).to_be_visible()
    await expect(inside).to_have_attribute("alt", "A waveform")
    assert await inside.evaluate("image => image.complete && image.naturalWidth > 0")
    await expect(attached_images(page.locator(".message"))).to_have_count(0)
    bot.edit(message, embeds=[{"title": "bare"}])
    await expect(attached_images(page.locator(".message"))).to_have_attribute("alt", "A waveform")
    bot.edit(message, attachments=[])
    await expect(page.locator(".message img, .message .player")).to_have_count(0)


async def test_message_of_files_only_is_described_by_filenames(
    page: Page, bot: ScriptedBot, song: bytes
) -> None:
    bot.post([audio("Night Bus (A).mp3", song), Upload("lyrics.txt", b"[Verse]", "text/plain")])
    message = page.locator(".message")
    await expect(message.locator(".file")).to_have_count(2)
    await expect(message).to_have_accessible_name(re.compile(r"Night Bus \(A\)\.mp3, lyrics\.txt"))


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_files_fit_into_window_in_both_themes(
    page: Page, bot: ScriptedBot, song: bytes, width: int, scheme: str
) -> None:
    long = "An endless night on the bus along the river, and further on, " * 2
    files = [audio(f"{long}({letter}).mp3", song) for letter in "AB"]
    files += [picture("waveform-a.png"), picture("loose.png")]
    bot.post([*files, Upload(f"{long}.txt", b"text", "text/plain")], embeds=[PICTURE])
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": width, "height": 900})
    await expect(page.locator(".message .player")).to_have_count(2)
    await expect(attached_images(page.locator(".message"))).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    right = await page.locator(".message").evaluate(RIGHTMOST)
    assert right <= width
    for player in await page.locator(".message .player").all():
        shown = await player.bounding_box()
        assert shown is not None
        assert shown["width"] >= 200
        assert shown["height"] <= 48
