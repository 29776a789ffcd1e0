from types import SimpleNamespace
from typing import Any

from discord.app_commands import Choice

from bot.domain.models import ClipRecord
from bot.interactions.autocomplete import clip_choices
from tests.support.ui_samples import NOW, playable


async def choices(*ids: str, typed: str = "") -> list[Choice[str]]:
    """Return the choices where the library has clips with these ids."""
    clips = [ClipRecord(clip=playable(each), provider="suno", known_at=NOW) for each in ids]

    async def suggestions(*_: object) -> list[ClipRecord]:
        return clips

    library = SimpleNamespace(suggestions=suggestions)
    interaction: Any = SimpleNamespace(
        client=SimpleNamespace(services=SimpleNamespace(library=library)),
        user=SimpleNamespace(id=1),
        guild_id=None,
        channel_id=2,
        created_at=NOW,
    )
    return await clip_choices(interaction, typed)


async def test_clip_whose_id_is_too_long_for_a_choice_is_left_out() -> None:
    found = await choices("x" * 100, "x" * 101, "short")
    assert [choice.value for choice in found] == ["x" * 100, "short"]


async def test_one_choice_says_how_to_get_a_link_where_there_is_nothing_to_pick() -> None:
    for typed in ("", "ele"):
        [hint] = await choices(typed=typed)
        assert hint.name == "Paste a song link: on suno.com, Share → Copy link"
        assert hint.value == hint.name


async def test_nothing_is_offered_in_place_of_a_link() -> None:
    assert await choices(typed="https://suno.com/s/AbCdEf") == []
