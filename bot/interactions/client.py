"""Encore as Discord sees it: intents, the command tree, and the service that buttons call."""

import datetime as dt
import hashlib
import json
import logging
from typing import Any

import discord
import yarl
from aiolimiter import AsyncLimiter
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.interactions.thread_index import ThreadIndex
from bot.services.extensions import ExtensionService
from bot.services.library import Library
from bot.services.songs import Songs
from bot.store.store import Store

log = logging.getLogger(__name__)

# Discord takes 50 requests a second, all but those through interactions counted. A limiter lets
# as many pass at once as in the second after, hence less than half.
MAX_BOT_REQUESTS = 20

INTENTS = discord.Intents(guilds=True, guild_reactions=True)


class Encore(commands.AutoShardedBot):
    """The client. Keeps no messages and no members; what must last is in the store.

    Attributes:
        service: what buttons and commands call.
        library: what those of the library call.
        threads: where the threads are that Discord does not tell of on its own.
        songs: what they call for a full song.
        min_edit_interval: least time between the first reply and its first edit.
        pace: to be acquired once for each request that the bot makes as itself.
    """

    def __init__(
        self,
        *,
        store: Store,
        service: ExtensionService,
        library: Library,
        songs: Songs,
        min_edit_interval: dt.timedelta,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=INTENTS,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            # nothing here needs to know the guilds before it begins
            guild_ready_timeout=0.25,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.service = service
        self.library = library
        self.songs = songs
        self.min_edit_interval = min_edit_interval
        self.rate_limiter = AsyncLimiter(MAX_BOT_REQUESTS, 1)
        self.thread_index = ThreadIndex(self.rate_limiter)
        self._store = store

    async def setup_hook(self) -> None:
        """Tell Discord about the commands, but only if they changed since the last time."""
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        fact = f"commands:{self.application_id}"
        tree = _command_hash(self.tree)
        if await self._store.notes.fact(fact) != tree:
            await self.tree.sync()
            await self._store.notes.set_fact(fact, tree)
            log.info("Commands synced")


def set_api_base(url: str | None) -> None:
    """Have discord.py speak to the REST API at ``url``; None is Discord's own.

    discord.py keeps its base in a class, so this holds for the whole process.
    """
    Route.BASE = url.rstrip("/") if url else "https://discord.com/api/v10"


def _command_hash(tree: app_commands.CommandTree[Any]) -> str:
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
