"""A user of the page, who finds controls by their visible names."""

from collections.abc import Awaitable, Callable

from playwright.async_api import ConsoleMessage, Locator, Page, expect

from sandbox.app import Sandbox
from sandbox.discord.models import Channel

LYRICS = "[Verse]\nSilver cities shine brightly\nSkies are painted blue"

AUDIO_TIMEOUT = 60_000  # milliseconds


class BrowserUser:
    """A user with a browser; ``errors`` are the page's own errors."""

    def __init__(self, page: Page, sandbox: Sandbox, channel: Channel) -> None:
        self.page = page
        self.sandbox = sandbox
        self.channel = channel
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        # refusals that the page shows are answered with 400, which the browser logs as well
        if message.type == "error" and "400" not in message.text:
            self.errors.append(message.text)

    async def open_page(self) -> None:
        await self.page.goto(self.sandbox.page.address)
        await self.page.get_by_role("heading", name="songs", exact=True).wait_for()
        await self.open_channel(self.channel)

    async def open_channel(self, channel: Channel) -> None:
        drawer = self.page.get_by_role("button", name="Channels", exact=True)
        if await drawer.is_visible():
            await drawer.click()
        button = self.page.get_by_role("navigation", name="Channels").get_by_role(
            "button", name=channel.name, exact=True
        )
        await button.click()
        await self.page.get_by_role("heading", name=channel.name, exact=True).wait_for()

    async def switch_member(self, name: str) -> None:
        await self.page.get_by_role("button", name="switch member").click()
        await self.page.get_by_role("menuitem", name=name).click()
        await self.page.get_by_role("button", name=f"You are {name}").wait_for()

    async def type_command(self, text: str) -> None:
        await (
            self.page.get_by_role("textbox", name="Message")
            .or_(self.page.get_by_role("combobox", name="Message"))
            .click()
        )
        await self.page.keyboard.insert_text(text)

    async def sample_clip_id(self) -> str:
        """Return the id of a clip that can be extended."""
        return (await self.sandbox.sample_clip_ids())["aimlapi"]

    async def open_modal(self, at: str = "0:12") -> Locator:
        """Use the command, and return the modal that it opens."""
        await self.type_command(f"/extend clip:{await self.sample_clip_id()} at:{at}")
        await self.page.keyboard.press("Enter")
        form = self.page.get_by_role("dialog")
        await form.wait_for()
        return form

    async def extend(self, lyrics: str = LYRICS) -> Locator:
        """Submit the modal, and return the reply."""
        reply = self.messages.nth(await self.messages.count())
        form = await self.open_modal()
        await form.get_by_label("Lyrics").fill(lyrics)
        await form.get_by_role("button", name="Submit").click()
        await form.wait_for(state="detached")
        return reply

    @property
    def messages(self) -> Locator:
        return self.page.locator(".message")

    async def wait_for_audio(self, message: Locator) -> None:
        """Wait until a message has come into view and carries audio."""
        await expect(message).to_be_in_viewport()
        await message.locator(".file.audio").first.wait_for(timeout=AUDIO_TIMEOUT)

    async def wait_for_playback(self, player: Locator) -> float:
        """Wait until the audio of ``player`` plays, and return its length in seconds."""
        audio = await player.locator("audio").element_handle()
        await self.page.wait_for_function(
            "audio => audio.currentTime > 0.2 && Number.isFinite(audio.duration)", arg=audio
        )
        length: float = await self.page.evaluate("audio => audio.duration", audio)
        return length


OpenBrowser = Callable[..., Awaitable[BrowserUser]]
