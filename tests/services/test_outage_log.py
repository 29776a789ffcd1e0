import logging

import pytest

from bot.providers.base import RateLimited, Unavailable
from bot.services.outage_log import OutageLog


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_an_outage_is_logged_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    outage_log = OutageLog()
    outage_log.answered("suno")
    for _ in range(3):
        outage_log.failed("suno", Unavailable("down"))
    for _ in range(3):
        outage_log.answered("suno")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "suno can't be asked (unavailable: down)"),
        ("INFO", "suno answers again"),
    ]


def test_a_second_outage_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    outage_log = OutageLog()
    for _ in range(2):
        outage_log.failed("suno", Unavailable())
        outage_log.answered("suno")
    assert len(caplog.records) == 4


def test_outages_are_logged_per_provider(caplog: pytest.LogCaptureFixture) -> None:
    outage_log = OutageLog()
    outage_log.failed("suno", Unavailable())
    outage_log.failed("other", RateLimited())
    outage_log.answered("suno")
    assert [record.message.split()[0] for record in caplog.records] == ["suno", "other", "suno"]
