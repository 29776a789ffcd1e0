"""The answer to `/help`."""

from hypothesis import given

from bot.services.operator_contact import UNKNOWN_OPERATOR, OperatorContact
from bot.ui.help_embed import help_embed
from tests.support.hostile_texts import long_texts
from tests.support.ui_samples import assert_within_limits

LABELS = ["AIML API", "sunosay"]


def description(operator: str = UNKNOWN_OPERATOR, **parts: bool) -> str:
    given_parts = {"has_sessions": True, "has_reactions": True} | parts
    return help_embed(LABELS, operator=operator, **given_parts).description or ""


def test_help_is_about_ten_lines() -> None:
    lines = [line for line in description("<@42>").splitlines() if line]
    assert 8 <= len(lines) <= 12
    assert "Share → Copy link" in lines[0]
    for command in ("extend", "session", "song", "library", "clip", "queue", "usage"):
        assert sum(f"`/{command}`" in line for line in lines) == 1, command
    assert lines[-2:] == [
        "**Services** AIML API, sunosay",
        "**Something wrong?** Please tell <@42>.",
    ]


def test_help_has_no_sessions_where_they_are_off() -> None:
    assert "/session" not in description(has_sessions=False)


def test_help_tells_moderators_of_the_settings() -> None:
    assert "`/settings`" in description(may_set=True)
    assert "`/settings`" not in description()


def test_help_has_no_reactions_where_encore_learns_of_none() -> None:
    assert "🔁" in description()
    assert "🔁" not in description(has_reactions=False)


@given(long_texts)
def test_operators_name_is_only_text(name: str) -> None:
    contact = OperatorContact()
    contact.set_owner(name)
    embed = help_embed(LABELS, operator=contact.operator, has_sessions=True, has_reactions=True)
    assert_within_limits([embed])
    last = (embed.description or "").splitlines()[-1]
    assert last.startswith("**Something wrong?** Please tell ")
    assert "@everyone" not in last.replace("\\@everyone", "")
