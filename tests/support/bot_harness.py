"""A harness for end-to-end tests: the sandbox, the bot on it, and what members do there."""

import asyncio
import datetime as dt
import random
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from bot.app import create_bot
from bot.domain.clock import utc_now
from bot.interactions.client import Encore
from bot.settings import Settings
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.member import Member
from sandbox.discord.models import Channel, Message
from sandbox.discord.server import DiscordServer
from sandbox.processes import ManagedProcess
from sandbox.providers.account import ProviderAccount
from sandbox.providers.request_log import Submission
from sandbox.providers.server import ProviderServer

PROVIDERS = ("aimlapi", "sunoapi_co", "suno_api", "sunoapi_com", "sunosay", "sunoapi_org")

YELLOW, BLURPLE, ORANGE, GREEN, RED = 0xFEE75C, 0x5865F2, 0xFFA500, 0x57F287, 0xED4245
GREY = 0x99AAB5

LYRICS = "[Verse]\nSilver cities shine brightly\nSkies are painted blue"
STYLE = "synthpop, dreamy"


class MovableClock:
    """The time, moved on by a test."""

    def __init__(self) -> None:
        self._moved = dt.timedelta(0)

    def __call__(self) -> dt.datetime:
        return utc_now() + self._moved

    def move(self, by: dt.timedelta) -> None:
        self._moved += by


class BotHarness:
    """The sandbox and the bot, with shorthands for what tests do again and again."""

    def __init__(
        self, discord: DiscordServer, providers: ProviderServer, *, database: Path
    ) -> None:
        self.discord = discord
        self.providers = providers
        self.database = database
        self.ada = discord.member("Ada")
        self.overrides: dict[str, str] = {}
        self.has_acestep = False  # whose server members of most tests do not have
        self.clock = MovableClock()
        self.min_edit_interval = dt.timedelta(seconds=0.1)
        self.violations: list[str] = []  # what a test means to provoke
        for account in providers.accounts.values():
            account.enforce_rate_limits = False

    def environment(self) -> dict[str, str]:
        """What the bot is started with; an override that is empty removes a variable."""
        given = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "ENCORE_DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "ENCORE_LOG": "json",
            "ENCORE_POLL_EVERY": "0.1",
            "ENCORE_RECONCILE_TIMEOUT": "1",
            "ENCORE_MEMBER_LIMIT": "0",
            "ENCORE_CHANNEL_LIMIT": "0",
            "SUNOAPI_CO_SUBMIT_EVERY": "0",
            "SUNOAPI_CO_QUERY_EVERY": "0",
            "SUNOSAY_SUBMIT_EVERY": "0",
            "SUNOSAY_QUERY_EVERY": "0",
            "SUNOAPI_ORG_SUBMIT_EVERY": "0",
            "SUNOAPI_ORG_QUERY_EVERY": "0",
            "ACESTEP_QUERY_EVERY": "0",
            **self.providers.environment(),
            **self.overrides,
        }
        if not self.has_acestep:
            given = {name: value for name, value in given.items() if "ACESTEP" not in name}
        return {name: value for name, value in given.items() if value}

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[Encore]:
        """The bot, connected, in this process."""
        # they share a process, and a busy machine may stand still for longer than Discord waits;
        # how soon the bot answers is measured in bench/
        self.discord.interactions.acknowledge_timeout = 10.0
        settings = settings_from(self.environment())
        async with create_bot(
            settings, clock=self.clock, min_edit_interval=self.min_edit_interval
        ) as bot:
            running = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
            try:
                await self.discord.wait_until_ready()
                await bot.wait_until_ready()
                yield bot
            finally:
                await bot.close()
                await running

    def account(self, provider: str) -> ProviderAccount:
        return self.providers.account(provider)

    def source(self, provider: str) -> str:
        """A short complete clip that ``provider`` can continue; ACE-Step continues any clip."""
        clips = self.account("suno_api" if provider == "acestep" else provider).source_clips()
        return min(clips, key=lambda clip: clip.duration).id

    async def open_modal(
        self,
        provider: str,
        *,
        member: Member | None = None,
        channel: Channel | None = None,
        **options: object,
    ) -> Interaction:
        """Have a member use /extend; return the interaction, with its modal if one opened.

        An option that is None is left out.
        """
        usual = {"lyrics": LYRICS, "tags": STYLE}
        if "clip" not in options:
            usual["clip"] = self.source(provider)
        given = {name: value for name, value in (usual | options).items() if value is not None}
        return await (member or self.ada).slash(
            "extend", channel=channel, provider=provider, **given
        )

    async def ask(
        self, provider: str, *, member: Member | None = None, **options: object
    ) -> Interaction:
        """Have a member use /extend and send the modal; return the modal's interaction."""
        opened = await self.open_modal(provider, member=member, **options)
        assert opened.modal is not None, opened.message and text(opened.message)
        return await (member or self.ada).submit(opened.modal)

    async def extend(self, provider: str, **options: object) -> Message:
        """Have a member extend a clip; return the first reply."""
        sent = await self.ask(provider, **options)
        assert sent.message is not None, sent.error
        return sent.message

    async def until(self, condition: Callable[[], object], *, within: float = 20.0) -> None:
        await self.discord.wait_for(condition, timeout=within)

    async def finished(self, message: Message, *, within: float = 20.0) -> None:
        """Wait until the reply is in a final colour."""
        await self.until(lambda: colour(message) in {GREEN, RED}, within=within)


