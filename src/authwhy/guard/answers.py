"""What a provider answers, and what a decision is. A provider that raises has answered too: an error cause."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Final, Literal, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from authwhy.causes import Cause, Kind, meta
from authwhy.model.event import Event, Refusal
from authwhy.model.outcome import Accepted as VerifierAccepted
from authwhy.model.outcome import FactValue, Failure, Refused
from authwhy.verify.flow import Unavailable

Wanted = TypeVar("Wanted")
HeaderLines: TypeAlias = tuple[tuple[bytes, bytes], ...]


class NotMine(Enum):
    """The answer of a provider whose credential was not presented."""

    NOT_MINE = "not_mine"


NOT_MINE: Final = NotMine.NOT_MINE


class Presented(Struct, frozen=True):
    """A credential that a provider found. Its text form tells nothing.

    `slot` is the place it was found in, such as `authorization` or `header:x-api-key`; `identity` the name it claims.
    """

    slot: str
    value: Any
    identity: str | None = None

    def __repr__(self) -> str:
        return f"Presented({self.slot!r})"


class Accept(Struct, frozen=True):
    """The credential is good. `principal` is what the application gets.

    `scope` is what was granted, None where the credential has no notion of it. `until` is s since 1970. `acr` and
    `authenticated_at` (s since 1970) say how and when the person signed in (OpenID Connect Core 2). `headers` go out
    with the answer.
    """

    principal: object
    claims: Mapping[str, object] = {}
    scope: frozenset[str] | None = None
    user: str | None = None
    issuer: str | None = None
    until: float | None = None
    acr: str | None = None
    authenticated_at: int | None = None
    session: str | None = None
    facts: Mapping[str, FactValue] = {}
    notes: tuple[str, ...] = ()
    headers: HeaderLines = ()


class Deny(Struct, frozen=True):
    """The credential is refused, or the provider could not decide (a cause of kind error). Never empty.

    `known` says that the presented name exists, so that the event may show it; `claimed` is false when nothing was
    presented to this provider; `everyone` says that a fault of the set-up meets every name alike, so that it tells
    nothing of this one. `user` is the name a verified credential gave. `challenge` are parameters for this provider's
    own challenge, such as `stale`; `retry_after` is s.
    """

    failures: tuple[Failure, ...]
    known: bool = False
    claimed: bool = True
    everyone: bool = False
    user: str | None = None
    challenge: Mapping[str, str] = {}
    retry_after: int | None = None
    notes: tuple[str, ...] = ()
    headers: HeaderLines = ()

    @property
    def cause(self) -> Cause:
        """The first failing check."""
        return self.failures[0].cause


Answer: TypeAlias = Accept | Deny | Literal[NotMine.NOT_MINE]


def deny(cause: Cause | str, detail: str | None = None, **facts: FactValue) -> Deny:
    """A refusal for your own check: `return deny(Cause.UNKNOWN_IDENTITY)`.

    Raises ValueError for a code outside the vocabulary, or one that only a diagnosis may conclude.
    """
    known = Cause(cause)
    if meta(known).is_root:
        raise ValueError(f"{known} is concluded by a diagnosis; a check answers what it saw")
    return Deny((Failure(known, detail, facts),), known=known is not Cause.UNKNOWN_IDENTITY)


def denied_by(refused: Refused, *, known: bool = False, challenge: Mapping[str, str] | None = None) -> Deny:
    """A verifier's refusal as a provider's answer."""
    return Deny(refused.failures, known, challenge=challenge or {})


def unavailable(why: Unavailable) -> Deny:
    """An outage as a provider's answer."""
    return Deny(why.refusal().failures)


# What a check that forgot its answer returns, or to call or await something, or to wrap a refusal in deny(), or one
# written for an interface where 0 means success. Each of them is true in an `if`; none says who somebody is.
_NO_PRINCIPAL = (
    *(bool, int, float, complex, type, BaseException, type(NotImplemented), type(...), NotMine),
    *(FunctionType, MethodType, BuiltinFunctionType, partial, Awaitable, Iterator, AsyncIterator),
    *(Cause, Kind, Failure, VerifierAccepted, Refused, Accept, Deny),
)
_CONTAINERS = (str, bytes, list, tuple, dict, set, frozenset)


