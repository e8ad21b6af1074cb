"""Keys in the input."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from authwhy.evidence.keys import normalised
from authwhy.evidence.read import read

RSA = rsa.generate_private_key(65_537, 2_048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
PEM, NONE = serialization.Encoding.PEM, serialization.NoEncryption()
JWK = {"kty": "EC", "crv": "P-256", "kid": "k1", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}  # fmt: skip


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """The public key as PEM."""
    return key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """The private key as PKCS #8."""
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, NONE).decode()


@pytest.mark.parametrize(
    "text", [json.dumps(JWK), json.dumps({"keys": [JWK]}), "see " + json.dumps({"a": [{"jwk": JWK}]})]
)
def test_jwks(text: str) -> None:
    """One key, a set, or deep inside; the private member is a placeholder, the public ones can be read."""
    evidence = read(text)
    (found,) = evidence.key_sets
    (key,) = found.keys
    assert "jwks" in evidence.kinds
    assert {name: value for name, value in key.items() if name != "d"} == {
        name: value for name, value in JWK.items() if name != "d"
    }
    assert evidence.vault.reveal(str(key["d"])) == JWK["d"] != key["d"]


@pytest.mark.parametrize(("key", "kty"), [(RSA, "RSA"), (EC, "EC"), (ED, "OKP")])
def test_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, kty: str) -> None:
    """A private key gives its public part, the same as the public key does."""
    (from_public,) = read(public(key)).key_sets
    (from_private,) = read("key:\n" + private(key)).key_sets
    assert from_public.keys == from_private.keys
    assert from_public.keys[0]["kty"] == kty
    assert "d" not in from_private.keys[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: json.dumps({"private_key": pem}),
        lambda pem: pem.replace("\n", " "),
        lambda pem: "  " + pem.replace("\n", "\n  "),
    ],
)
def test_reformatted_pem(change: object) -> None:
    """In JSON, in one line, indented: the key is found, nothing of it can be read."""
    assert callable(change)
    pem = private(EC)
    evidence = read(change(pem))
    assert len(evidence.key_sets) == 1
    assert pem.split("\n")[1][:24] not in repr(evidence)


def test_openssh_private_key() -> None:
    """The format of ssh-keygen."""
    pem = ED.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, NONE).decode()
    assert read(pem).key_sets[0].keys[0]["kty"] == "OKP"


def test_encrypted_and_damaged_keys_are_noted() -> None:
    """What can not be loaded says why."""
    pem = EC.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")).decode()
    assert "pass phrase" in read(pem).notes[0]
    assert "cannot be loaded" in read("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").notes[0]


def test_line_breaks_are_put_right() -> None:
    """RFC 7468: lines of 64."""
    pem = public(RSA)
    assert normalised(pem.replace("\n", "\\n"), "PUBLIC KEY").decode().strip() == pem.strip()
