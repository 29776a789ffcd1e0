"""A stage for end-to-end tests: the sandbox, the bot on it, and what members do there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.__main__ import composed
from bot.client import Encore
from bot.settings import Settings
from sandbox.discord.calls import Interaction
from sandbox.discord.models import Channel, Message
from sandbox.discord.server import DiscordServer
from sandbox.providers.server import ProviderServer
from sandbox.providers.studio import Studio

PROVIDERS = ("aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay")

YELLOW, BLURPLE, ORANGE, GREEN, RED = 0xFEE75C, 0x5865F2, 0xFFA500, 0x57F287, 0xED4245
FINAL_COLOURS = (GREEN, RED)

LYRICS = "[Verse]\nSilver cities shine brightly\nSkies are painted blue"


class Stage:
    """The sandbox and the bot, with shorthands for what tests do again and again."""

    def __init__(
        self, discord: DiscordServer, providers: ProviderServer, *, database: Path
    ) -> None:
        self.discord = discord
        self.providers = providers
        self.database = database
        self.expected_violations: list[str] = []
        self.ada = discord.member("Ada")
        self.overrides: dict[str, str] = {}
        for studio in providers.studios.values():
            studio.enforce_rates = False

    @property
    def channel(self) -> Channel:
        return self.discord.world.channel

    def environment(self) -> dict[str, str]:
        """What the bot is started with."""
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "ENCORE_DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "SUNOAPI_CO_SUBMIT_EVERY": "0",
            "SUNOAPI_CO_QUERY_EVERY": "0",
            "SUNOSAY_SUBMIT_EVERY": "0",
            "SUNOSAY_QUERY_EVERY": "0",
            "ENCORE_POLL_EVERY": "0.3",
            **self.providers.environment(),
            **self.overrides,
        }

    def settings(self) -> Settings:
        return settings_from(self.environment())

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[Encore]:
        """The bot, connected, in this process."""
        settings = self.settings()
        async with composed(settings) as bot:
            running = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
            try:
                await self.discord.ready()
                await bot.wait_until_ready()
                yield bot
            finally:
                await bot.close()
                await running

    def studio(self, provider: str) -> Studio:
        return self.providers.studio(provider)

    def source(self, provider: str) -> str:
        """A short complete clip at ``provider``."""
        clips = self.studio(provider).source_clips()
        return min(clips, key=lambda clip: clip.duration).id

    async def ask(
        self, provider: str, *, values: dict[str, object] | None = None, **options: Any
    ) -> Interaction:
        """Have Ada use /extend and send the modal; return the modal's interaction."""
        channel = options.pop("channel", None)
        options.setdefault("clip", self.source(provider))
        options.setdefault("lyrics", LYRICS)
        opened = await self.ada.slash("extend", channel=channel, provider=provider, **options)
        assert opened.modal is not None, opened
        return await self.ada.submit(opened.modal, values or {})

    async def extend(self, provider: str, **options: Any) -> Message:
        """Have Ada extend a clip; return the first reply."""
        sent = await self.ask(provider, **options)
        assert sent.message is not None, sent
        return sent.message

    async def until(self, condition: Callable[[], object], *, timeout: float = 20.0) -> None:
        await self.discord.wait_for(condition, timeout=timeout)

    async def finished(self, message: Message, *, timeout: float = 20.0) -> None:
        """Wait until the reply is green or red."""
        await self.until(lambda: colour(message) in FINAL_COLOURS, timeout=timeout)


def settings_from(environment: dict[str, str]) -> Settings:
    """Return settings from a mapping instead of the process's environment."""
    from pydantic_settings import EnvSettingsSource

    class Given(Settings):
        @classmethod
        def settings_customise_sources(cls, settings_cls, **_):
            source = EnvSettingsSource(settings_cls)
            source.env_vars = {k.lower(): v for k, v in environment.items()}
            return (source,)

    return Given()


def colour(message: Message) -> int | None:
    return message.embeds[0].get("color") if message.embeds else None


def colours(message: Message) -> list[int]:
    """The colours a reply has shown, in order, without repetitions."""
    shown = [
        version["embeds"][0]["color"] for _, version in message.history if version.get("embeds")
    ]
    return [c for i, c in enumerate(shown) if i == 0 or shown[i - 1] != c]


def text(message: Message) -> str:
    return "\n".join(
        f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds
    )
