"""Who acts first."""

import pytest

from authwhy.causes import Cause
from authwhy.causes.schema import TOPICS
from authwhy.diagnose.fixes import _ABOUT, Failed, fixes_for
from authwhy.model.outcome import FactValue


def test_the_side_that_must_act_comes_first() -> None:
    """The caller's fixes for the caller's side, the administrator's for the service's."""
    callers = fixes_for(Cause.CLOCK_SKEW, Failed("caller"))
    verifiers = fixes_for(Cause.CLOCK_SKEW, Failed("verifier"))
    assert callers[0].who == "caller"
    assert verifiers[0].who == "administrator"
    assert sorted(fix.do for fix in callers) == sorted(fix.do for fix in verifiers)


def test_commands_of_other_systems_are_left_out() -> None:
    """ldapwhoami helps nobody whose payment API refused a key; what to do is still said."""
    stripe = fixes_for(Cause.WRONG_SECRET, Failed("caller"), "Invalid API Key provided by api.stripe.com")
    directory = fixes_for(Cause.WRONG_SECRET, Failed("caller"), "ldap_bind: Invalid credentials (49)")
    assert [fix.do for fix in stripe] == [fix.do for fix in directory]
    assert not any("ldapwhoami" in (fix.check or "") for fix in stripe)
    assert any("ldapwhoami" in (fix.check or "") for fix in directory)


FOR_THIS_FAILURE: list[tuple[Cause, Failed, str, str]] = [
    (Cause.MALFORMED, Failed("caller", "prefix", {"problem": "no_scheme"}), "put `Bearer `", "Look at the bytes"),
    (
        Cause.WRONG_SECRET,
        Failed("caller", "other_environment", {"expected": "live_", "seen": "test"}),
        "This is the test key; take the one for this environment, which begins with live_",
        "Stop retrying",
    ),
    (Cause.EXPIRED, Failed(about="x509: certificate has expired"), "Renew the certificate", "Fetch a new token"),
    (Cause.INSUFFICIENT_SCOPE, Failed(about="http api_key"), "added to the key", "Ask who the server"),
    (
        Cause.PROVIDER_ERROR,
        Failed("verifier", facts={"exception": "KeyError", "raised_in": "shop.py:31"}),
        "The service's own check raised KeyError at shop.py:31",
        "Wait a little",
    ),
]


@pytest.mark.parametrize(("cause", "failed", "own", "general"), FOR_THIS_FAILURE)
def test_advice_for_this_very_failure_comes_first(cause: Cause, failed: Failed, own: str, general: str) -> None:
    """And is not given to any other failure of that cause."""
    first, *rest = (fix.do for fix in fixes_for(cause, failed))
    assert own in first
    assert any(general in do for do in rest)
    assert not any(own in fix.do for fix in fixes_for(cause, Failed("caller")))


def test_advice_that_does_not_fit_is_left_out() -> None:
    """A token has no certificate to renew; a key is not signed in again; a fault of one's own is in no provider's log."""
    certificates = [fix.check or "" for fix in fixes_for(Cause.EXPIRED, Failed(about="jwt expired_at late_s"))]
    assert not any("openssl" in check for check in certificates)
    keys = fixes_for(Cause.INSUFFICIENT_SCOPE, Failed(about="X-Api-Key"))
    assert not any("--token-file" in (fix.check or "") for fix in keys)
    facts: dict[str, FactValue] = {"exception": "KeyError", "raised_in": "shop.py:31"}
    assert not any("provider" in fix.do for fix in fixes_for(Cause.PROVIDER_ERROR, Failed("verifier", facts=facts)))


def test_a_fact_that_is_wanted_and_absent_leaves_the_fix_out() -> None:
    """No text with a hole in it."""
    every = fixes_for(Cause.WRONG_SECRET, Failed("caller", "other_environment", {"seen": "test"}))
    assert every
    assert not any("{" in fix.do or "test key" in fix.do for fix in every)


def test_the_topics_of_the_pages_are_known() -> None:
    """Neither more nor fewer."""
    assert set(_ABOUT) == set(TOPICS)
