"""A reply is edited while it shows an old revision, and only then; one edit at a time."""

import asyncio
import datetime as dt
from dataclasses import replace

from bot.domain.models import Extension
from bot.domain.transitions import submitting
from bot.store.leases import ReplyEdit
from bot.store.store import Store
from tests.support.store_samples import (
    MINUTE,
    NOW,
    SECOND,
    accept,
    accepted,
    asked,
    claimed_edits,
    completed_extension,
    heard,
    show,
)

LAPSES = NOW + MINUTE


async def claimed(store: Store, ext: Extension, now: dt.datetime = NOW) -> ReplyEdit:
    """Return the reply of ``ext`` claimed for an edit."""
    edit = await store.claim_edit(ext.id, now=now, lease_until=now + MINUTE)
    assert edit is not None
    return edit


async def finish(store: Store, edit: ReplyEdit, *, publish_at: dt.datetime = NOW) -> None:
    """Store that an edit has shown what was claimed."""
    reply = edit.extension.reply
    await store.finish_edit(edit, reply, now=NOW, publish_at=publish_at, shown=None)


# Which replies need an edit


async def test_accepted_extension_is_unpublished_from_then_on(store: Store) -> None:
    ext = await accepted(store, "one")
    assert await store.unpublished(now=NOW - SECOND) == []
    assert await store.unpublished(now=NOW) == [ext]


async def test_first_reply_has_some_time_before_an_edit(store: Store) -> None:
    ext = (await accept(store, asked("one"), publish_at=NOW + SECOND)).extension
    assert await store.next_publish() == NOW + SECOND
    assert await store.unpublished(now=NOW) == []
    assert await store.unpublished(now=NOW + SECOND) == [ext]


async def test_final_extensions_come_first(store: Store) -> None:
    done = await completed_extension(store, "done", heard("a"))
    early = await accepted(store, "early")
    await store.postpone_edit(await claimed(store, done), publish_at=NOW + SECOND)
    found = await store.unpublished(now=NOW + SECOND)
    assert [ext.id for ext in found] == [done.id, early.id]


async def test_unpublished_returns_no_more_than_asked_for(store: Store) -> None:
    for number in range(3):
        await accepted(store, f"{number}")
    assert len(await store.unpublished(now=NOW, limit=2)) == 2


async def test_excluded_extensions_are_not_returned(store: Store) -> None:
    one, two = await accepted(store, "one"), await accepted(store, "two")
    assert await store.unpublished(now=NOW, excluding={one.id}) == [two]


async def test_published_revision_needs_no_edit(store: Store) -> None:
    ext = await accepted(store, "one")
    await finish(store, await claimed(store, ext))
    assert await store.unpublished(now=NOW + MINUTE) == []
    assert (await store.extension(ext.id)).published == 1


async def test_news_after_an_edit_waits_for_its_time(store: Store) -> None:
    ext = await accepted(store, "one")
    await finish(store, await claimed(store, ext), publish_at=NOW + SECOND)
    new = replace(submitting(ext, now=NOW, lease_until=LAPSES), revision=2)
    assert await store.save(new, was=ext)
    assert await store.unpublished(now=NOW) == []
    assert await store.unpublished(now=NOW + SECOND) == [replace(new, published=1)]


async def test_failed_edits_are_counted_until_one_succeeds(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.postpone_edit(await claimed(store, ext), publish_at=NOW + SECOND)
    await store.postpone_edit(await claimed(store, ext, NOW + SECOND), publish_at=NOW + 2 * SECOND)
    assert await store.unpublished(now=NOW + SECOND) == []
    edit = await claimed(store, ext, NOW + 2 * SECOND)
    assert edit.extension == replace(ext, publish_failures=2)
    await finish(store, edit)
    assert (await store.extension(ext.id)).publish_failures == 0


async def test_unreachable_reply_needs_no_edit(store: Store) -> None:
    ext = await accepted(store, "one")
    await store.save_reply(ext.id, replace(ext.reply, unreachable=True))
    assert await store.unpublished(now=NOW) == []
    assert await store.next_publish() is None
    assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES) is None


async def test_next_edit_is_the_earliest(store: Store) -> None:
    assert await store.next_publish() is None
    one, two = await accepted(store, "one"), await accepted(store, "two")
    await store.postpone_edit(await claimed(store, one), publish_at=NOW + MINUTE)
    assert await store.next_publish() == NOW
    await finish(store, await claimed(store, two))
    assert await store.next_publish() == NOW + MINUTE


