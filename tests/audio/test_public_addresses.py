import ipaddress

import pytest

from bot.audio.public_addresses import is_public


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("93.184.216.34", True),
        ("172.32.0.1", True),
        ("2606:4700:4700::1111", True),
        ("64:ff9b::93.184.216.34", True),
        ("64:ff9b::169.254.169.254", False),
        ("2606:4700:4700::1111%eth0", False),
        ("::ffff:93.184.216.34", False),
    ],
)
def test_public_addresses_are_told_from_others(text: str, public: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_public(ipaddress.ip_address(text)) is public
