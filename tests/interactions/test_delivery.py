import datetime as dt
from dataclasses import replace
from itertools import product
from pathlib import Path

import discord
import pytest

from bot.domain.attachments import Upload
from bot.domain.models import ReplyRef
from bot.interactions.delivery import (
    Remedy,
    ReplyMessage,
    Route,
    is_refusal,
    next_route,
    remedy_for,
    without_route,
)
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
def test_best_open_route_is_taken(
    reply: ReplyRef, running: Route | None, final: Route | None
) -> None:
    assert next_route(reply, is_final=False, now=NOW) is running
    assert next_route(reply, is_final=True, now=NOW) is final


@pytest.mark.parametrize(
    ("route", "reply", "deleted", "routes_left"),
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
def test_closed_route_is_not_tried_again(
    route: Route, reply: ReplyRef, *, deleted: bool, routes_left: list[Route]
) -> None:
    left = without_route(route, reply, deleted=deleted)
    tried = []
    while (following := next_route(left, is_final=True, now=NOW)) is not None:
        tried.append(following)
        left = without_route(following, left, deleted=False)
    assert tried == routes_left


SHOWN, UNSHOWN = replace(YOUNG, final_shown=True), YOUNG

ANY_ROUTE = (Route.INTERACTION, Route.CHANNEL, Route.REPOST, Route.DIRECT)
IN_PLACE = ANY_ROUTE[:3]
EITHER = (SHOWN, UNSHOWN)


class Answer:
    """What is known of Discord's answer to a failed request."""

    reason = "because"

    def __init__(self, status: int) -> None:
        self.status = status


def failure(status: int, code: int | None) -> discord.HTTPException:
    """Return an error of Discord, or the page of Cloudflare if there is no code."""
    body = "<html>Cloudflare</html>" if code is None else {"code": code, "message": "no"}
    return discord.HTTPException(Answer(status), body)


@pytest.mark.parametrize(
    ("code", "status", "routes", "replies", "remedy"),
    [
        (10003, 404, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (10008, 404, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (10015, 404, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (50001, 403, IN_PLACE, EITHER, Remedy.CLOSE_ROUTE),
        (50005, 403, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (50007, 403, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (50007, 400, (Route.DIRECT,), EITHER, Remedy.CLOSE_ROUTE),
        (50013, 403, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (50027, 401, ANY_ROUTE, EITHER, Remedy.CLOSE_ROUTE),
        (50278, 400, (Route.DIRECT,), EITHER, Remedy.CLOSE_ROUTE),
        (50278, 403, (Route.DIRECT,), EITHER, Remedy.CLOSE_ROUTE),
        # archived and locked threads
        (50083, 400, IN_PLACE, (SHOWN,), Remedy.DROP_NEWS),
        (50083, 400, IN_PLACE, (UNSHOWN,), Remedy.SEND_DIRECT),
        (160005, 400, IN_PLACE, (SHOWN,), Remedy.DROP_NEWS),
        (160005, 403, IN_PLACE, (UNSHOWN,), Remedy.SEND_DIRECT),
        # what passes
        (50001, 403, (Route.DIRECT,), EITHER, Remedy.RETRY),
        (40003, 403, ANY_ROUTE, EITHER, Remedy.RETRY),
        (40004, 403, ANY_ROUTE, EITHER, Remedy.RETRY),
        (40333, 403, ANY_ROUTE, EITHER, Remedy.RETRY),
        (400001, 403, ANY_ROUTE, EITHER, Remedy.RETRY),
        (30046, 429, ANY_ROUTE, EITHER, Remedy.RETRY),
        (50035, 400, ANY_ROUTE, EITHER, Remedy.RETRY),
        (None, 403, ANY_ROUTE, EITHER, Remedy.RETRY),
        *((0, status, ANY_ROUTE, EITHER, Remedy.RETRY) for status in (400, 401, 403, 404)),
        *((0, status, ANY_ROUTE, EITHER, Remedy.RETRY) for status in (429, 500, 503)),
    ],
)
def test_code_decides_what_follows_a_refusal(
    code: int | None,
    status: int,
    routes: tuple[Route, ...],
    replies: tuple[ReplyRef, ...],
    remedy: Remedy,
) -> None:
    error = failure(status, code)
    for route, reply in product(routes, replies):
        assert remedy_for(error, route, reply, is_final=True) is remedy


@pytest.mark.parametrize("code", [50083, 160005])
def test_closed_thread_only_misses_progress(code: int) -> None:
    remedy = remedy_for(failure(400, code), Route.CHANNEL, UNSHOWN, is_final=False)
    assert remedy is Remedy.DROP_NEWS


@pytest.mark.parametrize(
    ("code", "reply", "is_final", "has_files", "opens"),
    [
        (50083, UNSHOWN, True, False, True),
        (50083, UNSHOWN, True, True, True),
        (50083, SHOWN, True, True, True),
        (50083, SHOWN, True, False, False),
        (50083, UNSHOWN, False, False, False),
        (160005, UNSHOWN, True, True, False),
    ],
)
def test_archived_thread_is_opened_for_a_result_or_its_files(
    code: int, reply: ReplyRef, *, is_final: bool, has_files: bool, opens: bool
) -> None:
    for route in ANY_ROUTE:
        for may_open_thread in (True, False):
            remedy = remedy_for(
                failure(400, code),
                route,
                reply,
                is_final=is_final,
                has_files=has_files,
                may_open_thread=may_open_thread,
            )
            expected = opens and may_open_thread and route is not Route.DIRECT
            assert (remedy is Remedy.OPEN_THREAD) is expected


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (403, 400001)])
def test_forbidden_files_are_left_out(status: int, code: int) -> None:
    error = failure(status, code)
    for route in ANY_ROUTE:
        remedy = remedy_for(error, route, UNSHOWN, is_final=True, has_files=True)
        assert remedy is Remedy.LEAVE_OUT_FILES


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (403, None, Remedy.CLOSE_ROUTE),
        (403, 40003, Remedy.CLOSE_ROUTE),
        (400, 50035, Remedy.CLOSE_ROUTE),
        (429, 0, Remedy.RETRY),
        (429, 30046, Remedy.RETRY),
        (500, 0, Remedy.RETRY),
    ],
)
def test_route_closes_after_many_refusals(status: int, code: int | None, remedy: Remedy) -> None:
    error = failure(status, code)
    for failures, expected in ((28, Remedy.RETRY), (29, remedy)):
        found = remedy_for(error, Route.CHANNEL, UNSHOWN, is_final=True, failures=failures)
        assert found is expected


@pytest.mark.parametrize(
    ("status", "code", "other_content_helps"),
    [
        (400, 50035, True),
        (400, 200000, True),
        (400, 50083, False),
        (400, 160005, False),
        (400, 50278, False),
        (400, 50007, False),
        (429, 30046, False),
        (403, 0, False),
    ],
)
def test_refusal_of_content_is_told_from_a_closed_route(
    status: int, code: int, *, other_content_helps: bool
) -> None:
    assert is_refusal(failure(status, code)) is other_content_helps


PICTURE = Upload(path=Path("w.png"), name="w.png")
SONG = Upload(path=Path("a.mp3"), name="a.mp3")


@pytest.mark.parametrize(
    ("uploads", "attached", "complete"),
    [
        ((), 0, True),
        ((), 1, False),
        # Discord lists no picture that an embed shows
        ((SONG, PICTURE), 1, True),
        ((SONG, PICTURE), 2, True),
        ((SONG, PICTURE), 0, False),
        ((PICTURE,), 0, True),
        ((SONG, SONG), 1, False),
    ],
)
def test_files_of_a_message_are_counted_without_pictures_in_embeds(
    uploads: tuple[Upload, ...], attached: int, *, complete: bool
) -> None:
    embed = discord.Embed().set_image(url="attachment://w.png")
    message = ReplyMessage(embeds=[embed], view=None, uploads=uploads)
    assert message.has_all_files(attached) is complete