# Claims


async def test_claimed_reply_can_be_claimed_again_when_the_claim_lapses(store: Store) -> None:
    ext = await accepted(store, "one")
    await claimed(store, ext)
    assert await store.unpublished(now=LAPSES - SECOND) == []
    later = {"now": LAPSES - SECOND, "lease_until": LAPSES + MINUTE}
    assert await store.claim_edit(ext.id, **later) is None
    assert (await claimed(store, ext, LAPSES)).extension == ext


async def test_shown_reply_can_not_be_claimed(store: Store) -> None:
    ext = await show(store, await accepted(store, "one"))
    assert await store.claim_edit(ext.id, now=NOW, lease_until=LAPSES) is None


async def test_reply_is_claimed_by_one(store: Store) -> None:
    ext = await accepted(store, "one")
    claims = await asyncio.gather(
        *(store.claim_edit(ext.id, now=NOW, lease_until=LAPSES) for _ in range(6))
    )
    assert sum(edit is not None for edit in claims) == 1


async def test_claim_has_the_row_as_it_is_now(store: Store) -> None:
    ext = await accepted(store, "one")
    reply = replace(ext.reply, message_id=7)
    await store.save_reply(ext.id, reply)
    assert (await claimed(store, ext)).extension == replace(ext, reply=reply)


async def test_released_reply_is_free_from_the_given_time(store: Store) -> None:
    ext = await accepted(store, "one")
    reply = replace(ext.reply, editable_by_bot=False)
    await store.release_edit(await claimed(store, ext), reply, publish_at=NOW + SECOND)
    assert await store.unpublished(now=NOW) == []
    # nothing was edited, so nothing counts as shown, nor as failed
    assert await store.unpublished(now=NOW + SECOND) == [replace(ext, reply=reply)]


async def test_lapsed_claim_changes_nothing_but_where_the_reply_is(store: Store) -> None:
    ext = await accepted(store, "one")
    late = await claimed(store, ext)
    newer = await claimed(store, ext, LAPSES)
    posted = replace(ext.reply, message_id=7)
    await store.finish_edit(late, posted, now=LAPSES, publish_at=NOW, shown=None)
    await store.postpone_edit(late, publish_at=NOW)
    await store.release_edit(late, posted, publish_at=NOW)
    assert await store.claim_edit(ext.id, now=LAPSES, lease_until=LAPSES) is None
    now = await store.extension(ext.id)
    assert (now.published, now.publish_failures, now.reply) == (0, 0, posted)
    await finish(store, newer)
    assert (await store.extension(ext.id)).published == 1


# The first reply


async def test_first_reply_ends_its_own_claim(store: Store) -> None:
    ext = (await accept(store, asked("one"), publish_at=LAPSES)).extension
    reply = replace(ext.reply, message_id=7)
    await store.record_first_reply(ext, reply, lease_until=LAPSES, publish_at=NOW + SECOND)
    now = await store.extension(ext.id)
    assert (now.published, now.reply) == (1, reply)
    assert await store.save(replace(now, revision=2), was=now)
    assert await store.next_publish() == NOW + SECOND


async def test_late_first_reply_leaves_the_claim_of_an_edit_alone(store: Store) -> None:
    ext = (await accept(store, asked("one"), publish_at=NOW + SECOND)).extension
    [edit] = await claimed_edits(store, now=NOW + SECOND, lease_until=LAPSES)
    await show(store, ext)
    assert (await store.extension(ext.id)).published == 1
    await finish(store, edit, publish_at=NOW + 2 * SECOND)
    now = await store.extension(ext.id)
    assert await store.save(replace(now, revision=2), was=now)
    assert await store.next_publish() == NOW + 2 * SECOND


async def test_published_revision_never_goes_back(store: Store) -> None:
    ext = await accepted(store, "one")
    new = replace(ext, revision=3)
    assert await store.save(new, was=ext)
    await finish(store, await claimed(store, new))
    await show(store, ext)
    assert (await store.extension(ext.id)).published == 3


async def test_edit_keeps_the_token_that_was_renewed_meanwhile(store: Store) -> None:
    ext = await accepted(store, "one")
    edit = await claimed(store, ext)
    await store.save_reply(ext.id, replace(ext.reply, token="fresh", attachment_limit=5))
    await store.release_edit(edit, replace(ext.reply, message_id=7), publish_at=NOW)
    reply = (await store.extension(ext.id)).reply
    assert (reply.token, reply.attachment_limit, reply.message_id) == ("fresh", 5, 7)
