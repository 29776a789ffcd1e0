"""Extensions that have ended, and members who asked to be told of it."""

import datetime as dt
from dataclasses import replace

from bot.domain.failures import Rejected
from bot.domain.models import Extension, Status
from bot.domain.transitions import finished
from bot.store.store import Store
from tests.support.store_samples import MINUTE, NOW, SECOND, taken


async def ask(store: Store, ext: Extension, *members: int) -> None:
    """Have members press *Tell me*."""
    for member in members:
        assert await store.request_notification(ext.id, member, now=NOW)


async def stored(store: Store, ext: Extension) -> Extension:
    now = await store.extension(ext.id)
    assert now is not None
    return now


async def fail(store: Store, ext: Extension, *, at: dt.datetime = NOW) -> Extension:
    """Let an extension end without audio; its reply does not show it yet."""
    was = await stored(store, ext)
    assert await store.save(finished(was, Status.FAILED, Rejected(), now=at), was=was)
    return await stored(store, ext)


async def show(store: Store, ext: Extension, *, is_final: bool = True) -> None:
    """Have the reply show an extension as it is, with its pending uploads."""
    now = NOW + 4 * MINUTE
    edit = await store.claim_edit(ext.id, now=now, lease_until=now + SECOND)
    assert edit is not None
    reply = replace(edit.extension.reply, final_shown=is_final)
    await store.finish_edit(edit, reply, now=now, publish_at=now, shown=edit.uploads)


async def failed(store: Store, idempotency_key: str, *members: int, **parts: object) -> Extension:
    """Return an extension whose reply shows that it failed, of which members are to be told."""
    ext = await taken(store, idempotency_key, **parts)
    await ask(store, ext, *members)
    ended = await fail(store, ext)
    await show(store, ended)
    return await stored(store, ended)
