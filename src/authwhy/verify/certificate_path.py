"""Path validation (RFC 5280 section 6). `cryptography` decides; the walk here only says why it said no.

Its defaults are the Web PKI's. The extension policies below are RFC 5280's instead, because client certificates
come from private authorities: no alternative name and no authority key identifier needed, key usage of an issuer
checked where present. An issuer must be a CA; unknown critical extensions and name constraints are always enforced.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cryptography import x509
from cryptography.x509 import verification
from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify.certificate_checks import ANY_USAGE, CLIENT_AUTHENTICATION, untrusted
from authwhy.verify.certificate_read import UNREADABLE, moment, read_certificate, settled, shown, validity

MAX_SIGNATURE_CHECKS = 64


class Anchors(Struct, frozen=True):
    """Trusted roots, prepared once a policy."""

    roots: tuple[x509.Certificate, ...]
    builder: verification.PolicyBuilder
    max_chain_depth: int


class Path(Struct, frozen=True):
    """The certificates found from the leaf upward, and why the way ends before a root (None when it reaches one)."""

    certificates: tuple[x509.Certificate, ...]
    problem: Failure | None = None


@lru_cache(maxsize=32)
def prepare(roots: tuple[bytes, ...], max_chain_depth: int) -> Anchors | Failure:
    """Parse the trusted roots. A Failure (misconfigured) when there is none or one cannot be read."""
    read = [read_certificate(der, "root") for der in roots]
    good = tuple(each for each in read if isinstance(each, x509.Certificate) and not settled(each, "root"))
    if not good or len(good) < len(read):
        detail, problem = (None, "unreadable") if read else ("missing_setting", "empty")
        return Failure(Cause.MISCONFIGURED, detail, {"setting": "roots", "problem": problem})
    if not 0 <= max_chain_depth <= 255:
        return Failure(Cause.MISCONFIGURED, facts={"setting": "max_chain_depth", "problem": "out_of_range"})
    agnostic = verification.Criticality.AGNOSTIC
    ca_policy = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, agnostic, _issuer_is_ca)
        .may_be_present(x509.KeyUsage, agnostic, _issuer_signs)
        .may_be_present(x509.ExtendedKeyUsage, agnostic, _issuer_serves_clients)
    )
    builder = (
        verification.PolicyBuilder()
        .store(verification.Store(list(good)))
        .max_chain_depth(max_chain_depth)
        .extension_policies(ca_policy=ca_policy, ee_policy=verification.ExtensionPolicy.permit_all())
    )
    return Anchors(good, builder, max_chain_depth)


def _issuer_is_ca(_: verification.Policy, __: x509.Certificate, value: x509.BasicConstraints) -> None:
    if not value.ca:
        raise ValueError("issuer is no CA")


def _issuer_signs(_: verification.Policy, __: x509.Certificate, value: x509.KeyUsage | None) -> None:
    if value is not None and not value.key_cert_sign:
        raise ValueError("issuer may not sign certificates")


def _issuer_serves_clients(_: verification.Policy, __: x509.Certificate, value: x509.ExtendedKeyUsage | None) -> None:
    if value is not None and CLIENT_AUTHENTICATION not in value and ANY_USAGE not in value:
        raise ValueError("issuer may not issue for clients")


def validate(
    leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], anchors: Anchors, at: int
) -> tuple[x509.Certificate, ...] | None:
    """The trusted path at the time `at` (s since 1970), leaf first; None when there is none."""
    try:
        verifier = anchors.builder.time(moment(at)).build_client_verifier()
        return tuple(verifier.verify(leaf, list(intermediates)).chain)
    except (verification.VerificationError, *UNREADABLE):
        return None


def walk(leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], anchors: Anchors, now: int) -> Path:
    """Follow issuers by name and signature toward a root, preferring those that are valid now."""
    path = [leaf]
    budget = MAX_SIGNATURE_CHECKS
    while path[-1] not in anchors.roots:
        child = path[-1]
        named = [each for each in (*anchors.roots, *intermediates) if each.subject == child.issuer]
        named.sort(key=lambda each: not _is_valid(each, now))
        issuer = None
        for candidate in named:
            budget -= 1
            if candidate not in path and budget >= 0 and _issued(child, candidate):
                issuer = candidate
                break
        if issuer is None:
            return Path(tuple(path), _stuck(child, named, path))
        path.append(issuer)
        if len(path) > anchors.max_chain_depth + 2:
            return Path(tuple(path), untrusted("chain_too_long", limit=anchors.max_chain_depth))
    return Path(tuple(path))


def _stuck(child: x509.Certificate, named: Sequence[x509.Certificate], path: Sequence[x509.Certificate]) -> Failure:
    """Why no issuer was found for `child`."""
    which = "leaf" if child is path[0] else "issuer"
    if child.subject == child.issuer and _issued(child, child):
        return untrusted("self_signed", certificate=which, subject=shown(child.subject))
    strangers = [each for each in named if each not in path]
    problem = "issuer_signature" if strangers else "unknown_issuer"
    return untrusted(problem, certificate=which, issuer=shown(child.issuer))


def _issued(child: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(issuer)
    except UNREADABLE:
        return False
    return True


def _is_valid(certificate: x509.Certificate, now: int) -> bool:
    start, end = validity(certificate)
    return start <= now <= end


def common_time(path: Sequence[x509.Certificate], now: int) -> int | None:
    """The time nearest to `now` at which every certificate of the path is valid; None when there is none."""
    start = max(validity(each)[0] for each in path)
    end = min(validity(each)[1] for each in path)
    return min(max(now, start), end) if start <= end else None


def path_failures(path: Sequence[x509.Certificate]) -> tuple[Failure, ...]:
    """Rules of RFC 5280 that a complete path breaks, apart from time and algorithms."""
    failures: list[Failure] = []
    for at, certificate in enumerate(path):
        which = "issuer" if at else "leaf"
        if certificate.version is not x509.Version.v3:
            failures.append(untrusted("version", certificate=which))
        elif at:
            failures += _issuer_failures(certificate, path[1:at])
    return tuple(failures)


def _issuer_failures(issuer: x509.Certificate, below: Sequence[x509.Certificate]) -> list[Failure]:
    """`below` are the intermediates between this issuer and the leaf."""
    found: dict[type[x509.ExtensionType], x509.ExtensionType] = {
        type(extension.value): extension.value for extension in issuer.extensions
    }
    basic, usage, extended = (found.get(kind) for kind in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage))
    subject = shown(issuer.subject)
    if not (isinstance(basic, x509.BasicConstraints) and basic.ca):
        return [untrusted("issuer_not_ca", certificate="issuer", subject=subject)]
    problems: list[Failure] = []
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        problems.append(untrusted("issuer_key_usage", certificate="issuer", subject=subject))
    if (
        isinstance(extended, x509.ExtendedKeyUsage)
        and CLIENT_AUTHENTICATION not in extended
        and ANY_USAGE not in extended
    ):
        problems.append(untrusted("issuer_extended_key_usage", certificate="issuer", subject=subject))
    length = sum(1 for each in below if each.subject != each.issuer)
    if basic.path_length is not None and length > basic.path_length:
        problems.append(
            untrusted("path_length", certificate="issuer", subject=subject, limit=basic.path_length, depth=length)
        )
    return problems
