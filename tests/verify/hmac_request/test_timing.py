"""Dates of signed requests and the window they are good in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.verify.hmac_request.timing import basic_day, basic_time, imf_fixdate, unix_time, window_failure


def test_the_example_of_rfc_9110() -> None:
    """Section 5.6.7."""
    assert imf_fixdate("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Feb 2015 08:49:37 GMT",
        "Sun, 06 Xov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov \u0661994 08:49:37 GMT",
    ],
)
def test_no_imf_fixdate(text: str) -> None:
    """Obsolete forms and days that do not exist."""
    assert imf_fixdate(text) is None


def test_basic_form() -> None:
    """The time of AWS's test suite."""
    assert basic_time("20150830T123600Z") == 1_440_938_160
    assert basic_day("20150830") == 1_440_892_800


@pytest.mark.parametrize(
    "text",
    [
        "20150830T123600",
        "20150830T243600Z",
        "20150830T126000Z",
        "20150830T123660Z",
        "20150231T000000Z",
        "2015-08-30T1236Z",
    ],
)
def test_no_basic_time(text: str) -> None:
    """Extended form, missing zone, numbers out of range."""
    assert basic_time(text) is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1_000", " 1", "\u0661", "1" * 12])
def test_no_unix_time(text: str) -> None:
    """What int() would take and a sender does not write."""
    assert unix_time(text) is None


@given(st.integers(-400, 400))
def test_both_ends_of_a_window_are_inside(offset: int) -> None:
    """And the facts say by how much it was missed."""
    failure = window_failure(1_000, 700, 1_300, 1_000 + offset)
    if failure is None:
        assert abs(offset) <= 300
    elif failure.cause is Cause.EXPIRED:
        assert failure.facts["late_s"] == offset - 300 > 0
    else:
        assert failure.cause is Cause.NOT_YET_VALID
        assert failure.facts["early_s"] == -offset - 300 > 0
