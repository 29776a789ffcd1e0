import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.timecode import (
    END,
    effective_continue_at,
    format_continue_at,
    format_length,
    format_time,
    parse_time,
)

ALMOST_1000_HOURS = 1000 * 3600 - 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("121.1", 121.1),
        ("121,1", 121.1),
        ("121s", 121),
        ("121.5 s", 121.5),
        (" 12 ", 12),
        ("999999", 999999),
        ("2:01.1", 121.1),
        ("2:01,1", 121.1),
        ("2:1", 121),
        ("00:59.999", 59.999),
        ("90:00", 5400),
        ("1:02:03", 3723),
        ("1:2:3.25", 3723.25),
        ("277:46:39", 999999),
        ("0.0004", 0),
        ("0.0006", 0.001),
        ("59.9999", 60),
    ],
)
def test_parse_time_reads_seconds_and_clock_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "  ", "end", "END", " End "])
def test_parse_time_of_nothing_or_end_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "-1",
        "+1",
        "1e3",
        "nan",
        "inf",
        ".5",
        "5.",
        "1.2.3",
        "1:60",
        "1:60:00",
        "1:2:3:4",
        ":30",
        "2:",
        "2:01s",
        "1 2",
        "1_000",
        "1.1234567",
        "1234567",
        "٣",
        "２",  # noqa: RUF001 - a full-width digit, as some keyboards type it
        "the end",
    ],
)
def test_parse_time_refuses_other_text(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_time(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (4, "0:04"),
        (124, "2:04"),
        (124.3, "2:04.3"),
        (124.25, "2:04.25"),
        (124.125, "2:04.125"),
        (124.05, "2:04.05"),
        (59.9996, "1:00"),
        (3599.9999, "1:00:00"),
        (3723.5, "1:02:03.5"),
    ],
)
def test_format_time_prints_a_clock_time(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


def test_format_continue_at_prints_what_a_member_types() -> None:
    assert format_continue_at(None) == END
    assert format_continue_at(121.1) == "2:01.1"


@given(st.floats(0, ALMOST_1000_HOURS))
@example(0.0005)
@example(2.0005)
def test_formatted_time_parses_back_to_the_thousandth(seconds: float) -> None:
    assert parse_time(format_time(seconds)) == round(seconds, 3)


@given(st.integers(0, ALMOST_1000_HOURS * 1000))
def test_formatted_time_is_as_short_as_exact(thousandths: int) -> None:
    text = format_time(thousandths / 1000)

    assert parse_time(text) == thousandths / 1000
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


@given(st.text() | st.text("0123456789:.,s end") | st.from_regex(r"\d{0,3}:?\d{1,4}:\d\d?[.,]?\d*"))
def test_parse_time_returns_or_raises_value_error(text: str) -> None:
    try:
        seconds = parse_time(text)
    except ValueError:
        return
    assert seconds is None or 0 <= seconds < 3_600_001
    assert parse_time(format_continue_at(seconds)) == seconds or seconds == 3_600_000


@pytest.mark.parametrize(
    ("continue_at", "length", "second"),
    [
        (None, 192.0, 191.99),
        (None, 120.404, 120.39),
        (None, 0.0, 0.01),
        (60.5, 192.0, 60.5),
        (192.0, 192.0, 191.99),
        (192.9, 192.0, 191.99),
        (193.0, 192.0, None),
        (500.0, 192.0, None),
    ],
)
def test_effective_continue_at_is_before_the_end(
    continue_at: float | None, length: float, second: float | None
) -> None:
    assert effective_continue_at(continue_at, length) == second


@given(st.none() | st.floats(0, 1000), st.floats(0.03, 1000))
def test_effective_continue_at_past_the_end_is_none(
    continue_at: float | None, length: float
) -> None:
    second = effective_continue_at(continue_at, length)

    assert second is None or 0 <= second < length


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (88.97, "1:28"), (97.4, "1:37"), (3599.9, "59:59")]
)
def test_length_is_rounded_down_as_players_do(seconds: float, text: str) -> None:
    assert format_length(seconds) == text
