"""Single keys: what is read from a JWK, PEM text or octets, and why the rest is rejected."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.certificate_factory import issue
from tests.verify.jose_tokens import SECRET, b64, number, signer

from authwhy.model.policy import KNOWN_ALGORITHMS
from authwhy.verify.key_material import (
    Material,
    Rejected,
    from_entry,
    from_native,
    from_pem_text,
    from_secret_octets,
    narrowed,
    read_document,
)

RSA, EC, OKP, OCT = (signer(alg).jwk for alg in ("RS256", "ES256", "EdDSA", "HS256"))


@pytest.mark.parametrize("alg", KNOWN_ALGORITHMS)
def test_the_jwk_of_every_algorithm_is_read(alg: str) -> None:
    """With the key id, and with the algorithm among those it fits."""
    found = from_entry(signer(alg).jwk)
    assert isinstance(found, Material)
    assert alg in found.algorithms
    assert found.kid == "k1"


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (None, "invalid_key"),
        ([], "invalid_key"),
        ({}, "missing_member"),
        ({"kty": 1}, "missing_member"),
        ({"kty": "PQC"}, "unknown_type"),
        ({**RSA, "kid": 1}, "invalid_key"),
        ({**RSA, "use": "enc"}, "not_for_signatures"),
        ({**RSA, "use": ["sig"]}, "not_for_signatures"),
        ({**RSA, "key_ops": ["encrypt"]}, "not_for_signatures"),
        ({**RSA, "key_ops": "verify"}, "not_for_signatures"),
        ({**RSA, "key_ops": ["sign"]}, "not_for_signatures"),
        ({**RSA, "alg": "ES256"}, "algorithm_mismatch"),
        ({**RSA, "alg": "none"}, "algorithm_mismatch"),
        ({**RSA, "alg": "RSA-OAEP"}, "algorithm_mismatch"),
        ({**RSA, "alg": 1}, "algorithm_mismatch"),
        ({"kty": "RSA", "e": "AQAB"}, "missing_member"),
        ({**RSA, "n": 5}, "missing_member"),
        ({**RSA, "n": str(RSA["n"]) + "="}, "encoding"),
        ({**RSA, "n": "\u00e9\ud800"}, "encoding"),
        ({**RSA, "n": ""}, "too_small"),
        ({**RSA, "n": number(2**1023 + 1)}, "too_small"),
        ({**RSA, "n": number(2**9000 + 1)}, "too_large"),
        ({**RSA, "n": "A" * 2_000_000}, "encoding"),
        ({**RSA, "e": number(2)}, "invalid_key"),
        ({**RSA, "e": number(0, 1)}, "invalid_key"),
        ({**RSA, "e": number(2**65 + 1)}, "invalid_key"),
        ({**EC, "crv": "P-224"}, "unknown_curve"),
        ({**EC, "crv": None}, "unknown_curve"),
        ({**EC, "crv": "P-384"}, "encoding"),
        ({**EC, "crv": "secp256k1"}, "invalid_key"),
        ({**EC, "y": EC["x"]}, "invalid_key"),
        ({**EC, "x": b64(bytes(32)), "y": b64(bytes(32))}, "invalid_key"),
        ({"kty": "EC", "crv": "P-256", "x": EC["x"]}, "missing_member"),
        ({**EC, "y": b64(bytes(31))}, "encoding"),
        ({**OKP, "crv": "X25519"}, "unknown_curve"),
        ({**OKP, "x": b64(bytes(31))}, "encoding"),
        ({"kty": "OKP", "crv": "Ed25519"}, "missing_member"),
        ({"kty": "oct"}, "missing_member"),
        ({"kty": "oct", "k": ""}, "empty_secret"),
        ({"kty": "oct", "k": "c2Vjc mV0"}, "encoding"),
        ({"kty": "oct", "k": b64(signer("RS256").pem)}, "public_key_as_secret"),
        ({**OCT, "alg": "RS256"}, "algorithm_mismatch"),
    ],
)
def test_a_bad_jwk_is_rejected_for_its_reason(entry: object, code: str) -> None:
    """RFC 7517 4, RFC 7518 6, RFC 8037 2."""
    found = from_entry(entry)
    assert isinstance(found, Rejected)
    assert found.code == code


def test_a_rejected_key_keeps_its_id_and_size() -> None:
    """So that the token that names it can be told why."""
    assert from_entry({**RSA, "n": number(2**1023 + 1)}) == Rejected("too_small", "k1", 1024)


def test_alg_binds_a_key_to_one_algorithm() -> None:
    """EdDSA and Ed25519 are two names of one operation (RFC 9864 2.2)."""
    bound = {name: from_entry({**key, "alg": name}) for key, name in ((RSA, "PS256"), (OKP, "EdDSA"), (OKP, "Ed25519"))}
    assert {name: found.algorithms for name, found in bound.items() if isinstance(found, Material)} == {
        "PS256": ("PS256",),
        "EdDSA": ("EdDSA", "Ed25519"),
        "Ed25519": ("EdDSA", "Ed25519"),
    }


def test_narrowing_keeps_what_fits() -> None:
    """Nothing left is a mismatch."""
    found = from_entry(OCT)
    assert isinstance(found, Material)
    assert narrowed(found, ("RS256", "HS512")).algorithms == ("HS512",)  # type: ignore[union-attr]
    assert narrowed(found, ("RS256",)) == Rejected("algorithm_mismatch", "k1")


def test_private_members_are_remarked_and_not_used() -> None:
    """A published private key is worth a remark; its public half still checks signatures."""
    found = from_entry({**EC, "d": b64(b"\1" * 32), "key_ops": ["sign"]})
    assert isinstance(found, Material)
    assert found.remarks == ("private_key",)
    assert isinstance(found.native, ec.EllipticCurvePublicKey)


def test_a_secret_shorter_than_any_digest_is_remarked() -> None:
    """RFC 7518 3.2; used all the same."""
    short, long = from_secret_octets(b"secret"), from_secret_octets(SECRET)
    assert isinstance(short, Material)
    assert isinstance(long, Material)
    assert (short.remarks, long.remarks) == (("short_secret",), ())
    assert (short.bits, short.algorithms) == (48, ("HS256", "HS384", "HS512"))


def test_no_repr_shows_a_secret() -> None:
    """Neither the octets nor their encoding."""
    found = from_secret_octets(SECRET)
    assert "invented" not in repr(found)


def test_pem_text_may_hold_several_keys() -> None:
    """Public keys and certificates, in order, with text between them."""
    certificate = issue("leaf")
    pem = certificate.certificate.public_bytes(Encoding.PEM)
    found = list(from_pem_text(b"# ours\n" + signer("RS256").pem + b"\r\nsubject=x\n" + pem + signer("EdDSA").pem))
    assert [one.kty for one in found if isinstance(one, Material)] == ["RSA", "EC", "OKP"]


def _private_pem(key: object, encrypted: bool = False) -> bytes:
    scheme = BestAvailableEncryption(b"x") if encrypted else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, scheme)  # type: ignore[attr-defined, no-any-return]


def _spki(key: object) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "not_readable"),
        ("no key at all", "not_readable"),
        (b"-----BEGIN PUBLIC KEY-----", "not_readable"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "invalid_key"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "invalid_key"),
        (b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----", "unknown_type"),
        (b"x" * 1_048_577, "too_large"),
        (_private_pem(ed25519.Ed25519PrivateKey.generate(), encrypted=True), "unknown_type"),
        (_spki(x25519.X25519PrivateKey.generate().public_key()), "unknown_type"),
        (_spki(ec.generate_private_key(ec.SECP224R1()).public_key()), "unknown_curve"),
        (_spki(rsa.generate_private_key(65_537, 1024).public_key()), "too_small"),
    ],
)
def test_pem_text_without_a_usable_key_says_why(text: bytes | str, code: str) -> None:
    """One answer at least."""
    found = list(from_pem_text(text))
    assert [one.code for one in found if isinstance(one, Rejected)] == [code]


def test_private_pem_is_remarked() -> None:
    """Its public half is used."""
    found = next(from_pem_text(_private_pem(signer("ES256").private)))
    assert isinstance(found, Material)
    assert found.remarks == ("private_key",)


def test_a_key_of_another_kind_is_rejected() -> None:
    """DSA and whatever comes next."""
    key = dsa.generate_private_key(2048).public_key()
    assert from_native(key) == Rejected("unknown_type")
    assert from_native(None) == Rejected("unknown_type")


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ({"keys": [RSA, EC]}, 2),
        ({"keys": []}, 0),
        (json.dumps({"keys": [RSA]}), 1),
        (json.dumps(RSA).encode(), 1),
        (EC, 1),
        ({"a": signer("RS256").pem.decode(), "b": signer("ES256").pem.decode()}, 2),
    ],
)
def test_documents_are_split_into_entries(document: dict[str, object] | str | bytes, count: int) -> None:
    """A set, one key, or key ids with PEM text."""
    entries = read_document(document)
    assert isinstance(entries, list)
    assert len(entries) == count


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", "not_readable"),
        ("<html>not found</html>", "not_readable"),
        ("[]", "not_readable"),
        ("{}", "not_readable"),
        ({"keys": None}, "not_readable"),
        ({"error": "not found"}, "not_readable"),
        ("[" * 100_000, "not_readable"),
        (b"\xff", "not_readable"),
        ("\ud800", "not_readable"),
        (" " * 1_048_577, "too_large"),
    ],
)
def test_a_document_that_is_no_key_set_says_so(document: dict[str, object] | str | bytes, code: str) -> None:
    """An error page instead of a key set is common."""
    assert read_document(document) == Rejected(code)  # type: ignore[arg-type]


@given(
    st.dictionaries(
        st.sampled_from(["kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "k", "d", "x5c"]),
        st.sampled_from(
            [*RSA.values(), *EC.values(), *OKP.values(), "sig", ["verify"], None, 1, [], {}, "", "\ud800", True]
        ),
    )
)
@settings(deadline=None)
def test_no_jwk_raises(members: dict[str, object]) -> None:
    """Whatever is in it."""
    assert isinstance(from_entry(members), Material | Rejected)


@given(st.binary(max_size=100))
@settings(deadline=None)
def test_no_pem_text_raises(noise: bytes) -> None:
    """Whatever is in it."""
    assert list(from_pem_text(b"-----BEGIN PUBLIC KEY-----\n" + noise + b"\n-----END PUBLIC KEY-----"))
    assert list(from_pem_text(noise))
