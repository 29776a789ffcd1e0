"""From what a member typed to what a provider is asked for, checked before anything is spent.

Knows nothing of Discord. Every refusal is a `UserError` in words fit for the member.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.clip_reference import ClipId, MessageLink, ShortLink, parse_clip_reference
from bot.domain.errors import UserError
from bot.domain.form import (
    Form,
    OverlongText,
    TextLimits,
    format_style,
    overlong_texts,
    parse_style,
    truncated_style,
)
from bot.domain.models import Clip, ClipRecord, ClipStatus, ExtendRequest
from bot.domain.text import collapse_whitespace, escape_markdown, sanitize, truncate
from bot.domain.timecode import effective_continue_at, format_continue_at, format_time, parse_time
from bot.providers.base import Capabilities, Provider
from bot.store.store import Store

QUOTE_LENGTH = 60  # UTF-16 units of a member's own text that an answer repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefilledForm:
    """A form as its modal shows it.

    Attributes:
        form: as typed, with the clip's id, its provider, and what the source clip fills in.
        capabilities: of the provider that will be asked.
        source: the source clip, where it was made or used here.
    """

    form: Form
    capabilities: Capabilities
    source: ClipRecord | None

    @property
    def source_title(self) -> str:
        """What to call the clip that is continued; empty if it isn't known here."""
        return self.source.clip.title if self.source else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedForm(PrefilledForm):
    """A form that can be sent, and the request that it amounts to."""

    request: ExtendRequest


class FormReader:
    """Turns forms into requests."""

    def __init__(
        self, store: Store, providers: Mapping[str, Provider], *, default_provider: str
    ) -> None:
        """Make it; ``default_provider`` is asked for clips of which nothing is known."""
        self._store = store
        self._providers = providers
        self._default = default_provider
        self._clips = ClipCache(store)

    async def prefill(self, form: Form) -> PrefilledForm:
        """Return ``form`` completed from its source clip, all else as it was typed.

        Asks no provider, so that a modal can open at once; in it, anything but the clip and the
        provider can still be mended.

        Raises:
            UserError: the clip or the provider can't be had.
        """
        form = _tidy(form)
        clip_id = await self.clip_id_of(form.clip)
        source = await self._clips.clip(clip_id)
        if source is not None:
            _check_source(source.clip)
        provider = self._provider(form.provider, source)
        form = replace(form, clip=clip_id, provider=provider.name)
        if source is not None:
            form = _filled_in(form, source.clip, provider.capabilities.limits)
        return PrefilledForm(form=form, capabilities=provider.capabilities, source=source)

    async def parse(self, form: Form) -> ValidatedForm:
        """Return ``form`` as `opened`, and read as a request.

        Raises:
            UserError: something in it can't be done.
        """
        opened = await self.prefill(form)
        form, source = opened.form, opened.source
        point = _point(form.at, source.clip if source else None)
        _check_choices(form, opened.capabilities)
        request = ExtendRequest(
            provider=form.provider,
            clip_id=form.clip,
            continue_at=point,
            lyrics=form.lyrics,
            style=parse_style(form.style),
            title=form.title,
            exclude=parse_style(form.exclude),
            model=form.model or None,
        )
        return ValidatedForm(
            form=replace(form, at=format_continue_at(point)),
            request=request,
            capabilities=opened.capabilities,
            source=source,
        )

    async def validate(self, form: Form) -> ValidatedForm:
        """Return ``form`` prepared, with all that its provider asks for.

        Raises:
            UserError: as `prepare`, or a text is too long, or the style is lacking.
        """
        prepared = await self.parse(form)
        for excess in overlong_texts(prepared.request, prepared.capabilities.limits):
            raise _too_long(excess, prepared.capabilities.label)
        if prepared.capabilities.needs_style and not prepared.request.style:
            raise UserError(
                f"{prepared.capabilities.label} needs a style.",
                "Name one under *Style*, such as `folk, acoustic guitar`.",
            )
        return prepared

    async def clip_id_of(self, text: str) -> str:
        """Return the id of the clip that ``text`` names: an id, a Suno link, a reply's link.

        Raises:
            UserError: it names none.
        """
        match parse_clip_reference(text):
            case ClipId(value):
                return value
            case ShortLink():
                raise UserError(
                    "That is a shortened link.",
                    "Open it and copy the address with `/song/` in it, or the clip's id.",
                )
            case MessageLink(message_id):
                return await self._clip_of_reply(message_id)
            case _:
                raise UserError(
                    f"“{_quoted(text)}” names no clip.",
                    "Give a clip id, a `suno.com/song/…` link or a link to one of Encore's "
                    "replies, or pick a clip from the list.",
                )

    async def _clip_of_reply(self, message_id: int) -> str:
        ext = await self._store.find_by_reply(message_id)
        if ext is None:
            raise UserError(
                "That message is not one of Encore's replies.",
                "Copy the link of a reply that carries a finished clip.",
            )
        if ext.extendable_clip_ids:
            return ext.extendable_clip_ids[0]
        if not ext.clips:
            raise UserError(
                "That reply has no clip yet.",
                "Wait until it turns green, or pick another one.",
            )
        return ext.clips[0].id

    def _provider(self, name: str, source: ClipRecord | None) -> Provider:
        """Return who is to be asked: who made the clip; for one only used here, who is named."""
        home = source.provider if source else ""
        is_made_here = source is not None and source.extension_id is not None
        if name and name not in self._providers:
            enabled = ", ".join(f"`{known}`" for known in self._providers)
            raise UserError(
                f"There is no provider “{_quoted(name)}” here.",
                f"Leave `provider` empty, or pick one of these: {enabled}.",
            )
        if is_made_here and home not in self._providers:
            raise UserError(
                "The provider of that clip is not set up here any more.",
                "Pick a clip of another provider, or ask who runs this bot.",
            )
        if is_made_here and name not in ("", home):
            raise UserError(
                f"That clip was made by another provider than {self._label(name)}.",
                f"Leave `provider` empty; {self._label(home)} continues it.",
            )
        return self._providers[name or (home if home in self._providers else self._default)]

    def _label(self, name: str) -> str:
        provider = self._providers.get(name)
        return provider.capabilities.label if provider else name


