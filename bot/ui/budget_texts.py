"""What is said of a server's budgets. Pure."""

import discord

from bot.domain.budgets import BudgetNotice, BudgetUse, Level, Period
from bot.ui.theme import ORANGE, RED


def budget_line(use: BudgetUse) -> str:
    """Return how much of a budget is used, and when it renews: ``12 of 50 used · renews …``."""
    if use.limit is None:
        return f"{use.used:,} so far, no limit"
    used = f"{use.used:,} of {use.limit:,} used"
    if use.is_used_up:
        used = f"**{used} up**"
    elif use.level is Level.LOW:
        used = f"**{used}**"
    return f"{used} · renews {discord.utils.format_dt(use.renews_at, 'R')}"


def notice_embed(notice: BudgetNotice) -> discord.Embed:
    """Return what moderators are told when a budget runs low, or is used up."""
    when = "today" if notice.period is Period.DAY else "this month"
    renewal = f"It renews {discord.utils.format_dt(notice.renews_at, 'R')}."
    count = f"{notice.used:,} of {notice.limit:,} extensions."
    if notice.level is Level.USED_UP:
        title = f"This server's budget for {when} is used up: {count}"
        remedy = f"{renewal} Nobody can extend until then, unless you raise it with `/settings`."
        return discord.Embed(colour=RED, description=f"**{title}**\n{remedy}")
    title = f"This server's budget for {when} runs low: {count}"
    return discord.Embed(
        colour=ORANGE, description=f"**{title}**\n{renewal} `/usage` shows what is left."
    )
