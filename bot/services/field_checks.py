"""What is wrong with a form, field by field, as errors for the member. Pure."""

from collections.abc import Iterator

from bot.domain.errors import UserError
from bot.domain.form import Form, OverlongText, overlong_texts
from bot.domain.models import Clip, ClipStatus, ExtendRequest
from bot.domain.text import escape_line
from bot.domain.timecode import effective_continue_at, format_length, parse_time
from bot.providers.base import Capabilities
from bot.services.clip_naming import QUOTE_LENGTH


def require_finished(clip: Clip) -> None:
    """Raise UserError unless ``clip`` is complete."""
    name = quoted_title(clip)
    if clip.status is ClipStatus.FAILED:
        raise UserError(f"{name} was never finished.", "Pick another clip.")
    if not clip.status.is_final:
        raise UserError(f"{name} is still being made.", "Wait until its reply turns green.")


def quoted_title(clip: Clip) -> str:
    """Return how an answer to a member names ``clip``."""
    title = escape_line(clip.title, QUOTE_LENGTH)
    return f"“{title}”" if title else "That clip"


def parse_continue_at(
    text: str, source: Clip | None, length: float | None, *, is_song: bool
) -> float | None:
    """Return the second at which ``source`` is continued; None is its end.

    Args:
        text: as typed.
        source: None if it is unknown.
        length: of what is continued, in seconds; None if it is unknown.
        is_song: whether that is a full song, of which the second lies in one part.

    Raises:
        UserError: it is no time, or none within ``length``.
    """
    try:
        continue_at = parse_time(text)
    except ValueError:
        raise UserError(
            f"“{escape_line(text, QUOTE_LENGTH)}” isn't a time.",
            "Enter seconds (`121.1`), minutes (`2:01.1`), hours (`1:02:03`), or `end`.",
        ) from None
    if continue_at == 0:
        raise UserError(
            "A clip can't be continued from its very start.",
            "Pick a time after 0:00, or leave *Continue at* empty.",
        )
    if source is None or length is None or continue_at is None:
        return continue_at
    within = effective_continue_at(continue_at, length)
    if within is None:
        raise UserError(
            "That's past the end.",
            f"{quoted_title(source)} is {format_length(length)} long. "
            "Pick an earlier time, or leave *Continue at* empty.",
        )
    return within if is_song else continue_at


def parse_length(text: str, capabilities: Capabilities) -> float | None:
    """Return the length of the new part in seconds; None is the provider's usual one.

    Raises:
        UserError: it is no time, or one that the provider does not make.
    """
    bounds = capabilities.new_length
    if not text or bounds is None:
        return None
    try:
        length = parse_time(text)
    except ValueError:
        length = None
    if length is None or not bounds.shortest <= length <= bounds.longest:
        raise UserError(
            f"{capabilities.label} can't make a part of “{escape_line(text, QUOTE_LENGTH)}”.",
            f"Write {bounds.shortest:g} to {bounds.longest:g} seconds under *Length*, "
            f"or nothing for {bounds.usual:g}.",
        )
    return length


def require_room(join: float | None, length: float | None, capabilities: Capabilities) -> None:
    """Raise UserError if source and new part are longer together than the provider makes."""
    latest = capabilities.latest_continue_at(length)
    if join is None or latest is None or join <= latest:
        return
    whole = format_length(capabilities.longest_song or 0)
    raise UserError(
        f"The song would be too long for {capabilities.label}.",
        f"It makes up to {whole}, with what comes before. Continue at {format_length(latest)} "
        "or earlier.",
    )


def choice_errors(form: Form, capabilities: Capabilities) -> Iterator[UserError]:
    """Yield an error for each field that the provider does not have."""
    if form.model and not capabilities.models:
        yield UserError(f"{capabilities.label} has no choice of models.", "Leave `model` empty.")
    if form.exclude and not capabilities.exclude:
        yield UserError(
            f"{capabilities.label} can't exclude styles.",
            "Leave `exclude` empty, and enter what you do want under *Style*.",
        )
    if form.length and capabilities.new_length is None:
        yield UserError(
            f"{capabilities.label} decides itself how long the new part is.",
            "Leave `length` empty.",
        )


def request_errors(request: ExtendRequest, capabilities: Capabilities) -> Iterator[UserError]:
    """Yield an error for each text that is too long for the provider, or missing."""
    for overlong in overlong_texts(request, capabilities.limits_for(request.model)):
        yield _too_long(overlong, capabilities.label)
    if _lacks_style(request, capabilities):
        yield UserError(
            f"{capabilities.label} needs a style.",
            "Enter one under *Style*, such as `folk, acoustic guitar`.",
        )


def _lacks_style(request: ExtendRequest, capabilities: Capabilities) -> bool:
    is_needed = capabilities.needs_style or (
        capabilities.instrumental_needs_style and not request.lyrics
    )
    return is_needed and not request.style


def _too_long(overlong: OverlongText, label: str) -> UserError:
    verb = "are" if overlong.text == "lyrics" else "is"
    return UserError(
        f"The {overlong.text} {verb} too long for {label}.",
        f"{label} takes up to {overlong.limit:,} characters, and you have {overlong.length:,} "
        "(an emoji counts as two or more).",
    )