def answer_of(value: object, **granted: Any) -> Accept | Deny:
    """The answer of an application's own check: a principal, `deny(...)`, or nonsense, which is never success."""
    if (isinstance(value, Deny) and value.failures) or (isinstance(value, Accept) and value.principal is not None):
        return value
    if isinstance(value, Refused) and value.failures:
        return Deny(value.failures)
    if isinstance(value, Unavailable):
        return unavailable(value)
    empty = value is None or (isinstance(value, _CONTAINERS) and not value)
    nobody = getattr(value, "is_authenticated", True) is False  # the anonymous user of a framework
    if empty or nobody or isinstance(value, (*_NO_PRINCIPAL, Accepted, Denied)):
        facts: dict[str, FactValue] = {"problem": "no_principal", "returned": type(value).__name__[:64]}
        return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", facts),))
    scope = granted.pop("scope", None)
    return Accept(value, scope=scope if scope is not None else scope_of(value), **granted)


def made_for(accept: Accept, value: object) -> Accept | Deny:
    """An acceptance with the principal that an application's `principal=` made of it, or what that answered instead."""
    answer = answer_of(value, scope=accept.scope)
    if answer is value or isinstance(answer, Deny):
        return answer
    return replace(accept, principal=answer.principal)


def scope_of(principal: object) -> frozenset[str] | None:
    """What a principal says it may do: its attribute or member `scopes` or `scope` (text with blanks, or names)."""
    for name in ("scopes", "scope"):
        value = principal.get(name) if isinstance(principal, Mapping) else getattr(principal, name, None)
        if isinstance(value, str):
            return frozenset(value.split())
        if isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value):
            return frozenset(value)
    return None


class Accepted(Struct, frozen=True):
    """The request may go on. `principal` is None where nothing was presented and nothing was required.

    `principals` has one for each provider that accepted, by its name; `provider` is the one that decided.
    """

    principal: Any = None
    provider: str | None = None
    principals: Mapping[str, Any] = {}
    claims: Mapping[str, object] = {}
    scope: frozenset[str] | None = None
    ref: str | None = None
    headers: HeaderLines = ()
    event: Event | None = None

    @property
    def accepted(self) -> bool:
        """True: `if decision.accepted`."""
        return True

    @property
    def anonymous(self) -> bool:
        """True when nobody is known."""
        return self.provider is None

    def of(self, kind: type[Wanted]) -> Wanted | None:
        """The first principal of this type, or None."""
        return next((one for one in self.principals.values() if isinstance(one, kind)), None)


ANONYMOUS: Final = Accepted()
"""Nobody presented anything, and nothing was required."""


class Denied(Struct, frozen=True):
    """The request must not go on. `refusals` keeps every provider's reasons, in order; `cause` leads.

    `status`, `headers` and `body` are the answer to send; they and `code` tell an outsider only what may be told.
    """

    cause: Cause
    provider: str | None
    refusals: tuple[Refusal, ...]
    status: int
    headers: HeaderLines
    body: bytes
    ref: str
    code: str | None = None
    retry_after: int | None = None
    event: Event | None = None

    @property
    def accepted(self) -> bool:
        """False: `if not decision.accepted`."""
        return False

    @property
    def kind(self) -> Kind:
        """The kind of the leading cause."""
        return meta(self.cause).kind

    @property
    def causes(self) -> Mapping[str, Cause]:
        """The leading cause of each provider, by its name."""
        return {refusal.provider: refusal.cause for refusal in self.refusals}


Decision: TypeAlias = Accepted | Denied


class Demand(Struct, frozen=True):
    """What a route wants beyond a good credential: scope (all of it), a way of signing in (RFC 9470), its age in s."""

    scope: frozenset[str] = field(default_factory=frozenset)
    acr: tuple[str, ...] = ()
    max_age: int | None = None
