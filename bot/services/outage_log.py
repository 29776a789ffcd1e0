"""Logs once that a provider can't be reached, and once that it is back."""

import logging

from bot.providers.base import ProviderError

log = logging.getLogger(__name__)


class OutageLog:
    """Remembers which providers are unreachable, so that the log is not flooded."""

    def __init__(self) -> None:
        self._out: set[str] = set()

    def failed(self, provider: str, error: ProviderError) -> None:
        """Log the start of an outage of ``provider``."""
        if provider not in self._out:
            self._out.add(provider)
            log.warning("%s can't be asked (%s: %s)", provider, error.kind, error.text)

    def answered(self, provider: str) -> None:
        """Log the end of an outage of ``provider``, if there was one."""
        if provider in self._out:
            self._out.discard(provider)
            log.info("%s answers again", provider)
