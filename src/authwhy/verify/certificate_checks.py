"""Checks on one certificate, each naming its cause: algorithm, usage, name, lifetime, revocation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.model.policy import ClientCertPolicy
from authwhy.verify.certificate_read import UNREADABLE, names, plain_serial, printable, serial, shown, validity

CLIENT_AUTHENTICATION = ExtendedKeyUsageOID.CLIENT_AUTH
ANY_USAGE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
MIN_RSA_BITS = 2_048
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_HASHES = ("sha256", "sha384", "sha512")
_BROKEN_HASHES = ("md5", "sha1")


def algorithm_failures(path: Sequence[x509.Certificate], *, anchored: bool) -> tuple[Failure, ...]:
    """What the cryptography of this path, leaf first, is refused for. An anchor's own signature does not matter."""
    failures: list[Failure] = []
    for at, certificate in enumerate(path):
        which = "leaf" if at == 0 else "issuer"
        is_anchor = anchored and at == len(path) - 1
        failure = _key_failure(certificate, which) or (None if is_anchor else _hash_failure(certificate, which))
        if failure:
            failures.append(failure)
    return tuple(failures)


def _key_failure(certificate: x509.Certificate, which: str) -> Failure | None:
    try:
        key = certificate.public_key()
    except UNREADABLE:
        return _unsupported("verifier_mismatch", which, "unknown_key")
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        return _unsupported("too_old", which, "rsa", key_bits=key.key_size, limit=MIN_RSA_BITS)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        detail = "too_old" if key.key_size < 256 else "verifier_mismatch"
        return _unsupported(detail, which, key.curve.name, key_bits=key.key_size)
    if isinstance(key, dsa.DSAPublicKey):
        return _unsupported("too_old", which, "dsa", key_bits=key.key_size)
    return None if _known_key(key, which) else _unsupported("verifier_mismatch", which, "other_key")


def _known_key(key: CertificatePublicKeyTypes, which: str) -> bool:
    """Edwards keys sign a client's handshake, but the path validation of `cryptography` takes them for no issuer."""
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return which == "leaf"
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)


def _hash_failure(certificate: x509.Certificate, which: str) -> Failure | None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return _unsupported("verifier_mismatch", which, "unknown_signature")
    if algorithm is None:
        return _unsupported("verifier_mismatch", which, "eddsa")
    if algorithm.name in _HASHES:
        return None
    return _unsupported("too_old" if algorithm.name in _BROKEN_HASHES else "verifier_mismatch", which, algorithm.name)


def _unsupported(detail: str, which: str, algorithm: str, **more: FactValue) -> Failure:
    return Failure(Cause.UNSUPPORTED_ALGORITHM, detail, {"certificate": which, "seen": algorithm, **more})


def usage_failures(leaf: x509.Certificate) -> tuple[Failure, ...]:
    """Key usage and extended key usage, where present, must allow a client to sign (RFC 5280 4.2.1.3, 4.2.1.12)."""
    failures: list[Failure] = []
    for extension in leaf.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.key_agreement):
            failures.append(untrusted("key_usage"))
        if isinstance(value, x509.ExtendedKeyUsage) and CLIENT_AUTHENTICATION not in value and ANY_USAGE not in value:
            seen = tuple(oid.dotted_string for oid in list(value)[:10])
            failures.append(
                untrusted("extended_key_usage", expected=(CLIENT_AUTHENTICATION.dotted_string,), usages=seen)
            )
    return tuple(failures)


def name_failures(leaf: x509.Certificate, policy: ClientCertPolicy) -> tuple[Failure, ...]:
    """One whole name must be accepted; DNS names compare without case (RFC 9525 section 6.3), never by wildcard."""
    if not policy.names:
        return ()
    seen = names(leaf)
    if any(name in _wanted(policy.names) for name in seen):
        return ()
    return (untrusted("name", seen=tuple(printable(name) for name in seen[:10]), expected=policy.names[:10]),)


@lru_cache(maxsize=32)
def _wanted(accepted: tuple[str, ...]) -> frozenset[str]:
    return frozenset(accepted) | {name.lower() for name in accepted}


def time_failures(path: Sequence[x509.Certificate], now: int) -> tuple[Failure, ...]:
    """Which certificates of the path are over or not begun."""
    failures: list[Failure] = []
    for at, certificate in enumerate(path):
        start, end = validity(certificate)
        facts: dict[str, FactValue] = {"certificate": "leaf" if at == 0 else "issuer"}
        if at:
            facts["subject"] = shown(certificate.subject)
        if now > end:
            failures.append(Failure(Cause.EXPIRED, facts={**facts, "expired_at": end, "late_s": now - end}))
        elif now < start:
            failures.append(Failure(Cause.NOT_YET_VALID, facts={**facts, "valid_from": start, "early_s": start - now}))
    return tuple(failures)


def revoked_failures(path: Sequence[x509.Certificate], policy: ClientCertPolicy) -> tuple[Failure, ...]:
    """Which certificates of the path are in the policy's list of serials."""
    if not policy.revoked:
        return ()
    listed = _listed(policy.revoked)
    return tuple(
        Failure(Cause.REVOKED, facts={"certificate": "issuer" if at else "leaf", "serial": serial(certificate)})
        for at, certificate in enumerate(path)
        if serial(certificate) in listed
    )


@lru_cache(maxsize=32)
def _listed(serials: tuple[str, ...]) -> frozenset[str]:
    return frozenset(plain_serial(each) for each in serials)


def untrusted(reason: str, **facts: FactValue) -> Failure:
    """An `untrusted_certificate`; its fact `reason` is one word from a fixed list."""
    return Failure(Cause.UNTRUSTED_CERTIFICATE, facts={"reason": reason, **facts})
