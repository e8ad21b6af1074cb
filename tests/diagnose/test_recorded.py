"""Events as evidence: what guard saw itself, and what others concluded."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause, meta
from authwhy.diagnose.context import Context
from authwhy.diagnose.recorded import TWO_SIDED, recorded, with_policy
from authwhy.face import explain
from authwhy.model.event import Event, Refusal, Weighed

TIME = "2026-01-31T14:00:00.250Z"
AT = 1_769_868_000
SECRET = "an invented secret of the orders service"
AUDIENCE = "https://orders.example.com"
PROXIMATE = [cause for cause in Cause if not meta(cause).is_root]


def event(*causes: Cause, source: str | None = "guard", **more: Any) -> Event:
    """A refusal by provider `token`."""
    refusals = (Refusal("token", causes, more.get("detail"), more.get("facts", {})),)
    usual: dict[str, Any] = {
        "provider": "token",
        "ref": "8f14e45f",
        "refusals": refusals,
        "verb": "GET",
        "route": "/orders",
        "method": "jwt",
    }
    usual["causes"] = tuple(map(Weighed, causes))
    return Event(outcome="failure", source=source, **{"time": TIME, **usual, **more})


def token(**claims: Any) -> str:
    """Signed by SECRET."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, {"sub": "mara", **claims})]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.digest(SECRET.encode(), signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@pytest.mark.parametrize("cause", PROXIMATE)
def test_a_check_that_guard_ran_is_proven_or_narrowed(cause: Cause) -> None:
    """Narrowed where two sides were compared, with the question that splits them; and with fixes."""
    diagnosis = explain(event=event(cause))
    top = diagnosis.findings[0]
    assert (diagnosis.verdict, top.cause, top.page) == ("explained", cause, f"causes/{cause}")
    assert top.evidence[0].what == f"event 8f14e45f: provider token refused: {cause.replace('_', ' ')}"
    assert top.evidence[0].where == f"{TIME} GET /orders"
    assert top.fixes
    assert top.proof is None
    if cause in TWO_SIDED:
        assert (top.certainty, top.among, top.side) == ("narrowed", (cause, TWO_SIDED[cause]), "undecided")
        assert diagnosis.next_question is not None
        assert "log of the side that refused" not in diagnosis.next_question.ask
    else:
        assert (top.certainty, top.among, diagnosis.next_question) == ("proven", (), None)


def test_the_facts_of_the_check_are_told() -> None:
    """In the line and as facts."""
    facts = {"expired_at": AT - 312, "late_s": 312, "now": AT}
    top = explain(event=event(Cause.EXPIRED, facts=facts)).findings[0]
    assert top.evidence[0].what.endswith(
        "refused: expired (expired_at 2026-01-31T13:54:48Z, late_s 312, now 2026-01-31T14:00:00Z)"
    )
    assert top.facts == facts


def test_every_failing_check_and_every_provider() -> None:
    """The provider that decided leads; one that got nothing is left out beside it."""
    refusals = (
        Refusal("key", (Cause.MISSING,), claimed=False),
        Refusal("staff", (Cause.WRONG_SECRET,)),
        Refusal("token", (Cause.WRONG_ISSUER, Cause.EXPIRED), "case", {"expected": ("a",), "seen": "A"}),
    )
    diagnosis = explain(event=event(Cause.WRONG_ISSUER, Cause.EXPIRED, refusals=refusals))
    known = {one.cause: one for one in diagnosis.findings if one.certainty != "possible"}
    assert list(known) == [Cause.WRONG_SECRET, Cause.WRONG_ISSUER, Cause.EXPIRED]
    assert (known[Cause.WRONG_ISSUER].detail, known[Cause.WRONG_ISSUER].facts["seen"]) == ("case", "A")
    assert "provider staff refused" in known[Cause.WRONG_SECRET].evidence[0].what


