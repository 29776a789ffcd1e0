"""Why there is no full song, in words for the member who asked (experience.md, *Errors*)."""

from bot.domain.models import Extension, Reason, ReasonKind, Status
from bot.domain.timecode import format_time
from bot.ui.reasons import TEXT_LENGTH, final_status_lines, not_playable
from bot.ui.theme import escape_line, inline_code

MEBIBYTE = 1024 * 1024
AGAIN = "press *Try again*"


def final_song_lines(ext: Extension, label: str) -> list[str]:
    """Return the lines that say how a full song ended, if it did without audio."""
    match ext.status:
        case Status.UNCONFIRMED:
            return [
                "**It may still have been charged. Encore did not ask again.**",
                f"Look into the {label} account first: *Try again* asks once more.",
            ]
        case Status.FAILED:
            return [_failure(ext.reason or Reason(kind=ReasonKind.UNEXPECTED), label, ext)]
        case _:
            return final_status_lines(ext, label)


def _failure(reason: Reason, label: str, ext: Extension) -> str:
    text = escape_line(reason.text, TEXT_LENGTH)
    quote = f":** *{text}*" if text else ".**"
    match reason.kind:
        case ReasonKind.REJECTED:
            return (
                f"**{label} did not join the parts{quote} To have Encore join them itself, {AGAIN}."
            )
        case ReasonKind.OUT_OF_CREDITS:
            return (
                f"**{label} is out of credits.** Nothing was joined. "
                f"Ask who runs this bot to top up, then {AGAIN}."
            )
        case ReasonKind.UNAUTHORIZED:
            return (
                f"**{label} does not let Encore in.** Nothing was joined. "
                f"Ask who runs this bot to look at the log, then {AGAIN}."
            )
        case ReasonKind.RATE_LIMITED:
            return f"**{label} is too busy.** Nothing was joined. In a while, {AGAIN}."
        case ReasonKind.UNAVAILABLE:
            return f"**{label} can't be reached.** Nothing was sent. Later, {AGAIN}."
        case ReasonKind.GENERATION_FAILED:
            return f"**{label} could not finish it{quote} To have Encore join it itself, {AGAIN}."
        case ReasonKind.NOT_PLAYABLE:
            return not_playable(ext)
        case ReasonKind.PART_UNAVAILABLE:
            number, _, clip_id = reason.text.partition(" ")
            return (
                f"**The audio of part {escape_line(number, TEXT_LENGTH)} can't be had:** "
                f"clip {inline_code(clip_id)}. Its link may work again later; then {AGAIN}."
            )
        case ReasonKind.TOO_LARGE:
            seconds, _, limit = reason.text.partition(" ")
            length = format_time(round(float(seconds)))
            return (
                f"**The song is too large to be attached.** It is {length} long, and even at "
                f"96 kbit/s that is more than the {_size(int(limit))} that a file may have here. "
                "Make it up to an earlier clip with `/song`."
            )
        case ReasonKind.NOT_ALLOWED:
            return (
                "**Encore lacks the permission *Attach Files* in this channel.** "
                f"Ask a moderator to give it, then {AGAIN}."
            )
        case (
            ReasonKind.LENGTH_UNKNOWN
            | ReasonKind.PAST_THE_END
            | ReasonKind.UNCONFIRMED
            | ReasonKind.UNEXPECTED
        ):
            return f"**Something went wrong.** To have it tried once more, {AGAIN}."


def _size(limit: int) -> str:
    return f"{limit / MEBIBYTE:.3g} MB"
