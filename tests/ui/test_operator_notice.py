"""What the operator is told."""

import pytest

from bot.services.operator_watch import Problem
from bot.ui.operator_notice import operator_notice

NEW_KEY = (
    "Nobody can extend with it until you set the right key and restart Encore; "
    "`python -m bot check` tests it."
)
NEW_ADDRESS = (
    "Nobody can extend with it until you set the right base URL and restart Encore; "
    "`python -m bot check` tests it."
)


@pytest.mark.parametrize(
    ("kind", "label", "lines"),
    [
        (
            "unauthorized",
            "AIML API",
            [
                "**AIML API rejected Encore's key.**",
                NEW_KEY,
            ],
        ),
        (
            "wrong_address",
            "AIML API",
            [
                "**AIML API isn't at the address that is set.**",
                NEW_ADDRESS,
            ],
        ),
        (
            "out_of_credits",
            "AIML API",
            ["**AIML API is out of credits.**", "Nobody can extend with it until you top up."],
        ),
        (
            "session_expired",
            "suno-api",
            [
                "**suno-api's session with Suno has ended.**",
                "Nobody can extend with it until you renew its cookie and restart it.",
            ],
        ),
        (
            "disk_full",
            "/data",
            [
                "**The disk with Encore's database is nearly full.**",
                "Make room in `/data`: on a full disk Encore can accept nothing.",
            ],
        ),
    ],
)
def test_notice_says_what_is_wrong_and_what_to_do(kind: str, label: str, lines: list[str]) -> None:
    embed = operator_notice(Problem(subject="x", kind=kind, label=label))
    assert embed.description == "\n".join(lines)
    assert embed.footer.text == "Encore tells you this once."


def test_words_of_a_provider_are_quoted_and_escaped() -> None:
    problem = Problem(subject="x", kind="unauthorized", label="X", text="*Bad* key.")
    _, said, _ = (operator_notice(problem).description or "").splitlines()
    assert said == r"It says: *\*Bad\* key.*"
