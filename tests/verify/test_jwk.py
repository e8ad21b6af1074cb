"""Key sets: selection by key id, bad keys left out and reported, bounds."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.verify.certificate_factory import issue
from tests.verify.jose_tokens import SECRET, number, signer

from authwhy.verify.jwk import MAX_KEYS, NO_KEYS, KeyProblem, KeySet

RSA, EC, OCT = (signer(alg).jwk for alg in ("RS256", "ES256", "HS256"))


def test_keys_are_selected_by_id() -> None:
    """Several keys may share an id (RFC 7517 4.5)."""
    keys = KeySet.from_jwks({"keys": [{**RSA, "kid": "a"}, {**EC, "kid": "a"}, {**EC, "kid": "b"}]})
    assert [key.kty for key in keys.select("a")] == ["RSA", "EC"]
    assert [key.kty for key in keys.select("b")] == ["EC"]
    assert keys.select("c") == ()
    assert len(keys.select(None)) == 3


def test_a_key_without_id_may_be_meant_by_any_id_that_is_unknown() -> None:
    """The commonest set-up: one PEM text, and tokens that name a key."""
    pem = KeySet.from_pem(signer("RS256").pem)
    assert pem.select("whatever") == pem.keys
    mixed = KeySet.join(pem, KeySet.from_jwks(EC))
    assert [key.kty for key in mixed.select("k1")] == ["EC"]
    assert [key.kty for key in mixed.select("k2")] == ["RSA"]


def test_bad_keys_are_left_out_and_reported() -> None:
    """They do not break the good ones."""
    weak = {**RSA, "n": number(2**1023 + 1), "kid": "old"}
    keys = KeySet.from_jwks(
        {"keys": [weak, RSA, "nonsense", {**EC, "use": "enc", "kid": "e"}, {**OCT, "k": "c2hvcnQ"}]}
    )
    assert [key.kty for key in keys.keys] == ["RSA", "oct"]
    assert keys.problems == (
        KeyProblem(0, "too_small", "old", bits=1024),
        KeyProblem(2, "not_readable"),
        KeyProblem(3, "not_for_signatures", "e"),
        KeyProblem(4, "short_secret", "k1", used=True),
    )
    assert keys.problem("old") == keys.problems[0]
    assert keys.problem(None) == keys.problems[0]
    assert keys.problem("k1") is None
    assert keys.problem("unheard of") is None


@pytest.mark.parametrize("document", [{"keys": []}, {"keys": ()}])
def test_a_set_without_keys_says_so(document: dict[str, object]) -> None:
    """An empty set is a problem of the provider."""
    assert KeySet.from_jwks(document).problems == (KeyProblem(0, "no_keys"),)


def test_what_is_no_set_says_so() -> None:
    """An error page, for example."""
    assert KeySet.from_jwks("<html>").problems == (KeyProblem(0, "not_readable"),)
    assert KeySet.from_pem("").problems == (KeyProblem(0, "not_readable"),)
    assert KeySet.from_secret(b"").problems == (KeyProblem(0, "empty_secret"),)
    assert NO_KEYS.problems == ()


def test_a_set_is_bounded() -> None:
    """A provider that answers a million keys costs no more than one with 256."""
    keys = KeySet.from_jwks({"keys": [{**EC, "kid": f"k{index}"} for index in range(MAX_KEYS + 50)]})
    assert len(keys.keys) == MAX_KEYS
    assert keys.problems == (KeyProblem(MAX_KEYS, "too_many", f"k{MAX_KEYS}"),)
    assert len(KeySet.join(keys, keys).keys) == MAX_KEYS


def test_key_ids_with_pem_text_are_a_set() -> None:
    """The form of Google's certificate addresses."""
    keys = KeySet.from_jwks(
        {"a": signer("RS256").pem.decode(), "b": issue("leaf").certificate.public_bytes(Encoding.PEM).decode()}
    )
    assert {key.kid: key.kty for key in keys.keys} == {"a": "RSA", "b": "EC"}


def test_pem_and_secret_take_an_id_and_a_list_of_algorithms() -> None:
    """So that configuration binds a key as a JWK would."""
    key = KeySet.from_pem(signer("RS256").pem, "k7", ["PS256"]).keys[0]
    assert (key.kid, key.algorithms) == ("k7", ("PS256",))
    assert KeySet.from_secret("text", "k8", ["HS512"]).keys[0].algorithms == ("HS512",)
    assert KeySet.from_secret(SECRET, algorithms=["RS256"]).problems == (KeyProblem(0, "algorithm_mismatch"),)


@pytest.mark.parametrize("secret", [signer("RS256").pem, signer("RS256").pem.decode().strip()])
def test_a_public_key_is_no_secret(secret: str | bytes) -> None:
    """Left out, and said why."""
    assert KeySet.from_secret(secret).problems == (KeyProblem(0, "public_key_as_secret"),)
    assert KeySet.from_secret(secret).keys == ()


def test_a_key_checks_only_its_own_algorithms() -> None:
    """No other name reaches a signature routine."""
    key = KeySet.from_jwks(RSA).keys[0]
    assert key.signature_check("RS256") is key.signature_check("RS256")
    for name in ("HS256", "ES256", "none", ""):
        with pytest.raises(KeyError):
            key.signature_check(name)


def test_no_repr_shows_a_secret() -> None:
    """Keys end up in tracebacks."""
    keys = KeySet.from_secret(SECRET, "k1")
    assert "invented" not in repr(keys)
    assert "invented" not in repr(keys.keys[0])
    assert "k1" in repr(keys)


def test_a_set_is_immutable() -> None:
    """A verifier keeps what it prepared with it."""
    keys = KeySet.from_jwks(RSA)
    with pytest.raises(AttributeError):
        keys.keys = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        keys.keys[0].kid = "x"  # type: ignore[misc]
