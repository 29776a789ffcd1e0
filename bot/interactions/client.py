"""The Discord client: intents, limits, the command tree, and the services that cogs call."""

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import discord
import yarl
from aiolimiter import AsyncLimiter
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.interactions.installation import owner_name
from bot.interactions.lost_answers import LostAnswerFilter
from bot.interactions.measured_requests import measuring_trace
from bot.interactions.thread_index import ThreadIndex
from bot.services.acceptance import Acceptance
from bot.services.budgets import Budgets
from bot.services.extensions import ExtensionService
from bot.services.form_check import FormReader
from bot.services.guild_settings import GuildSettingsService
from bot.services.library import Library
from bot.services.operator_contact import OperatorContact
from bot.services.reply_context import ReplyContextLoader
from bot.services.session_proposals import SessionProposals
from bot.services.session_start import SessionStarter
from bot.services.sessions import Sessions
from bot.services.songs import Songs
from bot.services.uploaded_files import UploadedFiles
from bot.setting_types import Shards
from bot.store.store import Store

log = logging.getLogger(__name__)

# Discord allows a bot 50 requests a second, apart from those through interactions. AsyncLimiter
# allows a burst of its whole rate and the rate itself in the second after, so less than half.
MAX_BOT_REQUESTS = 20
LARGEST_ACQUIRED = 2  # requests at once: to open a channel for direct messages, and to send one

LOST_ANSWER_FILTER = LostAnswerFilter()  # a logger takes the same filter only once

INTENTS = discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What commands, buttons and listeners call."""

    store: Store
    forms: FormReader
    reply_contexts: ReplyContextLoader
    acceptance: Acceptance
    extensions: ExtensionService
    songs: Songs
    library: Library
    uploaded_files: UploadedFiles
    sessions: Sessions
    session_starter: SessionStarter
    session_proposals: SessionProposals
    operator_contact: OperatorContact
    guild_settings: GuildSettingsService
    budgets: Budgets


class Encore(commands.AutoShardedBot):
    """The client. It caches no messages and no members: all that must last is in the store.

    Attributes:
        services: what commands, buttons and listeners call.
        min_edit_interval: least time between the first reply and its first edit.
        rate_limiter: acquired once for each request that is not sent through an interaction.
        thread_index: the parents of threads that the gateway does not announce.
    """

    def __init__(
        self,
        services: Services,
        *,
        min_edit_interval: dt.timedelta,
        shards: Shards | None = None,
        share: float = 1.0,
    ) -> None:
        """Make the client.

        Args:
            services: what commands, buttons and listeners call.
            min_edit_interval: least time between the first reply and its first edit.
            shards: which to serve; None serves all, as many as Discord recommends.
            share: this process's part of the requests that Discord allows the bot.
        """
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=INTENTS,
            activity=discord.CustomActivity("/extend"),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            # nothing here needs all guilds before it starts
            guild_ready_timeout=0.25,
            http_trace=measuring_trace(),
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            **_sharding(shards),
        )
        self.services = services
        self.min_edit_interval = min_edit_interval
        self._syncs_commands = shards is None or 0 in shards.ids
        requests = MAX_BOT_REQUESTS * share
        burst = max(requests, LARGEST_ACQUIRED)
        self.rate_limiter = AsyncLimiter(burst, burst / requests)
        self.thread_index = ThreadIndex(self.rate_limiter)
        logging.getLogger("discord.app_commands.tree").addFilter(LOST_ANSWER_FILTER)

    async def setup_hook(self) -> None:
        """Learn whose bot this is; sync the commands if they have changed, here or at Discord.

        Of several processes, the one that serves shard 0 syncs them.
        """
        if self.application is not None:
            self.services.operator_contact.set_owner(owner_name(self.application))
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        if self._syncs_commands:
            await self._sync_commands()

    async def _sync_commands(self) -> None:
        store = self.services.store
        fact = f"commands:{self.application_id}"
        tree_hash = _command_hash(self.tree)
        is_changed = await store.fact(fact) != tree_hash
        if is_changed or not await self._has_all_commands():
            await self.tree.sync()
            await store.set_fact(fact, tree_hash)
            log.info("Commands synced")

    async def _has_all_commands(self) -> bool:
        """Return whether Discord has the commands of the tree; others may have replaced them."""
        there = await self.http.get_global_commands(cast("int", self.application_id))
        here = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        return sorted(map(_signature, there)) == sorted(map(_signature, here))


Interaction: TypeAlias = discord.Interaction[Encore]


def set_api_base(url: str | None) -> None:
    """Make discord.py use the REST API at ``url``; None is Discord's own.

    discord.py keeps its base in a class, so this holds for the whole process.
    """
    Route.BASE = url.rstrip("/") if url else "https://discord.com/api/v10"


def _sharding(shards: Shards | None) -> dict[str, Any]:
    """Return the arguments by which discord.py serves these shards; None are all."""
    return {} if shards is None else {"shard_ids": [*shards.ids], "shard_count": shards.count}


def _signature(command: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what tells a command, as Discord has it or is sent it, from another."""
    options = sorted(option["name"] for option in command.get("options", ()))
    installs = sorted(command.get("integration_types") or ())
    return command["type"], command["name"], options, installs


def _command_hash(tree: app_commands.CommandTree[Any]) -> str:
    payload = [command.to_dict(tree) for command in tree.get_commands()]
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
