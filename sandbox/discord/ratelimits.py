"""Rate limits: buckets per route and major parameters, and the global one."""

import dataclasses
import hashlib
import time

from sandbox.discord.errors import ApiError

HEADERS_OF_A_PROXY = {"Via": "1.1 google"}


@dataclasses.dataclass(slots=True, frozen=True)
class Limit:
    """``amount`` requests in ``window`` seconds."""

    amount: int
    window: float


SENDING = Limit(5, 5.0)
WEBHOOK = Limit(5, 2.0)
REACTING = Limit(1, 0.25)
ORDINARY = Limit(30, 10.0)
GLOBAL = Limit(50, 1.0)


@dataclasses.dataclass(slots=True)
class _Bucket:
    used: int
    resets: float


def bucket_name(key: str) -> str:
    """The hash by which Discord calls a bucket."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


class RateLimits:
    """Counts requests; ``enforced`` off lets everything pass (the headers go on)."""

    def __init__(self) -> None:
        self.enforced = True
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._global = _Bucket(0, 0.0)
        self._names: dict[str, str] = {}

    def count_globally(self) -> None:
        """Count a request against the 50 a second.

        Raises:
            ApiError: 429 with the global scope.
        """
        now = time.monotonic()
        if now >= self._global.resets:
            self._global = _Bucket(0, now + GLOBAL.window)
        self._global.used += 1
        if self._global.used > GLOBAL.amount and self.enforced:
            raise too_many(self._global.resets - now, scope="global")

    def count(self, key: str, major: str, limit: Limit) -> dict[str, str]:
        """Count a request in the bucket ``key`` of ``major``; return the headers that tell of it.

        Raises:
            ApiError: 429 with the user's scope and these headers.
        """
        now = time.monotonic()
        bucket = self._buckets.get((key, major))
        if bucket is None or now >= bucket.resets:
            bucket = self._buckets[key, major] = _Bucket(0, now + limit.window)
        bucket.used += 1
        after = bucket.resets - now
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
        if not self.enforced:
            headers["X-RateLimit-Remaining"] = str(limit.amount)
        elif bucket.used > limit.amount:
            raise too_many(after, scope="user", headers=headers)
        return headers


def too_many(
    retry_after: float, *, scope: str, headers: dict[str, str] | None = None, code: int = 0
) -> ApiError:
    """Discord's 429: ``scope`` is ``user``, ``shared`` or ``global``."""
    everywhere = scope == "global"
    told = {
        **(headers or {}),
        **HEADERS_OF_A_PROXY,
        "Retry-After": str(max(1, round(retry_after + 0.5))),
        "X-RateLimit-Scope": scope,
    }
    if everywhere:
        told["X-RateLimit-Global"] = "true"
    return ApiError(
        code,
        status=429,
        message="You are being rate limited.",
        headers=told,
        extra={"retry_after": round(retry_after, 3), "global": everywhere},
    )
