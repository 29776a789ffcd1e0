"""Why an extension has no audio, or has to wait, in words for its member (experience.md, *Errors*).

A provider's own text appears only as far as its adapter found it fit to be shown.
"""

import datetime as dt

import discord

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.models import Extension, Reason, ReasonKind, Status
from bot.domain.timecode import format_time
from bot.ui.theme import escape_line, inline_code

TEXT_LENGTH = 300
MAX_IDS = 4
KEPT = "your lyrics are kept behind *Send again*"


def final_status_lines(ext: Extension, label: str) -> list[str]:
    """Return the lines that say how ``ext`` ended, if it did without audio."""
    match ext.status:
        case Status.UNCONFIRMED:
            return [
                "**It may still have been charged. Encore did not send it again.**",
                f"Look into the {label} account first: *Send again* asks, and pays, once more.",
            ]
        case Status.EXPIRED:
            return [
                f"**{label} took it but never finished.**",
                "*Check again* asks for the result once more and costs nothing.",
            ]
        case Status.CANCELLED:
            return ["**Nothing was sent.**"]
        case Status.FAILED:
            return [_failure(ext.reason or Reason(kind=ReasonKind.UNEXPECTED), label, ext)]
        case _:
            return []


def postponement(reason: Reason, label: str, again_at: dt.datetime) -> str:
    """Return the line that says why ``label`` has not been asked yet, and when it will be."""
    when = discord.utils.format_dt(again_at, "R")
    if reason.kind is ReasonKind.RATE_LIMITED:
        return f"{label} asks to wait; next try {when}. Nothing has been charged."
    return f"{label} can't be reached; next try {when}. Nothing has been sent."


def attachment_note(attachment: Attachment) -> list[str]:
    """Return the line that says how a clip's audio is attached, if that needs saying."""
    match attachment.outcome:
        case AttachmentStatus.ATTACHED if attachment.bit_rate is not None:
            return [f"-# attached at {attachment.bit_rate // 1000} kbit/s, to fit"]
        case AttachmentStatus.ATTACHED:
            return []
        case AttachmentStatus.TOO_LARGE:
            return ["-# too large to be attached here: the link plays it"]
        case AttachmentStatus.NOT_ALLOWED:
            return ["-# Encore lacks *Attach Files* in this channel: the link plays it"]
        case AttachmentStatus.UNAVAILABLE:
            return ["-# its audio could not be fetched: *Check again* asks for a fresh link"]


def not_playable(ext: Extension) -> str:
    """Return the line of an extension that is finished and can't be heard."""
    ids = " ".join(inline_code(clip.id) for clip in ext.clips[:MAX_IDS])
    return (
        f"**Finished, but it can't be played:** Suno has withdrawn the link. "
        f"Clip {ids}. *Check again* asks for a fresh link and costs nothing."
    )


def _failure(reason: Reason, label: str, ext: Extension) -> str:
    text = escape_line(reason.text, TEXT_LENGTH)
    quote = f" *{text}*" if text else ""
    match reason.kind:
        case ReasonKind.REJECTED:
            part, pronoun = _part(reason.text)
            return (
                f"**{label} did not accept {part}{':' if quote else '.'}**{quote} "
                f"Change {pronoun} and press *Send again*."
            )
        case ReasonKind.OUT_OF_CREDITS:
            return (
                f"**{label} is out of credits.** Nothing was generated. "
                f"Ask who runs this bot to top up; {KEPT}."
            )
        case ReasonKind.UNAUTHORIZED:
            return (
                f"**{label} does not let Encore in.** Nothing was generated. "
                f"Ask who runs this bot to look at the log; {KEPT}."
            )
        case ReasonKind.RATE_LIMITED:
            return f"**{label} is too busy.** Nothing was generated. Try again in a while; {KEPT}."
        case ReasonKind.UNAVAILABLE:
            return f"**{label} can't be reached.** Nothing was sent. Try again later; {KEPT}."
        case ReasonKind.GENERATION_FAILED:
            return (
                f"**{label} could not finish it{':' if quote else '.'}**{quote} "
                "Change the lyrics or the style and press *Send again*."
            )
        case ReasonKind.NOT_PLAYABLE:
            return not_playable(ext)
        case ReasonKind.LENGTH_UNKNOWN:
            return (
                f"**{label} can't tell how long that clip is.** Nothing was sent. "
                "Say the second yourself: press *Send again* and fill in *Continue at*."
            )
        case ReasonKind.PAST_THE_END:
            return (
                "**That time lies past the end.** Nothing was sent. The clip is "
                f"{format_time(round(float(reason.text)))} long; press *Send again* and pick a "
                "time before that, or `end`."
            )
        case (
            ReasonKind.UNCONFIRMED
            | ReasonKind.UNEXPECTED
            | ReasonKind.PART_UNAVAILABLE
            | ReasonKind.TOO_LARGE
            | ReasonKind.NOT_ALLOWED
        ):
            return f"**Something went wrong.** Press *Send again* to try once more; {KEPT}."


def _part(text: str) -> tuple[str, str]:
    """Return which part of a request a provider's refusal is about, and its pronoun."""
    words = text.casefold()
    if "prompt" in words or "lyric" in words:
        return "the lyrics", "them"
    if "tag" in words or "style" in words:
        return "the style", "it"
    if "title" in words:
        return "the title", "it"
    return "the request", "it"
