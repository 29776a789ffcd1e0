"""Who of those who asked is told."""

import datetime as dt

import pytest

from bot.domain.notifications import QUICK_RESULT, Notification
from tests.support.factories import NOW, new_extension

SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("took", "told"),
    [(None, (1, 2, 3)), (QUICK_RESULT, (1, 2, 3)), (QUICK_RESULT - SECOND, (1, 3))],
)
def test_quick_result_is_told_to_those_who_asked_for_it_alone(
    took: dt.timedelta | None, told: tuple[int, ...]
) -> None:
    ext = new_extension(finished_at=NOW + took if took else None)
    notification = Notification(
        extension=ext, requested_by=(1, 3), standing_for=(2,), due_at=NOW, failures=0
    )
    assert notification.told_ids == told
    assert notification.member_ids == (1, 2, 3)
