"""`/session`: start, show and list; the form for a part; and what happens to sessions' threads."""

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.domain.errors import UserError
from bot.domain.sessions.posts import CARD
from bot.interactions.access import (
    GRANT_IT,
    missing_permissions,
    missing_permissions_text,
    require_may_extend,
)
from bot.interactions.autocomplete import clip_choices, provider_choices
from bot.interactions.client import Encore, Interaction
from bot.interactions.responses import EncoreCog
from bot.interactions.session_answers import (
    accept_part,
    press_from,
    send_post,
    show_session,
    show_sessions,
)
from bot.services.session_start import StartForm
from bot.ui.session_form import submitted_part

Text = app_commands.Range[str, 0, 1000]
Title = app_commands.Range[str, 0, 100]
Parts = app_commands.Range[int, 1, 100]

VOTES = [
    Choice(name="1 minute", value=60),
    Choice(name="3 minutes", value=180),
    Choice(name="10 minutes", value=600),
    Choice(name="1 hour", value=3600),
    Choice(name="12 hours", value=43_200),
    Choice(name="24 hours", value=86_400),
]
# A thread is made for a session in these; elsewhere it is held right there.
CHANNELS_WITH_THREADS = (discord.ChannelType.text, discord.ChannelType.news)
NEEDED_FOR_THREAD = ("create_public_threads", "send_messages_in_threads", "embed_links")
NEEDED_IN_THREAD = ("send_messages_in_threads", "embed_links")
NEEDED_IN_CHANNEL = ("send_messages", "embed_links")


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class SessionsCog(EncoreCog, commands.GroupCog, group_name="session"):
    """Write a song together, part by part."""

    def __init__(self, bot: Encore) -> None:
        self._sessions = bot.services.sessions
        self._starter = bot.services.session_starter

    @app_commands.command()
    @app_commands.describe(
        clip="The clip that the song begins with: pick one, or paste a Suno link or a reply's link",
        title="Title of the song; empty = the clip's",
        vote="How long a vote runs",
        parts="How many parts may be made",
        provider="Service that makes the parts; empty = the one that made the clip",
    )
    @app_commands.choices(vote=VOTES)
    async def start(
        self,
        interaction: Interaction,
        clip: Text,
        title: Title = "",
        vote: int | None = None,
        parts: Parts | None = None,
        provider: Text = "",
    ) -> None:
        """Start a song that members write together, in a thread of its own."""
        press = press_from(interaction, posts=True)
        await require_may_extend(interaction)
        has_own_thread = interaction.channel and interaction.channel.type in CHANNELS_WITH_THREADS
        _require_permissions(interaction, has_own_thread=bool(has_own_thread))
        view, is_new = await self._starter.start(
            StartForm(
                clip=clip,
                title=title,
                provider=provider,
                vote_seconds=vote,
                parts=parts,
                guild_id=interaction.guild_id or 0,
                channel_id=interaction.channel_id or 0,
                has_own_thread=bool(has_own_thread),
            ),
            press,
        )
        if not is_new:
            raise UserError("You've started this already.", "Its card shows where it stands.")
        await send_post(interaction, view.state.session.id, CARD)

    @start.autocomplete("clip")
    async def suggest_clips(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer clips that the member may see."""
        return await clip_choices(interaction, typed)

    @start.autocomplete("provider")
    async def suggest_providers(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the enabled providers."""
        return provider_choices(interaction, typed)

    @app_commands.command()
    async def show(self, interaction: Interaction) -> None:
        """Show where the session here stands, with all its buttons."""
        await show_session(interaction)

    @app_commands.command(name="list")
    async def list_sessions(self, interaction: Interaction) -> None:
        """List the sessions of this server, and their songs."""
        await show_sessions(interaction, 1)

    @commands.Cog.listener("on_interaction")
    async def accept_form(self, interaction: Interaction) -> None:
        """Accept the part that a member sent."""
        submitted = submitted_part(interaction.data or {})
        if submitted is not None:
            await accept_part(interaction, submitted)

    @commands.Cog.listener("on_raw_thread_update")
    async def follow_thread(self, event: discord.RawThreadUpdateEvent) -> None:
        """Let a session rest while its thread is archived or locked."""
        metadata = event.data.get("thread_metadata", {})
        if metadata.get("archived") or metadata.get("locked"):
            await self._sessions.channel_closed(event.thread_id)
        else:
            await self._sessions.channel_opened(event.thread_id)

    @commands.Cog.listener("on_raw_thread_delete")
    async def lose_thread(self, event: discord.RawThreadDeleteEvent) -> None:
        """End the session of a deleted thread."""
        await self._sessions.channel_deleted(event.thread_id)

    @commands.Cog.listener("on_guild_channel_delete")
    async def lose_channel(self, channel: discord.abc.GuildChannel) -> None:
        """End the session that was held in a deleted channel."""
        await self._sessions.channel_deleted(channel.id)

    @commands.Cog.listener("on_guild_remove")
    async def lose_guild(self, guild: discord.Guild) -> None:
        """End the sessions of a server that Encore was removed from."""
        await self._sessions.guild_lost(guild.id)


def _require_permissions(interaction: Interaction, *, has_own_thread: bool) -> None:
    """Raise UserError unless Encore may do what a session needs here."""
    if has_own_thread:
        needed = NEEDED_FOR_THREAD
    elif isinstance(interaction.channel, discord.Thread):
        needed = NEEDED_IN_THREAD
    else:
        needed = NEEDED_IN_CHANNEL
    if lacking := missing_permissions(interaction.app_permissions, needed):
        sentence = missing_permissions_text(lacking, interaction.channel_id or 0)
        raise UserError(sentence, f"Nothing was started. {GRANT_IT}")
