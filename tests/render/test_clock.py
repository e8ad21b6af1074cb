"""Times as people read them."""

from authwhy.render.clock import utc


def test_moments_are_utc_and_impossible_ones_stay_numbers() -> None:
    """A claim may hold any number."""
    assert utc(1_790_000_000) == "2026-09-21 14:13:20Z"
    assert utc(1e30) == "1e+30"
