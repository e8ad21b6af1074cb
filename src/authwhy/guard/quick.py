"""The commonest requests without the machinery: nothing sent, or one bearer token that nothing has to be asked about.

Gives exactly what guard.decide would; tests/guard/test_quick.py compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from authwhy.causes import Cause, Public
from authwhy.guard.answers import Accepted, Demand, Deny, HeaderLines, Presented
from authwhy.guard.decide import Outcome, unmet
from authwhy.guard.respond import answer
from authwhy.guard.rules import AnyOf, Demanding, Optional, Rule
from authwhy.guard.schemes.authorization import SLOT
from authwhy.guard.schemes.bearer_jwt import BearerJwt
from authwhy.guard.token_cache import Entry
from authwhy.guard.view import View
from authwhy.model.event import Event
from authwhy.model.outcome import Failure

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

_BEARER = b"Bearer "
_MARK = "0123456789abcdef"
_MISSING = Deny((Failure(Cause.MISSING),), claimed=False)
_ODD = frozenset((b"sec-fetch-mode", b"x-requested-with"))
"""Headers that change how a refusal is answered."""
_MOST_AGAIN = 32
"""Refused tokens remembered for a path, for less than a second of work."""


class Made(Struct, frozen=True):
    """An answer with a gap for the reference: nothing else in it differs between requests."""

    status: int
    public: Public
    code: str | None
    headers: HeaderLines
    before: bytes
    after: bytes


Told: TypeAlias = tuple[Made, bytes]
"""An answer to send, and its body."""


class _Refusal:
    """What is said of one refusal, and its event, which later requests share but for when and where they come from."""

    __slots__ = ("deny", "event", "made")

    def __init__(self, deny: Deny, made: Made) -> None:
        self.deny, self.made = deny, made
        self.event: Event | None = None


class Shortcut:
    """Decides simple requests under one rule. Returns None where the whole way has to be gone.

    A token that was refused is refused again without a check for the rest of the second: nothing that the check looks
    at has changed. So a client that keeps trying costs little.
    """

    def __init__(
        self, guard: Guard, names: tuple[str, ...], anonymous: bool, demand: Demand | None, route: str | None
    ) -> None:
        self._guard, self._names, self._anonymous, self._demand, self._route = guard, names, anonymous, demand, route
        self._recorder = guard.recorder
        providers = guard.providers
        self._token = next((p for name in names if isinstance(p := providers[name], BearerJwt)), None)
        looked_at: set[bytes] = {*_ODD, b"authorization"}
        for name in names:
            looked_at |= providers[name].looks_at or frozenset()
        self._looked_at = frozenset(looked_at)
        self._name = self._token.name if self._token is not None else names[0]
        self._made: dict[tuple[Cause, bool], Made] = {}
        self._recall = None if self._token is None else self._token.recall
        given = None if self._token is None else self._token.keys
        self._given = given if given is not None and given.fixed else None  # keys that are always there and never old
        self._silent: _Refusal | None = None
        self._again: dict[bytes, _Refusal] = {}
        self._again_under: tuple[int, object, int] = (0, None, 0)
        self._longest = 0 if self._token is None else self._token.policy.max_bytes + len(_BEARER)

    def decide(self, scope: MutableMapping[str, Any]) -> Accepted | Told | None:
        """The decision about an ASGI scope."""
        value = None
        looked_at = self._looked_at
        for name, given in scope["headers"]:
            if name in looked_at:
                if value is not None or name != b"authorization":
                    return None
                value = given
        provider = self._token
        if value is None:
            if self._anonymous or scope["method"] in _OTHERWISE:
                return None
            return self._told(self._silent or self._nothing(), scope)
        if provider is None or value[:7] != _BEARER or len(value) > self._longest:
            return None
        now = self._guard.clock()
        recall = self._recall
        # text without a dot is no token, and may be long
        digest = sha256(value[7:]).digest() if recall is not None and value.find(b".") > 0 else None
        entry = None if digest is None or recall is None else recall.entries.get(digest)
        if (
            entry is None
            or not entry.starts <= now < entry.ends
            or entry.bound
            or entry.version != (keys := provider.keys).version
            or (keys is not self._given and (keys.current is None or keys.overdue_s is not None))
        ):
            return self._checked(provider, value[7:], digest, scope, now)
        accept = entry.accept
        if self._demand is not None and unmet(accept, self._demand, int(now)) is not None:
            return None
        if self._recorder.sinks:
            return self._recorded(provider, entry, scope, now)
        if entry.decision is None:
            principals = {provider.name: accept.principal}
            entry.decision = Accepted(accept.principal, provider.name, principals, accept.claims, accept.scope)
        return entry.decision

    def _nothing(self) -> _Refusal:
        """What is said where nothing was sent."""
        self._silent = _Refusal(_MISSING, self._make(_MISSING))
        return self._silent

    def _checked(
        self, provider: BearerJwt, token: bytes, digest: bytes | None, scope: MutableMapping[str, Any], now: float
    ) -> Told | None:
        """A token that was not accepted before: refused here, accepted on the whole way."""
        if scope["method"] in _OTHERWISE or token[:1] == b" " or b"," in token:
            return None
        keys, version, second = provider.keys, provider.keys.version, int(now)
        again, under = self._again, self._again_under
        if under[0] != second or under[1] is not keys or under[2] != version or len(again) >= _MOST_AGAIN:
            again = self._again = {}
            self._again_under = second, keys, version
        refusal = again.get(digest) if digest is not None else None
        if refusal is None:
            deny = provider.refusal(token.decode("latin-1"), second)
            if deny is None:
                return None
            refusal = _Refusal(deny, self._made_for(deny))
            if digest is not None:
                again[digest] = refusal
        return self._told(refusal, scope, token, now)

    def _recorded(self, provider: BearerJwt, entry: Entry, scope: MutableMapping[str, Any], now: float) -> Accepted:
        """The same with an event."""
        started, view, accept, recorder = perf_counter(), self._view(scope), entry.accept, self._recorder
        if entry.fingerprint is None:
            token = next(value for name, value in scope["headers"] if name == b"authorization")
            entry.fingerprint = recorder.fingerprint(token[7:])
        ref, name = recorder.references.next(), provider.name
        event = recorder.success(
            view, name, provider.method, accept, ref, now, self._route, started, perf_counter(), None,
            fingerprint=entry.fingerprint,
        )  # fmt: skip
        recorder.tell(event)
        return Accepted(accept.principal, name, {name: accept.principal}, accept.claims, accept.scope, ref, (), event)

    def _told(
        self, refusal: _Refusal, scope: MutableMapping[str, Any], token: bytes | None = None, now: float | None = None
    ) -> Told:
        made, ref = refusal.made, self._recorder.references.next()
        if self._recorder.sinks:
            self._tell(refusal, scope, token, self._guard.clock() if now is None else now, ref)
        return made, made.before + ref.encode() + made.after

    def _tell(
        self, refusal: _Refusal, scope: MutableMapping[str, Any], token: bytes | None, now: float, ref: str
    ) -> None:
        recorder, started, view = self._recorder, perf_counter(), self._view(scope)
        event = refusal.event
        if event is not None:
            event = recorder.again(event, view, ref, now, started, perf_counter())
        else:
            deny, made = refusal.deny, refusal.made
            presented = None if token is None else Presented(SLOT, token.decode("latin-1"))
            method = self._guard.providers[self._name].method if deny.claimed else None
            event = refusal.event = recorder.failure(
                view, self._outcome(deny, presented), method, ref, now, self._route, started, perf_counter(),
                made.status, made.public, made.code,
            )  # fmt: skip
        recorder.tell(event)

    def _outcome(self, deny: Deny, presented: Presented | None) -> Outcome:
        refused = {one: deny if deny.claimed and one == self._name else _MISSING for one in self._names}
        asked = {self._name: presented} if presented is not None else {}
        return Outcome(None, refused, asked, self._demand or Demand())

    def _made_for(self, deny: Deny) -> Made:
        """The answer to a refused token: the same for one cause, as far as outsiders are told."""
        first = deny.failures[0]
        made = self._made.get((first.cause, first.attested))
        if made is None:
            made = self._made[first.cause, first.attested] = self._make(deny)
        return made

    def _make(self, deny: Deny) -> Made:
        guard = self._guard
        made = answer(self._outcome(deny, None), guard.providers, View(method="GET", path="/"), 0, guard.manner, _MARK)
        before, _, after = made.body.partition(_MARK.encode())
        return Made(made.status, made.public, made.code, made.headers, before, after)

    def _view(self, scope: MutableMapping[str, Any]) -> View:
        client = scope.get("client")
        view = View(method=scope["method"], path=scope["path"], headers=scope["headers"])
        if client:
            view.peer, view.port = client[0], client[1] or None
        self._guard.place(view)
        return view


_OTHERWISE = frozenset(("HEAD", "OPTIONS"))


def shortcut(guard: Guard, rule: Rule, route: str | None = None) -> Shortcut | None:
    """The shortcut for a rule, or None: for one provider, or any of several, that look at nothing but headers."""
    inner = rule.rule if isinstance(rule, Demanding) else rule
    anonymous = isinstance(inner, Optional)
    inner = inner.rule if isinstance(inner, Optional) else inner
    rules: Sequence[Rule] = inner.rules if isinstance(inner, AnyOf) else (inner,)
    names = tuple(one for one in rules if isinstance(one, str))
    providers: Mapping[str, Any] = guard.providers
    if len(names) != len(rules) or not all(providers[name].looks_at and providers[name].still for name in names):
        return None
    tokens = [name for name in names if isinstance(providers[name], BearerJwt)]
    if len(tokens) > 1 or any(providers[name].cookie for name in tokens):
        return None
    demand = rule.demand if isinstance(rule, Demanding) else None
    return Shortcut(guard, names, anonymous, demand, route)
