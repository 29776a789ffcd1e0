"""`/session`: start, show and list; the form for a part; and what happens to a session's thread."""

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.domain.errors import UserError
from bot.domain.sessions.posts import CARD
from bot.interactions.autocomplete import clip_choices
from bot.interactions.client import Encore, Interaction
from bot.interactions.responses import EncoreCog, answer
from bot.interactions.session_buttons import accept_part, press_from, send_post
from bot.interactions.session_list import show_sessions
from bot.services.sessions import StartForm
from bot.ui.session_answers import running_sessions_embed
from bot.ui.session_form import submitted_part
from bot.ui.session_posts import session_overview

Text = app_commands.Range[str, 0, 1000]
Title = app_commands.Range[str, 0, 100]

VOTES = [
    Choice(name="1 minute", value=60),
    Choice(name="3 minutes", value=180),
    Choice(name="10 minutes", value=600),
    Choice(name="1 hour", value=3600),
    Choice(name="12 hours", value=43200),
    Choice(name="24 hours", value=86400),
]
# where a thread is made for a session; elsewhere it is held in the channel itself
CHANNELS_WITH_THREADS = (discord.ChannelType.text, discord.ChannelType.news)
THREAD_PERMISSIONS = ("create_public_threads", "send_messages_in_threads", "embed_links")


class SessionsCog(
    EncoreCog,
    commands.GroupCog,
    group_name="session",
    group_description="Write a song together, part by part.",
):
    """Sessions by command, and the events of their threads."""
