import datetime as dt
from dataclasses import replace

import discord
import pytest
from ui_samples import NOW

from bot.domain.models import ReplyRef
from bot.ui.ways import Way, is_gone, next_way, without

LATER = NOW + dt.timedelta(minutes=10)
YOUNG = ReplyRef(channel_id=1, message_id=2, token="t", token_until=LATER)
OLD = replace(YOUNG, token_until=NOW)
NEVER_SENT = replace(OLD, message_id=None)
AS_USER_APP = replace(OLD, in_channel=False)


@pytest.mark.parametrize(
    ("reply", "running", "final"),
    [
        (YOUNG, Way.TOKEN, Way.TOKEN),
        (replace(YOUNG, message_id=None), Way.TOKEN, Way.TOKEN),
        (replace(YOUNG, in_channel=False), Way.TOKEN, Way.TOKEN),
        (OLD, Way.CHANNEL, Way.CHANNEL),
        (replace(OLD, token_until=None), Way.CHANNEL, Way.CHANNEL),
        (NEVER_SENT, Way.REPOST, Way.REPOST),
        (AS_USER_APP, None, Way.DIRECT),
        (replace(AS_USER_APP, message_id=None), None, Way.DIRECT),
        (replace(YOUNG, is_gone=True), None, None),
        (replace(AS_USER_APP, is_gone=True), None, None),
        # a final status was shown already: what comes after it is no reason for a direct message
        (replace(AS_USER_APP, is_settled=True), None, None),
        (replace(OLD, is_settled=True), Way.CHANNEL, Way.CHANNEL),
        (replace(YOUNG, is_settled=True), Way.TOKEN, Way.TOKEN),
        # a message that answers another has no interaction behind it
        (ReplyRef(channel_id=1, answers=5), Way.REPOST, Way.REPOST),
    ],
)
def test_the_best_way_that_is_left_is_taken(
    reply: ReplyRef, running: Way | None, final: Way | None
) -> None:
    assert next_way(reply, is_final=False, now=NOW) is running
    assert next_way(reply, is_final=True, now=NOW) is final


@pytest.mark.parametrize(
    ("way", "reply", "deleted", "ways_left"),
    [
        (Way.TOKEN, YOUNG, False, [Way.CHANNEL, Way.DIRECT]),
        (Way.TOKEN, YOUNG, True, [Way.DIRECT]),
        (Way.TOKEN, replace(YOUNG, message_id=None), True, [Way.REPOST, Way.DIRECT]),
        (Way.CHANNEL, OLD, False, [Way.DIRECT]),
        (Way.CHANNEL, OLD, True, [Way.DIRECT]),
        (Way.REPOST, NEVER_SENT, False, [Way.DIRECT]),
        (Way.DIRECT, AS_USER_APP, False, []),
        (Way.TOKEN, replace(YOUNG, is_settled=True), False, [Way.CHANNEL]),
        (Way.TOKEN, replace(YOUNG, is_settled=True), True, []),
        (Way.CHANNEL, replace(OLD, is_settled=True), False, []),
    ],
)
def test_a_way_that_is_gone_is_not_tried_again(
    way: Way, reply: ReplyRef, *, deleted: bool, ways_left: list[Way]
) -> None:
    left = without(way, reply, deleted=deleted)
    tried = []
    while (following := next_way(left, is_final=True, now=NOW)) is not None:
        tried.append(following)
        left = without(following, left, deleted=False)
    assert tried == ways_left


class Answer:
    """What is known of Discord's answer to a failed request."""

    reason = "because"

    def __init__(self, status: int) -> None:
        self.status = status


def failure(status: int, code: int) -> discord.HTTPException:
    return discord.HTTPException(Answer(status), {"code": code, "message": "no"})


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, 10003),
        (404, 10008),
        (404, 10015),
        (403, 50001),
        (403, 50007),
        (403, 50013),
        (401, 50027),
        (400, 50083),
        (403, 0),
        (404, 0),
        (401, 0),
    ],
)
def test_what_is_deleted_closed_or_not_ours_is_gone(status: int, code: int) -> None:
    assert is_gone(failure(status, code))


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (429, 30046), (429, 0), (500, 0), (503, 0), (400, 0)]
)
def test_anything_else_is_tried_again(status: int, code: int) -> None:
    assert not is_gone(failure(status, code))
