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
    WrongAddress,
)
from bot.domain.models import Extension, Status
from bot.domain.text import escape_line
from bot.domain.timecode import format_length
from bot.services.operator_contact import tell_operator
from bot.services.reply_context import ReplyContext

TEXT_LENGTH = 300  # UTF-16 units of a provider's text
MEBIBYTE = 1024 * 1024
ENDS = (".", "!", "?", "…", "。")  # of a sentence
CHANGE_IT = "Change the lyrics or the style"
TRY_AGAIN = "What you typed is kept: press *Edit & send* to try once more."
JOIN_HERE = "Press *Full song* to have Encore join them itself."
OTHERS = "Or try another service; the form keeps what you typed:"

# A sentence in bold type; after a colon, a provider's text in italics.
_CAUSE = re.compile(r"(?P<bold>\*\*.+?\*\*)(?:(?<=:\*\*)(?P<quote> \*(?:\\.|[^\\*])+\*))?")


def final_status_text(ext: Extension, context: ReplyContext) -> str:
    """Return how ``ext`` ended without audio, as far as its title does not say it; or empty."""
    label = context.label
    match ext.status:
        case Status.UNCONFIRMED if isinstance(ext.failure, Unconfirmed) and ext.failure.is_searched:
            return (
                f"{label} has no trace of it, so it was probably not charged. "
                "Encore didn't send it again: press *Edit & send* to try once more."
            )
        case Status.UNCONFIRMED if context.is_free:
            return (
                "It may be working on it all the same. Encore didn't send it again: "
                "press *Edit & send* to try once more; that costs nothing."
            )
        case Status.UNCONFIRMED:
            button = "*Full song*" if ext.kind.is_song else "*Edit & send*"
            return (
                "It may have been charged. Encore didn't send it again; ask a moderator before "
                f"you press {button}."
            )
        case Status.EXPIRED:
            return (
                f"**{label} accepted it but never finished.** "
                "Press *Check again* to ask for the result once more; that costs nothing."
            )
        case Status.CANCELLED:
            return "Nothing was charged."
        case Status.FAILED:
            reason = _failure_text(ext.failure or Unexpected(), ext, context)
            is_said = isinstance(ext.failure, UnknownClip)
            return f"{reason}\n{OTHERS}" if context.other_providers and not is_said else reason
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
    if isinstance(failure, SourceUnavailable):
        when = discord.utils.format_dt(ext.due_at, "R")
        return f"The clip's audio can't be downloaded; next try {when}. Nothing has been sent yet."
    if isinstance(failure, RateLimited):
        problem = f"{label} asked Encore to wait"
    elif ext.kind.is_song:
        # it may have been sent and not answered: to join parts is free, so it is sent again
        problem = f"{label} didn't answer"
    else:
        problem = f"{label} can't be reached"
    when = discord.utils.format_dt(ext.due_at, "R")
    return f"{problem}; next try {when}. Nothing has been charged yet."


def attachment_notes(attachments: Mapping[str, Attachment], *, has_link: bool = True) -> list[str]:
    """Return the lines that say how audio is attached, or why not, as far as that needs saying.

    What is true of all is said once.

    Args:
        attachments: of a reply, by the letters of their clips; a full song has none.
        has_link: whether members can hear the clips by links, too.
    """
    notes: dict[str, list[str]] = {}
    for letter, attachment in attachments.items():
        if note := _attachment_note(attachment, has_link=has_link):
            notes.setdefault(note, []).append(letter)
    return [
        f"-# {note}" if len(letters) == len(attachments) else f"-# {_listed(letters)}: {note}"
        for note, letters in notes.items()
    ]


def _attachment_note(attachment: Attachment, *, has_link: bool) -> str:
    match attachment.outcome:
        case AttachmentStatus.ATTACHED if attachment.bit_rate is not None:
            return f"attached at {attachment.bit_rate // 1000} kbit/s to fit"
        case AttachmentStatus.ATTACHED:
            return ""
        case AttachmentStatus.TOO_LARGE if not has_link:
            return "too large to attach, so it can't be heard here; it can be extended"
        case AttachmentStatus.NOT_ALLOWED if not has_link:
            return (
                "Encore needs *Attach Files* in this channel, so it can't be heard here; "
                "it can be extended"
            )
        case AttachmentStatus.UNAVAILABLE if not has_link:
            return "its audio couldn't be fetched and attached; *Check again* tries once more"
        case AttachmentStatus.TOO_LARGE:
            return "too large to attach here"
        case AttachmentStatus.NOT_ALLOWED:
            return "Encore needs *Attach Files* in this channel"
        case AttachmentStatus.UNAVAILABLE:
            return "the audio couldn't be fetched; *Check again* asks for a fresh link"


def _listed(letters: Sequence[str]) -> str:
    """Return letters as a list in words: ``A``, ``A and B``, ``A, B and C``."""
    *before, last = letters
    return f"{', '.join(before)} and {last}" if before else last


