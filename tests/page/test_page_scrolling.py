"""Where the list of messages stands: at its end, where one reads, and at what one did oneself."""

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import EPHEMERAL, MESSAGE, MODAL, Payload, ScriptedBot

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 70  # more than are drawn at once
# how far the list is from its end once nothing has moved for 20 frames
PIXELS_TO_END = """async list => {
    const left = () => list.scrollHeight - list.scrollTop - list.clientHeight;
    for (let still = 0, last = null; still < 20; ) {
        await new Promise(requestAnimationFrame);
        const now = `${left()} ${list.scrollHeight}`;
        still = now === last ? still + 1 : 0;
        last = now;
    }
    return left();
}"""


def answer(text: str, **more: object) -> Payload:
    return {"type": MESSAGE, "data": {"content": text, **more}}


def shown(page: Page, text: str) -> Locator:
    return page.locator(".message").filter(has_text=text).last


async def pixels_to_end(page: Page) -> float:
    left: float = await page.locator("#scroll").evaluate(PIXELS_TO_END)
    return left


async def fill_channel(page: Page, bot: ScriptedBot, **more: object) -> None:
    """Post messages of very different heights, and wait for the last."""
    for number in range(MANY):
        lines = "\n".join([f"Line of {number}"] * (1 + number * 7 % 20))
        bot.post(embeds=[{"title": f"Song {number}", "description": lines}])
    bot.post(content="The last", **more)
    await expect(shown(page, "The last")).to_be_in_viewport()


async def go_up(page: Page, pixels: int = 600) -> None:
    """Scroll up by the wheel, as one does who reads."""
    await page.locator("#scroll").hover()
    await page.mouse.wheel(0, -pixels)
    await expect(shown(page, "The last")).not_to_be_in_viewport()
    assert await pixels_to_end(page) > 0


async def test_channel_is_entered_at_its_end(page: Page, bot: ScriptedBot) -> None:
    await fill_channel(page, bot)
    for _ in range(5):
        await page.reload()
        await expect(shown(page, "The last")).to_be_attached()
        assert await pixels_to_end(page) < 1


async def test_list_that_grows_as_it_is_scrolled_stays_at_its_end(
    page: Page, bot: ScriptedBot
) -> None:
    await fill_channel(page, bot)
    # a picture that has just been loaded, before the browser reports how it scrolled
    await page.locator("#scroll").evaluate("""list => {
        document.querySelector("#messages > li:last-child").style.paddingBottom = "300px";
        list.scrollTop += 1;
    }""")
    assert await pixels_to_end(page) < 1


async def test_jump_to_present_works_from_the_top(page: Page, bot: ScriptedBot) -> None:
    await fill_channel(page, bot)
    await page.locator("#scroll").hover()
    await expect(page.get_by_text("Welcome to #songs!")).to_be_attached()
    for _ in range(60):
        await page.mouse.wheel(0, -2000)
        await pixels_to_end(page)
        if await page.get_by_text("Welcome to #songs!").is_visible():
            break
    await page.locator("#scroll").evaluate("list => { list.scrollTop = 194; }")
    await page.get_by_role("button", name="Jump to present").click()
    assert await pixels_to_end(page) < 1
    await expect(page.get_by_role("button", name="Jump to present")).to_be_hidden()


async def test_messages_of_others_leave_a_reader_alone(page: Page, bot: ScriptedBot) -> None:
    await fill_channel(page, bot)
    await go_up(page)
    before = await page.locator("#scroll").evaluate("list => list.scrollTop")
    bot.post(content="From elsewhere")
    await expect(shown(page, "From elsewhere")).to_be_attached()
    await pixels_to_end(page)
    assert await page.locator("#scroll").evaluate("list => list.scrollTop") == before


async def test_own_message_comes_into_view(page: Page, bot: ScriptedBot) -> None:
    await fill_channel(page, bot)
    await go_up(page)
    await page.get_by_role("textbox", name="Message").fill("My own words")
    await page.keyboard.press("Enter")
    await expect(shown(page, "My own words")).to_be_in_viewport()
    assert await pixels_to_end(page) < 1


async def test_answer_to_own_command_and_modal_comes_into_view(
    page: Page, bot: ScriptedBot
) -> None:
    words = {"type": 4, "custom_id": "words", "style": 1, "label": "Words", "required": False}
    modal = {
        "custom_id": "form",
        "title": "A song",
        "components": [{"type": 1, "components": [words]}],
    }
    bot.command("song", lambda _told: {"type": MODAL, "data": modal})
    bot.command("library", lambda _told: answer("The library"))
    bot.answer_with("form", lambda _told: answer("The song"))
    await fill_channel(page, bot)
    for command, text in (("/library", "The library"), ("/song", "The song")):
        await page.locator("#scroll").hover()
        await page.mouse.wheel(0, -600)
        await pixels_to_end(page)
        await page.locator(".compose-text").fill(command)
        await page.get_by_role("option").wait_for()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        if command == "/song":
            await page.get_by_role("button", name="Submit").click()
        await expect(shown(page, text)).to_be_in_viewport()


@pytest.mark.parametrize("flags", [0, EPHEMERAL])
async def test_answer_to_own_button_comes_into_view(
    page: Page, bot: ScriptedBot, flags: int
) -> None:
    bot.answer_with("go", lambda _told: answer("Pressed", flags=flags))
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    bot.post(content="Choose", components=[{"type": 1, "components": [button]}])
    for number in range(30):
        bot.post(content=f"Message {number}\n" * 3)
    await expect(shown(page, "Message 29")).to_be_in_viewport()
    await page.get_by_role("button", name="Go", exact=True).click()
    await expect(shown(page, "Pressed")).to_be_in_viewport()


async def test_answer_to_own_reaction_comes_into_view(
    page: Page, bot: ScriptedBot, discord: DiscordServer
) -> None:
    first = bot.post(content="React to this")
    for number in range(30):
        bot.post(content=f"Message {number}\n" * 3)
    await expect(shown(page, "Message 29")).to_be_in_viewport()
    message = page.locator(".message").first
    await message.hover()
    await message.get_by_role("button", name="React with 👍").click()
    await discord.wait_for(lambda: any(first.reactions.values()))
    bot.post(content="Here it is", message_reference={"message_id": str(first.id)})
    await expect(shown(page, "Here it is")).to_be_in_viewport()
