"""A public key in any text form is recognised, and a real secret is not mistaken for one."""

from __future__ import annotations

import base64
import json
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.verify.certificate_factory import issue
from tests.verify.jose_tokens import Signer, signer

from authwhy.verify.public_text import holds_public_key

SIGNERS = [signer(alg) for alg in ("RS256", "ES256", "ES384", "ES512", "EdDSA", "Ed448")]


def forms(one: Signer) -> dict[str, bytes]:
    """Every way a public key is commonly written."""
    der = one.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = {
        "PEM": one.pem,
        "PEM, no final newline": one.pem.rstrip(),
        "PEM, CRLF": one.pem.replace(b"\n", b"\r\n"),
        "PEM, blanks around": b"\n  " + one.pem + b"\n\n",
        "PEM, escaped line ends": one.pem.replace(b"\n", b"\\n"),
        "PEM body": b"".join(one.pem.splitlines()[1:-1]),
        "PEM body in lines": b"\n".join(one.pem.splitlines()[1:-1]),
        "PEM in base64": base64.b64encode(one.pem),
        "DER": der,
        "DER in base64url": base64.urlsafe_b64encode(der).rstrip(b"="),
        "DER in hex": der.hex().encode(),
        "JWK": json.dumps(one.jwk).encode(),
        "JWK in base64": base64.b64encode(json.dumps(one.jwk).encode()),
        "JWK Set": json.dumps({"keys": [one.jwk]}, indent=1).encode() + b"\n",
    }
    if isinstance(one.public, rsa.RSAPublicKey):
        found["PKCS #1"] = one.public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        found["PKCS #1 DER"] = one.public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(one.public, ec.EllipticCurvePublicKey):
        found["point"] = one.public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if one.alg != "Ed448":
        found["SSH"] = one.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        found["SSH with comment"] = found["SSH"] + b" alice@example.com\n"
    return found


CASES = [(f"{one.alg} {form}", octets) for one in SIGNERS for form, octets in forms(one).items()]


@pytest.mark.parametrize(("name", "octets"), CASES, ids=[name for name, _ in CASES])
def test_every_form_is_recognised(name: str, octets: bytes) -> None:
    """None of them can become an HMAC secret."""
    assert holds_public_key(octets), name


def test_certificates_are_recognised() -> None:
    """A certificate carries a public key."""
    der = issue("leaf").der
    assert holds_public_key(der)
    assert holds_public_key(base64.b64encode(der))


@given(st.binary(max_size=140))
@settings(deadline=None)
def test_random_octets_are_a_secret(octets: bytes) -> None:
    """Nothing raises, and nothing random is taken for a key."""
    assume(b"-----BEGIN " not in octets)
    assert not holds_public_key(octets)


@pytest.mark.parametrize(
    "secret",
    [
        b"correct horse battery staple",
        b"0" * 64,
        b"0" * 33,
        b"{not json",
        b"ssh-password-of-alice",
        b'{"kty":"oct","k":"c2VjcmV0"}',
        b"04" * 32,
        b"\x04" * 65,
        b"0\x82\x01\x22" + b"\0" * 290,
        b"x" * 100_000,
        base64.b64encode(secrets.token_bytes(300)),
        b"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
        b"",
    ],
)
def test_real_secrets_are_left_alone(secret: bytes) -> None:
    """Also odd ones."""
    assert not holds_public_key(secret)
