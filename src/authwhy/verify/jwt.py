"""JSON Web Tokens: every check of RFC 7519 7.2, RFC 8725 3 and RFC 9068 4, in the fixed order, all failures found.

`verify` is the verifier as a flow that asks for keys; `check` is the same at once, with keys at hand. Neither has a
clock, and neither raises for any token.

The order: shape, algorithm and type, key, signature, issuer, audience, time and required claims, status, scope.
A damaged token has that failure only. Claims are checked also when the signature is bad, and not attested then.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.model.policy import JwtPolicy
from authwhy.verify import damaged
from authwhy.verify.flow import Ask, Flow, KeyAsk, RevokedAsk, SeenAsk, Unavailable
from authwhy.verify.jwk import KeySet
from authwhy.verify.jws import OPENERS, Header, Resolution, clip, signature_failures
from authwhy.verify.prepared import PLANS, Bound, bind, plan_for
from authwhy.verify.segments import Damage, json_object
from authwhy.verify.token_type import type_failure

_SHORT = 2_048  # characters of a claims segment that are decoded without a look at how it begins
_MAX_KID = 256  # characters of a key id that are passed on
_NO_OBJECT = Damage("not_json")
_Status: TypeAlias = Generator[Ask, Any, tuple[Failure, ...]]


def check(token: str | bytes, policy: JwtPolicy, now: int, keys: KeySet) -> Outcome:
    """Check a token at once. `now` is s since 1970. Raises TypeError for a token that is no text.

    A policy that asks about revocation or replay cannot be checked without the world: refused as misconfigured.
    """
    bound: Bound = keys.memo.get(policy) or bind(policy, keys)
    if len(token) > bound.max_bytes:
        return damaged.refuse_size(len(token), bound.max_bytes)
    data = token.encode("utf-8", "surrogatepass") if type(token) is str else _as_bytes(token)
    signed, _, signature = data.rpartition(b".")
    head, _, body = signed.partition(b".")
    resolution = bound.resolutions.get(head) or bound.resolve(head)
    if isinstance(resolution, Damage):
        return damaged.refuse(data, resolution)
    claims = json_object(body) if len(body) < _SHORT or body[0] in OPENERS else _NO_OBJECT
    if isinstance(claims, Damage):
        return damaged.refuse(data, Damage(claims.problem, "claims"))
    attested = len(signature) in resolution.lengths and resolution.check(signed, signature)
    envelope = () if attested else signature_failures(resolution, signature)
    if isinstance(envelope, Damage):
        return damaged.refuse(data, envelope)
    failures = bound.claims_check(claims, now, attested)
    if bound.plain:
        if attested:
            return Refused(failures) if failures else Accepted(claims, resolution.facts)
        if envelope and not failures:
            return Refused(envelope)
    if bound.plan.asks:
        return Refused((Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": "RevokedAsk or SeenAsk"}),))
    found = _in_order(bound.plan.policy.typ, resolution, claims, attested, envelope, failures)
    return Refused(found) if found else Accepted(claims, resolution.facts)


def verify(token: str | bytes, policy: JwtPolicy, now: int) -> Flow:
    """Check a token, asking for the keys and, where the policy says so, about revocation and replay.

    Asks KeyAsk unless the algorithm is refused; RevokedAsk when the signature is good; SeenAsk last, when nothing
    else failed. `now` is s since 1970. Raises TypeError for a token that is no text.
    """
    plan = PLANS.get(policy) or plan_for(policy)
    if len(token) > policy.max_bytes:
        return damaged.refuse_size(len(token), policy.max_bytes)
    data = token.encode("utf-8", "surrogatepass") if type(token) is str else _as_bytes(token)
    signed, _, signature = data.rpartition(b".")
    head, _, body = signed.partition(b".")
    judged = plan.header(head)
    if isinstance(judged, Damage):
        return damaged.refuse(data, judged)
    claims = json_object(body) if len(body) < _SHORT or body[0] in OPENERS else _NO_OBJECT
    if isinstance(claims, Damage):
        return damaged.refuse(data, Damage(claims.problem, "claims"))
    header, refusal = judged
    if refusal is None:
        answer = yield _key_ask(header, claims, policy)
        resolution = _answered(answer, header, head, policy)
    else:
        resolution = Resolution(header, algorithm=(refusal,))
    attested = len(signature) in resolution.lengths and resolution.check(signed, signature)
    envelope = () if attested else signature_failures(resolution, signature)
    if isinstance(envelope, Damage):
        return damaged.refuse(data, envelope)
    failures = plan.claims_check(claims, now, attested)
    if attested and not failures and plan.plain:
        return Accepted(claims, resolution.facts)
    found = _in_order(policy.typ, resolution, claims, attested, envelope, failures)
    if plan.asks and attested:
        found = yield from _ask_status(policy, claims, found)
    return Refused(found) if found else Accepted(claims, resolution.facts)


def _as_bytes(token: str | bytes) -> bytes:
    if isinstance(token, str):
        return token.encode("utf-8", "surrogatepass")
    if isinstance(token, bytes | bytearray | memoryview):
        return bytes(token)
    raise TypeError("a token is str or bytes")


def _key_ask(header: Header, claims: Mapping[str, object], policy: JwtPolicy) -> KeyAsk:
    """Ask for keys by names that the policy knows: the text of an unchecked token chooses no address."""
    issuer, kid = claims.get("iss"), header.kid
    if not isinstance(issuer, str) or issuer not in policy.issuers:
        issuer = policy.issuers[0] if len(policy.issuers) == 1 else None
        kid = None if policy.issuers else kid  # nobody's new key: a foreign token is no reason to fetch keys again
    return KeyAsk(issuer, kid if kid is not None and len(kid) <= _MAX_KID else None)


def _answered(answer: object, header: Header, head: bytes, policy: JwtPolicy) -> Resolution:
    """Turn the answer to a KeyAsk into keys, an outage, or a fault of whoever answered."""
    if not isinstance(answer, KeySet):
        return Resolution(header, key=(_no_answer(answer, KeyAsk),))
    bound: Bound = answer.memo.get(policy) or bind(policy, answer)
    resolution = bound.resolutions.get(head) or bound.resolve(head)
    assert isinstance(resolution, Resolution)  # this header was readable before
    return resolution


def _no_answer(answer: object, ask: type[Ask]) -> Failure:
    if isinstance(answer, Unavailable):
        return answer.refusal().primary
    return Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": ask.__name__})


def _in_order(
    typ: tuple[str, ...],
    resolution: Resolution,
    claims: Mapping[str, object],
    attested: bool,
    envelope: tuple[Failure, ...],
    failures: tuple[Failure, ...],
) -> tuple[Failure, ...]:
    """Every failing check, in the fixed order; claims of a wrong type are the only failure."""
    if failures and failures[0].cause is Cause.MALFORMED:
        return failures
    kind = type_failure(resolution.header.typ, typ, claims, attested) if typ else None
    found = resolution.algorithm if kind is None else (*resolution.algorithm, kind)
    return found + resolution.key + envelope + failures


def _ask_status(policy: JwtPolicy, claims: Mapping[str, Any], found: tuple[Failure, ...]) -> _Status:
    """Ask about revocation, and about replay when nothing else failed. Scope comes after status."""
    issuer, token_id = claims.get("iss"), claims.get("jti")
    if not isinstance(token_id, str) or not isinstance(issuer, str | None):  # missing or malformed: already said
        return found
    if policy.check_revoked:
        failure = _status((yield RevokedAsk(issuer, token_id)), RevokedAsk, Cause.REVOKED, token_id)
        if failure is not None:
            before = len(found) - (bool(found) and found[-1].cause is Cause.INSUFFICIENT_SCOPE)
            found = (*found[:before], failure, *found[before:])
    if policy.check_replay and not found:
        until = math.ceil(claims["exp"]) + policy.leeway_s
        failure = _status((yield SeenAsk(issuer or policy.id, token_id, until)), SeenAsk, Cause.REPLAYED, token_id)
        found = () if failure is None else (failure,)
    return found


def _status(answer: object, ask: type[Ask], cause: Cause, token_id: str) -> Failure | None:
    if answer is False:
        return None
    return Failure(cause, None, {"jti": clip(token_id)}, attested=True) if answer is True else _no_answer(answer, ask)
