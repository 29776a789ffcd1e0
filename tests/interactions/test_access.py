from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.errors import LimitError, UserError
from bot.domain.guild_settings import GuildSettings
from bot.interactions.access import (
    EDIT_PERMISSIONS,
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
    require_access,
    require_allowed,
)


@pytest.mark.parametrize(
    ("given", "needed", "names"),
    [
        ({"view_channel": True}, EDIT_PERMISSIONS, []),
        ({}, EDIT_PERMISSIONS, ["View Channels"]),
        ({"view_channel": True, "embed_links": True}, POST_PERMISSIONS, ["Send Messages"]),
        ({"send_messages": True}, POST_PERMISSIONS, ["View Channels", "Embed Links"]),
        (
            {"view_channel": True, "send_messages": True, "embed_links": True},
            POST_IN_THREAD_PERMISSIONS,
            ["Send Messages in Threads"],
        ),
    ],
)
def test_missing_permissions_have_the_names_of_discords_menus(
    given: dict[str, bool], needed: tuple[str, ...], names: list[str]
) -> None:
    assert missing_permissions(discord.Permissions(**given), needed) == names


@pytest.mark.parametrize("needed", [EDIT_PERMISSIONS, POST_PERMISSIONS, POST_IN_THREAD_PERMISSIONS])
def test_needed_permissions_are_known_to_discord_py(needed: tuple[str, ...]) -> None:
    assert missing_permissions(discord.Permissions.all(), needed) == []


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["Send Messages"], "Encore needs the *Send Messages* permission in <#5>."),
        (
            ["View Channel", "Embed Links"],
            "Encore needs the *View Channel* and *Embed Links* permissions in <#5>.",
        ),
    ],
)
def test_missing_permissions_text_is_one_sentence(names: list[str], sentence: str) -> None:
    assert missing_permissions_text(names, 5) == sentence


class FakeInteraction:
    """An interaction, as far as rights go."""

    def __init__(self, guild_id: int | None, **allowed: bool) -> None:
        self.guild_id = guild_id
        self.permissions = discord.Permissions(**allowed)


def test_member_with_application_commands_has_access() -> None:
    require_access(FakeInteraction(1, view_channel=True, use_application_commands=True))


def test_direct_message_needs_no_permissions() -> None:
    require_access(FakeInteraction(None))


@pytest.mark.parametrize("allowed", [{"view_channel": True}, {"use_application_commands": True}])
def test_member_without_the_channel_is_refused(allowed: dict[str, bool]) -> None:
    with pytest.raises(UserError, match="can't use Encore"):
        require_access(FakeInteraction(1, **allowed))


VISIBLE, HIDDEN = discord.Permissions(view_channel=True), discord.Permissions.none()


def guild_with(channels: dict[int, discord.Permissions], roles: dict[int, str]) -> Any:  # noqa: ANN401
    """Return a server with these channels and roles."""
    known = {
        number: SimpleNamespace(id=number, permissions_for=lambda _, may=may: may)
        for number, may in channels.items()
    }
    named = {number: SimpleNamespace(name=name) for number, name in roles.items()}
    return SimpleNamespace(get_channel=known.get, get_role=named.get)


@pytest.mark.parametrize(
    ("parts", "remedy"),
    [
        ({"channel_ids": (1, 2)}, "Use <#1> or <#2>."),
        ({"channel_ids": (1, 3)}, "Use <#1>."),  # the other one is not for this member
        ({"channel_ids": (4,)}, "Ask a moderator where they can."),  # it was deleted
        ({"role_ids": (5, 6, 7)}, "Ask a moderator for **@Alto**, **@Bass** or **@\\*x\\***."),
        ({"role_ids": (8,)}, "Ask a moderator for it."),  # it was deleted
    ],
)
def test_refusal_names_the_channels_and_roles_that_may(
    parts: dict[str, tuple[int, ...]], remedy: str
) -> None:
    guild = guild_with({1: VISIBLE, 2: VISIBLE, 3: HIDDEN}, {5: "Alto", 6: "Bass", 7: "*x*"})
    member: Any = SimpleNamespace(roles=[SimpleNamespace(id=9)])
    channel = SimpleNamespace(id=70, parent_id=None)
    with pytest.raises(LimitError) as refused:
        require_allowed(GuildSettings(guild_id=1, **parts), guild, member, channel)
    assert refused.value.remedy == remedy


def test_thread_of_an_allowed_channel_and_one_of_the_roles_are_enough() -> None:
    settings = GuildSettings(guild_id=1, channel_ids=(7,), role_ids=(8, 9))
    member: Any = SimpleNamespace(roles=[SimpleNamespace(id=9)])
    for channel in (SimpleNamespace(id=70, parent_id=7), SimpleNamespace(id=7)):
        require_allowed(settings, guild_with({}, {}), member, channel)
