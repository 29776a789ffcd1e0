"""Command line and exit codes; `python -m bot --help` explains the commands."""

import argparse
import asyncio
import gc
import importlib.metadata
import json
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import aiohttp
import discord
from discord import app_commands

from bot.app import create_bot
from bot.health import Heartbeat
from bot.interactions.client import Encore, set_api_base
from bot.interactions.installation import guild_invite, installation_problems, user_invite
from bot.logs import set_up_logging
from bot.providers.base import (
    OutOfCredits,
    Provider,
    ProviderError,
    RateLimited,
    SessionExpired,
    Unauthorized,
    Unavailable,
    WrongAddress,
)
from bot.providers.registry import open_providers
from bot.settings import Settings, SettingsError, given_variables, load_settings, log_style
from bot.settings_reference import settings_text, unknown_settings
from bot.store.backup import back_up, snapshot
from bot.store.errors import StoreError
from bot.store.store import Store

log = logging.getLogger("bot")

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

COMMANDS = {
    "run": "run Encore; the default",
    "check": "test the settings, the database, the services and the token",
    "health": "exit with code 0 if Encore is alive, else say why not",
    "settings": "print every setting with its meaning and default",
    "backup": "copy the SQLite database into a new file; Encore may be running",
    "export": "print what is kept of a member or a server, as JSON; Encore may be running",
}

Mark: TypeAlias = Literal["✓", "✗", "–", "!"]  # passed, failed, can't be checked, warning
Result: TypeAlias = tuple[Mark, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    given = _parser().parse_args(arguments)
    command = given.command
    # discord.py would warn at each start that two packages for voice are missing
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if command == "settings":
        print(settings_text(), end="")  # noqa: T201 - the command's answer
        return EXIT_OK
    logs_json = command == "run" and set_up_logging(log_style()) == "json"
    try:
        settings = load_settings()
        match command:
            case "health":
                shards = str(settings.shards or "")
                problem = Heartbeat(settings.database_url, shards=shards).problem()
                return EXIT_OK if problem is None else _exit_with(problem, EXIT_FAILED)
            case "check":
                return asyncio.run(check(settings))
            case "backup":
                back_up(settings.database_url, given.file)
                return EXIT_OK
            case "export":
                return asyncio.run(export(settings, member_id=given.member, guild_id=given.server))
            case _:
                asyncio.run(run(settings))
                return EXIT_OK
    except (SettingsError, StoreError) as error:
        return _exit_with(str(error), EXIT_USAGE, as_json=logs_json)
    except UNABLE_TO_RUN as error:
        return _exit_with(*explained(error), as_json=logs_json)
    except Exception:
        if not logs_json:
            raise
        log.critical("Encore ended with an unexpected error", exc_info=True)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Encore, a Discord bot for extending songs together.",
    )
    parser.add_argument("--version", action="version", version=f"Encore {_version()}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="command")
    for name, meaning in COMMANDS.items():
        description = f"{meaning[0].upper()}{meaning[1:]}."
        command = commands.add_parser(name, help=meaning, description=description)
        if name == "backup":
            command.add_argument("file", type=Path, help="the new file")
        if name == "export":
            subject = command.add_mutually_exclusive_group(required=True)
            subject.add_argument("--member", type=int, metavar="ID", help="id of a Discord user")
            subject.add_argument("--server", type=int, metavar="ID", help="id of a Discord server")
    parser.set_defaults(command="run")
    return parser


def _version() -> str:
    """Return the version of the installed package."""
    try:
        return importlib.metadata.version("encore")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed as a package)"


async def run(settings: Settings) -> None:
    """Run Encore until SIGINT or SIGTERM; the loops finish their step."""
    for sentence in unknown_settings(given_variables()):
        log.warning("%s", sentence)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with create_bot(settings) as bot:
        _spare_collector()
        announcing = asyncio.create_task(_announce(bot, services=settings.enabled_labels))
        running = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
        stopping.cancel()
        if not running.done():
            log.info("Stopping")
            await bot.close()
        await running


def _spare_collector() -> None:
    """Have the garbage collector leave alone what is there now, which lives until the end.

    It would walk all that again and again, for a tenth of a second in which nobody is answered.
    """
    gc.collect()
    gc.freeze()


