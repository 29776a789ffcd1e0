"""How Encore is installed."""

from types import SimpleNamespace
from typing import cast

import discord
import pytest

from bot.interactions.installation import owner_name

OWNER = SimpleNamespace(name="ada")


@pytest.mark.parametrize(
    ("team", "name"),
    [
        (None, "@ada"),
        (SimpleNamespace(name="Singers", owner=SimpleNamespace(name="ben")), "@ben"),
        (SimpleNamespace(name="Singers", owner=None), "Singers"),
    ],
)
def test_owner_is_named_as_members_find_them(team: object, name: str) -> None:
    application = SimpleNamespace(team=team, owner=OWNER)
    assert owner_name(cast("discord.AppInfo", application)) == name
