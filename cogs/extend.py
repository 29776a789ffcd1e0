"""`/extend`: the command, its autocompletes, and accepting the modal that it opens."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands
from typing_extensions import override

from bot.domain.form import NO_DEFAULTS, Form
from bot.domain.timecode import END, format_continue_at, format_length, parse_time
from bot.interactions.access import guild_settings_of
from bot.interactions.autocomplete import clip_choices, provider_choices, text_choice
from bot.interactions.buttons import open_form
from bot.interactions.client import Encore, Interaction
from bot.interactions.drafts import refuse_form
from bot.interactions.file_upload import receive_file
from bot.interactions.first_reply import send_first_reply
from bot.interactions.responses import EncoreCog
from bot.ui.modals import SubmittedForm, submitted_form

MAX_CHOICES = 25  # Discord's limit

Text = app_commands.Range[str, 0, 1000]
Lyrics = app_commands.Range[str, 0, 4000]


class _ExtendCommand(app_commands.Command["ExtendCog", ..., None]):
    """Leaves out the options that no enabled provider has."""

    @override
    def to_dict(self, tree: app_commands.CommandTree[Any]) -> dict[str, Any]:
        payload = super().to_dict(tree)
        bot: Encore = tree.client
        every = bot.services.forms.capabilities.values()
        absent = set[str]()
        if not any(each.exclude for each in every):
            absent.add("exclude")
        if not any(each.models for each in every):
            absent.add("model")
        if not any(each.new_length for each in every):
            absent.add("length")
        if not bot.services.uploaded_files.are_accepted:
            absent.add("file")
        payload["options"] = [
            {**each, "required": True} if each["name"] == "clip" and "file" in absent else each
            for each in payload["options"]
            if each["name"] not in absent
        ]
        return payload


class ExtendCog(EncoreCog):
    """Starts extensions."""

    def __init__(self, bot: Encore) -> None:
        self._services = bot.services

    @app_commands.describe(
        clip="The clip to continue: pick one, or paste a Suno link or a reply's link",
        at="Where the new part begins, such as 121.1, 2:01.1 or end; empty = the end",
        tags="Style of the new part, separated by commas; empty = the clip's",
        lyrics="First lines for the lyrics form",
        title="Title of the new part; empty = the clip's",
        exclude="Styles to exclude, where the service can",
        model="Model, where the service has a choice",
        provider="Service that makes it; empty = the one that made the clip",
        length="Seconds of the new part, where the service can be told",
        file="Audio of your own to continue, instead of a clip",
    )
    async def _extend(  # noqa: PLR0913, PLR0917 - one for each option
        self,
        interaction: Interaction,
        clip: Text = "",
        at: Text = "",
        tags: Text = "",
        lyrics: Lyrics = "",
        title: Text = "",
        exclude: Text = "",
        model: Text = "",
        provider: Text = "",
        length: Text = "",
        file: discord.Attachment | None = None,
    ) -> None:
        """Continue a clip from any second, with your own lyrics."""
        form = Form(
            clip=clip,
            at=at,
            style=tags,
            lyrics=lyrics,
            title=title,
            exclude=exclude,
            model=model,
            provider=provider,
            length=length,
        )
        if file is None:
            await open_form(interaction, form)
        else:
            await receive_file(interaction, file, form)

    extend = _ExtendCommand(
        name="extend",
        description="Continue a clip from any second, with your own lyrics.",
        callback=_extend,
    )

    @extend.autocomplete("clip")
    async def suggest_clips(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer clips that the member may see."""
        return await clip_choices(interaction, typed)

    @extend.autocomplete("at")
    async def suggest_times(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the end, with its time if known, and what was typed if it is a time."""
        length = await self._services.forms.length_of(getattr(interaction.namespace, "clip", ""))
        end = f"{END} ({format_length(length)})" if length else END
        choices = [Choice(name=end, value=END)]
        try:
            continue_at = parse_time(typed)
        except ValueError:
            return choices
        if continue_at is not None:
            time = format_continue_at(continue_at)
            choices.insert(0, Choice(name=time, value=time))
        return choices

    @extend.autocomplete("provider")
    async def suggest_providers(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the enabled providers."""
        return provider_choices(interaction, typed)

    @extend.autocomplete("model")
    async def suggest_models(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        """Offer the models of the provider that will be used."""
        settings = await guild_settings_of(interaction)
        models = await self._services.forms.models_for(
            getattr(interaction.namespace, "clip", ""),
            getattr(interaction.namespace, "provider", ""),
            settings.form_defaults if settings is not None else NO_DEFAULTS,
        )
        matching = [model for model in models if typed.casefold() in model.casefold()]
        return [text_choice(model) for model in matching[:MAX_CHOICES]]

    @commands.Cog.listener("on_interaction")
    async def accept_form(self, interaction: Interaction) -> None:
        """Accept the modal that a member sent, and answer with the first reply."""
        submitted = submitted_form(interaction.data or {})
        if submitted is None:
            return
        try:
            await self._accept(interaction, submitted)
        except Exception as error:  # noqa: BLE001 - told to the member and logged there
            await refuse_form(interaction, submitted.form, error)

    async def _accept(self, interaction: Interaction, submitted: SubmittedForm) -> None:
        await send_first_reply(
            interaction,
            lambda reply: self._services.acceptance.accept_form(
                submitted.form,
                idempotency_key=submitted.idempotency_key,
                member_id=interaction.user.id,
                member_name=interaction.user.display_name,
                reply=reply,
            ),
        )
