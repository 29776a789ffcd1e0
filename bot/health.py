"""`python -m bot check`: what is set, which providers answer, whether the token works."""

import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import discord

from bot.providers.base import Provider, ProviderError
from bot.settings import Settings
from bot.store.errors import StoreError
from bot.store.store import Store


async def run_checks(
    settings: Settings, providers: Mapping[str, Provider]
) -> AsyncIterator[tuple[bool, str]]:
    """Yield what was found, a sentence each, and whether that is well."""
    yield await _check_database(settings)
    for provider in providers.values():
        yield await _check_provider(provider)
    yield await _check_token(settings)


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
        return (
            False,
            f"{label}: can't be asked ({error.kind}{f': {error.text}' if error.text else ''}).",
        )
    if credits_ is None:
        return True, f"{label}: enabled; its API does not tell whether the key works, or credits."
    return True, f"{label}: answers; {credits_.left:g} {credits_.unit} left."


async def _check_token(settings: Settings) -> tuple[bool, str]:
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
        except discord.LoginFailure:
            return False, "Discord: refuses the token; copy it again from the developer portal."
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            return False, f"Discord: can't be reached ({type(error).__name__})."
        name = client.user.name if client.user else "?"
        return True, f"Discord: the token works; this is {name}."


MAX_AGE = 60.0  # seconds


class Heartbeat:
    """Of the Encore that runs on one database."""

    def __init__(self, database_url: str) -> None:
        name = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        self._path = Path(tempfile.gettempdir()) / f"encore-{name}.heartbeat"

    def beat(self) -> None:
        """Show that Encore is connected and its loops run."""
        self._path.touch()

    def is_fresh(self) -> bool:
        """Whether there was a beat within the last `FRESH_FOR` seconds."""
        try:
            return time.time() - self._path.stat().st_mtime < MAX_AGE
        except FileNotFoundError:
            return False

    def stop(self) -> None:
        """Leave no sign behind."""
        self._path.unlink(missing_ok=True)
