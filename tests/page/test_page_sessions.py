"""A newcomer in a session on the page, with the real bot: by mouse, and by keyboard alone."""

from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, expect

from sandbox.app import Sandbox
from sandbox.members import ScriptedMember, latest_with
from tests.support.browser_user import BrowserUser, OpenBrowser

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_TABS = 300


@dataclass
class Newcomer:
    """A user who does everything by mouse, or everything by keyboard."""

    user: BrowserUser
    has_mouse: bool

    async def press(self, control: Locator) -> None:
        """Press a control: by mouse, or by keys from where the focus is."""
        await expect(control).to_be_enabled()
        if self.has_mouse:
            await control.click()
            return
        await self.go_to(control)
        await self.user.page.keyboard.press("Enter")

    async def go_to(self, control: Locator) -> None:
        """Press Tab until the focus is on a control."""
        is_focused = "each => each === document.activeElement"
        for _ in range(MOST_TABS):
            if await control.evaluate(is_focused):
                return
            await self.user.page.keyboard.press("Tab")
        pytest.fail(f"{control} is not reached by Tab")

    async def write(self, field: Locator, text: str) -> None:
        if self.has_mouse:
            await field.click()
        else:
            await self.go_to(field)
        await self.user.page.keyboard.insert_text(text)

    async def use_command(self, text: str) -> None:
        """Type a command that needs nothing more, and send it."""
        box = self.user.page.locator(".compose-text")
        await self.write(box, text)
        await self.user.page.get_by_role("option").first.wait_for()
        for _ in range(2):
            await self.user.page.keyboard.press("Enter")

    async def ask_for_more(self) -> Locator:
        """Press *More*; return its answer."""
        answers = self.user.messages.filter(has_text="What else?")
        before = await answers.count()
        await self.press(self.button("⋯ More"))
        await expect(answers).to_have_count(before + 1)
        return answers.last

    def button(self, name: str) -> Locator:
        """The newest button with a name."""
        return self.user.page.get_by_role("button", name=name).last


@pytest.mark.parametrize(
    ("width", "has_mouse"), [(1440, True), (360, False)], ids=["mouse", "keyboard"]
)
async def test_newcomer_in_a_session(
    open_browser: OpenBrowser, sandbox: Sandbox, width: int, *, has_mouse: bool
) -> None:
    ada = await open_browser()
    await ada.page.set_viewport_size({"width": width, "height": 740})
    page, me = ada.page, Newcomer(ada, has_mouse)
    known = await ada.extend("[Intro]\nOver the water")
    await expect(known.locator(".embed-title").first).to_contain_text("✅")

    await start_session(me)

    # a part is written, and another voted for
    await me.press(me.button("Write a part"))
    form = page.get_by_role("dialog", name="Round 1 · your part")
    await me.write(form.get_by_label("Lyrics"), "[Verse]\nNeon rain on the window")
    await me.press(form.get_by_role("button", name="Submit"))
    await expect(ada.messages.last).to_contain_text("Proposal 1 · Verse")
    await write_as_bo(sandbox, ada)
    await expect(ada.messages.last).to_contain_text("Proposal 2 · Chorus")
    board = ada.messages.filter(has_text="what comes next?").first
    await expect(board).to_contain_text("Run, run")
    await vote_by_select(me)
    await expect(ada.messages.last).to_contain_text("Your vote: 2 · “Run, run”")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width

    # the host need not wait
    more = await me.ask_for_more()
    await me.press(more.get_by_role("button", name="Close the vote now"))
    await me.press(me.button("B goes on"))
    await expect(ada.messages.last).to_contain_text("You chose B.")
    await me.use_command("/session show")
    await expect(ada.messages.last).to_contain_text("what comes next?")
    more = await me.ask_for_more()
    await me.press(more.get_by_role("button", name="Close the vote now"))
    await expect(page.locator(".embed-title", has_text="Round 1 · B goes on").first).to_be_visible()

    await me.press(me.button("Song so far"))
    await expect(ada.messages.last).to_contain_text("Nobody is chasing us")
    more = await me.ask_for_more()
    await me.press(more.get_by_role("button", name="End it now"))
    await expect(ada.messages.last).to_contain_text("The song is finished with the parts")
    await me.press(me.button("End it now"))
    await me.press(page.get_by_role("link", name="The full song").last)
    song = ada.messages.filter(has_text="— full song").filter(has=page.locator(".file.audio"))
    await me.press(song.get_by_role("button", name="Play").last)
    assert await ada.wait_for_playback(song) > 15  # the source and a part


async def write_as_bo(sandbox: Sandbox, ada: BrowserUser) -> None:
    bo = ScriptedMember(sandbox.discord, "Bo", lambda: 0.0)
    threads = (
        each for each in sandbox.discord.state.channels.values() if each.parent is ada.channel
    )
    board = latest_with(next(threads), "ses:write")
    assert board is not None
    opened = await bo.press(board, "Write a part")
    await bo.fill(opened, {"Lyrics": "[Chorus]\nRun, run\nNobody is chasing us"})


async def start_session(me: Newcomer) -> None:
    """Start a session with one of the suggested clips, and go to its thread."""
    page = me.user.page
    await me.write(page.locator(".compose-text"), "/session sta")
    await page.get_by_role("option", name="start").wait_for()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("clip, required")).to_be_focused()
    await page.keyboard.insert_text("Electric")
    clip = page.get_by_role("option", name="Electric Dreams").first
    if me.has_mouse:
        await clip.click()
    else:
        await clip.wait_for()
        await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await me.press(page.get_by_role("link", name="Join in"))
    await expect(page.get_by_role("heading", name="🎵 Electric Dreams").first).to_be_visible()


async def vote_by_select(me: Newcomer) -> None:
    """Vote for the second proposal, which is the last one."""
    page = me.user.page
    select = page.get_by_role("combobox", name="Vote for what comes next")
    await me.press(select)
    run = page.get_by_role("option", name="2 · Run, run")
    if me.has_mouse:
        await run.click()
    else:
        await run.wait_for()
        await page.keyboard.press("End")
        await page.keyboard.press("Enter")
