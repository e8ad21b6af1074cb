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


def test_commands_of_other_systems_are_left_out() -> None:
    """ldapwhoami helps nobody whose payment API refused a key; what to do is still said."""
    stripe = fixes_for(Cause.WRONG_SECRET, "caller", "Invalid API Key provided by api.stripe.com")
    directory = fixes_for(Cause.WRONG_SECRET, "caller", "ldap_bind: Invalid credentials (49)")
    assert [fix.do for fix in stripe] == [fix.do for fix in directory]
    assert not any("ldapwhoami" in (fix.check or "") for fix in stripe)
    assert any("ldapwhoami" in (fix.check or "") for fix in directory)
