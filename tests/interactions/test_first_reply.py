"""Where the first reply is, and whether Encore can edit it there."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.errors import UserError
from bot.domain.models import ReplyRef
from bot.interactions.first_reply import send_first_reply


async def test_nothing_is_accepted_in_a_channel_that_discord_py_does_not_know() -> None:
    async def accept(_: ReplyRef) -> Any:  # noqa: ANN401 - never returns
        pytest.fail("accepted")

    interaction: Any = SimpleNamespace(guild_id=1, context=None, channel_id=None)
    with pytest.raises(UserError, match="doesn't work in this kind of channel"):
        await send_first_reply(interaction, accept)
