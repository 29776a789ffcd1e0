"""Which provider continues a clip, and why another can't."""

from collections.abc import Mapping

from bot.domain.clip_reference import is_file_id
from bot.domain.errors import UnknownClipError, UserError
from bot.domain.models import ClipRecord
from bot.domain.text import escape_line
from bot.providers.base import Provider
from bot.services.clip_naming import QUOTE_LENGTH
from bot.services.runtime import Runtime


class ProviderChoice:
    """Chooses among the enabled providers.

    Attributes:
        default: used where nobody says anything else.
    """

    def __init__(self, runtime: Runtime, *, default: str) -> None:
        self._runtime = runtime
        self._providers = runtime.providers
        self.default = default

    def choose(self, name: str, source: ClipRecord | None, default: str = "") -> Provider:
        """Return the provider that continues ``source``; ``default`` if nothing else says it.

        A clip made by Encore is continued by its own provider, or by one that is given its audio
        where the member names that. A file is continued by one that is given its audio. Any other
        clip is by the one that the member names.

        Raises:
            UnknownClipError: the one that is named can't, but others can.
            UserError: there is none of that name, or none can.
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
        usual = default if default in self._providers else self.default
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
