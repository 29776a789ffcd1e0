"""The panel of `/settings`: what a server has set, and what changes it. Pure.

Its selects show the current values, so that the panel can be drawn again after each change.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import discord
from discord import SelectDefaultValueType

from bot.domain.budgets import BudgetUse, Level
from bot.domain.guild_settings import GuildSettings, lower_limit
from bot.domain.text import escape_line, truncate
from bot.store.acceptance import Quota
from bot.ui.budget_texts import budget_line
from bot.ui.components import build_view
from bot.ui.custom_ids import Action
from bot.ui.theme import BLURPLE, mention

MAX_CHOICES = 25  # Discord's limit, of a select's options and of its values
MAX_OPTION_LENGTH = 100  # Discord's limit
STYLE_LENGTH = 200  # UTF-16 units
NOTHING = "-"  # the value of the option that sets nothing

# What channels for songs can be; the threads of a channel count as the channel.
CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What the panel shows.

    Attributes:
        settings: of the server.
        budgets: what is used: of the day, of the month, and of a member's day.
        quota: what whoever runs Encore allows at once.
        services: label of each enabled one, by name; the operator's default comes first.
        models: of each service that has a choice, by its name.
        has_sessions: whether whoever runs Encore lets sessions be started.
        lacks_notices: whether Encore may not post in the channel for notices.
    """

    settings: GuildSettings
    budgets: Sequence[BudgetUse]
    quota: Quota
    services: Mapping[str, str]
    models: Mapping[str, Sequence[str]]
    has_sessions: bool
    lacks_notices: bool = False


def panel_embed(panel: Panel) -> discord.Embed:
    """Return what is set, and by whom it was changed last."""
    lines = [*_lines(panel)]
    settings = panel.settings
    if settings.changed_by is not None and settings.changed_at is not None:
        when = discord.utils.format_dt(settings.changed_at, "R")
        lines += ["", f"-# Last changed by {mention(settings.changed_by or 0)} {when}"]
    return discord.Embed(
        colour=BLURPLE, title="Settings of this server", description="\n".join(lines)
    )


def panel_view(panel: Panel) -> discord.ui.View | None:
    """Return the selects and buttons that change what is set."""
    return build_view(_items(panel))


def _lines(panel: Panel) -> Iterator[str]:
    settings = panel.settings
    channels = [f"<#{each}>" for each in settings.channel_ids]
    roles = [f"<@&{each}>" for each in settings.role_ids]
    yield f"**Where** {', '.join(channels) or 'in every channel'}"
    yield f"**Who** {', '.join(roles) or 'everybody'}"
    if channels or roles:
        yield "-# Threads count as their channel. Who may *Manage Server* can extend everywhere."
    yield ""
    service = panel.services.get(settings.provider)
    yield f"**Default service** {service or _usual_service(panel)}"
    model = escape_line(settings.model, MAX_OPTION_LENGTH)
    yield f"**Default model** {model or 'as the service chooses'}"
    style = escape_line(settings.style, STYLE_LENGTH)
    yield f"**Default style** {style or 'as the clip has it'}"
    yield ""
    yield f"**At once** {_limits_text(panel)}"
    day, month, member_day = panel.budgets
    yield f"**Today** {budget_line(day)}"
    yield f"**This month** {budget_line(month)}"
    limit = member_day.limit
    yield f"**Each member a day** {'no limit' if limit is None else f'{limit:,}'}"
    yield f"**Notices** {_notices_text(panel)}"
    yield ""
    if not panel.has_sessions:
        yield "**Sessions** turned off by whoever runs this bot"
    else:
        yield f"**Sessions** {'on' if settings.has_sessions else 'off'}"


def _usual_service(panel: Panel) -> str:
    """Return which service is used where a server sets none."""
    return f"the one that made the clip, else {next(iter(panel.services.values()), 'none')}"


def _limits_text(panel: Panel) -> str:
    settings, quota = panel.settings, panel.quota
    member = lower_limit(quota.member, settings.member_limit)
    channel = lower_limit(quota.channel, settings.channel_limit)
    return f"{_limit(member)} for a member, {_limit(channel)} in a channel"


def _limit(limit: int) -> str:
    return f"{limit:,}" if limit else "no limit"


def _notices_text(panel: Panel) -> str:
    channel_id = panel.settings.notices_channel_id
    if channel_id is None:
        return "nowhere; under *Budgets* you can choose a channel"
    where = f"<#{channel_id}>, at {int(Level.LOW)} % and when used up"
    return f"⚠️ Encore can't post in <#{channel_id}>" if panel.lacks_notices else where


def _items(panel: Panel) -> Iterator[discord.ui.Item[discord.ui.View]]:
    settings = panel.settings
    guild_id = settings.guild_id
    channels, roles = settings.channel_ids[:MAX_CHOICES], settings.role_ids[:MAX_CHOICES]
    yield discord.ui.ChannelSelect(
        custom_id=Action.SET_CHANNELS.custom_id_for(guild_id),
        placeholder=Action.SET_CHANNELS.label,
        channel_types=CHANNEL_TYPES,
        min_values=0,
        max_values=MAX_CHOICES,
        default_values=[_default(each, SelectDefaultValueType.channel) for each in channels],
        row=0,
    )
    yield discord.ui.RoleSelect(
        custom_id=Action.SET_ROLES.custom_id_for(guild_id),
        placeholder=Action.SET_ROLES.label,
        min_values=0,
        max_values=MAX_CHOICES,
        default_values=[_default(each, SelectDefaultValueType.role) for each in roles],
        row=1,
    )
    services = [*panel.services.items()]
    none = f"No default service: {_usual_service(panel)}"
    yield _select(Action.SET_PROVIDER, settings, settings.provider, services, none, row=2)
    models = _models(panel)
    if models:
        none = "No default model: the service chooses"
        yield _select(Action.SET_MODEL, settings, settings.model, models, none, row=3)
    yield Action.SET_STYLE.button(guild_id, row=4)
    yield Action.SET_LIMITS.button(guild_id, row=4)
    yield Action.SET_BUDGETS.button(guild_id, row=4)
    if panel.has_sessions:
        new = "off" if settings.has_sessions else "on"
        label = f"Turn sessions {new}"
        yield Action.SET_SESSIONS.button(f"{guild_id}-{new}", label=label, row=4)


def _models(panel: Panel) -> list[tuple[str, str]]:
    """Return the models to choose from: of the default service if that has some, else of all."""
    provider = panel.settings.provider
    chosen = {provider: panel.models[provider]} if provider in panel.models else panel.models
    return [
        (model, f"{model} · {panel.services[name]}")
        for name, models in chosen.items()
        for model in models
    ]


def _select(
    action: Action,
    settings: GuildSettings,
    current: str,
    choices: Sequence[tuple[str, str]],
    none: str,
    *,
    row: int,
) -> discord.ui.Item[discord.ui.View]:
    """Return a select of ``choices``, values with labels, after one that sets nothing."""
    options = [(NOTHING, none), *choices][:MAX_CHOICES]
    is_known = current in dict(options)
    select = action.select(
        settings.guild_id,
        [
            discord.SelectOption(
                label=truncate(label, MAX_OPTION_LENGTH),
                value=value,
                default=value == (current if is_known else NOTHING),
            )
            for value, label in options
        ],
    )
    select.row = row
    return select


def _default(stored_id: int, kind: SelectDefaultValueType) -> discord.SelectDefaultValue:
    return discord.SelectDefaultValue(id=stored_id, type=kind)
