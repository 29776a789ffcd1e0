"""What the operator is told of a problem that only they can mend. Pure."""

import discord

from bot.domain.text import escape_line
from bot.services.operator_watch import DISK_FULL, Problem
from bot.ui.theme import ERROR_LENGTH, RED, inline_code


def operator_notice(problem: Problem) -> discord.Embed:
    """Return what is wrong, and what to do about it."""
    what, remedy = _sentences(problem)
    said = escape_line(problem.text.rstrip("."), ERROR_LENGTH)
    lines = [f"**{what}**", *([f"It says: *{said}.*"] if said else []), remedy]
    embed = discord.Embed(colour=RED, description="\n".join(lines))
    embed.set_footer(text="Encore tells you this once.")
    return embed


def _sentences(problem: Problem) -> tuple[str, str]:
    """Return what is wrong, and what to do about it."""
    label = escape_line(problem.label, ERROR_LENGTH)
    match problem.kind:
        case "out_of_credits":
            what = f"{label} is out of credits."
            remedy = "Nobody can extend with it until you top up."
        case "wrong_address":
            what = f"{label} isn't at the address that is set."
            remedy = (
                "Nobody can extend with it until you set the right base URL and restart Encore; "
                "`python -m bot check` tests it."
            )
        case "session_expired":
            what = f"{label}'s session with Suno has ended."
            remedy = "Nobody can extend with it until you renew its cookie and restart it."
        case kind if kind == DISK_FULL:
            what = "The disk with Encore's database is nearly full."
            folder = inline_code(problem.label)
            remedy = f"Make room in {folder}: on a full disk Encore can accept nothing."
        case _:
            what = f"{label} rejected Encore's key."
            remedy = (
                "Nobody can extend with it until you set the right key and restart Encore; "
                "`python -m bot check` tests it."
            )
    return what, remedy
