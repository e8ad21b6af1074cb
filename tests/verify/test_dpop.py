"""DPoP proofs as a whole: made by PyJWT and joserfc, refused for every cause, never accepted when changed."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk as jose_jwk
from joserfc import jws as jose_jws
from msgspec.structs import replace
from tests.verify.jose_tokens import NOW, b64, signer

from authwhy.causes import Kind, meta
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.model.policy import SAFE_ALGORITHMS
from authwhy.verify.dpop import DpopPolicy, DpopRequest, NonceAsk, confirmation, mtls_binding, verify
from authwhy.verify.dpop_key import thumbprint
from authwhy.verify.flow import Ask, SeenAsk, Unavailable, drive

ONE, OTHER = signer("ES256", None), signer("ES256", None, 1)
JKT = thumbprint(ONE.jwk)
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"  # RFC 9449 7.1
ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
CLAIMS = {"jti": "e1j3V_bKic8", "htm": "GET", "htu": "https://api.example.com/orders", "iat": NOW - 5, "ath": ATH}
REQUEST = DpopRequest("GET", "https://api.example.com/orders?page=2", TOKEN, JKT)
POLICY = DpopPolicy()
WITH_NONCE = DpopPolicy(require_nonce=True)


def proof(header: dict[str, object] | None = None, /, **claims: object) -> str:
    """A good proof with these changes; None leaves a member out."""
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": ONE.jwk, **(header or {})}
    body = {**CLAIMS, **claims}
    return ONE.raw(
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in body.items() if value is not None},
    )


def world(seen: object = False, fresh: object = True) -> Callable[[Ask], object]:
    return lambda ask: fresh if isinstance(ask, NonceAsk) else seen


def check(
    text: str | bytes, request: DpopRequest = REQUEST, policy: DpopPolicy = POLICY, now: int = NOW, **answers: object
) -> Outcome:
    return drive(verify(text, request, policy, now), world(**answers))


def causes(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Refused)
    return [cause.value for cause in outcome.causes]


@pytest.mark.parametrize("alg", SAFE_ALGORITHMS)
def test_proofs_of_two_libraries_are_accepted(alg: str) -> None:
    """Of every algorithm that they both know."""
    one = signer(alg, None)
    head: dict[str, Any] = {"typ": "dpop+jwt", "alg": alg, "jwk": one.jwk}
    request = replace(REQUEST, confirmation_jkt=thumbprint(one.jwk))
    made = []
    if alg in pyjwt.algorithms.get_default_algorithms():
        made.append(pyjwt.encode(CLAIMS, one.private, alg, head))
    key: Any = {"EC": jose_jwk.ECKey, "RSA": jose_jwk.RSAKey, "OKP": jose_jwk.OKPKey}[str(one.jwk["kty"])]
    registry = jose_jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    payload = pyjwt.utils.base64url_decode(proof().split(".")[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc calls the name EdDSA deprecated (RFC 9864)
        made.append(jose_jws.serialize_compact(head, payload, key.import_key(one.private), registry=registry))
    for text in made:
        expected = {"jkt": thumbprint(one.jwk), **{name: CLAIMS[name] for name in ("jti", "htm", "htu", "iat")}}
        assert check(text, request) == Accepted(expected, {"alg": alg})
        assert check(text.encode(), request) == Accepted(expected, {"alg": alg})


def test_at_a_token_endpoint() -> None:
    """No access token yet: no ath; a refresh token's key is compared where one is given."""
    request = DpopRequest("GET", "https://api.example.com/orders")
    assert isinstance(check(proof(ath=None), request), Accepted)
    assert isinstance(check(proof(ath=None), replace(request, confirmation_jkt=JKT)), Accepted)
    assert causes(check(proof(ath=None), replace(request, confirmation_jkt="other"))) == ["wrong_binding"]


