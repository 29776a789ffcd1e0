"""The settings of servers: each change is kept, with who made it and when."""

import asyncio
from dataclasses import replace

from bot.domain.guild_settings import GuildSettings
from bot.store.store import Store
from tests.support.store_samples import GUILD, MEMBER, MINUTE, NOW
from tests.support.stored_sessions import started

LIMITS = {"member_limit": 1, "channel_limit": 2}
BUDGETS = {"daily_budget": 5, "monthly_budget": 50, "member_budget": 2}
CHANGES = (
    {"channel_ids": (7, 2**62), "role_ids": (9,)},
    {"provider": "suno", "style": "folk, Ä", "model": "v4"},
    LIMITS | BUDGETS | {"has_sessions": False, "notices_channel_id": 2**62},
)


async def set_to(store: Store, member_id: int = MEMBER, **parts: object) -> GuildSettings:
    return await store.change_settings(
        GUILD, lambda was: replace(was, **parts), member_id=member_id, now=NOW
    )


async def test_server_without_changes_has_the_defaults(store: Store) -> None:
    assert await store.settings_of_guild(GUILD) == GuildSettings(guild_id=GUILD)
    assert await store.settings_of_guild(None) == GuildSettings(guild_id=0)
    assert await store.settings_history(GUILD) == []


async def test_each_change_is_kept_with_who_made_it_and_when(store: Store) -> None:
    expected = GuildSettings(guild_id=GUILD)
    history: list[GuildSettings] = []
    for number, parts in enumerate(CHANGES, start=1):
        made = await set_to(store, MEMBER + number, **parts)
        expected = replace(
            expected, **parts, version=number, changed_by=MEMBER + number, changed_at=NOW
        )
        assert made == await store.settings_of_guild(GUILD) == expected
        history.insert(0, expected)
    assert await store.settings_history(GUILD) == history
    assert await store.settings_history(GUILD, limit=1) == history[:1]
    assert await store.settings_of_guild(GUILD + 1) == GuildSettings(guild_id=GUILD + 1)


async def test_what_is_set_already_is_no_change(store: Store) -> None:
    first = await set_to(store, style="folk")
    again = await store.change_settings(
        GUILD, lambda was: replace(was, style="folk"), member_id=1, now=NOW + MINUTE
    )
    assert again == first
    assert len(await store.settings_history(GUILD)) == 1


async def test_concurrent_changes_are_all_kept(store: Store) -> None:
    await asyncio.gather(*(set_to(store, **{name: 3}) for name in LIMITS | BUDGETS))
    settings = await store.settings_of_guild(GUILD)
    assert [getattr(settings, name) for name in LIMITS | BUDGETS] == [3] * 5
    versions = [each.version for each in await store.settings_history(GUILD)]
    assert versions == [5, 4, 3, 2, 1]


async def test_change_of_settings_that_another_has_changed_is_made_anew(store: Store) -> None:
    outdated = await store.settings_of_guild(GUILD)
    await set_to(store, style="folk")
    seen: list[GuildSettings] = []

    def change(was: GuildSettings) -> GuildSettings:
        seen.append(was)
        return replace(was if len(seen) > 1 else outdated, model="v4")

    made = await store.change_settings(GUILD, change, member_id=MEMBER, now=NOW)
    assert (made.style, made.model, made.version, len(seen)) == ("folk", "v4", 2, 2)


async def test_settings_of_a_session_are_those_of_its_server(store: Store) -> None:
    state = await started(store)
    await set_to(store, model="v4")
    assert (await store.settings_of_session(state.session.id)).model == "v4"
    assert await store.settings_of_session(404) == GuildSettings(guild_id=0)
