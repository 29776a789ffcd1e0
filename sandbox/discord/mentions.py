"""Mentions of a message, and who of them is notified."""

import dataclasses
import re

from sandbox.discord import permissions
from sandbox.discord.models import Channel, Guild, User
from sandbox.discord.protocol import Json, JsonArray, is_object

USERS = re.compile(r"<@!?(\d+)>")
ROLES = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclasses.dataclass(slots=True, frozen=True)
class Mentions:
    """The effective mentions of a message; ``pinged`` are the ids and words that notify."""

    users: list[User]
    roles: list[int]
    everyone: bool
    pinged: frozenset[int | str]


NO_MENTIONS = Mentions([], [], everyone=False, pinged=frozenset())


def _allowed_ids(allowed: Json, kind: str, ids: list[int]) -> list[int]:
    if not is_object(allowed):
        return ids
    if kind in (allowed.get("parse") or []):
        return ids
    named: JsonArray = allowed.get(kind) or []
    wanted = {str(each) for each in named}
    return [each for each in ids if str(each) in wanted]


def find_mentions(
    content: str, allowed: Json, author: User, channel: Channel, users: dict[int, User]
) -> Mentions:
    """Return the mentions in ``content`` that ``allowed`` (``allowed_mentions``) permits."""
    if "@" not in content:
        return NO_MENTIONS
    guild = channel.guild
    named = [int(each) for each in dict.fromkeys(USERS.findall(content)) if int(each) in users]
    people = [users[each] for each in _allowed_ids(allowed, "users", named)]
    wide = bool(permissions.in_channel(channel, author) & permissions.Permission.MENTION_EVERYONE)
    roles = _mentioned_roles(content, guild, wide=wide) if guild else []
    roles = _allowed_ids(allowed, "roles", roles)
    calls = set(EVERYONE.findall(content)) if wide and guild else set[str]()
    if is_object(allowed) and "everyone" not in (allowed.get("parse") or []):
        calls = set[str]()
    pinged = frozenset[int | str]({*(each.id for each in people), *roles, *calls})
    return Mentions(people, roles, bool(calls), pinged)


def _mentioned_roles(content: str, guild: Guild, *, wide: bool) -> list[int]:
    found = [guild.roles.get(int(each)) for each in dict.fromkeys(ROLES.findall(content))]
    return [role.id for role in found if role and (role.mentionable or wide)]