def test_nothing_sent_to_any_provider() -> None:
    """Then the ones that got nothing are all there is."""
    refusals = tuple(Refusal(name, (Cause.MISSING,), claimed=False) for name in ("token", "key"))
    top = explain(event=event(Cause.MISSING, refusals=refusals, provider=None)).findings[0]
    assert [item.what.split(" refused")[0] for item in top.evidence] == [
        "event 8f14e45f: provider token",
        "event 8f14e45f: provider key",
    ]


def test_an_event_without_refusals() -> None:
    """Its causes are enough; without any, nothing is known."""
    assert (
        explain(event=event(Cause.REVOKED, refusals=(), ref=None))
        .findings[0]
        .evidence[0]
        .what.startswith("event: provider")
    )
    assert explain(event=event(refusals=())).verdict == "unexplained"


@pytest.mark.parametrize(("p", "certainty"), [(0.86, "likely"), (0.6, "possible")])
def test_what_was_concluded_from_text_stays_that(p: float, certainty: str) -> None:
    """A log line or an observed answer never gives more than likely."""
    causes = (Weighed(Cause.EXPIRED, p), Weighed(Cause.REVOKED, round(1 - p, 2)))
    said = "pyjwt says so: Signature has expired"
    top = explain(event=event(source="observe", refusals=(), reason=said, causes=causes)).findings[0]
    assert (top.cause, top.certainty) == (Cause.EXPIRED, certainty)
    assert top.evidence[0].what == "event 8f14e45f, from observe: pyjwt says so: Signature has expired"


def test_a_success_has_passed() -> None:
    """And is no failure to explain."""
    diagnosis = explain(event=Event(time=TIME, outcome="success", provider="token", ref="r1"))
    assert diagnosis.verdict == "not_an_authentication_failure"
    assert diagnosis.reason == "the check passes: event r1: accepted by token"


def test_the_credential_is_checked_again_at_the_events_time() -> None:
    """Against what the event says of the policy: both failing checks are found, and what they need to pass."""
    made = event(Cause.WRONG_AUDIENCE, Cause.EXPIRED, facts={"expected": (AUDIENCE,), "seen": (AUDIENCE + "/",)})
    sent = f"Authorization: Bearer {token(aud=AUDIENCE + '/', exp=AT - 312)}"
    diagnosis = explain(sent, event=made, secret=SECRET)
    audience, expired = (
        next(f for f in diagnosis.findings if f.cause is c) for c in (Cause.WRONG_AUDIENCE, Cause.EXPIRED)
    )
    assert audience.proof is not None
    assert audience.proof.edits == ("audience: trailing slash difference accepted", "clock: 313 s earlier")
    assert audience.detail == "trailing_slash"
    assert (expired.certainty, expired.facts["late_s"]) == ("narrowed", 312)
    assert any("event 8f14e45f" in item.what for item in expired.evidence)


def test_what_is_given_by_name_counts_more_than_the_event() -> None:
    """Time and policy."""
    made = event(Cause.WRONG_AUDIENCE, facts={"expected": ("x",), "seen": (AUDIENCE,)})
    diagnosis = explain(token(aud=AUDIENCE, exp=AT), event=made, secret=SECRET, audience=AUDIENCE, at=AT + 10)
    assert next(one for one in diagnosis.findings if one.proof).facts["late_s"] == 10


@pytest.mark.parametrize(
    ("cause", "facts", "field", "value"),
    [
        (Cause.WRONG_ISSUER, {"expected": ("https://id.example.com",)}, "issuers", ("https://id.example.com",)),
        (Cause.UNSUPPORTED_ALGORITHM, {"expected": ("ES256", "odd")}, "algorithms", ("ES256",)),
        (Cause.MISSING_CLAIM, {"claim": "jti"}, "required", ("jti",)),
        (Cause.INSUFFICIENT_SCOPE, {"expected": ("orders:read",)}, "scope", ("orders:read",)),
    ],
)
def test_the_policy_comes_from_the_facts(cause: Cause, facts: dict[str, Any], field: str, value: object) -> None:
    """Each where its check leaves it."""
    context = with_policy(Context(clock=5), event(cause, facts=facts))
    assert (getattr(context, field), context.now) == (value, AT)


