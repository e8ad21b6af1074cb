"""The algorithms of RFC 9421: a key goes with its own, and nothing else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tests.verify.hmac_request.rfc9421_vectors import public_key

from authwhy.verify.hmac_request.http_algorithms import ALGORITHMS, dummy, holds, names_for
from authwhy.verify.hmac_request.interface import SigningSecret


def test_a_key_decides_its_algorithm() -> None:
    """A secret never checks a public-key signature; RSA has two paddings unless it is bound to one."""
    assert names_for(SigningSecret("k", b"secret")) == ("hmac-sha256",)
    assert names_for(SigningSecret("k", public_key("test-key-ed25519"))) == ("ed25519",)
    assert names_for(SigningSecret("k", public_key("test-key-ecc-p256"))) == ("ecdsa-p256-sha256",)
    modulus = public_key("test-key-rsa-pss")
    assert names_for(SigningSecret("k", modulus)) == ("rsa-pss-sha512", "rsa-v1_5-sha256")
    assert names_for(SigningSecret("k", modulus, algorithm="rsa-pss-sha512")) == ("rsa-pss-sha512",)
    assert names_for(SigningSecret("k", b"secret", algorithm="ed25519")) == ()


def test_keys_that_are_not_taken() -> None:
    """Too short, or of a curve that has no name here."""
    weak = rsa.RSAPublicNumbers(65_537, 2**1023 + 1).public_key()
    assert names_for(SigningSecret("k", weak)) == ()
    assert names_for(SigningSecret("k", ec.derive_private_key(2, ec.SECP521R1()).public_key())) == ()


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("signature", [b"", b"x", b"\x00" * 64, b"\xff" * 256, b"\x00" * 96])
def test_nothing_is_a_signature_of_nobody(name: str, signature: bytes) -> None:
    """The dummy of each algorithm is a key of it, and refuses without raising."""
    secret = dummy(name)
    assert name in names_for(secret)
    assert not holds(name, secret, b"base", signature)
