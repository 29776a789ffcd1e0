"""What is learned from finished extensions, above all when many are under way."""

from store_samples import MINUTE, finished, heard, taken

from bot.domain.models import Kind
from bot.domain.pacing import CompletionTimes
from bot.store.store import Store


async def test_the_quick_ones_of_many_sent_together_do_not_set_the_pace(store: Store) -> None:
    await finished(store, "before", heard("before"), after=3 * MINUTE)
    await taken(store, "slow")
    await finished(store, "quick", heard("quick"), after=MINUTE)
    assert await store.timings("suno") == [CompletionTimes(180.0, 180.0)]


async def test_what_another_provider_still_has_is_in_no_ones_way(store: Store) -> None:
    await taken(store, "slow", provider="other")
    await finished(store, "quick", heard("quick"), after=MINUTE)
    assert await store.timings("suno") == [CompletionTimes(60.0, 60.0)]


async def test_a_song_takes_other_times_than_a_part_and_is_in_no_ones_way(store: Store) -> None:
    await finished(store, "part", heard("a"), after=3 * MINUTE)
    await finished(store, "song", heard("s"), after=MINUTE, kind=Kind.CONCAT)
    await taken(store, "another song", kind=Kind.CONCAT)
    await finished(store, "quick", heard("b"), after=MINUTE)
    assert await store.timings("suno") == [CompletionTimes(60.0, 60.0), CompletionTimes(180.0, 180.0)]
