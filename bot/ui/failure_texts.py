"""Why an extension or a full song has no audio, or has to wait: what happened, then what to do.

A provider's own text appears only as far as its adapter found it fit to be shown.
"""

import re
from collections.abc import Mapping, Sequence

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import (
    AttachNotAllowed,
    Failure,
    GenerationFailed,
    LengthUnknown,
    NotPlayable,
    OutOfCredits,
    PartUnavailable,
    PastTheEnd,
    RateLimited,
    Rejected,
    SessionExpired,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    Unexpected,
    UnknownClip,
)
from bot.domain.models import Extension, Status
from bot.domain.text import escape_line
from bot.domain.timecode import format_length
from bot.services.reply_context import ReplyContext

TEXT_LENGTH = 300  # UTF-16 units of a provider's text
MEBIBYTE = 1024 * 1024
TRY_AGAIN = "press *Try again*"

# A sentence in bold type; after a colon, a provider's text in italics.
_CAUSE = re.compile(r"(?P<bold>\*\*.+?\*\*)(?:(?<=:\*\*)(?P<quote> \*(?:\\.|[^\\*])+\*))?")
_SENTENCE_END = (".", "!", "?", "…", "。")


def final_status_text(ext: Extension, context: ReplyContext) -> str:
    """Return how ``ext`` ended without audio, as far as its title does not say it; or empty."""
    label = context.label
    match ext.status:
        case Status.UNCONFIRMED if ext.kind.is_song:
            return (
                "It may have been charged. Encore did not ask again; "
                "ask a moderator before you press *Try again*."
            )
        case Status.UNCONFIRMED if isinstance(ext.failure, Unconfirmed) and ext.failure.is_searched:
            return (
                f"Nothing of it was found in the {label} account: it is unlikely to have been "
                "charged. Encore did not send it again; *Edit & send* does."
            )
        case Status.UNCONFIRMED:
            return (
                "It may have been charged. Encore did not send it again; "
                "ask a moderator before you do."
            )
        case Status.EXPIRED:
            return (
                f"**{label} took it but never finished.** "
                "*Check again* asks for the result once more and costs nothing."
            )
        case Status.CANCELLED:
            return "Nothing was charged."
        case Status.FAILED:
            return _failure_text(ext.failure or Unexpected(), ext, context)
        case _:
            return ""


def failure_cause(ext: Extension, label: str, *, with_text: bool = True) -> str:
    """Return the first sentence of how ``ext`` ended without audio, and no advice.

    The advice of a reply is for whoever asked, and about the buttons of that reply.

    Args:
        ext: that ended without audio.
        label: the name of its provider as members read it.
        with_text: whether the provider's own text follows.
    """
    if ext.status is Status.UNCONFIRMED:
        return f"**{label} gave no clear answer.**"
    if ext.status is Status.CANCELLED:
        return "**It was cancelled.**"
    if isinstance(ext.failure, NotPlayable):
        return "**Finished, but Suno withdrew the link.**"
    found = _CAUSE.match(final_status_text(ext, ReplyContext(label=label)))
    if found is None:
        return "**Something went wrong.**"
    if with_text and found["quote"]:
        return found[0]
    return found["bold"].replace(":**", ".**")


def postponement(failure: Failure, label: str, ext: Extension) -> str:
    """Return the line that says why ``ext`` still waits for ``label``, and until when."""
    when = discord.utils.format_dt(ext.due_at, "R")
    if isinstance(failure, RateLimited):
        cause = f"{label} asks to wait"
    elif ext.kind.is_song:
        # it may have been sent and not answered: to join parts is free, so it is sent again
        cause = f"{label} did not answer"
    else:
        cause = f"{label} can't be reached"
    return f"{cause}; next try {when}. Nothing has been charged yet."


def attachment_notes(attachments: Mapping[str, Attachment]) -> list[str]:
    """Return the lines that say how audio is attached, or why not, as far as that needs saying.

    ``attachments`` are those of a reply by the letters of their clips; a full song has none. What
    is true of all is said once.
    """
    notes: dict[str, list[str]] = {}
    for letter, attachment in attachments.items():
        if note := _attachment_note(attachment):
            notes.setdefault(note, []).append(letter)
    return [
        f"-# {note}" if len(letters) == len(attachments) else f"-# {_listed(letters)}: {note}"
        for note, letters in notes.items()
    ]


def _attachment_note(attachment: Attachment) -> str:
    match attachment.outcome:
        case AttachmentStatus.ATTACHED if attachment.bit_rate is not None:
            return f"attached at {attachment.bit_rate // 1000} kbit/s, to fit"
        case AttachmentStatus.ATTACHED:
            return ""
        case AttachmentStatus.TOO_LARGE:
            return "too large to be attached here"
        case AttachmentStatus.NOT_ALLOWED:
            return "Encore lacks *Attach Files* in this channel"
        case AttachmentStatus.UNAVAILABLE:
            return "the audio could not be fetched; *Check again* asks for a fresh link"


