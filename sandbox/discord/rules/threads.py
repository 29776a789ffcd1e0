"""Who may archive, open, lock and start threads.

Source: discord-api-docs, `docs/topics/threads.mdx` (*Editing & Deleting Threads*) and
`docs/resources/channel.mdx` (*Modify Channel*).
"""

from sandbox.discord import permissions
from sandbox.discord.errors import ApiError
from sandbox.discord.models import Channel, Guild, User
from sandbox.discord.permissions import Permission
from sandbox.discord.protocol import JsonObject

FOR_MODERATORS = frozenset({"locked", "rate_limit_per_user"})


def check_edit(thread: Channel, user: User, changes: JsonObject) -> None:
    """Check that ``user`` may make ``changes`` to ``thread``.

    With MANAGE_THREADS everything is allowed. Without it the thread must not be locked: then who
    can write in the thread opens it, and its owner changes all but what is for moderators.

    Raises:
        ApiError: 50083 if the thread is archived and stays so (discord-api-docs #6928), 50013
            without permission.
    """
    if thread.archived and changes.get("archived", True):
        raise ApiError(50083)
    if not permissions.missing(thread, user, Permission.MANAGE_THREADS):
        return
    if thread.locked or FOR_MODERATORS & changes.keys():
        raise ApiError(50013)
    only_opens = changes.keys() == {"archived"} and not changes["archived"]
    if only_opens and permissions.can_send(thread, user):
        return
    if thread.owner_id != user.id:
        raise ApiError(50013)


def check_room(guild: Guild | None, maximum: int) -> None:
    """Check that ``guild`` has fewer than ``maximum`` threads that are not archived.

    Raises:
        ApiError: 160006.
    """
    channels = guild.channels.values() if guild else ()
    if sum(each.is_thread and not each.archived for each in channels) >= maximum:
        raise ApiError(160006)
