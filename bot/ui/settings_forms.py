"""The forms of the settings panel: drawn, and read back.

Their custom ids carry the state (``settings:form:<what>:<server>``), so Encore understands a form
that was opened before a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import discord

from bot.domain.guild_settings import GuildSettings
from bot.store.acceptance import Quota
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
class SubmittedSettings:
    """What a moderator sent with a form.

    Attributes:
        what: `STYLE`, `LIMITS` or `BUDGETS`.
        guild_id: of the server.
        typed: the texts, by the names of their fields.
        notices_channel_id: the channel that was chosen, with the budgets; None is none.
    """

    what: str
    guild_id: int
    typed: Mapping[str, str]
    notices_channel_id: int | None = None


def style_modal(settings: GuildSettings) -> discord.ui.Modal:
    """Return the form of the default style."""
    field = Field(
        "style",
        "Default style",
        STYLE_LENGTH,
        "lo-fi, warm piano",
        "Used where neither the member nor the clip has one.",
    )
    return build_modal(
        "Default style", _custom_id(STYLE, settings), [field], {"style": settings.style}
    )


def limits_modal(settings: GuildSettings, quota: Quota) -> discord.ui.Modal:
    """Return the form of what may be in progress at once; ``quota`` is what the operator allows."""
    fields = (
        Field("member", "For a member", NUMBER_LENGTH, "", _at_most(quota.member)),
        Field("channel", "In a channel", NUMBER_LENGTH, "", _at_most(quota.channel)),
    )
    values = {"member": _text(settings.member_limit), "channel": _text(settings.channel_limit)}
    return build_modal("Extensions at once", _custom_id(LIMITS, settings), fields, values)


def budgets_modal(settings: GuildSettings) -> discord.ui.Modal:
    """Return the form of the budgets, and of the channel in which moderators are told of them."""
    empty = "Extensions; empty is no limit."
    fields = (
        Field("day", "For the server, a day", NUMBER_LENGTH, "50", f"{empty} Days are UTC days."),
        Field("month", "For the server, a month", NUMBER_LENGTH, "1000", empty),
        Field("member_day", "For each member, a day", NUMBER_LENGTH, "5", empty),
    )
    values = {
        "day": _text(settings.daily_budget),
        "month": _text(settings.monthly_budget),
        "member_day": _text(settings.member_budget),
    }
    modal = build_modal("Budgets", _custom_id(BUDGETS, settings), fields, values)
    chosen = settings.notices_channel_id
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
    label = discord.ui.Label(
        text="Tell moderators in",
        description="Once at 80 % and once when a budget is used up; empty tells nobody.",
        component=select,
    )
    modal.add_item(label)
    return modal


def submitted_settings(data: Mapping[str, object]) -> SubmittedSettings | None:
    """Return what the data of an interaction says; None if it is not one of these forms."""
    custom_id = str(data.get("custom_id", ""))
    if not custom_id.startswith(PREFIX) or "components" not in data:
        return None
    what, _, guild_id = custom_id.removeprefix(PREFIX).partition(":")
    if what not in _NAMES or not guild_id.isdecimal():  # it is not one that Encore makes
        return None
    typed = dict.fromkeys(_NAMES[what], "") | typed_values(data, _NAMES[what])
    return SubmittedSettings(
        what=what,
        guild_id=int(guild_id),
        typed=typed,
        notices_channel_id=_chosen_channel(data),
    )


def _chosen_channel(data: Mapping[str, object]) -> int | None:
    labels = cast("list[dict[str, Any]]", data["components"])
    for label in labels:
        component = label.get("component", {})
        if component.get("custom_id") == NOTICES and component.get("values"):
            return int(component["values"][0])
    return None


def _custom_id(what: str, settings: GuildSettings) -> str:
    return f"{PREFIX}{what}:{settings.guild_id}"


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _at_most(operators: int) -> str:
    if not operators:
        return "Empty is no limit."
    return f"Empty is {operators}, which is the most that this bot allows."
