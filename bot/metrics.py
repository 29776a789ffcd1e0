"""What Encore measures of itself, for Prometheus; `bot.monitoring` serves it.

The metrics of a process add up over its life. `IN_PROGRESS`, `QUEUED` and `CREDITS` say how things
stand when they are read; with several processes on one database each tells the same.
"""

from prometheus_client import Counter, Gauge, Histogram

_REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SHORT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
_LAG_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 300)

IN_PROGRESS = Gauge(
    "encore_extensions_in_progress", "Extensions that are not final", ["provider", "status"]
)
FINISHED = Counter("encore_extensions_finished", "Extensions that ended", ["provider", "status"])
QUEUED = Gauge("encore_queued", "Rows that a loop has to work on, due or not yet", ["queue"])
REPLY_LAG = Histogram(
    "encore_reply_lag_seconds",
    "From when a provider's news was stored until the reply showed it",
    ["status"],
    buckets=_LAG_SECONDS,
)
EDITS = Counter("encore_edits", "Edits and posts of replies, by route; or postponed", ["outcome"])
DISCORD_REQUESTS = Counter(
    "encore_discord_requests", "Requests to Discord's REST API", ["method", "status"]
)
ACKNOWLEDGEMENT = Histogram(
    "encore_acknowledgement_seconds",
    "From an interaction's creation, by Discord's clock, to Discord's answer to ours",
    buckets=_SHORT_SECONDS,
)
PROVIDER_REQUESTS = Histogram(
    "encore_provider_request_seconds",
    "Requests to a provider, by the HTTP status; none without an answer",
    ["provider", "status"],
    buckets=_REQUEST_SECONDS,
)
CREDITS = Gauge("encore_credits", "What a provider's account has left to spend", ["provider"])
LOOP_TURNS = Histogram(
    "encore_loop_turn_seconds", "Turns of a loop", ["loop"], buckets=_SHORT_SECONDS
)
LOOP_FAILURES = Counter("encore_loop_failures", "Turns of a loop that failed", ["loop"])
LOOP_LAST_TURN = Gauge(
    "encore_loop_last_turn_timestamp_seconds", "When the last turn of a loop ended", ["loop"]
)
DATABASE = Histogram(
    "encore_database_seconds",
    "Transactions by operation of the store, with the wait for the writer",
    ["operation"],
    buckets=_SHORT_SECONDS,
)
