"""What *Extend this song* reads of a message."""

from types import SimpleNamespace
from typing import Any

import pytest
from discord.components import Container, SectionComponent, TextDisplay

from cogs.reply_commands import ReplyCommandsCog, _clip_named_in
from tests.interactions.test_responses import FakeInteraction
from tests.support.ui_samples import all_text

CLIP = "5e0f3c10-aaaa-4bbb-8ccc-0123456789ab"
TEXT: Any = {"type": 10, "id": 1, "content": f"https://suno.com/song/{CLIP}"}
BUTTON: Any = {"type": 2, "id": 2, "style": 5, "label": "x", "url": TEXT["content"]}
SILENT: Any = {"type": 10, "id": 3, "content": "nothing"}


@pytest.mark.parametrize(
    "component",
    [
        TextDisplay(TEXT),
        Container({"type": 17, "id": 4, "components": [SILENT, TEXT]}, None),
        SectionComponent({"type": 9, "id": 5, "components": [SILENT], "accessory": BUTTON}, None),
    ],
)
def test_song_is_found_in_components(component: object) -> None:
    message: Any = SimpleNamespace(content="", embeds=[], components=[component])
    assert _clip_named_in(message) == CLIP


async def test_menu_that_fails_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def find_by_reply(_: int) -> None:
        raise OSError("disk full")

    store = SimpleNamespace(find_by_reply=find_by_reply)
    bot: Any = SimpleNamespace(services=SimpleNamespace(store=store))
    interaction: Any = FakeInteraction()
    message: Any = SimpleNamespace(id=7)
    await ReplyCommandsCog(bot).extend_this_song(interaction, message)
    [answer] = interaction.answers
    assert "Something went wrong" in all_text(answer["embeds"])
    assert "disk full" in caplog.text