ONE_CAUSE: list[tuple[str, DpopRequest, list[str]]] = [
    (proof({"typ": "JWT"}), REQUEST, ["wrong_token_type"]),
    (proof({"typ": None}), REQUEST, ["wrong_token_type"]),
    (proof({"alg": "HS256"}), REQUEST, ["unsupported_algorithm"]),
    (proof({"jwk": None}), REQUEST, ["malformed"]),
    (proof({"jwk": {**ONE.jwk, "d": "AAAA"}}), REQUEST, ["malformed"]),
    (proof({"jwk": OTHER.jwk}), REQUEST, ["bad_signature", "wrong_binding"]),
    (proof(), replace(REQUEST, confirmation_jkt=thumbprint(OTHER.jwk)), ["wrong_binding"]),
    (proof(), replace(REQUEST, confirmation_jkt=None), ["missing_claim"]),
    (proof(), replace(REQUEST, access_token="other"), ["wrong_binding"]),
    (proof(), replace(REQUEST, method="POST"), ["wrong_binding"]),
    (proof(htm="get"), REQUEST, ["wrong_binding"]),
    (proof(), replace(REQUEST, url="https://api.example.com/other"), ["wrong_audience"]),
    (proof(iat=NOW - 70), REQUEST, ["expired"]),
    (proof(iat=NOW + 11), REQUEST, ["not_yet_valid"]),
    (proof(exp=NOW - 10), REQUEST, ["expired"]),
    (proof(jti=None), REQUEST, ["missing_claim"]),
    (proof(htm=None, htu=None, iat=None, ath=None), REQUEST, ["missing_claim"] * 4),
    (proof(jti=1), REQUEST, ["malformed"]),
    (proof(htu=["x"]), REQUEST, ["malformed"]),
    (proof(nonce=1), REQUEST, ["malformed"]),
    (proof(iat="now", htm="PUT"), REQUEST, ["malformed"]),
    (proof(htm="POST", htu="https://b.example", iat=NOW - 99), REQUEST, ["wrong_binding", "wrong_audience", "expired"]),
    (proof()[:-20], REQUEST, ["malformed"]),
    ("", REQUEST, ["malformed"]),
    ("x" * 8_193, REQUEST, ["malformed"]),
    (ONE.raw({"typ": "dpop+jwt", "alg": "ES256", "jwk": ONE.jwk}, b"[]"), REQUEST, ["malformed"]),
    (proof()[:-2] + "\u20ac", REQUEST, ["malformed"]),
]


@pytest.mark.parametrize(("text", "request_", "expected"), ONE_CAUSE)
def test_causes(text: str, request_: DpopRequest, expected: list[str]) -> None:
    """Every failing check, in the fixed order, and no question to the world."""
    outcome = drive(verify(text, request_, POLICY, NOW), lambda ask: pytest.fail(repr(ask)))
    assert causes(outcome) == expected


def test_facts_say_what_was_bound_and_hold_no_token() -> None:
    """Which claim, and both values where they are public."""
    outcome = check(proof(), replace(REQUEST, method="PUT", access_token="secret-token", confirmation_jkt="x"))
    assert isinstance(outcome, Refused)
    assert [failure.facts for failure in outcome.failures] == [
        {"claim": "jkt", "expected": "x", "seen": JKT},
        {"claim": "ath"},
        {"claim": "htm", "expected": "PUT", "seen": "GET"},
    ]
    assert "secret-token" not in repr(outcome) + repr(replace(REQUEST, access_token="secret-token"))


ANSWERS: list[tuple[DpopPolicy, str, dict[str, object], list[str]]] = [
    (POLICY, proof(), {"seen": True}, ["replayed"]),
    (POLICY, proof(), {"seen": Unavailable()}, ["provider_unreachable"]),
    (POLICY, proof(), {"seen": None}, ["misconfigured"]),
    (WITH_NONCE, proof(), {}, ["stale_nonce"]),
    (WITH_NONCE, proof(htm="PUT"), {}, ["wrong_binding", "stale_nonce"]),
    (WITH_NONCE, proof(nonce="n1"), {"fresh": False}, ["stale_nonce"]),
    (WITH_NONCE, proof(nonce="n1"), {"fresh": Unavailable()}, ["provider_unreachable"]),
    (WITH_NONCE, proof(nonce="n1"), {"fresh": None}, ["misconfigured"]),
    (WITH_NONCE, proof(nonce="n1"), {"seen": True}, ["replayed"]),
]


