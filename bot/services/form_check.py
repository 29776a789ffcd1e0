"""Turns what a member typed into a request, and checks it before anything is spent.

Knows nothing of Discord. Everything wrong is a `UserError` for the member.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

from bot.domain.clip_reference import SongReference, is_file_id
from bot.domain.errors import FormError, UnknownClipError, UserError
from bot.domain.form import (
    NO_DEFAULTS,
    Form,
    FormDefaults,
    OverlongText,
    TextLimits,
    format_style,
    overlong_texts,
    parse_style,
    truncated_style,
)
from bot.domain.lineage import SongOutline, song_outline
from bot.domain.models import Clip, ClipRecord, ClipStatus, ExtendRequest, Extension
from bot.domain.text import collapse_whitespace, escape_line, sanitize, truncate
from bot.domain.timecode import effective_continue_at, format_continue_at, format_length, parse_time
from bot.providers.base import Capabilities, Provider
from bot.services.clip_cache import ClipCache
from bot.services.clip_naming import QUOTE_LENGTH, ClipNames
from bot.services.runtime import Runtime
from bot.services.session_parts import require_no_session


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefilledForm:
    """A form as its modal shows it.

    Attributes:
        form: as typed, with the clip's id, its provider, and defaults from the source clip.
        capabilities: of the provider that will be asked.
        source: the source clip; None if the store does not have it. Of a full song, the part at
            which it is extended, as far as that is known, else the last.
        song: the full song that is extended, if it is one that Encore joined; times are its own.
    """

    form: Form
    capabilities: Capabilities
    source: ClipRecord | None
    song: SongOutline | None = None

    @property
    def source_title(self) -> str:
        """The title of the source clip; empty if unknown."""
        return self.source.clip.title if self.source else ""

    @property
    def length(self) -> float | None:
        """The length of what is extended, in seconds; None if unknown."""
        if self.song is not None:
            return self.song.length
        return self.source.clip.duration if self.source else None

    @property
    def model(self) -> str | None:
        """The model to ask for; None leaves the choice to the provider."""
        return self.capabilities.model_for(
            self.form.model, self.source.model if self.source else None
        )

    @property
    def limits(self) -> TextLimits:
        """The longest texts of that model."""
        return self.capabilities.limits_for(self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedForm(PrefilledForm):
    """A form without errors, and its request.

    Attributes:
        song_time: the second of the full song at which it is extended; None if that is its end,
            or no full song.
    """

    request: ExtendRequest
    song_time: float | None = None


class FormReader:
    """Turns forms into requests.

    Args:
        runtime: has the clips and the providers.
        default_provider: used for a clip that the store does not have.
        is_in_session: whether the forms are a session's own, which goes on from its parts.
    """

    def __init__(
        self, runtime: Runtime, *, default_provider: str, is_in_session: bool = False
    ) -> None:
        self._runtime = runtime
        self._store = runtime.store
        self._providers = runtime.providers
        self._default = default_provider
        self._is_in_session = is_in_session
        self._clips = ClipCache(runtime.store)
        self._names = ClipNames(runtime.store)

    @property
    def default_provider(self) -> str:
        """The provider that is used where nobody says anything else."""
        return self._default

    @property
    def capabilities(self) -> Mapping[str, Capabilities]:
        """What each enabled provider can do, by name."""
        return {name: provider.capabilities for name, provider in self._providers.items()}

    async def prefill(self, form: Form, defaults: FormDefaults = NO_DEFAULTS) -> PrefilledForm:
        """Return ``form`` with defaults from its source clip, and all else as typed.

        Calls no provider, so the modal opens at once. The member can still correct everything
        but the clip and the provider there. ``defaults`` hold where neither says anything.

        Raises:
            UserError: the clip or the provider is not available, or a session goes on from it.
        """
        form = _sanitized(form)
        clip_id, joined = await self._names.resolve(form.clip)
        if self._is_in_session:
            joined = None
        song = await self._outline(joined) if joined is not None else None
        source = await self._clips.clip(clip_id)
        if is_file_id(clip_id):
            self._require_file(clip_id, source)
        if source is not None:
            require_finished(source.clip)
            await self._require_no_session(source)
        provider = self._choose_provider(form.provider, source, defaults.provider)
        clip_id = str(SongReference(joined.id)) if joined is not None else clip_id
        form = replace(form, clip=clip_id, provider=provider.name)
        can = provider.capabilities
        is_inherited = can.same_model_as_source and source is not None and source.model is not None
        if not form.model and not is_inherited and defaults.model in can.models:
            form = replace(form, model=defaults.model)
        prefilled = PrefilledForm(
            form=form, capabilities=provider.capabilities, source=source, song=song
        )
        if source is not None:
            form = _with_source_defaults(form, source.clip, prefilled.limits)
        if not form.style:
            form = replace(form, style=_cut_style(defaults.style, prefilled.limits))
        return replace(prefilled, form=form)

    async def length_of(self, clip: str) -> float | None:
        """Return the seconds of what ``clip`` names; None if they are unknown, or it names none."""
        try:
            return (await self.prefill(Form(clip=clip))).length
        except UserError:
            return None

    async def parse(self, form: Form, defaults: FormDefaults = NO_DEFAULTS) -> ValidatedForm:
        """Return ``form`` as `prefill`, with its request; lengths are not checked yet.

        Raises:
            FormError: fields are wrong, or the provider does not have them.
            UserError: as `prefill`.
        """
        validated, errors = await self._parsed(await self.prefill(form, defaults))
        self._require_accepted(
            validated, errors, _choice_errors(validated.form, validated.capabilities)
        )
        return validated

    def _require_accepted(
        self,
        validated: ValidatedForm,
        errors: Iterable[UserError],
        provider_errors: Iterable[UserError],
    ) -> None:
        """Raise FormError if there are errors; ``provider_errors`` hold for its provider alone."""
        of_all, of_one = [*errors], [*provider_errors]
        if of_all or of_one:
            others: Mapping[str, str] = {} if of_all else self._others_accepting(validated)
            raise FormError.of([*of_all, *of_one], other_providers=others)

    def _others_accepting(self, validated: ValidatedForm) -> Mapping[str, str]:
        """Return name and label of each other provider that would accept a form as it is.

        None in a session, and for a clip that only its own provider can continue.
        """
        form, source = validated.form, validated.source
        if self._is_in_session or (source is not None and source.extension_id is not None):
            return {}
        labels = self._runtime.labels(excluding=form.provider)
        accepting: dict[str, str] = {}
        for name, label in labels.items():
            capabilities = self._providers[name].capabilities
            model = form.model if form.model in capabilities.models else ""
            request = replace(validated.request, model=capabilities.model_for(model, None))
            errors = chain(
                _choice_errors(replace(form, model=model), capabilities),
                _request_errors(request, capabilities),
            )
            if next(errors, None) is None:
                accepting[name] = label
        return accepting

    async def _parsed(self, prefilled: PrefilledForm) -> tuple[ValidatedForm, list[UserError]]:
        """Return the request of a form, and what is wrong in it for every provider."""
        form, source, song = prefilled.form, prefilled.source, prefilled.song
        capabilities = prefilled.capabilities
        errors: list[UserError] = []
        typed = continue_at = length = None
        try:
            length = _parse_length(form.length, capabilities)
        except UserError as error:
            errors.append(error)
        try:
            typed = continue_at = _parse_continue_at(form.at, prefilled)
            if song is not None and typed is not None:
                source, continue_at = _part_at(song, typed)
            join = continue_at or (source.clip.duration if source else None)
            _require_room(join, length, capabilities)
        except UserError as error:
            errors.append(error)
        if source is not prefilled.source and source is not None:
            await self._require_no_session(source)
            self._choose_provider(form.provider, source)
        request = ExtendRequest(
            provider=form.provider,
            clip_id=source.clip.id if song is not None and source is not None else form.clip,
            continue_at=continue_at,
            lyrics=form.lyrics,
            style=parse_style(form.style),
            title=form.title,
            exclude=parse_style(form.exclude),
            model=replace(prefilled, source=source).model,
            length=length,
        )
        validated = ValidatedForm(
            form=replace(form, at=format_continue_at(typed)),
            request=request,
            capabilities=capabilities,
            source=source,
            song=song,
            song_time=typed if song is not None else None,
        )
        return validated, errors

    async def validate(self, form: Form, defaults: FormDefaults = NO_DEFAULTS) -> ValidatedForm:
        """Return ``form`` as `parse`, if its provider would accept the request.

        Raises:
            FormError: as `parse`, or a text is too long, or the style is missing. It tells all
                that is wrong.
            UserError: as `prefill`.
        """
        validated, errors = await self._parsed(await self.prefill(form, defaults))
        self._require_accepted(
            validated,
            errors,
            chain(
                _choice_errors(validated.form, validated.capabilities),
                _request_errors(validated.request, validated.capabilities),
            ),
        )
        return validated

    async def models_for(
        self, clip: str, provider: str, defaults: FormDefaults = NO_DEFAULTS
    ) -> tuple[str, ...]:
        """Return the models of the provider that would extend ``clip``; both are as typed so far.

        Empty if there are none to choose from, or no such provider.
        """
        source = None
        with suppress(UserError):  # no clip is named yet
            source = await self._clips.clip(await self.clip_id_of(clip))
        try:
            return self._choose_provider(provider, source, defaults.provider).capabilities.models
        except UserError:
            return ()

    async def clip_id_of(self, text: str) -> str:
        """Return the id of the clip that ``text`` names; raises as `ClipNames.resolve`."""
        return (await self._names.resolve(text)).clip_id

    async def _outline(self, song: Extension) -> SongOutline:
        attachment = next(iter(await self._store.attachments(song.id)), None)
        return song_outline(await self._store.lineage(song.request.clip_id), attachment)

    async def _require_no_session(self, source: ClipRecord) -> None:
        if source.extension_id is not None and not self._is_in_session:
            await require_no_session(self._store, source.extension_id)

    def _require_file(self, clip_id: str, source: ClipRecord | None) -> None:
        if source is None or not self._runtime.kept_audio.has(clip_id):
            raise UserError(
                "Encore doesn't have that file any more.", "Upload it again with `/extend file:`."
            )

    def _choose_provider(self, name: str, source: ClipRecord | None, default: str = "") -> Provider:
        """Return the provider that continues ``source``; ``default`` if nothing else says it.

        A clip made by Encore is continued by its own provider, or by one that is given its audio
        where the member names that. A file is continued by one that is given its audio. Any other
        clip is by the one that the member names.
        """
        if name and name not in self._providers:
            enabled = ", ".join(f"`{known}`" for known in self._providers)
            raise UserError(
                f"There's no service “{escape_line(name, QUOTE_LENGTH)}” here.",
                f"Leave `provider` empty, or pick one of these: {enabled}.",
            )
        home = source.provider if source else ""
        is_file = source is not None and is_file_id(source.clip.id)
        is_made_here = source is not None and source.extension_id is not None
        usual = default if default in self._providers else self._default
        if not (is_made_here or is_file):
            return self._providers[name or (home if home in self._providers else usual)]
        able = {
            known: provider
            for known, provider in self._providers.items()
            if known == home or provider.capabilities.wants_source_audio
        }
        if is_file and not name:
            name = usual if usual in able else next(iter(able), "")
        chosen = able.get(name or home)
        if chosen is None:
            raise self._unknown_clip(name, home, able)
        return chosen

    def _unknown_clip(self, name: str, home: str, able: Mapping[str, Provider]) -> UserError:
        """Return the error for a clip of ``home`` that ``name`` does not know; ``able`` do."""
        others = {known: self._runtime.label(known) for known in able}
        if home and home not in self._providers:
            return UnknownClipError(
                "The service that made that clip isn't set up here any more.",
                "Try another service; the form keeps what you typed:"
                if others
                else f"Pick another clip. {self._runtime.operator_contact.request}",
                other_providers=others,
            )
        if not name:
            return UserError(
                "No service here can continue a file.", "Pick a clip, or paste a link to one."
            )
        label = self._runtime.label(name)
        origin = f"This one was made through {self._runtime.label(home)}."
        return UnknownClipError(
            f"{label} doesn't know this clip.",
            f"Only clips made through {label} work there. "
            f"{origin if home else 'This one is a file.'}",
            other_providers=others,
        )


def _sanitized(form: Form) -> Form:
    return Form(
        clip=collapse_whitespace(sanitize(form.clip)),
        at=collapse_whitespace(sanitize(form.at)),
        style=collapse_whitespace(sanitize(form.style)),
        lyrics=sanitize(form.lyrics),
        title=collapse_whitespace(sanitize(form.title)),
        exclude=collapse_whitespace(sanitize(form.exclude)),
        model=collapse_whitespace(sanitize(form.model)),
        provider=collapse_whitespace(sanitize(form.provider)),
        length=collapse_whitespace(sanitize(form.length)),
    )


def _cut_style(style: str, limits: TextLimits) -> str:
    return format_style(truncated_style(parse_style(style), limits.style))


def _with_source_defaults(form: Form, source: Clip, limits: TextLimits) -> Form:
    """Return ``form`` with style and title of ``source``, cut to the limits, if it has none."""
    style = _cut_style(source.style, limits)
    title = truncate(source.title, limits.title)
    return replace(form, style=form.style or style, title=form.title or title)


def require_finished(clip: Clip) -> None:
    """Raise UserError unless ``clip`` is complete."""
    name = quoted_title(clip)
    if clip.status is ClipStatus.FAILED:
        raise UserError(f"{name} was never finished.", "Pick another clip.")
    if not clip.status.is_final:
        raise UserError(f"{name} is still being made.", "Wait until its reply turns green.")


def _part_at(song: SongOutline, second: float) -> tuple[ClipRecord, float]:
    """Return the part of ``song`` at ``second``, and the second of that part."""
    found = song.part_at(second)
    if found is None:
        raise UserError(
            "I don't know how long each part of that song is.",
            "Leave *Continue at* empty, or extend one of its parts.",
        )
    part, continue_at = found
    return part.known, continue_at


def _parse_continue_at(text: str, prefilled: PrefilledForm) -> float | None:
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
    source, length = prefilled.source, prefilled.length
    if source is None or length is None or continue_at is None:
        return continue_at
    within = effective_continue_at(continue_at, length)
    if within is None:
        raise UserError(
            "That's past the end.",
            f"{quoted_title(source.clip)} is {format_length(length)} long. "
            "Pick an earlier time, or leave *Continue at* empty.",
        )
    return continue_at if prefilled.song is None else within


def _parse_length(text: str, capabilities: Capabilities) -> float | None:
    """Return the length of the new part in seconds; None is the provider's usual one."""
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


def _require_room(join: float | None, length: float | None, capabilities: Capabilities) -> None:
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


def _choice_errors(form: Form, capabilities: Capabilities) -> Iterator[UserError]:
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


def _request_errors(request: ExtendRequest, capabilities: Capabilities) -> Iterator[UserError]:
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


def quoted_title(clip: Clip) -> str:
    """Return how an answer to a member names ``clip``."""
    title = escape_line(clip.title, QUOTE_LENGTH)
    return f"“{title}”" if title else "That clip"
