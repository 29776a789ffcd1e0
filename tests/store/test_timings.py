"""What is learned from finished extensions, above all when many are under way."""

from bot.domain.models import Kind
from bot.domain.polling import CompletionTimes
from bot.store.store import Store
from tests.support.store_samples import MINUTE, completed_extension, heard, taken


async def test_the_quick_ones_of_many_sent_together_do_not_set_the_pace(store: Store) -> None:
    await completed_extension(store, "before", heard("before"), after=3 * MINUTE)
    await taken(store, "slow")
    await completed_extension(store, "quick", heard("quick"), after=MINUTE)
    assert await store.timings("suno") == [CompletionTimes(180.0, 180.0)]


async def test_what_another_provider_still_has_is_in_no_ones_way(store: Store) -> None:
    await taken(store, "slow", provider="other")
    await completed_extension(store, "quick", heard("quick"), after=MINUTE)
    assert await store.timings("suno") == [CompletionTimes(60.0, 60.0)]


async def test_a_song_takes_other_times_than_a_part_and_is_in_no_ones_way(store: Store) -> None:
    await completed_extension(store, "part", heard("a"), after=3 * MINUTE)
    await completed_extension(store, "song", heard("s"), after=MINUTE, kind=Kind.CONCAT)
    await taken(store, "another song", kind=Kind.CONCAT, clip_id="another")
    await completed_extension(store, "quick", heard("b"), after=MINUTE)
    assert await store.timings("suno") == [
        CompletionTimes(60.0, 60.0),
        CompletionTimes(180.0, 180.0),
    ]
