"""What is in progress, as a member may see it."""

from dataclasses import dataclass
from typing import NamedTuple

from bot.domain.library import Viewer
from bot.domain.models import Extension

MAX_ENTRIES = 10  # of a list


class QueueEntry(NamedTuple):
    """An extension in progress, and its place in line while it waits; 1 is next."""

    extension: Extension
    queue_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What is in progress of a member, wherever it is, and of others in the member's channel.

    Attributes:
        viewer: the member.
        own: the oldest `MAX_ENTRIES`, and one more if there are more.
        others: as many, without replies that only somebody else sees.
    """

    viewer: Viewer
    own: tuple[QueueEntry, ...] = ()
    others: tuple[QueueEntry, ...] = ()

    def is_hidden(self, ext: Extension) -> bool:
        """Return whether ``ext`` is in a channel of this server that the member can't view now.

        What a member may view in other servers is unknown from here; only their own is listed.
        """
        viewer, reply = self.viewer, ext.reply
        return (
            viewer.guild_id is not None
            and reply.guild_id == viewer.guild_id
            and reply.channel_id not in (viewer.channel_id, *viewer.channels)
        )
