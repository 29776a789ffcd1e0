"""Why an extension or a full song has no audio, or has to wait (experience.md, *Errors*).

A provider's own text appears only as far as its adapter found it fit to be shown.
"""

import re

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import (
    AttachNotAllowed,
    Failure,
    Forgotten,
    GenerationFailed,
    LengthUnknown,
    NotPlayable,
    OutOfCredits,
    PartUnavailable,
    PastTheEnd,
    RateLimited,
    Rejected,
    SessionExpired,
    SongTooLong,
    SourceUnavailable,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unconfirmed,
    Unexpected,
    UnknownClip,
)
from bot.domain.models import Extension, Status
from bot.domain.text import escape_line
from bot.domain.timecode import format_time
from bot.services.reply_context import ReplyContext
from bot.ui.theme import inline_code

TEXT_LENGTH = 300  # UTF-16 units of a provider's text
MAX_IDS = 4
MEBIBYTE = 1024 * 1024
LYRICS_KEPT = "your lyrics are kept behind *Edit & send*"
TRY_AGAIN = "press *Try again*"

# A sentence in bold type, then perhaps a provider's text in italics.
_CAUSE = re.compile(r"(?P<bold>\*\*.+?\*\*)(?P<quote> \*(?:\\.|[^\\*])+\*)?")


def final_status_lines(ext: Extension, context: ReplyContext) -> list[str]:
    """Return the lines that say how ``ext`` ended, if it has no audio."""
    label = context.label
    match ext.status:
        case Status.UNCONFIRMED if ext.kind.is_song:
            return [
                "**It may still have been charged. Encore did not ask again.**",
                f"Look into the {label} account first: *Try again* asks once more.",
            ]
        case Status.UNCONFIRMED if isinstance(ext.failure, Unconfirmed) and ext.failure.is_searched:
            return [
                f"**Nothing of it was found in the {label} account, and it was not sent again.**",
                "It is unlikely to have been charged: *Edit & send* asks, and pays, once more.",
            ]
        case Status.UNCONFIRMED if context.is_free:
            return [
                "**It may be working on it all the same. Encore did not send it again.**",
                "It costs nothing: *Edit & send* asks once more.",
            ]
        case Status.UNCONFIRMED:
            return [
                "**It may still have been charged. Encore did not send it again.**",
                f"Look into the {label} account first: *Edit & send* asks, and pays, once more.",
            ]
        case Status.EXPIRED:
            return [
                f"**{label} took it but never finished.**",
                "*Check again* asks for the result once more and costs nothing.",
            ]
        case Status.CANCELLED if ext.kind.is_song:
            return ["**Nothing was charged.**"]
        case Status.CANCELLED:
            return ["**Nothing was sent.**"]
        case Status.FAILED:
            return [_failure_text(ext.failure or Unexpected(), ext, context)]
        case _:
            return []


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
    found = next(
        filter(None, map(_CAUSE.match, final_status_lines(ext, ReplyContext(label=label)))), None
    )
    if found is None:
        return "**Something went wrong.**"
    if with_text and found["quote"]:
        return found[0]
    return found["bold"].replace(":**", ".**")


def postponement(failure: Failure, label: str, ext: Extension) -> str:
    """Return the line that says why ``ext`` still waits for ``label``, and until when."""
    when = discord.utils.format_dt(ext.due_at, "R")
    if ext.kind.is_song and not isinstance(failure, RateLimited):
        # it may have been sent and not answered: to join parts is free, so it is sent again
        return f"{label} did not answer; next try {when}. Nothing has been charged."
    if isinstance(failure, SourceUnavailable):
        return f"The audio of the clip can't be fetched; next try {when}. Nothing has been sent."
    if isinstance(failure, RateLimited):
        return f"{label} asks to wait; next try {when}. Nothing has been charged."
    return f"{label} can't be reached; next try {when}. Nothing has been sent."


