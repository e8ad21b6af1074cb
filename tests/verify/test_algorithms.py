"""Each algorithm works with its own kind of key only, and its check never raises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.jose_tokens import Signer, signer

from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS
from authwhy.verify.algorithms import ALGORITHMS, NativeKey, fitting, signature_check, signature_size
from authwhy.verify.segments import encode

SIGNED = b"header.claims"


def native(one: Signer) -> NativeKey:
    """What the check takes."""
    return one.private if isinstance(one.private, bytes) else one.public


def test_policy_and_algorithms_name_the_same_set() -> None:
    """A policy can be written for every algorithm, and for nothing else; `none` is no algorithm."""
    assert set(KNOWN_ALGORITHMS) == set(ALGORITHMS)
    assert not {name for name in ALGORITHMS if name.lower() == "none"}
    assert not {name for name in SAFE_ALGORITHMS if name.startswith("HS")}


@pytest.mark.parametrize("alg", KNOWN_ALGORITHMS)
def test_a_good_signature_holds_and_has_the_expected_size(alg: str) -> None:
    """And is bound to the text."""
    one = signer(alg)
    raw = one.sign(SIGNED)
    check = signature_check(ALGORITHMS[alg], native(one))
    assert signature_size(ALGORITHMS[alg], native(one)) == len(raw)
    assert check(SIGNED, encode(raw))
    assert not check(SIGNED + b"x", encode(raw))


@pytest.mark.parametrize("alg", KNOWN_ALGORITHMS)
@given(signature=st.binary(max_size=140))
@settings(max_examples=20, deadline=None)
def test_a_check_never_raises_and_never_accepts_noise(alg: str, signature: bytes) -> None:
    """Neither raw octets nor their text."""
    check = signature_check(ALGORITHMS[alg], native(signer(alg)))
    assert not check(SIGNED, signature)
    assert not check(SIGNED, encode(signature))


@pytest.mark.parametrize("alg", KNOWN_ALGORITHMS)
def test_a_key_of_another_kind_is_a_type_error(alg: str) -> None:
    """The caller asked `fitting` before."""
    for other in ("HS256", "RS256", "ES256", "EdDSA"):
        if other[:2] != alg[:2] and other[0] + alg[0] not in ("RP", "PR") and alg not in fitting_names(other):
            with pytest.raises(TypeError):
                signature_check(ALGORITHMS[alg], native(signer(other)))


def fitting_names(alg: str) -> tuple[str, ...]:
    """The algorithms that the key of this one fits."""
    crv = {"ES256": "P-256", "EdDSA": "Ed25519"}.get(alg)
    return fitting(ALGORITHMS[alg].kty, crv)


def test_fitting_binds_curves() -> None:
    """A curve goes with its own algorithm."""
    assert fitting("EC", "P-256") == ("ES256",)
    assert fitting("EC", "P-521") == ("ES512",)
    assert fitting("EC", "secp256k1") == ("ES256K",)
    assert fitting("EC", None) == ()
    assert fitting("OKP", "Ed25519") == ("EdDSA", "Ed25519")
    assert fitting("OKP", "Ed448") == ("EdDSA", "Ed448")
    assert fitting("OKP", "X25519") == ()
    assert fitting("oct", None) == ("HS256", "HS384", "HS512")
    assert fitting("RSA", None) == ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
    assert fitting("", None) == ()
