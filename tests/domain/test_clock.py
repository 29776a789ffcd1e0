import datetime as dt

from bot.domain.clock import utc_now


def test_utc_now_is_aware() -> None:
    assert utc_now().utcoffset() == dt.timedelta()
