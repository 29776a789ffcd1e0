import discord
import pytest

from bot.domain.errors import UserError
from bot.interactions.access import (
    EDIT_PERMISSIONS,
    POST_IN_THREAD_PERMISSIONS,
    POST_PERMISSIONS,
    missing_permissions,
    missing_permissions_text,
    require_access,
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
