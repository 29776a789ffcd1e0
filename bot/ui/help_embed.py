"""What Encore does and how to begin, for one member: values -> embed. Pure."""

from collections.abc import Sequence

import discord

from bot.services.operator_contact import tell_operator
from bot.ui.theme import BLURPLE

_BEGINNING = (
    "**Get a clip.** Open a song on suno.com and choose *Share → Copy link*.",
    "`/extend` continues it from any second, with your own lyrics.",
)
_SESSION = "`/session` lets everybody in a server write a song together and vote on each part."
_COMMANDS = (
    "`/song` joins all parts of a song into one file.",
    "`/library` finds clips made here, and `/clip` shows everything about one.",
    "`/queue` shows what's in progress, `/usage` what is used and what is left.",
    "🔔 on a reply tells you when it's ready.",
)
_REACTIONS = (
    "**React to a finished reply.** 🔁 makes another take; ⏩ continues clip A from its end."
)
_MENU = (
    "**Apps menu.** Open the menu of a reply, or of any message with a Suno link, "
    "and choose *Apps → Extend this song*."
)


_SETTINGS = "**For you as a moderator.** `/settings` says who may extend here, where, and how much."


def help_embed(
    services: Sequence[str],
    *,
    operator: str,
    has_sessions: bool,
    has_reactions: bool,
    may_set: bool = False,
) -> discord.Embed:
    """Return the embed of `/help`.

    Args:
        services: the enabled ones, as members read them.
        operator: whom members tell what only the operator can mend.
        has_sessions: whether sessions can be started.
        has_reactions: whether Encore learns of reactions here.
        may_set: whether the member may change the settings of this server.
    """
    lines = [*_BEGINNING, *([_SESSION] if has_sessions else []), *_COMMANDS, ""]
    lines += [_REACTIONS] if has_reactions else []
    lines += [_MENU, *([_SETTINGS] if may_set else []), "", f"**Services** {', '.join(services)}"]
    lines.append(f"**Something wrong?** {tell_operator(operator)}")
    return discord.Embed(colour=BLURPLE, title="Make a song together", description="\n".join(lines))