def _failure_text(  # noqa: C901, PLR0912 - a table of all failures
    failure: Failure, ext: Extension, context: ReplyContext
) -> str:
    is_song, label = ext.kind.is_song, context.label
    nothing = "Nothing was joined." if is_song else "Nothing was generated."
    operator = tell_operator(context.operator)
    later = (
        "Press *Full song* later."
        if is_song
        else "What you typed is kept: press *Edit & send* later."
    )
    match failure:
        case Rejected(text) if is_song:
            return f"**{label} didn't join the parts{_quote(text)} {JOIN_HERE}"
        case Rejected(""):
            return (
                f"**{label} didn't accept the request.** It didn't say why. "
                f"{CHANGE_IT} and press *Edit & send*."
            )
        case Rejected(text):
            part, todo = _rejected_part(text)
            return f"**{label} didn't accept {part}{_quote(text)} {todo} and press *Edit & send*."
        case UnknownClip():
            return _unknown_clip_text(ext, context)
        case OutOfCredits():
            return f"**{label} is out of credits.** {nothing} {operator} {later}"
        case Unauthorized():
            return f"**{label} rejected Encore's key.** {nothing} {operator} {later}"
        case WrongAddress():
            return f"**{label} isn't set up right here.** {nothing} {operator} {later}"
        case SessionExpired():
            return f"**{label} is signed out of Suno.** {nothing} {operator} {later}"
        case RateLimited():
            return f"**{label} is too busy.** {nothing} {later}"
        case Unavailable():
            return f"**{label} can't be reached.** {nothing} {later}"
        case GenerationFailed(text):
            if is_song:
                return f"**{label} couldn't join the parts{_quote(text)} {JOIN_HERE}"
            # a server of one's own fails for want of memory and the like, not because of words
            todo = TRY_AGAIN if context.is_free else f"{CHANGE_IT} and press *Edit & send*."
            return f"**{label} couldn't finish it{_quote(text)} {todo}"
        case NotPlayable():
            return "Press *Check again* to ask for a fresh link; that costs nothing."
        case Forgotten():
            return (
                f"**The {label} server forgot this request, probably because it was restarted.** "
                f"Nothing was charged. {TRY_AGAIN}"
            )
        case SourceUnavailable(is_file=True):
            return (
                "**Encore doesn't have that file any more.** Nothing was sent. Upload it again "
                "with `/extend file:`; *Edit & send* shows what you typed."
            )
        case SourceUnavailable():
            return (
                f"**The clip's audio can't be downloaded,** and {label} needs it. Nothing was "
                "sent. Download it where it was made, and upload it with `/extend file:`; "
                "*Edit & send* shows what you typed."
            )
        case SongTooLong(latest):
            return (
                f"**The song would be too long for {label}.** Nothing was sent. Press "
                f"*Edit & send* and continue at {format_length(latest)} or earlier."
            )
        case LengthUnknown():
            return (
                f"**{label} can't tell how long that clip is.** Nothing was sent. Press "
                "*Edit & send* and enter the time yourself under *Continue at*, such as `1:30`."
            )
        case PastTheEnd(length):
            return (
                "**That's past the end.** Nothing was sent. The clip is "
                f"{format_length(length)} long. Press *Edit & send* and pick an earlier time, "
                "or leave *Continue at* empty."
            )
        case PartUnavailable(number):
            return (
                f"**The audio of part {number} can't be downloaded.** "
                "Its link may work again later: then press *Full song*."
            )
        case TooLarge(seconds, limit_bytes):
            return (
                f"**The song is too large to attach.** It's {format_length(seconds)} long, and "
                f"even at 96 kbit/s that's more than the {limit_bytes / MEBIBYTE:.3g} MB that a "
                "file may have here. Pick an earlier clip with `/song`."
            )
        case AttachNotAllowed():
            return (
                "**Encore needs the *Attach Files* permission in this channel.** "
                "Ask a moderator to grant it, then press *Full song*."
            )
        case Unconfirmed() | Unexpected():
            if is_song:
                return "**Something went wrong.** Press *Full song* to try once more."
            return f"**Something went wrong.** {TRY_AGAIN}"


def _unknown_clip_text(ext: Extension, context: ReplyContext) -> str:
    label = context.label
    known = f"**{label} doesn't know this clip.** Only clips made through {label} work there."
    if context.other_providers:
        return f"{known} Try another service; the form keeps what you typed:"
    kept = " *Edit & send* shows what you typed." if ext.request.lyrics else ""
    return f"{known} Pick one of those with `/extend`.{kept}"


def _quote(text: str) -> str:
    """Return the end of a sentence in bold type, with a provider's text if there is one."""
    shown = escape_line(text, TEXT_LENGTH)
    if not shown:
        return ".**"
    return f":** *{shown}*" if shown.endswith(ENDS) else f":** *{shown}.*"


def _rejected_part(text: str) -> tuple[str, str]:
    """Return which part of a request a provider's text is about, and what to do about it."""
    words = text.casefold()
    if "prompt" in words or "lyric" in words:
        return "the lyrics", "Change them"
    if "tag" in words or "style" in words:
        return "the style", "Change it"
    if "title" in words:
        return "the title", "Change it"
    if "continue" in words:
        return "the request", "Change *Continue at*"
    return "the request", CHANGE_IT
