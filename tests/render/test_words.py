"""Words shared by every format, and the one place that makes hostile text printable."""

from hypothesis import given
from hypothesis import strategies as st
from tests.render.conftest import finding

from authwhy.causes import Cause
from authwhy.model.diagnosis import Diagnosis
from authwhy.render import terminal
from authwhy.render.interface import Style
from authwhy.render.words import fact_words, headline, others, printable


@given(st.text(max_size=300))
def test_printable_text_is_printable(text: str) -> None:
    """No control, bidi or private character survives."""
    assert printable(text).isprintable() or printable(text) == ""


def test_facts_are_named_and_times_are_utc() -> None:
    """A number of seconds is a moment only where the fact's name says so."""
    words = list(fact_words({"expired_at": 0, "late_s": 312, "seen": ("a", "b"), "slot": "hidden", "detail": None}))
    assert words == ["expired_at 1970-01-01 00:00:00Z", "late_s 312", "seen a, b"]


def test_the_rest_of_the_set_is_shown(narrowed: Diagnosis) -> None:
    """The other cause of a narrowed answer is named."""
    assert [finding.cause.value for finding in others(narrowed)] == ["clock_skew"]
    assert headline(narrowed).startswith("expired: ")


def test_checks_that_ran_elsewhere_are_shown_beside_each_other() -> None:
    """They have no proof of their own, and are more than possible."""
    first = finding(Cause.REVOKED, certainty="proven", proof=None, among=())
    second, third = finding(Cause.EXPIRED, proof=None), finding(Cause.CLOCK_SKEW, certainty="possible", proof=None)
    diagnosis = Diagnosis("explained", (first, second, third))
    assert others(diagnosis) == (second,)
    assert "and       expired" in terminal.render(diagnosis, Style())
