"""Reading and spelling times without a clock."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.diagnose.times import instants, is_zone_offset, iso, parse_time, spell

moments = st.integers(min_value=0, max_value=7_000_000_000)


@given(moments)
def test_every_form_reads_back_the_same_moment(at: int) -> None:
    """ISO 8601, RFC 1123, Common Log and compact AWS forms of one moment are one number."""
    when = datetime.fromtimestamp(at, UTC)
    assert iso(at) == when.strftime("%Y-%m-%dT%H:%M:%SZ")
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y %H:%M:%S GMT", "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%dT%H%M%SZ"):
        assert parse_time(when.strftime(form)) == at


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    """Hostile text gives fewer times, never an exception."""
    for instant in instants(text):
        assert 0 <= instant.start < instant.end <= len(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31T15:02:11+01:00", 1769868131),
        ("2026-01-31 02:02:11 PM", 1769868131),
        ("Sat Jan 31 14:02:11 2026", 1769868131),
        ("1769868131", 1769868131),
        ("1769868131000", 1769868131),
        ("31 Feb 2026 99:99:99", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_forms_people_paste(text: str | None, at: float | None) -> None:
    """Zones, noon words, asctime, seconds and milliseconds since 1970."""
    assert parse_time(text) == at


@pytest.mark.parametrize(
    ("seconds", "zone"), [(3600, True), (-19800, True), (20700, True), (312, False), (900, False), (90000, False)]
)
def test_zone_offsets_are_quarter_hours_of_at_least_an_hour(seconds: int, zone: bool) -> None:
    """India is 5:30, Nepal 5:45; 15 minutes alone is no zone, 25 hours neither."""
    assert is_zone_offset(seconds) is zone


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (1560, "26 min"), (-18000, "5 h"), (1_036_800, "12 days")]
)
def test_durations_are_spelled_as_people_say_them(seconds: int, words: str) -> None:
    """The unit fits the size."""
    assert spell(seconds) == words


@pytest.mark.parametrize("at", [-1, 1e15, float("inf"), float("nan")])
def test_a_number_outside_the_calendar_is_shown_as_such(at: float) -> None:
    """Never an exception, never a thirteenth month."""
    assert iso(at).endswith("since 1970")


def test_the_last_years_of_the_calendar_are_dates() -> None:
    """A claim may name the year 2603."""
    assert (iso(20_000_000_000), iso(253_402_300_799)) == ("2603-10-11T11:33:20Z", "9999-12-31T23:59:59Z")
