"""Logging: lines of text on a terminal, JSON otherwise.

Loggers carry ids, never lyrics, tokens or keys.
"""

import logging
import logging.config
import sys
from typing import Literal

NOISY_LOGGERS = ("httpx", "httpcore", "discord", "alembic", "aiosqlite")


def set_up_logging(style: Literal["console", "json"] | None) -> None:
    """Log to standard error in ``style``; None is ``console`` on a terminal, else ``json``."""
    if style is None:
        style = "console" if sys.stderr.isatty() else "json"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {
                    "format": "%(asctime)s %(levelname)-8s %(name)s: %(message)s",
                    "datefmt": "%H:%M:%S",
                },
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                },
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style}},
            "root": {"level": "INFO", "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in NOISY_LOGGERS},
        }
    )