def _tidy(form: Form) -> Form:
    return Form(
        clip=collapse_whitespace(sanitize(form.clip)),
        at=collapse_whitespace(sanitize(form.at)),
        style=collapse_whitespace(sanitize(form.style)),
        lyrics=sanitize(form.lyrics),
        title=collapse_whitespace(sanitize(form.title)),
        exclude=collapse_whitespace(sanitize(form.exclude)),
        model=collapse_whitespace(sanitize(form.model)),
        provider=collapse_whitespace(sanitize(form.provider)),
    )


def _filled_in(form: Form, source: Clip, limits: TextLimits) -> Form:
    """Return ``form`` with the source's style and title, as far as they fit, where it has none."""
    style = format_style(truncated_style(parse_style(source.style), limits.style))
    title = truncate(source.title, limits.title)
    return replace(form, style=form.style or style, title=form.title or title)


def _check_source(clip: Clip) -> None:
    name = _named(clip)
    if clip.status is ClipStatus.FAILED:
        raise UserError(f"{name} was never finished.", "Pick another clip to continue.")
    if not clip.status.is_final:
        raise UserError(
            f"{name} is still being made.", "Extend it as soon as its reply has turned green."
        )


def _point(text: str, clip: Clip | None) -> float | None:
    try:
        point = parse_time(text)
    except ValueError:
        raise UserError(
            f"“{escape_markdown(truncate(text, QUOTE_LENGTH))}” is not a time.",
            "Write seconds (`121.1`), minutes (`2:01.1`), hours (`1:02:03`), or `end`.",
        ) from None
    if point == 0:
        raise UserError(
            "A clip can't be continued from its very start.",
            "Pick a time after 0:00, or leave `at` empty for the end.",
        )
    length = clip.duration if clip else None
    if clip is not None and length is not None and effective_continue_at(point, length) is None:
        raise UserError(
            "That time lies past the end.",
            f"{_named(clip)} is {format_time(round(length))} long; "
            "pick a time before that, or leave `at` empty.",
        )
    return point


def _check_choices(form: Form, capabilities: Capabilities) -> None:
    if form.model and not capabilities.models:
        raise UserError(f"{capabilities.label} lets nobody choose a model.", "Leave `model` empty.")
    if form.exclude and not capabilities.exclude:
        raise UserError(
            f"{capabilities.label} can't keep styles out.",
            "Leave `exclude` empty, and name in `tags` what you do want.",
        )


def _too_long(excess: OverlongText, label: str) -> UserError:
    return UserError(
        f"The {excess.text} is too long for {label}."
        if excess.text != "lyrics"
        else f"The lyrics are too long for {label}.",
        f"It counts {excess.length:,} characters (an emoji counts as two or more) "
        f"and takes up to {excess.limit:,}. Nothing you typed is lost: shorten it and send again.",
    )


def _named(clip: Clip) -> str:
    return f"“{escape_markdown(truncate(clip.title, QUOTE_LENGTH))}”" if clip.title else "That clip"


MAX_CACHED = 1000


class ClipCache:
    """Remembers complete clips, which do not change any more; all others are read each time.

    A member who picks a clip from the list, opens its modal and sends it asks for it three
    times, and the modal has to open at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, ClipRecord] = {}

    async def clip(self, clip_id: str) -> ClipRecord | None:
        """Return the best that is known of a clip."""
        known = self._complete.get(clip_id)
        if known is None:
            known = await self._store.clip(clip_id)
            self.keep(known)
        return known

    def keep(self, known: ClipRecord | None) -> None:
        """Remember ``known``, if nothing about it can change; the oldest may be forgotten."""
        if known is None or not known.clip.is_playable or known.clip.duration is None:
            return
        self._complete[known.clip.id] = known
        if len(self._complete) > MAX_CACHED:
            del self._complete[next(iter(self._complete))]


def _quoted(text: str) -> str:
    """Return a member's own text as an answer repeats it."""
    return escape_markdown(truncate(collapse_whitespace(text), QUOTE_LENGTH))