class BotProcess:
    """The bot as a process of its own, which can be killed and starts again where it was."""

    def __init__(self, harness: BotHarness, log: Path, **overrides: str) -> None:
        self.child = ManagedProcess("bot", ("-m", "bot"), harness.environment() | overrides)
        self._harness = harness
        self._log = log

    async def start(self) -> None:
        with self._log.open("ab") as sink:
            await self.child.start(log=sink)
        await self._harness.discord.wait_until_ready(timeout=30)

    async def kill(self) -> None:
        await self.child.kill()
        await self._harness.until(lambda: not self._harness.discord.gateway.is_connected)

    async def die_often(self, times: int, *, within: float, chance: random.Random) -> None:
        """Be killed so many times, each at any moment of ``within`` seconds, and start again."""
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.0, within))
            await self.kill()
            await self.start()


async def failures_of(attempts: Mapping[str, Awaitable[object]]) -> dict[str, str]:
    """Run independent attempts side by side; return what went wrong, by their names."""
    ended = await asyncio.gather(*attempts.values(), return_exceptions=True)
    return {
        name: "".join(traceback.format_exception_only(error))
        for name, error in zip(attempts, ended, strict=True)
        if isinstance(error, BaseException)
    }


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Return settings from a mapping in place of the process's environment."""

    class Given(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            source = EnvSettingsSource(settings_cls)
            source.env_vars = {name.lower(): value for name, value in environment.items()}
            return (source,)

    return Given()  # pyright: ignore[reportCallIssue]


def lyrics_of(submission: Submission) -> str:
    """The lyrics of the new part in a request that a provider took.

    ACE-Step is sent those of the whole song: of its last part they are the last paragraph.
    """
    if submission.provider == "acestep":
        return str(submission.request["lyrics"]).rpartition("\n\n")[2]
    return str(submission.request.get("prompt", ""))


def colour(message: Message) -> int | None:
    return message.embeds[0].get("color") if message.embeds else None


def colours(message: Message) -> list[int]:
    """The colours a reply has shown, in order, without repetitions."""
    shown = [version["embeds"][0]["color"] for _, version in message.history if version["embeds"]]
    return [now for before, now in zip([None, *shown], shown, strict=False) if now != before]


def text(message: Message) -> str:
    """All that a reply says now."""
    parts = [(embed.get("title", ""), embed.get("description", "")) for embed in message.embeds]
    return "\n".join(line for part in parts for line in part)


def labels(message: Message) -> list[str]:
    """What stands on the buttons of a message."""
    items = [item for row in message.components for item in row["components"]]
    return [item["label"] for item in items if "label" in item]
