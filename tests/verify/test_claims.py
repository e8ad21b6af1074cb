"""The checks on claims: each alone, all together, at their bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json as msgspec_json
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, NOW

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.model.policy import JwtPolicy
from authwhy.verify.claims import claims_check, wrong_types

BASE = JwtPolicy(issuers=(ISSUER,), audiences=(AUDIENCE,))


def check(policy: JwtPolicy, now: int = NOW, attested: bool = True, **claims: Any) -> tuple[Failure, ...]:
    """The failures of the usual claims with these changes; `...` leaves a claim out."""
    changed = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not ...}
    return claims_check(policy)(changed, now, attested)


def causes(policy: JwtPolicy, now: int = NOW, **claims: Any) -> list[str]:
    """Only the causes."""
    return [failure.cause.value for failure in check(policy, now, **claims)]


def test_good_claims_pass() -> None:
    """With every demand made."""
    policy = JwtPolicy(
        issuers=("https://a.example", ISSUER),
        audiences=("a", AUDIENCE),
        required=("sub", "iss", "aud", "exp"),
        scope=("orders:write", "orders:read"),
        max_age_s=60,
        leeway_s=5,
        check_revoked=True,
        check_replay=True,
    )
    assert check(policy) == ()


@pytest.mark.parametrize(
    ("leeway", "now", "expected"),
    [
        (0, 999, []),
        (0, 1_000, ["expired"]),
        (0, 1_001, ["expired"]),
        (10, 1_009, []),
        (10, 1_010, ["expired"]),
    ],
)
def test_a_token_ends_at_exp(leeway: int, now: int, expected: list[str]) -> None:
    """RFC 7519 4.1.4: now must be before it; leeway moves the bound."""
    policy = JwtPolicy(leeway_s=leeway)
    assert causes(policy, now, exp=1_000, iat=..., nbf=...) == expected
    assert causes(policy, now, exp=1_000.0, iat=..., nbf=...) == expected


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize(
    ("leeway", "now", "early"), [(0, 999, True), (0, 1_000, False), (10, 989, True), (10, 990, False)]
)
def test_a_token_begins_at_nbf_and_iat(claim: str, leeway: int, now: int, early: bool) -> None:
    """RFC 7519 4.1.5: now must be at or after it."""
    times: dict[str, Any] = {"exp": ..., "nbf": ..., "iat": ...}
    expected = ["not_yet_valid"] if early else []
    assert causes(JwtPolicy(leeway_s=leeway), now, **{**times, claim: 1_000}) == expected


def test_fractions_of_a_second_count() -> None:
    """A NumericDate may have one; facts are whole seconds."""
    assert causes(JwtPolicy(), 1_000, exp=1_000.5, iat=..., nbf=...) == []
    assert causes(JwtPolicy(), 1_000, exp=..., iat=..., nbf=1_000.5) == ["not_yet_valid"]
    (failure,) = check(JwtPolicy(), 1_001, exp=1_000.5, iat=999.9, nbf=...)
    assert failure.facts == {"expired_at": 1_000, "late_s": 1, "now": 1_001, "issued_at": 999}


def test_facts_of_time_are_numbers() -> None:
    """What a person would compute."""
    (late,) = check(BASE, NOW + 612)
    assert late == Failure(
        Cause.EXPIRED, None, {"expired_at": NOW + 300, "late_s": 312, "now": NOW + 612, "issued_at": NOW - 60}, True
    )
    (early,) = check(BASE, nbf=NOW + 90)
    assert early.facts == {"claim": "nbf", "valid_from": NOW + 90, "early_s": 90, "now": NOW}


def test_max_age_counts_from_iat() -> None:
    """And demands iat; a token that is over anyway is over once."""
    policy = JwtPolicy(max_age_s=60)
    assert causes(policy, NOW - 1) == []
    (failure,) = check(policy, NOW)
    assert (failure.cause, failure.facts["expired_at"], failure.facts["late_s"]) == (Cause.EXPIRED, NOW, 0)
    assert causes(policy, iat=...) == ["missing_claim"]
    assert causes(policy, NOW + 1_000) == ["expired"]


@pytest.mark.parametrize("value", [2**63, 10**400, 1e300, 2**53 + 1])
def test_times_beyond_reason_neither_raise_nor_grow(value: float) -> None:
    """Facts stay within 64 bits."""
    assert causes(BASE, exp=value) == []
    for claims in (
        {"exp": -value},
        {"nbf": value},
        {"iat": value},
        {"exp": -value, "iat": -value},
        {"exp": 0, "iat": value},
    ):
        failures = check(BASE, NOW, True, **claims)
        assert failures
        for failure in failures:
            msgspec_json.encode(dict(failure.facts))


NO_DATES: list[object] = ["1", True, False, None, [], {}, [1]]
NO_TEXTS: list[object] = [1, True, None, [], {}, ["a"]]
NO_AUDIENCES: list[object] = [1, True, None, {}, [1], [AUDIENCE, None], [[AUDIENCE]], [AUDIENCE, {}]]
WRONG = (
    [(claim, value) for claim in ("exp", "nbf", "iat") for value in NO_DATES]
    + [(claim, value) for claim in ("iss", "sub", "jti") for value in NO_TEXTS]
    + [("aud", value) for value in NO_AUDIENCES]
)


@pytest.mark.parametrize(("claim", "value"), WRONG)
def test_a_claim_of_a_wrong_type_ends_the_list(claim: str, value: object) -> None:
    """RFC 7519 4.1; also where the policy does not look at it."""
    for policy in (BASE, JwtPolicy()):
        (failure,) = check(policy, NOW + 10_000, True, **{claim: value, "tenant": 1})
        assert failure == Failure(
            Cause.MALFORMED, None, {"part": "claims", "problem": "wrong_type", "member": claim}, True
        )


def test_right_types_are_no_failure() -> None:
    """The explanation agrees with the check."""
    assert wrong_types(CLAIMS, True) == ()


@pytest.mark.parametrize(
    ("seen", "detail"),
    [
        (ISSUER + "/", "trailing_slash"),
        (ISSUER.upper(), "case"),
        (ISSUER.replace("https", "http"), "scheme"),
        (ISSUER.replace("shop", "test"), "realm"),
        ("https://evil.example", None),
        ("", None),
        (ISSUER[:-1], "realm"),
        (ISSUER[1:], "scheme"),
        (f"https://evil.example/{ISSUER}", None),
    ],
)
def test_the_issuer_is_compared_whole(seen: str, detail: str | None) -> None:
    """Case-sensitive, no part of it (RFC 7519 2)."""
    (failure,) = check(BASE, iss=seen)
    assert failure == Failure(Cause.WRONG_ISSUER, detail, {"expected": (ISSUER,), "seen": seen}, True)


@pytest.mark.parametrize(
    ("seen", "detail"),
    [
        (AUDIENCE + "/", "trailing_slash"),
        ([AUDIENCE.upper(), "b"], "case"),
        (["orders.example.com"], "scheme"),
        ([], None),
        ("", None),
        (["a", "b"], None),
    ],
)
def test_one_audience_must_be_equal(seen: str | list[str], detail: str | None) -> None:
    """RFC 7519 4.1.3."""
    (failure,) = check(BASE, aud=seen)
    listed = (seen,) if isinstance(seen, str) else tuple(seen)
    assert failure == Failure(Cause.WRONG_AUDIENCE, detail, {"expected": (AUDIENCE,), "seen": listed}, True)
    assert check(BASE, aud=["a", AUDIENCE]) == ()


def test_absent_claims_are_missing_each_once() -> None:
    """In the place of the check that needs them."""
    policy = JwtPolicy(
        issuers=(ISSUER,), audiences=(AUDIENCE,), required=("iss", "tenant", "exp", "tenant"), check_revoked=True
    )
    failures = check(policy, iss=..., aud=..., exp=..., jti=...)
    assert [failure.facts["claim"] for failure in failures] == ["iss", "aud", "tenant", "exp", "jti"]
    assert causes(JwtPolicy(required=("tenant",)), tenant=None) == ["missing_claim"]
    assert causes(JwtPolicy(required=("iss",)), iss=...) == ["missing_claim"]
    assert causes(JwtPolicy(check_replay=True), exp=..., jti=...) == ["missing_claim"] * 2


@pytest.mark.parametrize(
    ("claims", "missing"),
    [
        ({"scope": "orders:read orders:write"}, None),
        ({"scope": "orders:write  orders:read "}, None),
        ({"scope": ["orders:read", "orders:write"]}, None),
        ({"scope": ..., "scp": "orders:read orders:write"}, None),
        ({"scope": ..., "scp": ["orders:write", "orders:read", "x"]}, None),
        ({"scope": "orders:read", "scp": "orders:write"}, ("orders:write",)),
        ({"scope": "orders:read"}, ("orders:write",)),
        ({"scope": ["orders:read orders:write"]}, ("orders:read", "orders:write")),
        ({"scope": "orders:read\torders:write"}, ("orders:read", "orders:write")),
        ({"scope": "ORDERS:READ orders:write"}, ("orders:read",)),
        ({"scope": ...}, ("orders:read", "orders:write")),
        ({"scope": ..., "roles": ["orders:read", "orders:write"]}, ("orders:read", "orders:write")),
        ({"scope": {"orders:read": 1}}, ("orders:read", "orders:write")),
        ({"scope": ["orders:read", 1]}, ("orders:read", "orders:write")),
        ({"scope": None}, ("orders:read", "orders:write")),
    ],
)
def test_every_scope_must_be_granted(claims: dict[str, Any], missing: tuple[str, ...] | None) -> None:
    """RFC 8693 4.2, and `scp` as some providers write it."""
    failures = check(JwtPolicy(scope=("orders:read", "orders:write")), **claims)
    if missing is None:
        assert failures == ()
    else:
        (failure,) = failures
        assert (failure.cause, failure.detail, failure.facts["missing"]) == (Cause.INSUFFICIENT_SCOPE, "scope", missing)


def test_all_failures_come_in_the_fixed_order() -> None:
    """Issuer, audience, time, what is missing, scope."""
    policy = JwtPolicy(issuers=("i",), audiences=("a",), required=("tenant",), scope=("s",))
    assert causes(policy, NOW + 10_000, nbf=NOW + 20_000) == [
        "wrong_issuer", "wrong_audience", "expired", "not_yet_valid", "missing_claim", "insufficient_scope",
    ]  # fmt: skip


def test_facts_know_whether_the_signature_was_good() -> None:
    """Also those that were kept from another token."""
    policy = JwtPolicy(issuers=("i",), audiences=("a",), scope=("s",), required=("tenant",))
    run = claims_check(policy)
    for attested in (False, True, False):
        failures = run(CLAIMS, NOW + 10_000, attested)
        assert [failure.attested for failure in failures] == [attested] * 5


def test_what_is_kept_is_bounded_and_changes_nothing() -> None:
    """A thousand different names, then the first again."""
    run = claims_check(BASE)
    before = run({**CLAIMS, "iss": "https://evil.example/0"}, NOW, True)
    for index in range(1_000):
        run({**CLAIMS, "iss": f"https://evil.example/{index}", "aud": [str(index)] * 40}, NOW, True)
    assert run({**CLAIMS, "iss": "https://evil.example/0"}, NOW, True) == before


def test_long_names_are_clipped() -> None:
    """Facts are small: at most sixteen audiences, each of at most 256 characters."""
    issuer, audience = check(BASE, iss="i" * 9_000, aud=["a" * 9_000] * 40)
    assert len(str(issuer.facts["seen"])) == 256
    seen = audience.facts["seen"]
    assert isinstance(seen, tuple)
    assert [len(name) for name in seen] == [256] * 16


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.lists(
    st.text(max_size=3) | st.integers() | st.none(), max_size=3
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "x"]), VALUES),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_claims_raise(claims: dict[str, Any], attested: bool) -> None:
    """Whatever their types; every failure says the truth about the signature, and can be written as JSON."""
    policy = JwtPolicy(issuers=("i",), audiences=("a",), required=("x",), scope=("s",), max_age_s=60, leeway_s=5)
    for failure in claims_check(policy)(claims, NOW, attested):
        assert failure.attested is attested
        msgspec_json.encode(dict(failure.facts))