async def _announce(bot: Encore, *, services: str) -> None:
    """Log, once Encore is connected, as whom and where, and how to invite it."""
    await bot.wait_until_ready()
    count = len(bot.guilds)
    servers = "1 server" if count == 1 else f"{count} servers"
    log.info("Connected as %s to %s; services: %s", bot.user, servers, services)
    if bot.application_id is not None:
        for sentence in _invitations(bot.application_id):
            log.info("%s", sentence)


def _invitations(application_id: int) -> Sequence[str]:
    return (
        f"Add it to a server: {guild_invite(application_id)}",
        f"Install it for yourself: {user_invite(application_id)}",
    )


async def export(settings: Settings, *, member_id: int | None, guild_id: int | None) -> int:
    """Print what is kept of a member, or else of a server; return the exit code."""
    with snapshot(settings.database_url) as address:
        async with Store.open(address) as store:
            if member_id is not None:
                data = await store.data_of_member(member_id)
            else:
                data = await store.data_of_guild(guild_id or 0)
    print(json.dumps(data, ensure_ascii=False, indent=2))  # noqa: T201 - the command's answer
    return EXIT_OK


async def check(settings: Settings) -> int:
    """Print what is set and what answers; return the exit code."""
    set_api_base(settings.discord_api_url)
    code = EXIT_OK
    async for mark, sentence in _run_checks(settings):
        print(mark, sentence)  # noqa: T201 - the command's answer
        code = EXIT_FAILED if mark == "✗" else code
    return code


async def _run_checks(settings: Settings) -> AsyncGenerator[Result]:
    """Yield the result of each check as a mark and a sentence."""
    yield "✓", f"Settings: complete; services: {settings.enabled_labels}."
    for sentence in unknown_settings(given_variables()):
        yield "!", sentence
    yield await _check_database(settings)
    async with open_providers(settings) as providers:
        for provider in providers.values():
            yield await _check_provider(provider)
    async for result in _check_discord(settings):
        yield result


def explained(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit code for what Discord answered, or that it did not."""
    if isinstance(error, discord.LoginFailure) or getattr(error, "code", None) == TOKEN_INVALID:
        return "Discord refused DISCORD_TOKEN: copy it again from the developer portal.", EXIT_USAGE
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


async def _check_database(settings: Settings) -> Result:
    try:
        async with Store.open(settings.database_url):
            return "✓", "Database: opened, and its schema is up to date."
    except StoreError as error:
        return "✗", f"Database: {error}"


async def _check_provider(provider: Provider) -> Result:
    label = provider.capabilities.label
    try:
        credits_ = await provider.credits()
    except ProviderError as error:
        return "✗", f"{label}: {_provider_problem(error, label)}."
    if credits_ is None:
        return "–", f"{label}: enabled; it has no way to check the key."
    return "✓", f"{label}: answers; {credits_.left:g} {credits_.unit} left."


def _provider_problem(error: ProviderError, label: str) -> str:
    """Return what is wrong with a provider, without a full stop."""
    details = error.text.rstrip(".").removeprefix(f"{label} ")
    match error:
        case WrongAddress():
            return "its base URL is not the address of this service"
        case SessionExpired():
            problem = "its session with Suno has ended; renew the cookie"
        case Unauthorized():
            problem = "refused the key"
        case OutOfCredits():
            problem = "has no credits left"
        case RateLimited():
            problem = "asked to wait; check again later"
        case Unavailable():
            if details in ("", "didn't answer"):
                return "didn't answer"
            problem = "gave no usable answer"
        case _:
            problem = "can't be checked"
    return f"{problem} ({details})" if details else problem


async def _check_discord(settings: Settings) -> AsyncGenerator[Result]:
    """Check the token, and the settings of its application in the developer portal."""
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except (discord.LoginFailure, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            yield "✗", explained(error)[0]
            return
        name = client.user.name if client.user else "?"
        yield "✓", f"Discord: the token works; this is {name}."
        application = client.application
    if application is None:
        return
    problems = list(installation_problems(application))
    for problem in problems:
        yield "✗", f"Discord: {problem}"
    if not problems:
        yield "✓", "Discord: Encore can be added to servers and installed by members."
    for sentence in _invitations(application.id):
        yield "–", sentence


def _exit_with(sentence: str, code: int, *, as_json: bool = False) -> int:
    """Tell the operator why Encore ends; return the exit code."""
    if as_json:
        log.critical("%s", sentence)
    else:
        print(sentence, file=sys.stderr)  # noqa: T201 - for the operator
    return code


if __name__ == "__main__":
    sys.exit(main())
