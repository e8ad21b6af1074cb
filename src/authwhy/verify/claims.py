"""The checks on claims (RFC 7519 4.1, RFC 9068 4): issuer, audience, time, what must be there, scope; all of them.

`claims_check(policy)` prepares one function for a policy. It returns every failing check in the fixed order, or
nothing. A registered claim of the wrong JSON type is a damaged token and ends the list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.model.policy import JwtPolicy
from authwhy.verify.jws import clip
from authwhy.verify.likeness import difference

_Maker: TypeAlias = Callable[[tuple[str, ...], bool], Failure]
ClaimsCheck: TypeAlias = Callable[[Mapping[str, Any], int, bool], tuple[Failure, ...]]
"""(claims, now, was the signature good?) -> failures."""

_EXPIRED, _NOT_YET_VALID = Cause.EXPIRED, Cause.NOT_YET_VALID  # looking up a member costs more than using it
_LISTED = 16  # names of a token that a fact carries
_KEPT = 256  # refusals kept for names seen before
_LOWEST, _HIGHEST = -(2**60), 2**60  # s; facts stay within 64 bits


class _Absent:
    """The type of a claim that is not there."""


ABSENT = _Absent()
_DATE = frozenset((int, float, _Absent))  # not bool: `true` is no NumericDate
_TEXT = frozenset((str, _Absent))
_TEXTS = frozenset((str, list, _Absent))
_TYPES = (
    ("iss", _TEXT),
    ("sub", _TEXT),
    ("aud", _TEXTS),
    ("exp", _DATE),
    ("nbf", _DATE),
    ("iat", _DATE),
    ("jti", _TEXT),
)


def claims_check(policy: JwtPolicy) -> ClaimsCheck:
    """Prepare the checks of a policy."""
    issuers, audiences, scope = frozenset(policy.issuers), frozenset(policy.audiences), frozenset(policy.scope)
    leeway, max_age, required = policy.leeway_s, policy.max_age_s, _required(policy)
    wrong_issuer = _remembering(lambda seen, attested: _wrong_issuer(policy.issuers, seen, attested))
    wrong_audience = _remembering(lambda seen, attested: _wrong_audience(policy.audiences, seen, attested))
    out_of_scope = _remembering(lambda seen, attested: _out_of_scope(policy.scope, seen, attested))
    missing = _remembering(lambda name, attested: Failure(Cause.MISSING_CLAIM, None, {"claim": name[0]}, attested))

    def check(claims: Mapping[str, Any], now: int, attested: bool) -> tuple[Failure, ...]:
        get = claims.get
        issuer, audience = get("iss", ABSENT), get("aud", ABSENT)
        exp, nbf, iat = get("exp", ABSENT), get("nbf", ABSENT), get("iat", ABSENT)
        if (
            type(exp) not in _DATE
            or type(nbf) not in _DATE
            or type(iat) not in _DATE
            or type(issuer) not in _TEXT
            or type(audience) not in _TEXTS
            or type(get("sub", "")) is not str
            or type(get("jti", "")) is not str
            or (type(audience) is list and not all(type(name) is str for name in audience))
        ):
            return wrong_types(claims, attested)
        found: list[Failure] = []
        if issuers and issuer not in issuers:
            found.append(missing(("iss",), attested) if issuer is ABSENT else wrong_issuer((issuer,), attested))
        if audiences:
            if audience is ABSENT:
                found.append(missing(("aud",), attested))
            elif type(audience) is str:
                if audience not in audiences:
                    found.append(wrong_audience((audience,), attested))
            elif audiences.isdisjoint(audience):
                found.append(wrong_audience(tuple(audience), attested))
        if exp is not ABSENT and exp <= now - leeway:
            found.append(_expired(exp, iat, now, attested))
        elif max_age is not None and iat is not ABSENT and iat + max_age <= now - leeway:
            found.append(_expired(iat + max_age, iat, now, attested))
        if nbf is not ABSENT and nbf > now + leeway:
            found.append(_not_yet_valid("nbf", nbf, now, attested))
        if iat is not ABSENT and iat > now + leeway:
            found.append(_not_yet_valid("iat", iat, now, attested))
        for name in required:
            if get(name) is None:
                found.append(missing((name,), attested))  # noqa: PERF401  a comprehension costs a call each time
        if scope:
            granted = get("scope", ABSENT)
            granted = granted.split(" ") if type(granted) is str else _granted(granted, claims)
            if not scope.issubset(granted):
                found.append(out_of_scope(tuple(granted), attested))
        return tuple(found)

    return check


def _required(policy: JwtPolicy) -> tuple[str, ...]:
    """The claims that must be there, but for issuer and audience where their own check misses them first."""
    names = [*policy.required]
    names += ["exp"] if policy.check_replay else []
    names += ["iat"] if policy.max_age_s is not None else []
    names += ["jti"] if policy.check_replay or policy.check_revoked else []
    checked = ("iss" if policy.issuers else "", "aud" if policy.audiences else "")
    return tuple(name for name in dict.fromkeys(names) if name not in checked)


def _remembering(make: _Maker) -> _Maker:
    """Keep what was made for names seen before: a misconfigured caller sends the same ones again and again."""
    kept: dict[tuple[tuple[str, ...], bool], Failure] = {}

    def recall(names: tuple[str, ...], attested: bool) -> Failure:
        failure = kept.get((names, attested))
        if failure is None:
            failure = make(names, attested)
            if len(kept) >= _KEPT:
                kept.clear()
            if len(names) <= _LISTED and sum(map(len, names)) <= _KEPT:
                kept[names, attested] = failure
        return failure

    return recall


def wrong_types(claims: Mapping[str, object], attested: bool) -> tuple[Failure, ...]:
    """The refusal for the first registered claim of a wrong JSON type (RFC 7519 4.1); () when all are right."""
    for name, allowed in _TYPES:
        value = claims.get(name, ABSENT)
        if type(value) not in allowed or (isinstance(value, list) and any(type(one) is not str for one in value)):
            facts: dict[str, FactValue] = {"part": "claims", "problem": "wrong_type", "member": name}
            return (Failure(Cause.MALFORMED, None, facts, attested),)
    return ()


def _wrong_issuer(expected: tuple[str, ...], seen: tuple[str, ...], attested: bool) -> Failure:
    facts: dict[str, FactValue] = {"expected": expected, "seen": clip(seen[0])}
    return Failure(Cause.WRONG_ISSUER, difference(expected, seen), facts, attested)


def _wrong_audience(expected: tuple[str, ...], seen: tuple[str, ...], attested: bool) -> Failure:
    facts: dict[str, FactValue] = {"expected": expected, "seen": tuple(clip(name) for name in seen[:_LISTED])}
    return Failure(Cause.WRONG_AUDIENCE, difference(expected, seen), facts, attested)


def _out_of_scope(expected: tuple[str, ...], seen: tuple[str, ...], attested: bool) -> Failure:
    facts: dict[str, FactValue] = {
        "expected": expected,
        "seen": tuple(clip(name) for name in seen[: 4 * _LISTED]),
        "missing": tuple(name for name in expected if name not in seen),
    }
    return Failure(Cause.INSUFFICIENT_SCOPE, "scope", facts, attested)


def _granted(scope: object, claims: Mapping[str, object]) -> list[str]:
    """The granted scope: `scope` (RFC 8693 4.2), else `scp`; text with spaces, or a list of names."""
    value = claims.get("scp") if scope is ABSENT else scope
    if isinstance(value, str):
        return value.split(" ")
    return value if isinstance(value, list) and all(type(name) is str for name in value) else []


def _expired(end: Any, iat: Any, now: int, attested: bool) -> Failure:
    end = end if type(end) is int and end > _LOWEST else _whole(end)
    facts: dict[str, FactValue]
    if iat is ABSENT:
        facts = {"expired_at": end, "late_s": now - end, "now": now}
    else:
        iat = iat if type(iat) is int and _LOWEST < iat < _HIGHEST else _whole(iat)
        facts = {"expired_at": end, "late_s": now - end, "now": now, "issued_at": iat}
    return Failure(_EXPIRED, None, facts, attested)


def _not_yet_valid(claim: str, start: Any, now: int, attested: bool) -> Failure:
    start = start if type(start) is int and start < _HIGHEST else _whole(start)
    return Failure(
        _NOT_YET_VALID, None, {"claim": claim, "valid_from": start, "early_s": start - now, "now": now}, attested
    )


def _whole(seconds: float) -> int:
    """Whole seconds, down, within bounds."""
    return math.floor(max(_LOWEST, min(seconds, _HIGHEST)))
