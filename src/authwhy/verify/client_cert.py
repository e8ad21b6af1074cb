"""Client certificates (RFC 5280; TLS itself has already proven that the caller holds the key)."""

from __future__ import annotations

from hashlib import sha256

from cryptography import x509
from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Failure, Refused, refused
from authwhy.model.policy import ClientCertPolicy
from authwhy.verify.certificate_checks import (
    algorithm_failures,
    name_failures,
    revoked_failures,
    time_failures,
    untrusted,
    usage_failures,
)
from authwhy.verify.certificate_path import Anchors, common_time, path_failures, prepare, validate, walk
from authwhy.verify.certificate_read import names, read_certificate, serial, settled, shown
from authwhy.verify.flow import Flow, RevokedAsk, Unavailable

MAX_INTERMEDIATES = 16


class ClientCertificate(Struct, frozen=True):
    """What the caller presented: its certificate and the intermediates it sent, each in DER."""

    leaf: bytes
    intermediates: tuple[bytes, ...] = ()


def verify(credential: ClientCertificate, policy: ClientCertPolicy, now: int) -> Flow:
    """Check a client certificate. `now` is s since 1970. Never raises.

    Order: shape, algorithms, path to a root, usage, name, lifetime, revocation. The RevokedAsk (with
    policy.check_revoked) is asked only for a certificate that passes all else. Accepted claims: `sub`, `names`,
    `issuer`, `serial`, `sha256`.
    """
    anchors = prepare(policy.roots, policy.max_chain_depth)
    if isinstance(anchors, Failure):
        return Refused((anchors,))
    presented = _read(credential)
    if isinstance(presented, Refused):
        return presented
    leaf, *intermediates = presented
    path = validate(leaf, intermediates, anchors, now)
    failures = _explain(leaf, intermediates, anchors, policy, now) if path is None else _own(leaf, path, policy, ())
    if failures or path is None:
        return Refused(failures)
    if policy.check_revoked:
        issuer = shown(leaf.issuer)
        revoked = yield RevokedAsk(issuer, serial(leaf))
        if isinstance(revoked, Unavailable):
            return revoked.refusal()
        if not isinstance(revoked, bool):
            return refused(Cause.MISCONFIGURED, "backend_unwired", ask="RevokedAsk")
        if revoked:
            return refused(Cause.REVOKED, attested=True, certificate="leaf", serial=serial(leaf))
    return _accepted(leaf, credential.leaf)


def _read(credential: ClientCertificate) -> list[x509.Certificate] | Refused:
    """Every presented certificate, the leaf first; refused with what cannot be read."""
    if len(credential.intermediates) > MAX_INTERMEDIATES:
        return refused(Cause.MALFORMED, problem="too_many_certificates", limit=MAX_INTERMEDIATES)
    read = [read_certificate(credential.leaf)]
    read += [read_certificate(der, "intermediate") for der in credential.intermediates]
    if isinstance(read[0], x509.Certificate):
        read[0] = settled(read[0]) or read[0]
    broken = tuple(each for each in read if isinstance(each, Failure))
    return Refused(broken) if broken else [each for each in read if isinstance(each, x509.Certificate)]


def _own(
    leaf: x509.Certificate, path: tuple[x509.Certificate, ...], policy: ClientCertPolicy, late: tuple[Failure, ...]
) -> tuple[Failure, ...]:
    """Checks on a path that was found good: what path validation does not look at (it has seen the issuers' keys)."""
    return _attested(
        *algorithm_failures((leaf,), anchored=len(path) == 1),
        *usage_failures(leaf),
        *name_failures(leaf, policy),
        *late,
        *revoked_failures(path, policy),
    )


def _explain(
    leaf: x509.Certificate,
    intermediates: list[x509.Certificate],
    anchors: Anchors,
    policy: ClientCertPolicy,
    now: int,
) -> tuple[Failure, ...]:
    """Name every check that failed on a path that was refused. Never empty."""
    broken = [failure for each in intermediates if (failure := settled(each, "intermediate"))]
    if broken:
        return tuple(broken)
    then = common_time((leaf,), now)
    if then not in (now, None) and (good := validate(leaf, intermediates, anchors, then)):
        return _own(leaf, good, policy, time_failures(good, now))  # nothing but the dates was wrong with the path
    way = walk(leaf, intermediates, anchors, now)
    path = way.certificates
    weak = algorithm_failures(path, anchored=way.problem is None)
    late = time_failures(path, now)
    trust = (way.problem,) if way.problem else path_failures(path)
    if not trust and not weak:
        at = common_time(path, now)
        # with the dates put right, does anything else stand in the way? (name constraints, critical extensions)
        if not late or (at is not None and validate(leaf, intermediates, anchors, at) is None):
            trust = (untrusted("path_policy"),)
    own = (*usage_failures(leaf), *name_failures(leaf, policy), *late, *revoked_failures(path, policy))
    return (*weak, *trust, *own) if way.problem or weak else _attested(*trust, *own)


def _attested(*failures: Failure) -> tuple[Failure, ...]:
    """The same failures, their facts read from certificates that trusted issuers have signed."""
    return tuple(Failure(each.cause, each.detail, each.facts, True) for each in failures)


def _accepted(leaf: x509.Certificate, der: bytes) -> Accepted:
    presented = names(leaf)
    subject = shown(leaf.subject) or (presented[0] if presented else "")
    return Accepted(
        {
            "sub": subject,
            "names": presented,
            "issuer": shown(leaf.issuer),
            "serial": serial(leaf),
            "sha256": sha256(der).hexdigest(),
        }
    )
