"""What of a queue is hidden from its viewer."""

import pytest

from bot.domain.library import Viewer
from bot.domain.models import ReplyRef
from bot.domain.queue import Queue
from tests.support.factories import new_extension

IN_GUILD = Viewer(member_id=1, channel_id=5, guild_id=7, channels=frozenset({6}))
DIRECT = Viewer(member_id=1, channel_id=5)


@pytest.mark.parametrize(
    ("viewer", "channel_id", "guild_id", "is_hidden"),
    [
        (IN_GUILD, 5, 7, False),
        (IN_GUILD, 6, 7, False),
        (IN_GUILD, 8, 7, True),
        (IN_GUILD, 8, 9, False),
        (IN_GUILD, 8, None, False),
        (DIRECT, 8, 7, False),
        (DIRECT, 8, None, False),
    ],
)
def test_extension_is_hidden_in_a_channel_that_the_viewer_can_not_view(
    viewer: Viewer, channel_id: int, guild_id: int | None, *, is_hidden: bool
) -> None:
    ext = new_extension(reply=ReplyRef(channel_id=channel_id, guild_id=guild_id))
    assert Queue(viewer=viewer).is_hidden(ext) is is_hidden
