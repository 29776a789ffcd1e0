import asyncio
import datetime as dt
import json
import logging
import re
from collections.abc import Iterator

import pytest

from bot.logs import NOISY_LOGGERS, current_extension, set_up_logging
from bot.settings import LogStyle


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY_LOGGERS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_console_log_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("console")
    logging.getLogger("bot.x").info("Extension %s: submitted", 7)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(" INFO     bot.x: Extension 7: submitted\n")


@pytest.mark.parametrize("style", ["console", "json"])
def test_times_are_iso_8601_with_their_zone(
    style: LogStyle, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(milliseconds=1)
    assert set_up_logging(style) == style
    logging.getLogger("bot.x").info("hello")
    line = capsys.readouterr().err
    text = json.loads(line)["asctime"] if style == "json" else line.split()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", text)
    assert before <= dt.datetime.fromisoformat(text) <= dt.datetime.now(dt.UTC)


def test_json_log_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger("bot.x").warning("Extension %s: late", 7)
    line = json.loads(capsys.readouterr().err)
    assert (line["levelname"], line["name"]) == ("WARNING", "bot.x")
    assert line["message"] == "Extension 7: late"


def test_exception_stays_on_its_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    try:
        int("surprise")
    except ValueError:
        logging.getLogger("bot.x").exception("It failed")
    [line] = capsys.readouterr().err.splitlines()
    assert "surprise" in json.loads(line)["exc_info"]


def test_log_without_terminal_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_up_logging(None) == "json"
    logging.getLogger("bot.x").info("hello")
    assert json.loads(capsys.readouterr().err)["message"] == "hello"


@pytest.mark.parametrize("name", NOISY_LOGGERS)
def test_noisy_loggers_log_only_warnings(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger(name).info("GET https://api.example/?key=secret")
    logging.getLogger(name).warning("trouble")
    assert json.loads(capsys.readouterr().err)["message"] == "trouble"


async def test_what_a_task_logs_carries_the_extension_that_it_works_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work(extension_id: int) -> None:
        current_extension.set(extension_id)
        await asyncio.sleep(0)
        logging.getLogger("bot.x").info("hello")

    set_up_logging("json")
    await asyncio.gather(work(7), work(8))
    logging.getLogger("bot.x").info("outside")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("extension") for line in lines] == [7, 8, None]
