"""Turns what a member typed into a request, and checks it before anything is spent.

Knows nothing of Discord. Everything wrong is a `UserError` for the member.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

from bot.domain.clip_reference import SongReference, is_file_id
from bot.domain.errors import FormError, UserError
from bot.domain.form import (
    NO_DEFAULTS,
    Form,
    FormDefaults,
    TextLimits,
    format_style,
    parse_style,
    truncated_style,
)
from bot.domain.lineage import SongOutline, song_outline
from bot.domain.models import Clip, ClipRecord, ExtendRequest, Extension
from bot.domain.text import collapse_whitespace, sanitize, truncate
from bot.domain.timecode import format_continue_at
from bot.providers.base import Capabilities
from bot.services.clip_cache import ClipCache
from bot.services.clip_naming import ClipNames
from bot.services.field_checks import (
    choice_errors,
    parse_continue_at,
    parse_length,
    request_errors,
    require_finished,
    require_room,
)
from bot.services.provider_choice import ProviderChoice
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
        self._choice = ProviderChoice(runtime, default=default_provider)
        self._is_in_session = is_in_session
        self._clips = ClipCache(runtime.store)
        self._names = ClipNames(runtime.store)

    @property
    def default_provider(self) -> str:
        """The provider that is used where nobody says anything else."""
        return self._choice.default

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
        provider = self._choice.choose(form.provider, source, defaults.provider)
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
            validated, errors, choice_errors(validated.form, validated.capabilities)
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
                choice_errors(replace(form, model=model), capabilities),
                request_errors(request, capabilities),
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
            length = parse_length(form.length, capabilities)
        except UserError as error:
            errors.append(error)
        try:
            typed = continue_at = parse_continue_at(
                form.at,
                source.clip if source is not None else None,
                prefilled.length,
                is_song=song is not None,
            )
            if song is not None and typed is not None:
                source, continue_at = _part_at(song, typed)
            join = continue_at or (source.clip.duration if source else None)
            require_room(join, length, capabilities)
        except UserError as error:
            errors.append(error)
        if source is not prefilled.source and source is not None:
            await self._require_no_session(source)
            self._choice.choose(form.provider, source)
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
                choice_errors(validated.form, validated.capabilities),
                request_errors(validated.request, validated.capabilities),
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
            return self._choice.choose(provider, source, defaults.provider).capabilities.models
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
