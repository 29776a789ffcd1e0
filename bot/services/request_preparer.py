"""Completes requests before they are sent: what one lacks is taken from its source clip.

Nothing has been sent yet, so whatever fails here costs nothing, and a kill meanwhile neither.
Knows nothing of Discord.
"""

import logging
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from bot.audio.errors import MediaError, TransientMediaError
from bot.domain.clip_reference import is_file_id
from bot.domain.failures import Failure, LengthUnknown, PastTheEnd, SourceUnavailable
from bot.domain.failures import UnknownClip as UnknownClipFailure
from bot.domain.form import parse_style, truncated_style
from bot.domain.models import Clip, Extension, Kind
from bot.domain.text import truncate
from bot.domain.timecode import effective_continue_at
from bot.providers.base import (
    Capabilities,
    Provider,
    ProviderError,
    RateLimited,
    SourceAudio,
    Unavailable,
    UnknownClip,
)
from bot.services.runtime import Runtime
from bot.services.source_audio import SourceAudioPreparer, UnusableSourceError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """An extension that can be sent; ``files`` holds the source's audio until then."""

    extension: Extension
    source: SourceAudio | None = None
    files: ExitStack = field(default_factory=ExitStack)


class SourceNotReadyError(Exception):
    """The source's audio can't be had now; another attempt may succeed.

    Attributes:
        failure: that the extension waits because of.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(type(failure).__name__)
        self.failure = failure


class RequestPreparer:
    """Looks up and fetches what requests need.

    Args:
        runtime: has the clips and the providers.
        sources: makes the audio for providers that want it.
    """

    def __init__(self, runtime: Runtime, sources: SourceAudioPreparer) -> None:
        self._store = runtime.store
        self._clock = runtime.clock
        self._sources = sources

    async def prepare(self, ext: Extension, provider: Provider) -> PreparedRequest:
        """Return ``ext`` with all that its provider needs; the caller closes its files.

        Raises:
            UnusableSourceError: its source can't be continued so; the extension ends.
            SourceNotReadyError: its source's audio can't be had now.
            Unavailable, RateLimited: the provider could not be asked.
        """
        ext = await self._with_details(ext, provider)
        if not provider.capabilities.wants_source_audio:
            return PreparedRequest(ext)
        return await self._with_audio(ext, provider.capabilities)

    async def _with_details(self, ext: Extension, provider: Provider) -> Extension:
        """Return ``ext`` with what its request lacks.

        What the store does not know of the source clip, its duration above all, is asked of the
        provider. A provider that joins its own clips needs no details.
        """
        if ext.kind is Kind.CONCAT:
            return ext
        request, needs_length = ext.request, provider.capabilities.needs_continue_at
        known = await self._store.clip(request.clip_id)
        source = known.clip if known else None
        missing: Failure = LengthUnknown()
        if provider.capabilities.lookup and (source is None or source.duration is None):
            try:
                source = await provider.clip(request.clip_id) or source
            except (Unavailable, RateLimited):
                raise
            except UnknownClip:
                # Where a second is given, the submission tells: to be refused costs nothing.
                missing = UnknownClipFailure()
            except ProviderError as error:
                log.info("Extension %s: its source could not be looked up (%s)", ext.id, error.kind)
            if source is not None:
                await self._store.remember_clip(provider.name, source, now=self._clock())
        length = source.duration if source else None
        if length is not None:
            point = effective_continue_at(request.continue_at, length)
            if point is None:
                raise UnusableSourceError(PastTheEnd(length))
            ext = replace(ext, request=replace(request, continue_at=point))
        elif request.continue_at is None and needs_length:
            raise UnusableSourceError(missing)
        return ext if source is None else _with_metadata(ext, source, provider.capabilities)

    async def _with_audio(self, ext: Extension, capabilities: Capabilities) -> PreparedRequest:
        """Return ``ext`` with the audio that its provider is given, in a folder of its own."""
        failure = SourceUnavailable(is_file_id(ext.request.clip_id))
        with ExitStack() as files:
            folder = files.enter_context(self._sources.temporary_folder())
            try:
                prepared = await self._sources.prepare(ext, capabilities, folder)
            except UnusableSourceError:
                raise
            except TransientMediaError as error:
                log.info("Extension %s: no source audio yet (%s)", ext.id, error)
                raise SourceNotReadyError(failure) from error
            except MediaError as error:
                log.info("Extension %s: no source audio (%s)", ext.id, error)
                raise UnusableSourceError(failure) from error
            except Exception as error:
                log.exception("Extension %s: its source could not be prepared", ext.id)
                raise SourceNotReadyError(failure) from error
            ready = _with_metadata(prepared.extension, prepared.clip, capabilities)
            return PreparedRequest(ready, prepared.audio, files.pop_all())


def _with_metadata(ext: Extension, source: Clip, capabilities: Capabilities) -> Extension:
    """Return ``ext`` with the source's style and title where the member gave none.

    A song continues smoothly only with the tags and title it had.
    """
    request, limits = ext.request, capabilities.limits_for(ext.request.model)
    request = replace(
        request,
        style=request.style or truncated_style(parse_style(source.style), limits.style),
        title=request.title or truncate(source.title, limits.title),
    )
    return replace(ext, request=request, source_title=ext.source_title or source.title)
