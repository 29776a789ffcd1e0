"""Whom members are asked to tell what only the operator can mend."""

from bot.services.operator_contact import OperatorContact, tell_operator


def test_nobody_is_named_before_the_owner_is_known() -> None:
    assert tell_operator(OperatorContact().operator) == "Please tell whoever runs this bot."


def test_owner_is_named_and_escaped() -> None:
    contact = OperatorContact()
    contact.set_owner("@a_b")
    assert tell_operator(contact.operator) == "Please tell \\@a\\_b, who runs this bot."
    contact.set_owner("")
    assert contact.operator == "\\@a\\_b, who runs this bot"


def test_settings_name_somebody_else_than_the_owner() -> None:
    contact = OperatorContact("<@42>")
    contact.set_owner("@ada")
    sentence = tell_operator(contact.operator, "error `1f`")
    assert sentence == "Please tell <@42>: error `1f`."
