"""Names as links, and members."""

import pytest

from bot.domain.text import escape_markdown
from bot.ui.theme import linked, mention


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Night Bus [Ex…", "Night Bus (Ex…"),
        ("x]y[z", "x)y(z"),
        ("Night Bus [Extended Mix]", "Night Bus (Extended Mix)"),
        ("see https://example.com", "see https example.com"),
        ("plain", "plain"),
    ],
)
def test_text_of_a_link_has_no_bracket_and_no_address(title: str, shown: str) -> None:
    found = linked(escape_markdown(title), "https://discord.com/channels/1/2/3")
    text = found.removesuffix("](https://discord.com/channels/1/2/3)").removeprefix("[")
    assert "[" not in text
    assert "]" not in text
    assert "://" not in text
    assert "\\ " not in text
    assert text.replace("\\", "") == shown


def test_text_without_a_link_stays() -> None:
    assert linked("[a]", None) == "[a]"


@pytest.mark.parametrize(
    ("member_id", "shown"), [(42, "<@42>"), (0, "a former member"), (-7, "a former member")]
)
def test_member_whose_data_was_deleted_is_not_mentioned(member_id: int, shown: str) -> None:
    assert mention(member_id) == shown
