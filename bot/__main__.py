"""Command line and exit codes.

python -m bot          run Encore
python -m bot check    say what is set and what answers; exit code 0 or 1
python -m bot health   exit code 0 if the Encore on this database is alive
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Sequence

import aiohttp
import discord
from discord import app_commands

from bot.app import create_bot
from bot.health import Heartbeat
from bot.interactions.client import set_api_base
from bot.interactions.installation import guild_invite, installation_problems, user_invite
from bot.logs import set_up_logging
from bot.providers.base import Provider, ProviderError
from bot.providers.registry import open_providers
from bot.settings import Settings, SettingsError, load_settings
from bot.store.errors import StoreError
from bot.store.store import Store

log = logging.getLogger(__name__)

# Codes of the gateway, also while Encore runs.
TOKEN_INVALID = 4004  # it was reset
API_VERSION_INVALID = 4012
UNABLE_TO_RUN = (
    discord.LoginFailure,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    discord.PrivilegedIntentsRequired,
    aiohttp.ClientError,
    OSError,
)

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


async def run(settings: Settings) -> None:
    """Run Encore until SIGINT or SIGTERM; the loops finish their step."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with create_bot(settings) as bot:
        running = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not running.done():
            log.info("Stopping")
            await bot.close()
        await running


async def check(settings: Settings) -> int:
    """Print what is set and what answers; return the exit code."""
    set_api_base(settings.discord_api_url)
    print("Settings: complete; enabled:", ", ".join(settings.enabled))  # noqa: T201 - the command's answer
    code = EXIT_OK
    async for passed, sentence in _run_checks(settings):
        print("✓" if passed else "✗", sentence)  # noqa: T201 - the command's answer
        code = code if passed else EXIT_FAILED
    return code


async def _run_checks(settings: Settings) -> AsyncGenerator[tuple[bool, str]]:
    """Yield for each check whether it passed, and a sentence."""
    yield await _check_database(settings)
    async with open_providers(settings) as providers:
        for provider in providers.values():
            yield await _check_provider(provider)
    async for passed, sentence in _check_discord(settings):
        yield passed, sentence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="encore", description="A Discord bot that extends songs.")
    parser.add_argument("command", nargs="?", default="run", choices=("run", "check", "health"))
    command = parser.parse_args(arguments).command
    try:
        settings = load_settings()
        if command == "health":
            return EXIT_OK if Heartbeat(settings.database_url).is_fresh() else EXIT_FAILED
        if command == "check":
            return asyncio.run(check(settings))
        set_up_logging(settings.log)
        asyncio.run(run(settings))
    except (SettingsError, StoreError) as error:
        return _exit_with(str(error), EXIT_USAGE)
    except UNABLE_TO_RUN as error:
        return _exit_with(*explained(error))
    return EXIT_OK


def explained(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit code for what Discord answered, or that it did not."""
    if isinstance(error, discord.LoginFailure) or getattr(error, "code", None) == TOKEN_INVALID:
        return "DISCORD_TOKEN was refused by Discord: copy it again.", EXIT_USAGE
    if isinstance(error, app_commands.CommandSyncFailure):
        reason = " ".join(str(error).split())
        remedy = "tick *User Install* and *Guild Install* in the developer portal"
        return f"Discord refused the commands: {remedy} ({reason}).", EXIT_USAGE
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return "Discord refused Encore's intents (code 4014): update Encore.", EXIT_FAILED
    if isinstance(error, discord.ConnectionClosed):
        remedy = ": update Encore" if error.code == API_VERSION_INVALID else ""
        return f"Discord closed the connection (code {error.code}){remedy}.", EXIT_FAILED
    return f"Discord can't be reached ({type(error).__name__}).", EXIT_FAILED


async def _check_database(settings: Settings) -> tuple[bool, str]:
    try:
        async with Store.open(settings.database_url):
            return True, "Database: opened, and its schema is up to date."
    except StoreError as error:
        return False, f"Database: {error}"


async def _check_provider(provider: Provider) -> tuple[bool, str]:
    label = provider.capabilities.label
    try:
        credits_ = await provider.credits()
    except ProviderError as error:
        detail = f": {error.text}" if error.text else ""
        return False, f"{label}: can't be asked ({error.kind}{detail})."
    if credits_ is None:
        return True, f"{label}: enabled; its API does not tell whether the key works, or credits."
    return True, f"{label}: answers; {credits_.left:g} {credits_.unit} left."


async def _check_discord(settings: Settings) -> AsyncGenerator[tuple[bool, str]]:
    """Check the token, and the settings of its application in the developer portal."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure:
            yield False, "Discord: refuses the token; copy it again from the developer portal."
            return
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            yield False, f"Discord: can't be reached ({type(error).__name__})."
            return
        name = client.user.name if client.user else "?"
        yield True, f"Discord: the token works; this is {name}."
        application = client.application
    if application is None:
        return
    problems = list(installation_problems(application))
    for problem in problems:
        yield False, f"Discord: {problem}"
    if not problems:
        yield True, "Discord: it may be installed in servers and by members."
    yield True, f"Invite it into a server: {guild_invite(application.id)}"
    yield True, f"Members install it for themselves: {user_invite(application.id)}"


def _exit_with(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - for the operator
    return code


if __name__ == "__main__":
    sys.exit(main())
