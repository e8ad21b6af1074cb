"""What a client checks of an ID token beyond its signature: whose login, for whom, which access token, how strong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.jose_tokens import b64

from authwhy.causes import Kind, meta
from authwhy.model.outcome import Failure
from authwhy.verify.id_token import half_hashes, id_token_failures
from authwhy.verify.login_state import LoginState
from authwhy.verify.oauth_login import OauthLoginPolicy

NOW = 1_767_625_200
ISSUER = "https://id.example.com"
POLICY = OauthLoginPolicy(ISSUER, "orders", "https://orders.example.com/callback", f"{ISSUER}/authorize", "idp")
STATE = LoginState("s" * 22, "n" * 22, "v" * 43, NOW - 60, "/", "idp")
STRICT = replace(STATE, max_age_s=300, acr_values=("mfa", "hwk"))
TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
CLAIMS: dict[str, object] = {
    "iss": ISSUER, "sub": "alice", "aud": "orders", "exp": NOW + 300, "iat": NOW, "nonce": STATE.nonce,
    "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "auth_time": NOW - 60, "acr": "mfa",
}  # fmt: skip


def check(claims: Mapping[str, object], state: LoginState = STATE, alg: str = "RS256") -> tuple[Failure, ...]:
    return id_token_failures(claims, alg, TOKEN, state, POLICY, NOW)


def test_accepted() -> None:
    """The access token and at_hash are those of OpenID Core A.3; at_hash and azp are optional with a code."""
    assert check(CLAIMS) == check(CLAIMS, STRICT) == check({**CLAIMS, "azp": "orders", "aud": ["orders"]}) == ()
    assert check({"aud": "orders", "nonce": STATE.nonce}) == ()


@pytest.mark.parametrize(
    ("alg", "digest"),
    [
        ("RS256", hashlib.sha256), ("PS384", hashlib.sha384), ("ES512", hashlib.sha512), ("ES256K", hashlib.sha256),
        ("HS256", hashlib.sha256), ("Ed25519", hashlib.sha512), ("EdDSA", hashlib.sha512),
    ],
)  # fmt: skip
def test_half_hashes(alg: str, digest: type[object]) -> None:
    """The left half of the hash of the algorithm (Core 3.1.3.6)."""
    whole = digest(TOKEN.encode()).digest()  # type: ignore[call-arg, attr-defined]
    assert half_hashes(TOKEN, alg)[0].decode() == b64(whole[: len(whole) // 2])


def test_half_hashes_of_ed448() -> None:
    """114 octets of SHAKE256, where the name EdDSA leaves the curve open."""
    assert half_hashes(TOKEN, "Ed448") == half_hashes(TOKEN, "EdDSA")[1:]
    assert half_hashes(TOKEN, "none") == []


FAILING: list[tuple[dict[str, object], LoginState, list[str]]] = [
    ({"nonce": None}, STATE, ["malformed"]),
    ({"nonce": "x"}, STATE, ["state_mismatch"]),
    ({"nonce": "\u20ac"}, STATE, ["state_mismatch"]),
    ({"at_hash": "x"}, STATE, ["wrong_binding"]),
    ({"azp": "billing"}, STATE, ["wrong_client"]),
    ({"aud": ["orders", "billing"]}, STATE, ["wrong_audience"]),
    ({"aud": []}, STATE, ["wrong_audience"]),
    ({"auth_time": NOW - 361}, STRICT, ["stronger_authentication_required"]),
    ({"auth_time": "now"}, STRICT, ["malformed"]),
    ({"auth_time": True}, STATE, ["malformed"]),
    ({"acr": "pwd"}, STRICT, ["stronger_authentication_required"]),
    ({"acr": 1}, STATE, ["malformed"]),
    (
        {"at_hash": "x", "nonce": "x", "aud": "b", "azp": "b", "auth_time": 0, "acr": ""},
        STRICT,
        [
            "wrong_binding",
            "state_mismatch",
            "wrong_audience",
            "wrong_client",
            *["stronger_authentication_required"] * 2,
        ],
    ),
]


@pytest.mark.parametrize(("changes", "state", "expected"), FAILING)
def test_failures(changes: dict[str, object], state: LoginState, expected: list[str]) -> None:
    """Every failing check, in the fixed order, all read from a signed token."""
    found = check({**CLAIMS, **changes}, state)
    assert [each.cause.value for each in found] == expected
    assert all(each.attested for each in found)


def test_missing() -> None:
    """What was asked for has to come back."""
    found = check({"aud": "orders"}, STRICT)
    assert [(each.cause.value, each.facts.get("claim")) for each in found] == [
        ("missing_claim", "nonce"),
        ("missing_claim", "auth_time"),
        ("stronger_authentication_required", "acr"),
    ]


def test_other_trusted_audiences() -> None:
    """Core 3.1.3.7 step 3; and an algorithm without a hash binds nothing."""
    policy = replace(POLICY, trusted_audiences=("billing",))
    claims = {**CLAIMS, "aud": ["billing", "orders"]}
    assert id_token_failures(claims, "RS256", None, STATE, policy, NOW) == ()
    assert [each.cause.value for each in check(CLAIMS, alg="none")] == ["wrong_binding"]


NAMES = st.sampled_from(["nonce", "azp", "at_hash", "acr", "auth_time", "aud", "amr"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.dictionaries(NAMES, VALUES | st.lists(VALUES)), st.text(max_size=8))
def test_never_raises(claims: dict[str, object], alg: str) -> None:
    """Claims of any kind, never as an error of ours."""
    for failure in check(claims, STRICT, alg):
        assert meta(failure.cause).kind is not Kind.ERROR
