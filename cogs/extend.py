"""`/extend`: the command, its autocompletes, and what happens when its modal is sent."""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.domain.clip_reference import ClipId, parse_clip_reference
from bot.domain.clock import Clock
from bot.domain.form import Form
from bot.domain.text import collapse_whitespace, truncate
from bot.domain.timecode import END, format_continue_at, format_time, parse_time
from bot.interactions.autocomplete import CHOICE_LENGTH, clip_choices
from bot.interactions.buttons import REPLY_BUTTONS, open_form
from bot.interactions.client import Encore
from bot.interactions.first_reply import send_first_reply
from bot.interactions.responses import EncoreCog, answer_error
from bot.services.extensions import ExtensionService
from bot.ui.components import draft_view
from bot.ui.modals import SubmittedForm, submitted_form

log = logging.getLogger(__name__)

MAX_CHOICES = 25

Text = app_commands.Range[str, 0, 1000]
Lyrics = app_commands.Range[str, 0, 4000]


class ExtendCog(EncoreCog):
    """Starts extensions."""

    def __init__(self, bot: Encore, service: ExtensionService, clock: Clock) -> None:
        self._bot = bot
        self._service = service
        self._clock = clock

    async def cog_load(self) -> None:
        """Bring buttons on replies from before this start back to life."""
        self._bot.add_dynamic_items(*REPLY_BUTTONS)

    @app_commands.command()
    @app_commands.describe(
        clip="The clip to continue: pick one, or paste an id, a Suno link or a reply's link",
        at="Where the new part begins: seconds, m:ss, or end; empty = the end",
        tags="Style of the new part, separated by commas; empty = the clip's style",
        lyrics="Starts the lyrics box, which opens next",
        title="Title of the new part",
        exclude="Styles to keep out, where the provider can",
        model="Model, where the provider offers a choice",
        provider="Who makes it; empty = who made the clip",
    )
    async def extend(
        self,
        interaction: discord.Interaction[Any],
        clip: Text,
        at: Text = "",
        tags: Text = "",
        lyrics: Lyrics = "",
        title: Text = "",
        exclude: Text = "",
        model: Text = "",
        provider: Text = "",
    ) -> None:
        """Continue a clip from any second, with lyrics of your own."""
        form = Form(
            clip=clip,
            at=at,
            style=tags,
            lyrics=lyrics,
            title=title,
            exclude=exclude,
            model=model,
            provider=provider,
        )
        await open_form(interaction, self._service, form)

    @extend.autocomplete("clip")
    async def suggest_clips(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer clips made or used here, as far as the member may see them."""
        return await clip_choices(interaction, typed, now=self._clock())

    @extend.autocomplete("at")
    async def suggest_times(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer the end, with its time where it is known, and what was typed read as a time."""
        named = parse_clip_reference(getattr(interaction.namespace, "clip", ""))
        known = await self._service.known_clip(named.value) if isinstance(named, ClipId) else None
        length = known.clip.duration if known else None
        end = f"{END} ({format_time(round(length))})" if length else END
        choices = [Choice(name=end, value=END)]
        try:
            point = parse_time(typed)
        except ValueError:
            return choices
        if point is not None:
            choices.insert(
                0, Choice(name=format_continue_at(point), value=format_continue_at(point))
            )
        return choices

    @extend.autocomplete("provider")
    async def suggest_providers(
        self, _interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer the enabled providers."""
        return [
            Choice(name=capabilities.label, value=name)
            for name, capabilities in self._service.capabilities.items()
            if typed.casefold() in f"{name} {capabilities.label}".casefold()
        ]

    @extend.autocomplete("model")
    async def suggest_models(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice[str]]:
        """Offer the models that the named provider, or any, lets members choose."""
        named = getattr(interaction.namespace, "provider", "")
        every = self._service.capabilities
        offered = [every[named]] if named in every else [*every.values()]
        models = dict.fromkeys(model for each in offered for model in each.models)
        fitting = [model for model in models if typed.casefold() in model.casefold()]
        return [
            Choice(name=truncate(collapse_whitespace(m), CHOICE_LENGTH), value=m) for m in fitting
        ][:MAX_CHOICES]

    @commands.Cog.listener("on_interaction")
    async def accept_form(self, interaction: discord.Interaction[Any]) -> None:
        """Take on what a member sent with the modal, and answer with the first reply."""
        sent = submitted_form(interaction)
        if sent is None:
            return
        try:
            await self._accept(interaction, sent)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await self._refuse(interaction, sent, error)

    async def _accept(self, interaction: discord.Interaction[Any], sent: SubmittedForm) -> None:
        await send_first_reply(
            interaction,
            self._service,
            lambda reply: self._service.accept(
                sent.form,
                idempotency_key=sent.idempotency_key,
                member_id=interaction.user.id,
                reply=reply,
            ),
        )

    async def _refuse(
        self, interaction: discord.Interaction[Any], sent: SubmittedForm, error: Exception
    ) -> None:
        """Say why not, behind a button that opens the form again with everything in it."""
        view, kept = None, ""
        try:
            draft_id = await self._service.keep_draft(sent.form, member_id=interaction.user.id)
            view = draft_view(draft_id)
        except Exception:
            log.exception("A draft could not be kept; it is given back")
            kept = sent.form.lyrics
        await answer_error(interaction, error, view=view, unsent_lyrics=kept)
