"""Checks on single certificates."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.verify.certificate_factory import DAY, NOW, Issued, issue, key_usage, rsa_key, with_signature_algorithm

from authwhy.causes import Cause
from authwhy.model.policy import ClientCertPolicy
from authwhy.verify import certificate_checks as checks

ROOT = issue("root", ca=True)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def read(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize(
    ("leaf", "detail", "algorithm"),
    [
        (issue("a", ROOT), None, ""),
        (issue("a", ROOT, key=rsa_key(2048)), None, ""),
        (issue("a", ROOT, key=ED25519), None, ""),
        (issue("a", ROOT, key=rsa_key(1024)), "too_old", "rsa"),
        (issue("a", ROOT, key=ec.generate_private_key(ec.SECP224R1())), "too_old", "secp224r1"),
        (issue("a", ROOT, key=ec.generate_private_key(ec.SECP256K1())), "verifier_mismatch", "secp256k1"),
    ],
)
def test_leaf_key(leaf: Issued, detail: str | None, algorithm: str) -> None:
    """Short and odd keys are refused; an Edwards key is fine for a client."""
    failures = checks.algorithm_failures((leaf.certificate, ROOT.certificate), anchored=True)
    assert [(each.cause, each.detail, each.facts["seen"]) for each in failures] == (
        [(Cause.UNSUPPORTED_ALGORITHM, detail, algorithm)] if detail else []
    )


@pytest.mark.parametrize(("octet", "name"), [(4, "md5"), (5, "sha1")])
def test_broken_hashes(octet: int, name: str) -> None:
    """MD5 and SHA-1 signatures are too old, except on the anchor, whose own signature nobody checks."""
    old = read(with_signature_algorithm(issue("a", key=rsa_key(2048)).der, octet))
    failure = checks.algorithm_failures((old,), anchored=False)[0]
    assert (failure.detail, failure.facts) == ("too_old", {"certificate": "leaf", "seen": name})
    leaf = issue("b", ROOT).certificate
    assert checks.algorithm_failures((leaf, old), anchored=True) == ()
    assert checks.algorithm_failures((leaf, old), anchored=False)[0].facts["certificate"] == "issuer"


def test_edwards_issuer_is_named() -> None:
    """Path validation takes no Edwards key for an issuer; the cause says so instead of "untrusted"."""
    issuer = issue("root", ca=True, key=rsa_key(2048))
    edwards = x509.CertificateBuilder(
        subject_name=issuer.certificate.subject,
        issuer_name=issuer.certificate.subject,
        public_key=ED25519.public_key(),
        serial_number=5,
        not_valid_before=issuer.certificate.not_valid_before_utc,
        not_valid_after=issuer.certificate.not_valid_after_utc,
    ).sign(ED25519, None)
    failures = checks.algorithm_failures((edwards, edwards), anchored=False)
    assert [(each.detail, each.facts["seen"]) for each in failures] == [
        ("verifier_mismatch", "eddsa"),
        ("verifier_mismatch", "other_key"),
    ]


CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


@pytest.mark.parametrize(
    ("extensions", "problems"),
    [
        ([], []),
        ([(CLIENT, False), (key_usage(sign=True), True)], []),
        ([(ANY, False)], []),
        ([(SERVER, False)], ["extended_key_usage"]),
        ([(key_usage(encipher=True), True)], ["key_usage"]),
        ([(key_usage(encipher=True), True), (SERVER, False)], ["key_usage", "extended_key_usage"]),
    ],
)
def test_usage(extensions: list[tuple[x509.ExtensionType, bool]], problems: list[str]) -> None:
    """Where usages are listed, the client's must be among them."""
    failures = checks.usage_failures(issue("a", ROOT, extensions=extensions).certificate)
    assert [each.facts["reason"] for each in failures] == problems
    assert {each.cause for each in failures} <= {Cause.UNTRUSTED_CERTIFICATE}


@pytest.mark.parametrize(
    ("accepted", "good"),
    [
        ((), True),
        (("client.example.com",), True),
        (("CLIENT.example.com", "other"), True),
        (("example.com",), False),
        (("*.example.com",), False),
        (("alice",), False),
    ],
)
def test_names(accepted: tuple[str, ...], good: bool) -> None:
    """A whole name must be accepted: no suffix, no wildcard, no common name beside an alternative name."""
    san = x509.SubjectAlternativeName([x509.DNSName("client.example.com")])
    leaf = issue("alice", ROOT, extensions=[(san, False)]).certificate
    failures = checks.name_failures(leaf, ClientCertPolicy(names=accepted))
    assert (failures == ()) is good
    if not good:
        assert failures[0].facts == {"reason": "name", "seen": ("client.example.com",), "expected": accepted}


def test_time() -> None:
    """Both ends of the lifetime are still inside it (RFC 5280 4.1.2.5)."""
    leaf = issue("a", days=(0, 1)).certificate
    assert checks.time_failures((leaf,), NOW) == checks.time_failures((leaf,), NOW + DAY) == ()
    early = checks.time_failures((leaf,), NOW - 60)[0]
    assert (early.cause, early.facts) == (
        Cause.NOT_YET_VALID,
        {"certificate": "leaf", "valid_from": NOW, "early_s": 60},
    )
    late = checks.time_failures((ROOT.certificate, leaf), NOW + DAY + 5)[0]
    assert late.cause is Cause.EXPIRED
    assert late.facts == {"certificate": "issuer", "subject": "CN=a", "expired_at": NOW + DAY, "late_s": 5}


def test_revoked_serials() -> None:
    """Serials in the policy may be written in any common way."""
    leaf = issue("a", serial=0xABCDEF).certificate
    assert checks.revoked_failures((leaf,), ClientCertPolicy()) == ()
    assert checks.revoked_failures((leaf,), ClientCertPolicy(revoked=("01",))) == ()
    failure = checks.revoked_failures((leaf,), ClientCertPolicy(revoked=("01", "AB:CD:EF")))[0]
    assert (failure.cause, failure.facts) == (Cause.REVOKED, {"certificate": "leaf", "serial": "abcdef"})
