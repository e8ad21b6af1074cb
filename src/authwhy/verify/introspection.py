"""Opaque tokens by introspection (RFC 7662): what the provider's answer means. Asking is the world's business.

The answer is the provider's own word, so its facts are attested. Answers that are themselves signed tokens
(RFC 9701) are not read. A token that the provider calls active is still not accepted when it is a refresh or an ID
token, or when a time, issuer, audience or scope does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import force_setattr

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused, refused
from authwhy.model.policy import JwtPolicy
from authwhy.verify.claims import ClaimsCheck, claims_check
from authwhy.verify.flow import Ask, Flow, Unavailable
from authwhy.verify.jws import clip
from authwhy.verify.token_type import said_kind

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 2.1, b64token
_BLANK = re.compile(r"\s")
_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d")
_TIME = (Cause.EXPIRED, Cause.NOT_YET_VALID)
_LISTS = ("issuers", "audiences", "token_types", "required", "scope")


class IntrospectionPolicy(Struct, frozen=True):
    """Demands on an active token. Empty `issuers`, `audiences` or `token_types` means: not checked.

    `token_types` are names as in `token_type` (RFC 7662 2.2, RFC 6749 7.1: `Bearer`, `DPoP`), compared without case.
    `leeway_s` and `max_age_s` are seconds, `max_bytes` characters of a token. `required` members must be in the
    answer, `scope` must all be granted. Raises ValueError for a negative number, or text where a list is meant.
    """

    id: str = "introspection"
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    token_types: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    leeway_s: int = 0
    max_age_s: int | None = None
    max_bytes: int = 8_192

    def __post_init__(self) -> None:
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, str):
                raise ValueError(f"{name} must be a list of strings, not one string")
            if not isinstance(value, tuple):
                force_setattr(self, name, tuple(value))
        if self.leeway_s < 0 or self.max_bytes <= 0 or (self.max_age_s is not None and self.max_age_s < 0):
            raise ValueError("leeway_s and max_age_s must not be negative, max_bytes must be positive")


class IntrospectionAsk(Ask, frozen=True):
    """What does the provider say of this token? Answer: an Introspected or Unavailable. Its repr hides the token."""

    token: str

    def __repr__(self) -> str:
        return f"IntrospectionAsk(<{len(self.token)} chars>)"


class Introspected(Struct, frozen=True):
    """The members of the provider's answer (RFC 7662 2.2), as they came."""

    members: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Introspected(active={self.members.get('active')!r})"


def verify(token: str, policy: IntrospectionPolicy, now: int) -> Flow:
    """Check a token by what the provider says of it. `now` is s since 1970. Never raises.

    Order: shape, type, issuer, audience, time, required members, active, scope. Accepted claims: the answer.
    """
    problem = _shape_failure(token, policy)
    if problem is not None:
        return Refused((problem,))
    answer = yield IntrospectionAsk(token)
    if isinstance(answer, Unavailable):
        return answer.refusal()
    if not isinstance(answer, Introspected):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="IntrospectionAsk")
    return _judged(answer.members, policy, now)


def _judged(members: Mapping[str, object], policy: IntrospectionPolicy, now: int) -> Accepted | Refused:
    active = members.get("active")
    if type(active) is not bool:
        return _unreadable("active")
    found = _check(policy)(members, now, True)
    if found and found[0].cause is Cause.MALFORMED:  # the provider's text, so not the caller's fault
        return _unreadable(str(found[0].facts["member"]))
    if not active:  # what else such an answer says is not much (RFC 7662 2.2), but a time explains it
        return Refused((*(each for each in found if each.cause in _TIME), Failure(Cause.INACTIVE, attested=True)))
    kind = _type_failure(members, policy.token_types)
    failures = found if kind is None else (kind, *found)
    return Refused(failures) if failures else Accepted(members)


def _unreadable(member: str) -> Refused:
    return refused(Cause.PROVIDER_ERROR, problem="wrong_type", member=member)


@lru_cache(maxsize=64)
def _check(policy: IntrospectionPolicy) -> ClaimsCheck:
    """The checks that an answer shares with the claims of a JWT, prepared once."""
    shared = JwtPolicy(
        issuers=policy.issuers,
        audiences=policy.audiences,
        required=policy.required,
        scope=policy.scope,
        leeway_s=policy.leeway_s,
        max_age_s=policy.max_age_s,
    )
    return claims_check(shared)


def _type_failure(members: Mapping[str, object], wanted: tuple[str, ...]) -> Failure | None:
    """An endpoint calls a refresh token active too (RFC 7662 2.1): only what it says tells them apart."""
    kind, seen = said_kind(members), members.get("token_type")
    names = {name.lower() for name in wanted}
    if kind is None and (not names or (isinstance(seen, str) and seen.lower() in names)):
        return None
    if kind is None and seen is None:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": "token_type"}, attested=True)
    facts: dict[str, FactValue] = {"expected": wanted, "seen": clip(seen) if isinstance(seen, str) else ""}
    if kind is not None:
        facts["looks_like"] = kind
    return Failure(Cause.WRONG_TOKEN_TYPE, None, facts, attested=True)


def _shape_failure(token: str, policy: IntrospectionPolicy) -> Failure | None:
    """A text that cannot be a bearer token (RFC 6750 2.1) is not worth a request."""
    length = len(token)
    if length > policy.max_bytes:
        facts: dict[str, FactValue] = {
            "part": "token", "problem": "too_large", "length": length, "limit": policy.max_bytes,
        }  # fmt: skip
        return Failure(Cause.MALFORMED, None, facts)
    if _TOKEN.fullmatch(token):
        return None
    detail = "encoding" if token else None
    if _BLANK.search(token):
        detail = "whitespace"
    elif not _QUOTES.isdisjoint(token):
        detail = "quotes"
    return Failure(Cause.MALFORMED, detail, {"part": "token", "problem": "not_b64token", "length": length})
