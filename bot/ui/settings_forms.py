"""The forms of the settings panel: drawn, and read back.

Their custom ids carry the state (``settings:form:<what>:<server>``), so Encore understands a form
that was opened before a restart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import discord

from bot.domain.guild_settings import GuildSettings
from bot.store.acceptance import Quota
from bot.ui.components import build_view
from bot.ui.custom_ids import Action
from bot.ui.modals import Field, build_modal, typed_values

PREFIX = "settings:form:"
STYLE, LIMITS, BUDGETS = "style", "limits", "budgets"
NUMBER_LENGTH = 7  # digits
STYLE_LENGTH = 200
NOTICES = "notices"

_NAMES = {
    STYLE: ("style",),
    LIMITS: ("member", "channel"),
    BUDGETS: ("day", "month", "member_day"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsForm:
    """What is in one of the forms: as it opens, or as a moderator sent it.

    Attributes:
        what: `STYLE`, `LIMITS` or `BUDGETS`.
        guild_id: of the server.
        typed: the texts, by the names of their fields.
        notices_channel_id: the channel that is chosen, with the budgets; None is none.
    """

    what: str
    guild_id: int
    typed: Mapping[str, str]
    notices_channel_id: int | None = None


def stored_form(what: str, settings: GuildSettings) -> SettingsForm:
    """Return the form with what is set."""
    values = {
        "style": settings.style,
        "member": _text(settings.member_limit),
        "channel": _text(settings.channel_limit),
        "day": _text(settings.daily_budget),
        "month": _text(settings.monthly_budget),
        "member_day": _text(settings.member_budget),
    }
    return SettingsForm(
        what=what,
        guild_id=settings.guild_id,
        typed={name: values[name] for name in _NAMES[what]},
        notices_channel_id=settings.notices_channel_id if what == BUDGETS else None,
    )


def submitted_form(data: Mapping[str, object]) -> SettingsForm | None:
    """Return what the data of an interaction says; None if it is not one of these forms."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX) or "components" not in data:
        return None
    what, _, guild_id = custom_id.removeprefix(PREFIX).partition(":")
    if what not in _NAMES or not guild_id.isdecimal():  # it is not one that Encore makes
        return None
    return SettingsForm(
        what=what,
        guild_id=int(guild_id),
        typed=dict.fromkeys(_NAMES[what], "") | typed_values(data, _NAMES[what]),
        notices_channel_id=_chosen_channel(data),
    )


def kept_form(stored_id: str) -> SettingsForm:
    """Return the form that a button of `correction_view` opens."""
    what, guild_id, typed, channel_id = stored_id.split(":")
    return SettingsForm(
        what=what,
        guild_id=int(guild_id),
        typed=dict(zip(_NAMES[what], typed.split(","), strict=True)),
        notices_channel_id=int(channel_id) if channel_id else None,
    )


def correction_view(form: SettingsForm) -> discord.ui.View | None:
    """Return the button that opens the form again, with the numbers that were typed.

    What is no word can't be in the button; the refusal above it quotes that.
    """
    typed = [
        text if re.fullmatch(rf"\w{{0,{NUMBER_LENGTH}}}", text, re.ASCII) else ""
        for text in (form.typed[name].strip() for name in _NAMES[form.what])
    ]
    kept = f"{form.what}:{form.guild_id}:{','.join(typed)}:{form.notices_channel_id or ''}"
    return build_view([Action.EDIT_SETTINGS.button(kept)])


def settings_modal(form: SettingsForm, quota: Quota) -> discord.ui.Modal:
    """Return the form as Discord shows it; ``quota`` is what the operator allows."""
    custom_id = f"{PREFIX}{form.what}:{form.guild_id}"
    if form.what == STYLE:
        style = Field(
            "style",
            "Default style",
            STYLE_LENGTH,
            "lo-fi, warm piano",
            "Used where neither the member nor the clip has one.",
        )
        return build_modal("Default style", custom_id, [style], form.typed)
    if form.what == LIMITS:
        fields = (
            Field("member", "For a member", NUMBER_LENGTH, "", _at_most(quota.member)),
            Field("channel", "In a channel", NUMBER_LENGTH, "", _at_most(quota.channel)),
        )
        return build_modal("Extensions at once", custom_id, fields, form.typed)
    empty = "Extensions; empty is no limit."
    fields = (
        Field("day", "For the server, a day", NUMBER_LENGTH, "50", f"{empty} Days are UTC days."),
        Field("month", "For the server, a month", NUMBER_LENGTH, "1000", empty),
        Field("member_day", "For each member, a day", NUMBER_LENGTH, "5", empty),
    )
    modal = build_modal("Budgets", custom_id, fields, form.typed)
    modal.add_item(_notices_field(form.notices_channel_id))
    return modal


def _notices_field(chosen: int | None) -> discord.ui.Label[discord.ui.Modal]:
    select = discord.ui.ChannelSelect[discord.ui.Modal](
        custom_id=NOTICES,
        channel_types=[discord.ChannelType.text, discord.ChannelType.news],
        min_values=0,
        max_values=1,
        required=False,
        default_values=[]
        if chosen is None
        else [discord.SelectDefaultValue(id=chosen, type=discord.SelectDefaultValueType.channel)],
    )
    return discord.ui.Label(
        text="Tell moderators in",
        description="Once at 80 % and once when a budget is used up; empty tells nobody.",
        component=select,
    )


def _chosen_channel(data: Mapping[str, object]) -> int | None:
    labels = cast("list[dict[str, Any]]", data["components"])
    for label in labels:
        component = label.get("component", {})
        if component.get("custom_id") == NOTICES and component.get("values"):
            return int(component["values"][0])
    return None


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _at_most(operators: int) -> str:
    if not operators:
        return "Empty is no limit."
    return f"Empty is {operators}, which is the most that this bot allows."
