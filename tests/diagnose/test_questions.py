"""The one cheapest question."""

from authwhy.causes import Cause
from authwhy.diagnose.questions import question


def test_the_source_knows_its_own_log_best() -> None:
    """A place named by the lexicon comes first."""
    asked = question((Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY), "journalctl -u ssh")
    assert asked is not None
    assert asked.ask == "journalctl -u ssh"


def test_a_known_pair_has_its_own_question() -> None:
    """Expired or clock skew: read both clocks."""
    asked = question((Cause.EXPIRED, Cause.CLOCK_SKEW, Cause.REVOKED), None)
    assert asked is not None
    assert "date -u" in asked.ask
    assert asked.splits == (Cause.EXPIRED, Cause.CLOCK_SKEW)


def test_any_other_set_asks_for_the_log_and_one_cause_asks_nothing() -> None:
    """Every narrowed answer carries its question."""
    asked = question((Cause.CONSENT_REQUIRED, Cause.PAYMENT_REQUIRED), None)
    assert asked is not None
    assert "log" in asked.ask
    assert question((Cause.EXPIRED,), None) is None
