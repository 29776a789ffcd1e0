"""Discord's error responses."""

from sandbox.discord.protocol import JsonObject

INVALID_FORM = 50035

MESSAGES = {
    0: "404: Not Found",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10008: "Unknown Message",
    10013: "Unknown User",
    10014: "Unknown Emoji",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    20009: "Explicit content cannot be sent to the desired recipient(s)",
    20016: "This action cannot be performed due to slowmode rate limit",
    30010: "Maximum number of reactions reached (20)",
    30046: "Maximum number of edits to messages older than 1 hour reached. Try again later",
    40003: "You are opening direct messages too fast",
    40004: "Send messages has been temporarily disabled",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    40094: "This interaction has reached the maximum number of follow up messages",
    40333: "internal network error",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50008: "Cannot send messages in a non-text channel",
    50013: "Missing Permissions",
    50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
    50083: "Thread is archived",
    50278: "Cannot send messages to this user due to having no mutual guilds",
    50109: "The request body contains invalid JSON.",
    160002: "Cannot reply without permission to read message history",
    160004: "A thread has already been created for this message",
    160005: "Thread is locked",
    160006: "Maximum number of active threads reached",
    200000: "Message was blocked by automatic moderation",
    240000: "Message blocked by harmful links filter",
    400001: "Access to file uploads has been limited for this guild",
}

STATUSES = {
    10003: 404,
    10004: 404,
    10007: 404,
    10008: 404,
    10013: 404,
    10014: 400,
    10015: 404,
    10062: 404,
    10063: 404,
    20016: 429,
    30010: 400,
    30046: 429,
    40003: 403,
    40004: 403,
    40005: 413,
    40333: 403,
    50001: 403,
    50005: 403,
    50007: 403,
    50013: 403,
    50027: 401,
    50278: 403,
    400001: 403,
}
# refusals with status 400 that a bot can't foresee
UNFORESEEABLE = frozenset({20009, 50007, 50083, 50278, 160004, 160005, 160006, 200000, 240000})


class NotPossibleError(Exception):
    """Error of Discord's client: it does not allow a member's action."""


class ApiError(Exception):
    """A refused request, with the status, code and body of its response.

    ``violation`` is whether the bot broke a rule. It did not where it could not know better: a
    message was deleted meanwhile, or a permission removed.
    """

    def __init__(
        self,
        code: int,
        *,
        status: int | None = None,
        message: str | None = None,
        errors: JsonObject | None = None,
        violation: bool | None = None,
        headers: dict[str, str] | None = None,
        extra: JsonObject | None = None,
    ) -> None:
        self.code = code
        self.status = status if status is not None else STATUSES.get(code, 400)
        self.message = message or MESSAGES.get(code, "Refused")
        self.errors = errors
        broke_a_rule = self.status in {400, 405, 413, 415} and code not in UNFORESEEABLE
        broke_a_rule = broke_a_rule or code == 10062  # noqa: PLR2004
        self.violation = broke_a_rule if violation is None else violation
        self.headers = headers or {}
        self.extra = extra or {}
        super().__init__(f"{self.status} (code {code}): {self.message}")

    @classmethod
    def not_modelled(cls, what: str = "this route") -> "ApiError":
        """Return the 501 for something that Discord has and the sandbox lacks."""
        return cls(0, status=501, message=f"501: the sandbox does not know {what}")

    @property
    def body(self) -> JsonObject:
        """The JSON body of the response."""
        errors = {"errors": self.errors} if self.errors else {}
        return {"message": self.message, "code": self.code, **errors, **self.extra}
