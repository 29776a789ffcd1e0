"""How audio work fails: kinds, one for each thing that the caller does differently."""


class MediaError(Exception):
    """Audio or a picture could not be had. The text never names a URL, which may carry a key."""


class UnusableMediaError(MediaError):
    """It must not or can't be had this way, and the same again would end the same."""


class TransientMediaError(MediaError):
    """It could not be had now; trying again later makes sense."""
