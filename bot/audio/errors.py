"""Errors of audio work: one kind for each thing that the caller does differently."""


class MediaError(Exception):
    """No audio or picture. The text never contains a URL, which may carry a key."""


class UnusableMediaError(MediaError):
    """Final: not allowed, not audio, or too expensive; another attempt would end the same way."""


class TransientMediaError(MediaError):
    """Not available now; trying again later makes sense."""
