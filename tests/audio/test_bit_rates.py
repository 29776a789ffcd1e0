import pytest

from bot.audio.bit_rates import BIT_RATES, highest_bit_rate, rounded_bit_rate


@pytest.mark.parametrize("bit_rate", BIT_RATES)
def test_highest_bit_rate_that_fits_is_chosen(bit_rate: int) -> None:
    limit = 180 * bit_rate // 8 + 10_000
    assert highest_bit_rate(180, limit) == bit_rate
    assert highest_bit_rate(180, limit, at_most=112_000) == min(bit_rate, 112_000)
    assert highest_bit_rate(180, limit, at_most=8000) == 96_000
    assert highest_bit_rate(180, limit, reserve=10_000) != bit_rate


@pytest.mark.parametrize(
    ("known", "rounded"),
    [(0, 192_000), (8000, 96_000), (128_000, 128_000), (128_900, 128_000), (999_999, 320_000)],
)
def test_bit_rates_are_rounded_up_to_those_of_mp3(known: int, rounded: int) -> None:
    assert rounded_bit_rate(known) == rounded