@pytest.mark.parametrize(("policy", "text", "answers", "expected"), ANSWERS)
def test_answers_of_the_world(policy: DpopPolicy, text: str, answers: dict[str, Any], expected: list[str]) -> None:
    """A stale nonce is its own cause: the caller tries again with the new one (RFC 9449 9)."""
    assert causes(check(text, policy=policy, **answers)) == expected


def test_what_is_asked() -> None:
    """The nonce first; then the jti as a digest, under the key that signed, until no proof that old is accepted."""
    asked: list[Ask] = []

    def answer(ask: Ask) -> bool:
        asked.append(ask)
        return isinstance(ask, NonceAsk)

    assert isinstance(drive(verify(proof(nonce="n1"), REQUEST, WITH_NONCE, NOW), answer), Accepted)
    digest = b64(hashlib.sha256(b"e1j3V_bKic8").digest())
    assert asked == [NonceAsk("n1"), SeenAsk(f"dpop:{JKT}", digest, NOW - 5 + 70)]


@pytest.mark.parametrize(
    "demands",
    [
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": "ES256"},
        {"max_age_s": 0},
        {"leeway_s": -1},
    ],
)
def test_policy_that_cannot_work(demands: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"asymmetric|must"):
        DpopPolicy(**demands)


CERTIFICATE = b"the DER of a certificate"
X5T = b64(hashlib.sha256(CERTIFICATE).digest())
BINDINGS: list[tuple[dict[str, object], bytes | None, str | None]] = [
    ({}, None, None),
    ({"cnf": {"jkt": "x"}}, None, None),
    ({"cnf": {"x5t#S256": X5T}}, CERTIFICATE, None),
    ({"cnf": {"x5t#S256": X5T}}, b"another", "wrong_binding"),
    ({"cnf": {"x5t#S256": X5T}}, None, "wrong_binding"),
    ({"cnf": {"x5t#S256": ""}}, None, "wrong_binding"),
    ({"cnf": {"x5t#S256": 1}}, CERTIFICATE, "malformed"),
    ({"cnf": "text"}, CERTIFICATE, "malformed"),
]


@pytest.mark.parametrize(("claims", "certificate", "cause"), BINDINGS)
def test_binding_to_a_certificate(claims: dict[str, object], certificate: bytes | None, cause: str | None) -> None:
    """RFC 8705 3: a bound token is good over its own certificate only; a broken binding binds to nothing."""
    found = mtls_binding(claims, certificate)
    assert (found.cause.value if found else None) == cause


def test_confirmation() -> None:
    """What DpopRequest wants to know of an access token."""
    assert confirmation({"cnf": {"jkt": JKT}}, "jkt") == JKT
    assert confirmation({"cnf": {}}, "jkt") is confirmation({}, "jkt") is None
    assert isinstance(confirmation({"cnf": []}, "jkt"), Failure)


GOOD = proof()


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=255))
def test_any_changed_character_is_refused(at: int, character: str) -> None:
    """And nothing that a caller sends is called an error of ours."""
    changed = GOOD[:at] + character + GOOD[at + 1 :]
    outcome = check(changed)
    assert isinstance(outcome, Accepted) == (changed == GOOD)
    if isinstance(outcome, Refused):
        assert all(meta(cause).kind is not Kind.ERROR for cause in outcome.causes)


@given(
    st.dictionaries(st.sampled_from([*CLAIMS, "nonce", "exp"]), st.none() | st.booleans() | st.floats() | st.text()),
    st.text(),
)
def test_never_raises(claims: dict[str, object], url: str) -> None:
    """For any claims under a good signature, any text, any address."""
    try:
        text = proof(**claims)
    except ValueError:  # what the maker cannot write as UTF-8
        text = url
    for sent in (text, url):
        outcome = check(sent, replace(REQUEST, url=url), WITH_NONCE)
        assert isinstance(outcome, Refused)
        assert all(meta(cause).kind is not Kind.ERROR for cause in outcome.causes)
