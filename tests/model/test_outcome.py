"""Refusals are values."""

from authwhy.causes import Cause
from authwhy.model.outcome import Failure, Refused, refused


def test_the_first_failure_is_the_primary_one() -> None:
    """The order of checks decides, not the order of discovery by a reader."""
    outcome = Refused((Failure(Cause.BAD_SIGNATURE), Failure(Cause.EXPIRED, facts={"late_s": 3})))
    assert outcome.primary.cause is Cause.BAD_SIGNATURE
    assert outcome.causes == (Cause.BAD_SIGNATURE, Cause.EXPIRED)


def test_one_cause_is_written_briefly() -> None:
    """Facts are named values."""
    assert refused(Cause.EXPIRED, late_s=3, attested=True).primary == Failure(Cause.EXPIRED, None, {"late_s": 3}, True)
