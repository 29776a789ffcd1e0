"""Refreshes audio links, which a provider may let expire or withdraw. Knows nothing of Discord."""

import asyncio
import logging
from dataclasses import dataclass, replace

from bot.domain.models import Clip, ClipRecord, Extension, Progress
from bot.domain.transitions import with_current_links
from bot.providers.base import Provider, ProviderError
from bot.services.runtime import Runtime

log = logging.getLogger(__name__)

REFRESH_TIMEOUT = 10.0  # seconds; a member may be waiting


@dataclass(frozen=True, slots=True)
class RefreshedClip:
    """A clip after asking its provider for the current link.

    Attributes:
        is_confirmed: whether the provider answered; else the clip is as stored.
    """

    known: ClipRecord
    is_confirmed: bool


class LinkRefresher:
    """Asks providers for the current links of clips, and stores them.

    Args:
        runtime: has the clips and the providers.
        timeout: seconds that a provider has to answer.
    """

    def __init__(self, runtime: Runtime, *, timeout: float = REFRESH_TIMEOUT) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._wakeups = runtime.wakeups
        self._clock = runtime.clock
        self._timeout = timeout

    async def refresh_clip(self, known: ClipRecord) -> RefreshedClip:
        """Return ``known`` with its current link; a withdrawn clip has none."""
        provider = self._providers.get(known.provider)
        if provider is None:
            return RefreshedClip(known, is_confirmed=False)
        if known.extension_id is None:
            return await self._refresh_source(known, provider)
        ext = await self._store.extension(known.extension_id)
        fresh = await self.refresh_extension(ext) if ext else None
        clip = _clip_of(known.clip, fresh)
        if clip is None:
            return RefreshedClip(known, is_confirmed=False)
        return RefreshedClip(replace(known, clip=clip), is_confirmed=True)

    async def refresh_extension(self, ext: Extension) -> Extension | None:
        """Store and return a complete ``ext`` with its current links.

        None if its provider can't be asked, or does not know them.
        """
        progress = await self.fetch_progress(ext)
        if progress is None:
            return None
        new = with_current_links(ext, progress)
        if new != ext:
            await self._store.save(new, was=ext)
            self._wakeups.publisher.notify()
        return new

    async def fetch_progress(self, ext: Extension) -> Progress | None:
        """Return what its provider reports of ``ext`` now; None if it can't be asked or told."""
        provider = self._providers.get(ext.request.provider)
        if provider is None or ext.handle is None:
            return None
        try:
            async with asyncio.timeout(self._timeout):
                return (await provider.fetch([ext.handle])).get(ext.handle)
        except (ProviderError, TimeoutError) as error:
            log.info("Extension %s: no current links (%s)", ext.id, type(error).__name__)
            return None

    async def _refresh_source(self, known: ClipRecord, provider: Provider) -> RefreshedClip:
        """Store and return a source clip from elsewhere as its provider describes it now."""
        clip = None
        if provider.capabilities.lookup:
            try:
                async with asyncio.timeout(self._timeout):
                    clip = await provider.clip(known.clip.id)
            except (ProviderError, TimeoutError) as error:
                log.info("Clip %s: no current link (%s)", known.clip.id, type(error).__name__)
        if clip is None:
            return RefreshedClip(known, is_confirmed=False)
        await self._store.remember_clip(provider.name, clip, now=self._clock())
        return RefreshedClip(replace(known, clip=clip), is_confirmed=True)


def _clip_of(clip: Clip, ext: Extension | None) -> Clip | None:
    """Return ``clip`` as ``ext`` has it."""
    return next((each for each in ext.clips if each.id == clip.id), None) if ext else None
