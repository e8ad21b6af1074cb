"""Who acts first."""

from authwhy.causes import Cause
from authwhy.diagnose.fixes import fixes_for


def test_the_side_that_must_act_comes_first() -> None:
    """The caller's fixes for the caller's side, the administrator's for the service's."""
    callers = fixes_for(Cause.CLOCK_SKEW, "caller")
    verifiers = fixes_for(Cause.CLOCK_SKEW, "verifier")
    assert callers[0].who == "caller"
    assert verifiers[0].who == "administrator"
    assert sorted(fix.do for fix in callers) == sorted(fix.do for fix in verifiers)
