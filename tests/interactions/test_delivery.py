import datetime as dt
from dataclasses import replace

import discord
import pytest

from bot.domain.models import ReplyRef
from bot.interactions.delivery import Route, is_permanent, next_route, without_route
from tests.support.ui_samples import NOW

LATER = NOW + dt.timedelta(minutes=10)
YOUNG = ReplyRef(channel_id=1, message_id=2, token="t", token_expires_at=LATER)
OLD = replace(YOUNG, token_expires_at=NOW)
NEVER_SENT = replace(OLD, message_id=None)
AS_USER_APP = replace(OLD, editable_by_bot=False)


@pytest.mark.parametrize(
    ("reply", "running", "final"),
    [
        (YOUNG, Route.INTERACTION, Route.INTERACTION),
        (replace(YOUNG, message_id=None), Route.INTERACTION, Route.INTERACTION),
        (replace(YOUNG, editable_by_bot=False), Route.INTERACTION, Route.INTERACTION),
        (OLD, Route.CHANNEL, Route.CHANNEL),
        (replace(OLD, token_expires_at=None), Route.CHANNEL, Route.CHANNEL),
        (NEVER_SENT, Route.REPOST, Route.REPOST),
        (AS_USER_APP, None, Route.DIRECT),
        (replace(AS_USER_APP, message_id=None), None, Route.DIRECT),
        (replace(YOUNG, unreachable=True), None, None),
        (replace(AS_USER_APP, unreachable=True), None, None),
        # a final status was shown already: what comes after it is no reason for a direct message
        (replace(AS_USER_APP, final_shown=True), None, None),
        (replace(OLD, final_shown=True), Route.CHANNEL, Route.CHANNEL),
        (replace(YOUNG, final_shown=True), Route.INTERACTION, Route.INTERACTION),
        # a message that answers another has no interaction behind it
        (ReplyRef(channel_id=1, reply_to_id=5), Route.REPOST, Route.REPOST),
    ],
)
def test_the_best_way_that_is_left_is_taken(
    reply: ReplyRef, running: Route | None, final: Route | None
) -> None:
    assert next_route(reply, is_final=False, now=NOW) is running
    assert next_route(reply, is_final=True, now=NOW) is final


@pytest.mark.parametrize(
    ("way", "reply", "deleted", "ways_left"),
    [
        (Route.INTERACTION, YOUNG, False, [Route.CHANNEL, Route.DIRECT]),
        (Route.INTERACTION, YOUNG, True, [Route.DIRECT]),
        (Route.INTERACTION, replace(YOUNG, message_id=None), True, [Route.REPOST, Route.DIRECT]),
        (Route.CHANNEL, OLD, False, [Route.DIRECT]),
        (Route.CHANNEL, OLD, True, [Route.DIRECT]),
        (Route.REPOST, NEVER_SENT, False, [Route.DIRECT]),
        (Route.DIRECT, AS_USER_APP, False, []),
        (Route.INTERACTION, replace(YOUNG, final_shown=True), False, [Route.CHANNEL]),
        (Route.INTERACTION, replace(YOUNG, final_shown=True), True, []),
        (Route.CHANNEL, replace(OLD, final_shown=True), False, []),
    ],
)
def test_a_way_that_is_gone_is_not_tried_again(
    way: Route, reply: ReplyRef, *, deleted: bool, ways_left: list[Route]
) -> None:
    left = without_route(way, reply, deleted=deleted)
    tried = []
    while (following := next_route(left, is_final=True, now=NOW)) is not None:
        tried.append(following)
        left = without_route(following, left, deleted=False)
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
    assert is_permanent(failure(status, code))


@pytest.mark.parametrize(
    ("status", "code"), [(400, 50035), (429, 30046), (429, 0), (500, 0), (503, 0), (400, 0)]
)
def test_anything_else_is_tried_again(status: int, code: int) -> None:
    assert not is_permanent(failure(status, code))
