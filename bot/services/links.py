"""Current links: a provider's may expire or be withdrawn, so it is asked for them once more.

Knows nothing of Discord.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.clock import Clock
from bot.domain.models import Clip, ClipRecord, Extension
from bot.domain.transitions import with_current_links
from bot.providers.base import Provider, ProviderError
from bot.services.wakeups import Wakeups
from bot.store.store import Store

log = logging.getLogger(__name__)

REFRESH_TIMEOUT = 10.0  # seconds; a member may be waiting


@dataclass(frozen=True, slots=True)
class RefreshedClip:
    """A clip as it is now.

    Attributes:
        is_asked: whether its provider told; else it is as it was known.
    """

    known: ClipRecord
    is_confirmed: bool


class LinkRefresher:
    """Asks providers for the current links of clips, and keeps what they tell."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        *,
        wakeups: Wakeups,
        clock: Clock,
        timeout: float = REFRESH_TIMEOUT,
    ) -> None:
        """Make it; a provider is waited for ``answered_within`` seconds."""
        self._store = store
        self._providers = providers
        self._wakeups = wakeups
        self._clock = clock
        self._answered_within = timeout

    async def refresh_clip(self, known: ClipRecord) -> RefreshedClip:
        """Return ``known`` with its current link; one that was withdrawn has none."""
        provider = self._providers.get(known.provider)
        if provider is None:
            return RefreshedClip(known, is_confirmed=False)
        if known.extension_id is None:
            return await self._source(known, provider)
        ext = await self._store.extension(known.extension_id)
        fresh = await self.refresh_extension(ext) if ext else None
        clip = _named(known.clip, fresh)
        if clip is None:
            return RefreshedClip(known, is_confirmed=False)
        return RefreshedClip(replace(known, clip=clip), is_confirmed=True)

    async def refresh_extension(self, ext: Extension) -> Extension | None:
        """Return a complete ``ext`` with its current links, which its reply will show.

        None if its provider can't be asked, or did not tell.
        """
        provider = self._providers.get(ext.request.provider)
        if provider is None or ext.handle is None:
            return None
        try:
            async with asyncio.timeout(self._answered_within):
                seen = (await provider.fetch([ext.handle])).get(ext.handle)
        except (ProviderError, TimeoutError) as error:
            log.info("Extension %s: no current links (%s)", ext.id, type(error).__name__)
            return None
        if seen is None:
            return None
        new = with_current_links(ext, seen)
        if new != ext:
            await self._store.save(new, was=ext)
            self._wakeups.publisher.notify()
        return new

    async def _source(self, known: ClipRecord, provider: Provider) -> RefreshedClip:
        """Return a clip that was not made here as its provider tells of it now."""
        clip = None
        if provider.capabilities.lookup:
            try:
                async with asyncio.timeout(self._answered_within):
                    clip = await provider.clip(known.clip.id)
            except (ProviderError, TimeoutError) as error:
                log.info("Clip %s: no current link (%s)", known.clip.id, type(error).__name__)
        if clip is None:
            return RefreshedClip(known, is_confirmed=False)
        await self._store.remember_clip(provider.name, clip, now=self._clock())
        return RefreshedClip(replace(known, clip=clip), is_confirmed=True)


def _named(clip: Clip, ext: Extension | None) -> Clip | None:
    """Return the clip as ``ext`` has it."""
    return next((each for each in ext.clips if each.id == clip.id), None) if ext else None
