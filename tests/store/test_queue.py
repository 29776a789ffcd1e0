"""What is in progress of a member and in a channel, with places in line."""

from dataclasses import replace

from bot.domain.library import Viewer
from bot.domain.models import Kind, Status
from bot.domain.queue import MAX_ENTRIES
from bot.store.store import Store
from tests.support.store_samples import (
    CHANNEL,
    GUILD,
    MEMBER,
    accepted,
    completed_extension,
    heard,
    spliced,
    taken,
)

OTHER = MEMBER + 1
VIEWER = Viewer(member_id=MEMBER, channel_id=CHANNEL, guild_id=GUILD)


async def test_empty_queue_has_nothing(store: Store) -> None:
    queue = await store.queue(VIEWER)
    assert (queue.viewer, queue.own, queue.others) == (VIEWER, (), ())


async def test_queue_has_own_extensions_from_everywhere_and_others_of_the_channel(
    store: Store,
) -> None:
    here = await taken(store, "here")
    elsewhere = await accepted(store, "elsewhere", channel_id=CHANNEL + 1, guild_id=None)
    others = await accepted(store, "others", member_id=OTHER)
    await accepted(store, "hidden", member_id=OTHER, channel_id=CHANNEL + 1)
    ephemeral = replace(others.reply, is_ephemeral=True)
    await accepted(store, "ephemeral", member_id=OTHER, reply=ephemeral)
    queue = await store.queue(VIEWER)
    assert [(each.extension.id, each.queue_position) for each in queue.own] == [
        (here.id, None),
        (elsewhere.id, 1),
    ]
    assert [(each.extension.id, each.queue_position) for each in queue.others] == [(others.id, 2)]


async def test_queue_leaves_out_what_is_finished(store: Store) -> None:
    await completed_extension(store, "mine", heard("a"))
    await completed_extension(store, "others", heard("b"), member_id=OTHER)
    queue = await store.queue(VIEWER)
    assert (queue.own, queue.others) == ((), ())


async def test_each_provider_has_a_line_of_its_own(store: Store) -> None:
    for key, provider in (("1", "suno"), ("2", "other"), ("3", "suno"), ("4", "other")):
        await accepted(store, key, provider=provider)
    positions = [each.queue_position for each in (await store.queue(VIEWER)).own]
    assert positions == [1, 1, 2, 2]


async def test_song_that_is_joined_waits_in_no_line(store: Store) -> None:
    await accepted(store, "part")
    await spliced(store, "song", "a", status=Status.SUBMITTED)
    song = (await store.queue(VIEWER)).own[-1]
    assert (song.extension.kind, song.queue_position) == (Kind.SPLICE, None)


async def test_queue_lists_the_oldest_and_one_more(store: Store) -> None:
    ids = [(await accepted(store, str(number))).id for number in range(MAX_ENTRIES + 2)]
    queue = await store.queue(VIEWER)
    assert [each.extension.id for each in queue.own] == ids[: MAX_ENTRIES + 1]
