"""What is used and what is left, for one member: Usage -> embed. Pure."""

from collections.abc import Iterator

import discord

from bot.services.budgets import ServiceCredits, Usage
from bot.ui.budget_texts import budget_line
from bot.ui.theme import BLURPLE


def usage_embed(usage: Usage) -> discord.Embed:
    """Return the embed of `/usage`."""
    return discord.Embed(
        colour=BLURPLE, title="Extensions used", description="\n".join(_lines(usage))
    )


def _lines(usage: Usage) -> Iterator[str]:
    member = usage.member
    yield "**Yours**"
    yield (
        f"{member.today:,} today · {member.this_month:,} this month · "
        f"{member.in_progress:,} in progress"
    )
    if usage.budgets:
        day, month, own = usage.budgets
        if own.limit is not None:
            yield f"Your share of this server's budget today: {budget_line(own)}"
        yield ""
        yield "**This server**"
        yield f"Today: {budget_line(day)}"
        yield f"This month: {budget_line(month)}"
    yield ""
    yield "**Services**"
    for service in usage.services:
        yield f"{service.label}: {_credits_text(service)}"


def _credits_text(service: ServiceCredits) -> str:
    if not service.has_answered:
        return "didn't say what is left; try again in a minute"
    if service.credits is None:
        return "doesn't say what is left"
    text = f"{service.credits.left:,.10g} {service.credits.unit} left"
    if (extensions := service.extensions_left) is not None:
        text += f", enough for about {extensions:,} extension{'s' * (extensions != 1)}"
    return text
