"""What providers say of the operator's accounts, of which the operator is to be told."""

from bot.providers.base import OutOfCredits, ProviderError, Unauthorized


class AccountErrors:
    """What the last request to each provider says of its account: a key refused, credits out."""

    def __init__(self) -> None:
        self.latest: dict[str, ProviderError | None] = {}

    def failed(self, provider: str, error: ProviderError) -> None:
        """Remember ``error`` if only the operator can mend it."""
        if isinstance(error, Unauthorized | OutOfCredits):
            self.latest[provider] = error

    def worked(self, provider: str) -> None:
        """Remember that ``provider`` did what was asked."""
        self.latest[provider] = None