def _listed(letters: Sequence[str]) -> str:
    """Return letters as a list in words: ``A``, ``A and B``, ``A, B and C``."""
    *before, last = letters
    return f"{', '.join(before)} and {last}" if before else last


def _failure_text(  # noqa: C901, PLR0912 - a table of all failures
    failure: Failure, ext: Extension, context: ReplyContext
) -> str:
    is_song, label = ext.kind.is_song, context.label
    nothing = "Nothing was joined." if is_song else "Nothing was generated."
    match failure:
        case Rejected(text) if is_song:
            return (
                f"**{label} did not join the parts{_quote(text)} "
                f"To have Encore join them itself, {TRY_AGAIN}."
            )
        case Rejected(""):
            return (
                f"**{label} did not accept the request.** It did not say why. "
                "Change the lyrics or the style and press *Edit & send*."
            )
        case Rejected(text):
            part, change = _rejected_part(text)
            return (
                f"**{label} did not accept {part}{_quote(text)} "
                f"Change {change} and press *Edit & send*."
            )
        case UnknownClip():
            return _unknown_clip_text(ext, context)
        case OutOfCredits():
            return (
                f"**{label} is out of credits.** {nothing} "
                f"Ask whoever runs this bot to top up.{_then(ext)}"
            )
        case Unauthorized():
            return (
                f"**{label} rejected Encore's key.** {nothing} "
                f"Please tell whoever runs this bot.{_then(ext)}"
            )
        case SessionExpired():
            return (
                f"**{label} is signed out of Suno.** {nothing} "
                f"Please tell whoever runs this bot.{_then(ext)}"
            )
        case RateLimited():
            return f"**{label} is too busy.** {nothing}{_then(ext)}"
        case Unavailable():
            return f"**{label} can't be reached.** Nothing was charged.{_then(ext)}"
        case GenerationFailed(text):
            todo = (
                f"To have Encore join it itself, {TRY_AGAIN}."
                if is_song
                else "Change the lyrics or the style and press *Edit & send*."
            )
            return f"**{label} could not finish it{_quote(text)} {todo}"
        case NotPlayable():
            return "*Check again* asks for a fresh link and costs nothing."
        case LengthUnknown():
            return (
                f"**{label} can't tell how long that clip is.** Nothing was generated. "
                "Press *Edit & send* and enter the time yourself, such as 1:30."
            )
        case PastTheEnd(length):
            return (
                f"**That's past the end.** The clip is {format_length(length)} long. "
                "Press *Edit & send* and pick an earlier time, or leave *Continue at* empty."
            )
        case PartUnavailable(number):
            return (
                f"**The audio of part {number} can't be had.** "
                f"Its link may work again later; then {TRY_AGAIN}."
            )
        case TooLarge(seconds, limit_bytes):
            return (
                "**The song is too large to be attached.** It is "
                f"{format_length(seconds)} long, and even at 96 kbit/s that is more than the "
                f"{limit_bytes / MEBIBYTE:.3g} MB that a file may have here. "
                "Make it up to an earlier clip with `/song`."
            )
        case AttachNotAllowed():
            return (
                "**Encore lacks the permission *Attach Files* in this channel.** "
                f"Ask a moderator to give it, then {TRY_AGAIN}."
            )
        case Unconfirmed() | Unexpected():
            return f"**Something went wrong.**{_then(ext)}"


def _unknown_clip_text(ext: Extension, context: ReplyContext) -> str:
    label = context.label
    known = f"**{label} doesn't know this clip.** Only clips made through {label} work there."
    if context.other_providers:
        return f"{known} Try another service; the form keeps what was typed:"
    kept = " *Edit & send* shows what was typed." if ext.request.lyrics else ""
    return f"{known} Pick one of those with `/extend`.{kept}"


def _quote(text: str) -> str:
    """Return the end of a sentence in bold type, with a provider's text if there is one."""
    shown = escape_line(text, TEXT_LENGTH)
    if not shown:
        return ".**"
    return f":** *{shown}{'' if shown.endswith(_SENTENCE_END) else '.'}*"


def _then(ext: Extension) -> str:
    """Return the last sentence of an advice: what to press later, and that lyrics are kept."""
    if ext.kind.is_song:
        return f" Later, {TRY_AGAIN}."
    if ext.request.lyrics:
        return " Your lyrics are kept: press *Edit & send* later."
    return " Later, press *Edit & send*."


def _rejected_part(text: str) -> tuple[str, str]:
    """Return which part of a request a provider's text is about, and what to change."""
    words = text.casefold()
    if "prompt" in words or "lyric" in words:
        return "the lyrics", "them"
    if "tag" in words or "style" in words:
        return "the style", "it"
    if "title" in words:
        return "the title", "it"
    return "the request", "the lyrics or the style"
