"""Rate limits: buckets per route and major parameters, and the global limit."""

import dataclasses
import hashlib
import time

from sandbox.discord.errors import ApiError

PROXY_HEADERS = {"Via": "1.1 google"}


@dataclasses.dataclass(slots=True, frozen=True)
class Limit:
    """``amount`` requests in ``window`` seconds."""

    amount: int
    window: float


SEND_LIMIT = Limit(5, 5.0)
WEBHOOK_LIMIT = Limit(5, 2.0)
REACTION_LIMIT = Limit(1, 0.25)
DEFAULT_LIMIT = Limit(30, 10.0)
GLOBAL_LIMIT = Limit(50, 1.0)


@dataclasses.dataclass(slots=True)
class _Bucket:
    used: int
    resets_at: float


def bucket_name(key: str) -> str:
    """The hash that identifies a bucket in headers."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


class RateLimits:
    """Counts requests; without ``is_enforced`` none is refused, headers are still sent."""

    def __init__(self) -> None:
        self.is_enforced = True
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._global = _Bucket(0, 0.0)
        self._names: dict[str, str] = {}

    def count_globally(self) -> None:
        """Count a request against the global limit of 50 per second.

        Raises:
            ApiError: 429 with global scope.
        """
        now = time.monotonic()
        if now >= self._global.resets_at:
            self._global = _Bucket(0, now + GLOBAL_LIMIT.window)
        self._global.used += 1
        if self._global.used > GLOBAL_LIMIT.amount and self.is_enforced:
            raise rate_limit_error(self._global.resets_at - now, scope="global")

    def count(self, key: str, major: str, limit: Limit) -> dict[str, str]:
        """Count a request in the bucket ``key`` of ``major``; return the rate limit headers.

        Raises:
            ApiError: 429 with user scope and these headers.
        """
        now = time.monotonic()
        bucket = self._buckets.get((key, major))
        if bucket is None or now >= bucket.resets_at:
            bucket = self._buckets[key, major] = _Bucket(0, now + limit.window)
        bucket.used += 1
        after = bucket.resets_at - now
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = bucket_name(key)
        headers = {
            "X-RateLimit-Limit": str(limit.amount),
            "X-RateLimit-Remaining": str(max(0, limit.amount - bucket.used)),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": name,
        }
        if not self.is_enforced:
            headers["X-RateLimit-Remaining"] = str(limit.amount)
        elif bucket.used > limit.amount:
            raise rate_limit_error(after, scope="user", headers=headers)
        return headers


def rate_limit_error(
    retry_after: float, *, scope: str, headers: dict[str, str] | None = None, code: int = 0
) -> ApiError:
    """Return Discord's 429; ``scope`` is ``user``, ``shared`` or ``global``."""
    is_global = scope == "global"
    all_headers = {
        **(headers or {}),
        **PROXY_HEADERS,
        "Retry-After": str(max(1, round(retry_after + 0.5))),
        "X-RateLimit-Scope": scope,
    }
    if is_global:
        all_headers["X-RateLimit-Global"] = "true"
    return ApiError(
        code,
        status=429,
        message="You are being rate limited.",
        headers=all_headers,
        extra={"retry_after": round(retry_after, 3), "global": is_global},
    )
