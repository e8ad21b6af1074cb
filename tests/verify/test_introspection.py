"""What an introspection answer means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.jose_tokens import CLAIMS, NOW

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.flow import Unavailable, drive, replay
from authwhy.verify.introspection import Introspected, IntrospectionAsk, IntrospectionPolicy, verify

TOKEN = "2YotnFZFEjr1zCsicMWpAA"
ISSUER, AUDIENCE = str(CLAIMS["iss"]), str(CLAIMS["aud"])
POLICY = IntrospectionPolicy(
    issuers=(ISSUER,), audiences=(AUDIENCE,), token_types=("Bearer",), required=("sub",), scope=("orders:read",)
)
MEMBERS = {**CLAIMS, "active": True, "token_type": "bearer", "client_id": "shop"}


def check(answer: object, policy: IntrospectionPolicy = POLICY, token: str = TOKEN) -> Outcome:
    return replay(verify(token, policy, NOW), {IntrospectionAsk(token): answer})


def changed(**members: object) -> Introspected:
    """The good answer with these changes; None leaves a member out."""
    return Introspected({name: value for name, value in {**MEMBERS, **members}.items() if value is not None})


def test_accepted() -> None:
    assert check(changed()) == Accepted(MEMBERS)
    assert check(Introspected({"active": True}), IntrospectionPolicy()) == Accepted({"active": True})


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"active": False}, ["inactive"]),
        ({"active": False, "exp": NOW - 5}, ["expired", "inactive"]),
        ({"active": False, "nbf": NOW + 5, "aud": "x"}, ["not_yet_valid", "inactive"]),
        ({"exp": NOW}, ["expired"]),
        ({"nbf": NOW + 1}, ["not_yet_valid"]),
        ({"iat": NOW + 1}, ["not_yet_valid"]),
        ({"aud": "https://other.example"}, ["wrong_audience"]),
        ({"aud": ["https://other.example", AUDIENCE]}, []),
        ({"aud": AUDIENCE + "/"}, ["wrong_audience"]),
        ({"aud": None}, ["missing_claim"]),
        ({"iss": "https://other.example"}, ["wrong_issuer"]),
        ({"iss": None}, ["missing_claim"]),
        ({"sub": None}, ["missing_claim"]),
        ({"scope": "orders:write"}, ["insufficient_scope"]),
        ({"scope": None}, ["insufficient_scope"]),
        ({"token_type": "DPoP"}, ["wrong_token_type"]),
        ({"token_type": "refresh_token"}, ["wrong_token_type"]),
        ({"token_type": 7}, ["wrong_token_type"]),
        ({"token_type": None}, ["missing_claim"]),
        ({"typ": "Refresh"}, ["wrong_token_type"]),
        ({"token_use": "id"}, ["wrong_token_type"]),
        (
            {"token_type": "mac", "iss": "x", "aud": "y", "exp": 1, "sub": None, "scope": "z"},
            ["wrong_token_type", "wrong_issuer", "wrong_audience", "expired", "missing_claim", "insufficient_scope"],
        ),
    ],
)
def test_every_failing_check_in_the_fixed_order(members: dict[str, object], expected: list[str]) -> None:
    outcome = check(changed(**members))
    failures = outcome.failures if isinstance(outcome, Refused) else ()
    assert [failure.cause.value for failure in failures] == expected
    assert all(failure.attested for failure in failures)


def test_a_refresh_token_is_refused_by_every_policy() -> None:
    """An endpoint calls it active too."""
    outcome = check(changed(typ="Refresh"), IntrospectionPolicy())
    assert isinstance(outcome, Refused)
    assert outcome.primary.cause is Cause.WRONG_TOKEN_TYPE
    assert outcome.primary.facts == {"expected": (), "seen": "bearer", "looks_like": "refresh_token"}


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"active": "true"}, "active"),
        ({"active": 1}, "active"),
        ({"active": None}, "active"),
        ({"exp": "1767625500"}, "exp"),
        ({"exp": True}, "exp"),
        ({"aud": [1]}, "aud"),
        ({"active": False, "iss": 5}, "iss"),
    ],
)
def test_an_answer_that_cannot_be_read_is_the_providers_fault(members: dict[str, object], member: str) -> None:
    outcome = check(changed(**members))
    assert isinstance(outcome, Refused)
    (failure,) = outcome.failures
    assert (failure.cause, failure.facts) == (Cause.PROVIDER_ERROR, {"problem": "wrong_type", "member": member})


@pytest.mark.parametrize(
    ("answer", "cause", "detail"),
    [
        (Unavailable(), Cause.PROVIDER_UNREACHABLE, None),
        (Unavailable(Cause.MISCONFIGURED, {"status": 401}), Cause.MISCONFIGURED, None),
        (None, Cause.MISCONFIGURED, "backend_unwired"),
        ({"active": True}, Cause.MISCONFIGURED, "backend_unwired"),
    ],
)
def test_no_answer_is_an_error_and_never_a_bad_credential(answer: object, cause: Cause, detail: str | None) -> None:
    outcome = check(answer)
    assert isinstance(outcome, Refused)
    assert (outcome.primary.cause, outcome.primary.detail) == (cause, detail)


@pytest.mark.parametrize(
    ("token", "detail", "problem"),
    [
        ("", None, "not_b64token"),
        (" abc", "whitespace", "not_b64token"),
        ("abc\n", "whitespace", "not_b64token"),
        ("abc\r\nX: y", "whitespace", "not_b64token"),
        ('"abc"', "quotes", "not_b64token"),
        ("\u201cabc\u201d", "quotes", "not_b64token"),
        ("a=b", "encoding", "not_b64token"),
        ("=", "encoding", "not_b64token"),
        ("\u20ac\ud800", "encoding", "not_b64token"),
        ("a&token=b", "encoding", "not_b64token"),
        ("x" * 8_193, None, "too_large"),
    ],
)
def test_no_question_for_a_text_that_is_no_token(token: str, detail: str | None, problem: str) -> None:
    """RFC 6750 2.1; `replay` without answers raises when anything is asked."""
    outcome = replay(verify(token, POLICY, NOW), {})
    assert isinstance(outcome, Refused)
    (failure,) = outcome.failures
    assert (failure.cause, failure.detail, failure.facts["problem"]) == (Cause.MALFORMED, detail, problem)


@given(st.text(max_size=40))
def test_hostile_tokens_raise_nothing(token: str) -> None:
    outcome = drive(verify(token, POLICY, NOW), lambda _: changed())
    assert isinstance(outcome, Refused) or (token.isascii() and token.strip() == token != "")


@given(st.dictionaries(st.sampled_from([*MEMBERS, "typ", "scp", "cnf"]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4), lambda inner: st.lists(inner)
)))  # fmt: skip
def test_hostile_answers_are_never_accepted_without_a_true_active(members: dict[str, object]) -> None:
    outcome = check(Introspected(members), IntrospectionPolicy())
    assert isinstance(outcome, Refused) or members.get("active") is True


def test_reprs_show_no_token_and_no_claims() -> None:
    assert TOKEN not in repr(IntrospectionAsk(TOKEN))
    assert repr(changed()) == "Introspected(active=True)"


def test_an_ask_is_found_again_by_its_token() -> None:
    assert {IntrospectionAsk("a"): 1} == {IntrospectionAsk("a"): 1}
    assert IntrospectionAsk("a") != IntrospectionAsk("b")


@pytest.mark.parametrize(
    "settings", [{"audiences": "a"}, {"scope": "a b"}, {"leeway_s": -1}, {"max_age_s": -1}, {"max_bytes": 0}]
)
def test_policies_that_cannot_work(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        IntrospectionPolicy(**settings)  # type: ignore[arg-type]


def test_lists_are_taken_as_tuples() -> None:
    assert IntrospectionPolicy(scope=["a"]).scope == ("a",)  # type: ignore[arg-type]
