"""Logging: lines of text on a terminal, JSON otherwise; times are ISO 8601 with their zone.

Loggers carry ids, never lyrics, tokens or keys. A task that works on one extension sets
`current_extension`; what is logged there carries its id, in JSON as ``extension``.
"""

import datetime as dt
import logging
import logging.config
import sys
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter
from typing_extensions import override

from bot.settings import LogStyle

NOISY_LOGGERS = ("httpx", "httpcore", "discord", "alembic", "aiosqlite")


current_extension: ContextVar[int | None] = ContextVar("current_extension", default=None)


class ExtensionFilter(logging.Filter):
    """Gives each record the id of the extension that its task works on, as ``extension``."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        extension_id = current_extension.get()
        if extension_id is not None:
            record.extension = extension_id
        return True


class ConsoleFormatter(logging.Formatter):
    """A line of text for each record."""

    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return _iso_time(record)


class IsoJsonFormatter(JsonFormatter):
    """A JSON object on one line for each record."""

    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return _iso_time(record)


def set_up_logging(style: LogStyle | None) -> LogStyle:
    """Log to standard error in ``style``; None is ``console`` on a terminal, else ``json``.

    Returns:
        The style in which is logged.
    """
    if style is None:
        style = "console" if sys.stderr.isatty() else "json"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {
                    "()": ConsoleFormatter,
                    "format": "%(asctime)s %(levelname)-8s %(name)s: %(message)s",
                },
                "json": {
                    "()": IsoJsonFormatter,
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                },
            },
            "filters": {"extension": {"()": ExtensionFilter}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": style,
                    "filters": ["extension"],
                }
            },
            "root": {"level": "INFO", "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in NOISY_LOGGERS},
        }
    )
    return style


def _iso_time(record: logging.LogRecord) -> str:
    """Return the local time of ``record``, to the millisecond and with its zone."""
    time = dt.datetime.fromtimestamp(record.created, dt.UTC).astimezone()
    return time.isoformat(timespec="milliseconds")
