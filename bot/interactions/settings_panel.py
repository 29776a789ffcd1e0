"""What the selects, buttons and forms of `/settings` do; each change draws the panel anew.

*Manage Server* is checked at each press, not only by Discord when the command is offered.
"""

from collections.abc import Sequence
from typing import Any

import discord
from typing_extensions import override

from bot.domain.errors import FormError, UserError
from bot.domain.guild_settings import GuildSettings
from bot.interactions.access import POST_PERMISSIONS, missing_permissions
from bot.interactions.buttons import PersistentButton, PersistentSelect
from bot.interactions.client import Interaction
from bot.interactions.responses import answer, answer_error
from bot.ui.custom_ids import Action
from bot.ui.settings_forms import (
    BUDGETS,
    LIMITS,
    STYLE,
    SettingsForm,
    correction_view,
    kept_form,
    settings_modal,
    stored_form,
)
from bot.ui.settings_panel import NOTHING, Panel, panel_embed, panel_view


def managed_guild(interaction: Interaction) -> discord.Guild:
    """Return the server whose settings the member may change.

    Raises:
        UserError: they may not *Manage Server*, or Encore is not in the server.
    """
    guild = interaction.guild
    if guild is None or not interaction.is_guild_integration():
        raise UserError("This only works in a server that Encore is in.", "Add Encore to yours.")
    if not interaction.permissions.manage_guild:
        raise UserError(
            "Only members who may *Manage Server* can change the settings.", "Ask one of them."
        )
    return guild


async def show_panel(interaction: Interaction) -> None:
    """Answer a command with the panel; after a press or a form, draw it anew.

    Raises:
        UserError: as `managed_guild`.
    """
    guild = managed_guild(interaction)
    settings = await interaction.client.services.guild_settings.settings_of(guild.id)
    await _show(interaction, guild, settings)


async def accept_settings(interaction: Interaction, submitted: SettingsForm) -> None:
    """Store what a moderator sent with a form, or say what is wrong and keep the rest."""
    service, member_id = interaction.client.services.guild_settings, interaction.user.id
    try:
        guild = managed_guild(interaction)
        typed = submitted.typed
        if submitted.what == STYLE:
            settings = await service.set_style(guild.id, typed["style"], member_id)
        elif submitted.what == LIMITS:
            settings = await service.set_limits(
                guild.id, member=typed["member"], channel=typed["channel"], member_id=member_id
            )
        else:
            settings = await service.set_budgets(
                guild.id,
                day=typed["day"],
                month=typed["month"],
                member_day=typed["member_day"],
                notices_channel_id=submitted.notices_channel_id,
                member_id=member_id,
            )
        await _show(interaction, guild, settings)
    except FormError as error:
        await answer_error(interaction, error, view=correction_view(submitted))
    except Exception as error:  # noqa: BLE001 - told to the member and logged there
        await answer_error(interaction, error)


async def _show(interaction: Interaction, guild: discord.Guild, settings: GuildSettings) -> None:
    services = interaction.client.services
    capabilities = services.forms.capabilities
    usual = services.forms.default_provider
    names = sorted(capabilities, key=lambda name: name != usual)
    panel = Panel(
        settings=settings,
        budgets=await services.budgets.uses(settings, interaction.user.id),
        quota=services.guild_settings.quota,
        services={name: capabilities[name].label for name in names},
        models={name: capabilities[name].models for name in names if capabilities[name].models},
        has_sessions=services.session_starter.is_enabled,
        lacks_notices=_lacks_notices(guild, settings.notices_channel_id),
    )
    embed, view = panel_embed(panel), panel_view(panel)
    if interaction.message is not None:
        await interaction.response.edit_message(embed=embed, view=view)
    else:
        await answer(interaction, embeds=[embed], view=view)


def _lacks_notices(guild: discord.Guild, channel_id: int | None) -> bool:
    """Whether a channel for notices is chosen in which Encore may not post."""
    if channel_id is None:
        return False
    channel = guild.get_channel(channel_id)
    return channel is None or bool(
        missing_permissions(channel.permissions_for(guild.me), POST_PERMISSIONS)
    )


class SetChannels(PersistentSelect, action=Action.SET_CHANNELS):
    """Sets the channels in which members may extend."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        guild, service = managed_guild(interaction), interaction.client.services.guild_settings
        ids = [*map(int, values)]
        settings = await service.set_channels(guild.id, ids, interaction.user.id)
        await _show(interaction, guild, settings)


class SetRoles(PersistentSelect, action=Action.SET_ROLES):
    """Sets the roles of which members need one to extend."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        guild, service = managed_guild(interaction), interaction.client.services.guild_settings
        settings = await service.set_roles(guild.id, [*map(int, values)], interaction.user.id)
        await _show(interaction, guild, settings)


class SetProvider(PersistentSelect, action=Action.SET_PROVIDER):
    """Sets the default service."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        guild, service = managed_guild(interaction), interaction.client.services.guild_settings
        settings = await service.set_provider(guild.id, _chosen(values), interaction.user.id)
        await _show(interaction, guild, settings)


class SetModel(PersistentSelect, action=Action.SET_MODEL):
    """Sets the default model."""

    @override
    async def choose(self, interaction: Interaction, values: Sequence[str]) -> None:
        guild, service = managed_guild(interaction), interaction.client.services.guild_settings
        settings = await service.set_model(guild.id, _chosen(values), interaction.user.id)
        await _show(interaction, guild, settings)


class SetStyle(PersistentButton, action=Action.SET_STYLE):
    """Opens the form of the default style."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _open_form(interaction, STYLE)


class SetLimits(PersistentButton, action=Action.SET_LIMITS):
    """Opens the form of what may be in progress at once."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _open_form(interaction, LIMITS)


class SetBudgets(PersistentButton, action=Action.SET_BUDGETS):
    """Opens the form of the budgets."""

    @override
    async def press(self, interaction: Interaction) -> None:
        await _open_form(interaction, BUDGETS)


class EditSettings(PersistentButton, action=Action.EDIT_SETTINGS):
    """Opens a form that was refused, with what was typed."""

    @override
    async def press(self, interaction: Interaction) -> None:
        managed_guild(interaction)
        quota = interaction.client.services.guild_settings.quota
        await interaction.response.send_modal(settings_modal(kept_form(self.stored_id), quota))


class SetSessions(PersistentButton, action=Action.SET_SESSIONS):
    """Turns sessions on or off."""

    @override
    async def press(self, interaction: Interaction) -> None:
        guild = managed_guild(interaction)
        service = interaction.client.services.guild_settings
        _, _, new = self.stored_id.partition("-")
        settings = await service.switch_sessions(guild.id, interaction.user.id, on=new == "on")
        await _show(interaction, guild, settings)


async def _open_form(interaction: Interaction, what: str) -> None:
    """Answer with a form of what is set, if the member may change it."""
    guild, service = managed_guild(interaction), interaction.client.services.guild_settings
    form = stored_form(what, await service.settings_of(guild.id))
    await interaction.response.send_modal(settings_modal(form, service.quota))


def _chosen(values: Sequence[str]) -> str:
    """Return what was chosen; empty for the option that sets nothing."""
    return "" if values[0] == NOTHING else values[0]


SETTINGS_ITEMS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (
    SetChannels,
    SetRoles,
    SetProvider,
    SetModel,
    SetStyle,
    SetLimits,
    SetBudgets,
    EditSettings,
    SetSessions,
)
