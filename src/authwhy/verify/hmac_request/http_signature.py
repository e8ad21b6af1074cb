"""HTTP Message Signatures of requests (RFC 9421), with the digest of the body (RFC 9530) where it is covered.

The key decides the algorithm; `alg` of the message must agree (RFC 9421 3.2, 7.3.6). Of several signatures that the
policy can mean, one that holds is enough; else the first one's refusal is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from msgspec import Struct

from authwhy.causes import Cause, Kind, meta
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused
from authwhy.verify.flow import Flow
from authwhy.verify.hmac_request.content_digest import digest_failure
from authwhy.verify.hmac_request.http_algorithms import ALGORITHMS, dummy, holds, names_for
from authwhy.verify.hmac_request.http_components import COVERS, signature_base
from authwhy.verify.hmac_request.interface import (
    MAX_KEY_ID,
    SignedRequest,
    SigningSecret,
    beyond,
    by_name,
    check_common,
    damaged,
    shape_failure,
    values,
)
from authwhy.verify.hmac_request.settle import Check, Signed, settle
from authwhy.verify.hmac_request.timing import window_failure
from authwhy.verify.jws import clip
from authwhy.verify.structured_field import Bare, InnerList, Item, parse_dictionary

MAX_SIGNATURES = 4
"""Signatures of one request that are tried."""
_FAR = 2**53


class HttpSignaturePolicy(Struct, frozen=True):
    """Demands on a signed request. Components of `required` must be covered (`@target-uri` covers its parts).

    With `body_covered` a request that has a body must cover content-digest, and one that has a query must cover it.
    `parameters` must be there. `created` may be `max_age_s` old and `leeway_s` ahead. `tag` and `label` choose among
    several signatures. `key_id` stands for a keyid that is not sent. See SigningPolicy for the rest.

    Raises ValueError for settings that cannot work.
    """

    id: str = "http_signature"
    algorithms: tuple[str, ...] = ALGORITHMS
    required: tuple[str, ...] = ("@method", "@authority", "@path")
    body_covered: bool = True
    parameters: tuple[str, ...] = ("created",)
    max_age_s: int = 300
    leeway_s: int = 30
    tag: str | None = None
    label: str | None = None
    key_id: str | None = None
    overlap_s: int = 0
    secrets_tried: int = 2
    check_replay: bool = False

    def __post_init__(self) -> None:
        if any(isinstance(each, str) for each in (self.algorithms, self.required, self.parameters)):
            raise ValueError("algorithms, required and parameters must be lists of strings")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise ValueError("unknown algorithms")
        if self.max_age_s < 0 or self.leeway_s < 0:
            raise ValueError("max_age_s and leeway_s must not be negative")
        check_common(self)


class Presented(Struct, frozen=True, eq=False):
    """One labelled signature: what it covers, its parameters, its octets."""

    label: str
    covered: InnerList
    parameters: Mapping[str, Bare]
    signature: bytes


def verify(request: SignedRequest, policy: HttpSignaturePolicy, now: int) -> Flow:
    """Check a request. `now` is s since 1970. Never raises.

    Order: shape, algorithm, key, signature (body_changed where a covered digest does not fit), components and
    parameters that must be there, time, status, replay. Accepted claims: `sub`, `key_id`, `label`, `covered`, `tag`.
    """
    found = shape_failure(request) or read(request, policy)
    if isinstance(found, Failure):
        return Refused((found,))
    first: Refused | None = None
    for presented in found:
        outcome = yield from _verify_one(request, presented, policy, now)
        if isinstance(outcome, Accepted) or meta(outcome.primary.cause).kind is Kind.ERROR:
            return outcome  # an outage is not told as the bad signature that stood before it
        first = first or outcome
    return first or Refused((Failure(Cause.MISSING),))


def string_to_sign(request: SignedRequest, policy: HttpSignaturePolicy) -> bytes | None:
    """The signature base of the first signature that the policy means, or None. Never raises."""
    found = shape_failure(request) or read(request, policy)
    base = signature_base(request, found[0].covered) if isinstance(found, tuple) else None
    return base if isinstance(base, bytes) else None


def read(request: SignedRequest, policy: HttpSignaturePolicy) -> tuple[Presented, ...] | Failure:
    """The signatures that the policy can mean, in order, at least one; or what is wrong with the two fields."""
    fields = by_name(request)
    inputs, signatures = values(fields, "signature-input"), values(fields, "signature")
    if not inputs:
        absent = Failure(Cause.MISSING_CLAIM, None, {"claim": "signature-input"})
        return absent if signatures else Failure(Cause.MISSING)
    if not signatures:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": "signature"})
    described, made = parse_dictionary(", ".join(inputs)), parse_dictionary(", ".join(signatures))
    if described is None:
        return damaged("signature-input", "not_a_dictionary")
    if made is None:
        return damaged("signature", "not_a_dictionary")
    found: list[Presented] = []
    for label, covered in described.items():
        signature = made.get(label)
        if not isinstance(covered, InnerList):
            return damaged("signature-input", "not_a_list")
        parameters = dict(covered.parameters)
        if policy.label not in (None, label) or (policy.tag is not None and parameters.get("tag") != policy.tag):
            continue
        if signature is None:
            return Failure(Cause.MISSING_CLAIM, None, {"claim": "signature"})
        if not isinstance(signature, Item) or not isinstance(signature.value, bytes):
            return damaged("signature", "not_octets")
        found.append(Presented(label, covered, parameters, signature.value))
    if len(found) > MAX_SIGNATURES:
        return beyond("signature-input", MAX_SIGNATURES)
    claim = "signature" if policy.label is not None else "tag"
    return tuple(found) or Failure(Cause.MISSING_CLAIM, None, {"claim": claim})


def _verify_one(request: SignedRequest, presented: Presented, policy: HttpSignaturePolicy, now: int) -> Flow:
    parameters = presented.parameters
    wrong = _wrong_type(parameters)
    base = wrong or signature_base(request, presented.covered)
    if isinstance(base, Failure):
        return Refused((base,))
    key_id = parameters.get("keyid", policy.key_id)
    if not isinstance(key_id, str):
        return Refused((Failure(Cause.MISSING_CLAIM, None, {"claim": "keyid"}),))
    if len(key_id) > MAX_KEY_ID:
        return Refused((beyond("keyid", MAX_KEY_ID),))
    alg = parameters.get("alg")
    digest = _digest_failure(request, presented)
    changed = digest.facts if digest and digest.cause is Cause.BAD_SIGNATURE else None
    if digest and digest.cause is Cause.MALFORMED:
        return Refused((digest,))
    facts: dict[str, FactValue] = {"alg": clip(alg) if isinstance(alg, str) else None, "expected": policy.algorithms}
    mismatch = Failure(Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", facts)
    algorithm = _algorithm_failures(alg, policy) + ((digest,) if digest and changed is None else ())
    signed = Signed(
        key_id,
        _check(base, presented.signature, alg, policy),
        alg if isinstance(alg, str) else "http_signature",
        algorithm=algorithm,
        demands=_demands(request, presented, policy, now),
        body_changed=changed,
        replay=_replay(presented, base, policy, now),
        claims={
            "label": presented.label,
            "covered": tuple(str(item.value) for item in presented.covered.items),
            "tag": parameters.get("tag"),
        },
        dummy=dummy(alg if isinstance(alg, str) else policy.algorithms[0]),
        unusable=mismatch,
    )
    return (yield from settle(signed, policy, now))


def _wrong_type(parameters: Mapping[str, Bare]) -> Failure | None:
    """RFC 9421 2.3: created and expires are integers, the others strings."""
    for name, kind in (("created", int), ("expires", int), ("nonce", str), ("alg", str), ("keyid", str), ("tag", str)):
        value = parameters.get(name)
        if value is not None and type(value) is not kind:
            return Failure(Cause.MALFORMED, None, {"part": "signature-input", "problem": "wrong_type", "member": name})
    return None


def _algorithm_failures(alg: Bare | None, policy: HttpSignaturePolicy) -> tuple[Failure, ...]:
    if alg is None or alg in policy.algorithms:
        return ()
    detail = "verifier_mismatch" if alg in ALGORITHMS else None
    facts: dict[str, FactValue] = {"alg": clip(str(alg)), "expected": policy.algorithms}
    return (Failure(Cause.UNSUPPORTED_ALGORITHM, detail, facts),)


def _check(base: bytes, signature: bytes, alg: Bare | None, policy: HttpSignaturePolicy) -> Check:
    def check(secret: SigningSecret) -> bool | None:
        allowed = [name for name in names_for(secret) if name in policy.algorithms and (alg is None or alg == name)]
        # without an alg an RSA key that is bound to none may mean either padding: the policy's first
        return holds(min(allowed, key=policy.algorithms.index), secret, base, signature) if allowed else None

    return check


def _digest_failure(request: SignedRequest, presented: Presented) -> Failure | None:
    if not any(item == Item("content-digest") for item in presented.covered.items):
        return None
    return digest_failure(", ".join(values(by_name(request), "content-digest")), request)


def _demands(
    request: SignedRequest, presented: Presented, policy: HttpSignaturePolicy, now: int
) -> tuple[Failure, ...]:
    absent = [*_uncovered(request, presented, policy), *(n for n in policy.parameters if n not in presented.parameters)]
    found = [Failure(Cause.MISSING_CLAIM, None, {"claim": name}) for name in absent]
    late = _time_failure(presented.parameters, policy, now)
    return (*found, late) if late else tuple(found)


def _uncovered(request: SignedRequest, presented: Presented, policy: HttpSignaturePolicy) -> Iterator[str]:
    """Names of components that must be covered and are not. A part of a field does not cover the field."""
    covered = {item.value for item in presented.covered.items if not item.parameters}
    whole = covered.union(*(COVERS.get(str(name), frozenset()) for name in covered))
    wanted = dict.fromkeys(policy.required)
    if policy.body_covered:
        if request.query:
            wanted["@query"] = None
        if request.body or (request.body is None and request.body_sha256 is not None):
            wanted["content-digest"] = None
    return (name for name in wanted if name not in whole)


def _time_failure(parameters: Mapping[str, Bare], policy: HttpSignaturePolicy, now: int) -> Failure | None:
    created, expires = parameters.get("created"), parameters.get("expires")
    made_at = created if isinstance(created, int) else now
    last = made_at + policy.max_age_s if isinstance(created, int) else now
    if isinstance(expires, int):
        last = min(last, expires) if isinstance(created, int) else expires
    return window_failure(made_at, made_at - policy.leeway_s, last, now)


def _replay(presented: Presented, base: bytes, policy: HttpSignaturePolicy, now: int) -> tuple[str, int]:
    """The nonce, else the signed octets: an ECDSA signature has a second spelling. Kept while it could be accepted."""
    nonce, created = presented.parameters.get("nonce"), presented.parameters.get("created")
    value = f"nonce:{nonce}" if isinstance(nonce, str) else sha256(base).hexdigest()
    made_at = created if isinstance(created, int) else now
    short = value if len(value) <= MAX_KEY_ID else sha256(value.encode()).hexdigest()
    return short, min(made_at, _FAR) + policy.max_age_s + 1