def attachment_note(attachment: Attachment, *, has_link: bool = True) -> list[str]:
    """Return the line that says how a clip's audio is attached, if that needs saying.

    Without a link that a member can open (``has_link``), the attached file is all there is to hear.
    """
    match attachment.outcome:
        case AttachmentStatus.ATTACHED if attachment.bit_rate is not None:
            return [f"-# attached at {attachment.bit_rate // 1000} kbit/s, to fit"]
        case AttachmentStatus.ATTACHED:
            return []
        case AttachmentStatus.TOO_LARGE if not has_link:
            return ["-# too large to be attached, so it can't be heard here; it can be extended"]
        case AttachmentStatus.NOT_ALLOWED if not has_link:
            lacking = "-# Encore lacks *Attach Files* in this channel, so it can't be heard here"
            return [f"{lacking}; it can be extended"]
        case AttachmentStatus.UNAVAILABLE if not has_link:
            return ["-# its audio could not be fetched and attached: *Check again* tries once more"]
        case AttachmentStatus.TOO_LARGE:
            return ["-# too large to be attached here: the link plays it"]
        case AttachmentStatus.NOT_ALLOWED:
            return ["-# Encore lacks *Attach Files* in this channel: the link plays it"]
        case AttachmentStatus.UNAVAILABLE:
            return ["-# its audio could not be fetched: *Check again* asks for a fresh link"]


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
        case Rejected(text):
            part, pronoun = _rejected_part(text)
            return (
                f"**{label} did not accept {part}{_quote(text)} "
                f"Change {pronoun} and press *Edit & send*."
            )
        case UnknownClip():
            return _unknown_clip_text(ext, context)
        case OutOfCredits():
            todo = "Ask who runs this bot to top up"
            return f"**{label} is out of credits.** {nothing} {todo}{_then(ext)}"
        case Unauthorized():
            todo = "Ask who runs this bot to look at the log"
            return f"**{label} does not let Encore in.** {nothing} {todo}{_then(ext)}"
        case SessionExpired():
            todo = "The operator of this bot has to renew its session"
            then = f"; then {TRY_AGAIN}." if is_song else f"; {LYRICS_KEPT}."
            return f"**{label} is signed out of Suno.** {nothing} {todo}{then}"
        case RateLimited():
            todo = f"In a while, {TRY_AGAIN}." if is_song else f"Try again in a while{_then(ext)}"
            return f"**{label} is too busy.** {nothing} {todo}"
        case Unavailable() if is_song:
            return f"**{label} can't be reached.** Nothing was charged. Later, {TRY_AGAIN}."
        case Unavailable():
            todo = f"Try again later{_then(ext)}"
            return f"**{label} can't be reached.** Nothing was sent. {todo}"
        case GenerationFailed(text):
            todo = (
                f"To have Encore join it itself, {TRY_AGAIN}."
                if is_song
                else "Change the lyrics or the style and press *Edit & send*."
            )
            return f"**{label} could not finish it{_quote(text)} {todo}"
        case NotPlayable():
            ids = " ".join(inline_code(clip.id) for clip in ext.clips[:MAX_IDS])
            return (
                f"**Finished, but it can't be played:** Suno has withdrawn the link. "
                f"Clip {ids}. *Check again* asks for a fresh link and costs nothing."
            )
        case Forgotten():
            return (
                f"**The {label} server forgot this request, probably because it was restarted.** "
                f"Nothing was charged. Press *Edit & send* to ask again; {LYRICS_KEPT}."
            )
        case SourceUnavailable(is_file=True):
            return (
                "**Encore doesn't have that file any more.** Nothing was sent. Upload it again "
                f"with `/extend file:`; {LYRICS_KEPT}."
            )
        case SourceUnavailable():
            return (
                f"**The audio of that clip can't be had,** and {label} needs it. Nothing was sent. "
                f"Download it where it was made, and upload it with `/extend file:`; {LYRICS_KEPT}."
            )
        case SongTooLong(latest):
            return (
                f"**The song would be too long for {label}.** Nothing was sent. Press "
                f"*Edit & send* and continue at {format_time(int(latest))} or earlier."
            )
        case LengthUnknown():
            return (
                f"**{label} can't tell how long that clip is.** Nothing was sent. "
                "Say the second yourself: press *Edit & send* and fill in *Continue at*."
            )
        case PastTheEnd(length):
            return (
                "**That time lies past the end.** Nothing was sent. The clip is "
                f"{format_time(round(length))} long; press *Edit & send* and pick a "
                "time before that, or `end`."
            )
        case PartUnavailable(number, clip_id):
            return (
                f"**The audio of part {number} can't be had:** clip {inline_code(clip_id)}. "
                f"Its link may work again later; then {TRY_AGAIN}."
            )
        case TooLarge(seconds, limit_bytes):
            return (
                "**The song is too large to be attached.** It is "
                f"{format_time(round(seconds))} long, and even at 96 kbit/s that is more than the "
                f"{limit_bytes / MEBIBYTE:.3g} MB that a file may have here. "
                "Make it up to an earlier clip with `/song`."
            )
        case AttachNotAllowed():
            return (
                "**Encore lacks the permission *Attach Files* in this channel.** "
                f"Ask a moderator to give it, then {TRY_AGAIN}."
            )
        case Unconfirmed() | Unexpected():
            if is_song:
                return f"**Something went wrong.** To have it tried once more, {TRY_AGAIN}."
            return f"**Something went wrong.** Press *Edit & send* to try once more{_then(ext)}"


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
    return f":** *{shown}*" if shown else ".**"


def _then(ext: Extension) -> str:
    """Return the end of an advice: what to press, or that nothing typed is lost."""
    return f", then {TRY_AGAIN}." if ext.kind.is_song else f"; {LYRICS_KEPT}."


def _rejected_part(text: str) -> tuple[str, str]:
    """Return which part of a request a provider's text is about, and its pronoun."""
    words = text.casefold()
    if "prompt" in words or "lyric" in words:
        return "the lyrics", "them"
    if "tag" in words or "style" in words:
        return "the style", "it"
    if "title" in words:
        return "the title", "it"
    return "the request", "it"
