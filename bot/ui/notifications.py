"""What *Tell me* says: the message that an extension has ended, and answers to presses. Pure."""

from collections.abc import Sequence

import discord

from bot.domain.models import Extension, Status
from bot.ui.clip_names import extension_name, title_link
from bot.ui.components import build_view
from bot.ui.custom_ids import Action
from bot.ui.extension_embeds import note_embed

MAX_MENTIONS = 50  # in one message: a message has 2000 characters


def ended_text(
    ext: Extension, member_ids: Sequence[int], *, is_answer: bool, is_here: bool = True
) -> str:
    """Return the message which tells members that ``ext`` has ended.

    Args:
        ext: with its final status.
        member_ids: who are mentioned; none in a direct message.
        is_answer: whether the message answers the reply, and so needs no link to it.
        is_here: whether the reply shows how it ended.
    """
    name = extension_name(ext) if is_answer or not is_here else title_link(ext)
    addressed = f"{_listed([f'<@{each}>' for each in member_ids])}, " if member_ids else ""
    hint = " Find it with `/library`." if ext.status is Status.COMPLETE and not is_here else ""
    return f"{addressed}{name} {_outcome(ext)}.{hint}"


def request_embed(ext: Extension, *, is_new: bool) -> discord.Embed:
    """Return the answer to *Tell me*: it will be told, or ``ext`` has ended already."""
    if ext.status.is_final:
        already = " already" if ext.status is Status.COMPLETE else ""
        return note_embed(f"{title_link(ext)} {_outcome(ext)}{already}.")
    promise = (
        "I'll message you when it's ready."
        if ext.reply.is_ephemeral
        else "I'll mention you here when it's ready."
    )
    return note_embed(promise if is_new else f"Already on it. {promise}")


def request_view(ext: Extension, *, is_new: bool, is_always: bool) -> discord.ui.View | None:
    """Return the buttons below `request_embed`; a second press of *Tell me* offers to undo it."""
    preference = Action.STOP_TELLING_ME if is_always else Action.ALWAYS_TELL_ME
    is_undone_here = not is_new and not ext.status.is_final
    actions = [*([Action.NEVER_MIND] if is_undone_here else []), preference]
    return build_view(action.button(ext.id) for action in actions)


def withdrawn_embed() -> discord.Embed:
    """Return the answer to *Never mind*."""
    return note_embed("OK, I won't mention you for this one.")


def preference_embed(*, is_always: bool) -> discord.Embed:
    """Return the answer to *Always tell me*, or to *Stop telling me*."""
    if is_always:
        return note_embed(
            "From now on, I'll mention you whenever something you asked for is ready."
        )
    return note_embed("OK, I'll only mention you when you press *Tell me*.")


def preference_view(extension_id: int, *, is_always: bool) -> discord.ui.View | None:
    """Return the button that takes back `preference_embed`."""
    action = Action.STOP_TELLING_ME if is_always else Action.ALWAYS_TELL_ME
    return build_view([action.button(extension_id)])


def _outcome(ext: Extension) -> str:
    match ext.status:
        case Status.COMPLETE:
            return "is ready"
        case Status.CANCELLED:
            return "was cancelled"
        case _:
            return "didn't work out"


def _listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: ``A, B and C``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
