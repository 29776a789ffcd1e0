"""Which audio links of a provider can be played (providers.md §6.5)."""

from collections.abc import Collection
from urllib.parse import urlsplit


def playable_url(url: str | None, *, trusted_hosts: Collection[str] = ()) -> str | None:
    """Return ``url`` if a member could play it, else None.

    Placeholders (``…/None.mp3``), withdrawn links (``…/api/forbidden``) and anything that is not
    https are not playable; plain http only from ``trusted_hosts`` (``host`` or ``host:port``).
    """
    try:
        parts = urlsplit((url or "").strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    is_trusted = host in trusted_hosts or f"{host}:{port}" in trusted_hosts
    if parts.scheme != "https" and not (parts.scheme == "http" and is_trusted):
        return None
    path = parts.path.rstrip("/").lower()
    if path.endswith(("/none.mp3", "/api/forbidden")):
        return None
    return parts.geturl()