def test_a_credential_that_passes_here_points_at_the_service() -> None:
    """With the keys and the policy given, at that time."""
    sent = token(exp=AT + 60)
    causes = {one.cause for one in explain(sent, event=event(Cause.UNKNOWN_KEY), secret=SECRET).findings}
    assert {Cause.UNKNOWN_KEY, Cause.MISCONFIGURED} <= causes


def test_no_canary_of_the_credential_or_the_event_is_shown() -> None:
    """Law 7, also for events that other tools wrote."""
    jwt = token(exp=1, canary="canary-claim")
    made = event(Cause.EXPIRED, source="app.log", refusals=(), reason=f"bad token {jwt}", route=f"/reset/{jwt}")
    for one in (made, event(Cause.EXPIRED, route=f"/reset/{jwt}")):
        text = str(explain(f"Authorization: Bearer {jwt}", event=one, secret=SECRET))
        assert not any(part in text for part in (*jwt.split(".")[1:], SECRET))


def test_it_is_about_http() -> None:
    """Commands of other systems are left out of the fixes."""
    assert recorded(event(Cause.EXPIRED)).topic.split() == ["http", "jwt"]
    checks = [fix.check or "" for fix in explain(event=event(Cause.UNKNOWN_KEY)).findings[0].fixes]
    assert not any(check.startswith("ssh") for check in checks)


FACT = st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text(max_size=9)).map(tuple)
)
NAMES = st.sampled_from(["expected", "seen", "claim", "alg", "late_s", "now", "x"])


@given(
    st.lists(st.sampled_from(list(Cause)), min_size=1, max_size=4), st.dictionaries(NAMES, FACT),
    st.sampled_from(["guard", "observe", None]), st.text(max_size=30), st.booleans(),
)  # fmt: skip
def test_no_event_makes_it_fail(
    causes: list[Cause], facts: dict[str, Any], source: Any, text: str, known: bool
) -> None:
    """Whoever wrote it, and with a credential beside it."""
    made = event(
        *causes, source=source, facts=facts, reason=text, route=text, time=text, provider=text if known else None
    )
    diagnosis = explain(token(exp=AT), event=made, secret=SECRET)
    assert diagnosis.verdict == "explained"
    assert all(one.certainty != "proven" or one.proof for one in diagnosis.findings) or source == "guard"


@pytest.mark.parametrize("cause", [Cause.PROVIDER_ERROR, Cause.PROVIDER_UNREACHABLE])
def test_what_the_services_own_check_raised_is_no_providers_fault(cause: Cause) -> None:
    """Named with its place, not proven, for the service and its developer."""
    raised = {"exception": "KeyError", "raised_in": "shop.py:31"}
    diagnosis = explain(event=event(cause, facts=raised))
    top = diagnosis.findings[0]
    assert (top.cause, top.certainty, top.side) == (cause, "narrowed", "verifier")
    assert top.evidence[0].what == (
        "event 8f14e45f: the service's own check of provider token raised KeyError at shop.py:31"
    )
    assert (top.fixes[0].who, "KeyError at shop.py:31" in top.fixes[0].do) == ("developer", True)
    assert diagnosis.next_question is not None
    assert "read shop.py:31 in the service's code" in diagnosis.next_question.ask
    told = " ".join([meta(cause).title, *(item.what for item in top.evidence)])
    assert "identity provider" not in told


def test_what_a_provider_answered_stays_its_fault() -> None:
    """An exception that says more than its class was raised for an answer that was read."""
    facts = {"exception": "FetchFailed", "problem": "status", "status": 500}
    top = explain(event=event(Cause.PROVIDER_ERROR, facts=facts)).findings[0]
    assert (top.certainty, top.side) == ("proven", "provider")
