"""Somebody who has never seen the page, and uses what it shows: by mouse, or by keyboard alone."""

import re
from typing import Literal

from playwright.async_api import Locator, Page, expect

from tests.support.browser_user import BrowserUser

Hands = Literal["mouse", "keyboard"]

MAX_TABS = 150  # to come round the whole page


class Newcomer:
    """Uses the page of ``user`` with one kind of hands."""

    def __init__(self, user: BrowserUser, hands: Hands) -> None:
        self.user = user
        self._by_keyboard = hands == "keyboard"

    @property
    def page(self) -> Page:
        return self.user.page

    async def press(self, control: Locator) -> None:
        """Press a button or link that can be seen."""
        await expect(control).to_be_visible()
        if self._by_keyboard:
            await self._tab_to(control)
            await self.page.keyboard.press("Enter")
        else:
            await control.click()

    async def write(self, field: Locator, text: str) -> None:
        """Replace what stands in a field."""
        if self._by_keyboard:
            await self._tab_to(field)
        else:
            await field.click()
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.insert_text(text)

    async def use_offered_song(self) -> None:
        """Take the song that the page offers to newcomers, and use the command that it fills in."""
        await self.press(self.page.get_by_role("button", name="Electric Dreams · 3:12"))
        await expect(self.page.get_by_role("group", name="Command /extend")).to_be_visible()
        send = self.page.get_by_role("button", name="Send", exact=True)
        if await send.is_visible() and not self._by_keyboard:
            await send.click()
        else:
            await self.page.keyboard.press("Enter")

    async def submit_form(self, lyrics: str, at: str | None = None) -> Locator:
        """Fill in the form that has opened, and return the reply once its audio is there."""
        reply = self.user.messages.nth(await self.user.messages.count())
        form = self.page.get_by_role("dialog")
        await self.write(form.get_by_label("Lyrics"), lyrics)
        if at is not None:
            await self.write(form.get_by_label("Continue at"), at)
        await self.press(form.get_by_role("button", name="Submit"))
        await expect(form).to_have_count(0)
        await self.user.wait_for_audio(reply)
        await expect(reply).to_contain_text(lyrics)
        return reply

    async def play(self, message: Locator) -> float:
        """Play a message's audio, and return its length in seconds."""
        await self.press(message.get_by_role("button", name=re.compile("^Play ")).first)
        return await self.user.wait_for_playback(message.locator(".file.audio").first)

    async def _tab_to(self, control: Locator) -> None:
        """Press Tab until a control has the focus; the page must lead there."""
        for _ in range(MAX_TABS):
            if await control.evaluate("each => each === document.activeElement"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {control}")
