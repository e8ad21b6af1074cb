"""The decision: every provider of a rule is asked in order, every refusal is kept, and doubt never lets a request in.

Written as a generator of Calls (guard.effects), so that it is the same for async and sync services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import iscoroutine
from pathlib import PurePath
from types import GeneratorType
from typing import Any, Protocol, TypeGuard

from msgspec import Struct, field
from msgspec.structs import replace

from authwhy.causes import Cause, Kind, meta
from authwhy.guard.answers import NOT_MINE, Accept, Answer, Demand, Deny, Presented
from authwhy.guard.effects import Call, Step
from authwhy.guard.pool import Overloaded
from authwhy.guard.rules import AllOf, AnyOf, Demanding, Optional, Rule, Skip, names_of
from authwhy.guard.schemes.interface import Provider
from authwhy.guard.sinks.complaints import CHECK, complain
from authwhy.guard.view import View
from authwhy.model.outcome import FactValue, Failure
from authwhy.stores.interface import StoreUnavailable

_RANK = {Kind.ERROR: 0, Kind.INVALID_CREDENTIALS: 1, Kind.DENIED: 2, Kind.NO_CREDENTIALS: 3}


class Outcome(Struct):
    """What the providers of a rule said. `good` is None when the request must not go on."""

    good: dict[str, Accept] | None
    refused: dict[str, Deny]
    asked: dict[str, Presented]
    demand: Demand = field(default_factory=Demand)

    def primary(self) -> tuple[str | None, Deny]:
        """The leading refusal and who said it: an outage, then a bad credential, then a rule, then nothing sent.

        A provider that could not decide might have accepted, so it outranks one that refused. Of two equal ones, that
        leads which was presented something, and then that which could read it.
        """
        if len(self.refused) == 1:
            return next(iter(self.refused.items()))
        best = min(self.refused.items(), key=_order, default=None)
        return best if best is not None else (None, Deny((Failure(Cause.MISSING),)))

    def leading(self) -> tuple[str | None, Deny]:
        """The same, without a provider where nothing was presented to any."""
        name, deny = self.primary()
        return (name or None) if deny.claimed else None, deny


def _order(item: tuple[str, Deny]) -> tuple[int, bool, bool]:
    deny = item[1]
    return _RANK[meta(deny.cause).kind], not deny.claimed, deny.cause is Cause.MALFORMED


class Deciding:
    """One request on its way through the providers. `before` is asked before a guessable credential is looked at."""

    def __init__(self, providers: Mapping[str, Provider], view: View, now: int, gate: Gate | None) -> None:
        self.providers, self.view, self.now, self.gate = providers, view, now, gate
        self.answers: dict[str, Answer] = {}
        self.found: dict[str, Presented | Deny | None] = {}
        self.unmet: dict[str, Deny] = {}  # accepted, and not enough for a demand
        self.skipped: set[str] = set()
        self.owner: Accept | None = None  # whose second factor is asked for now
        self.owners: dict[str, Accept | None] = {}

    def decide(self, rule: Rule) -> Step:
        """Returns an Outcome. Raises nothing that a provider raised."""
        names = names_of(rule)
        for name in names:
            self.found[name] = self._find(name)
        good = yield from self._evaluate(rule)
        if good is not None and not good and (self._unclaimed() or not all(map(self._nothing_for, names))):
            good = None  # nobody is anonymous who presented something, even to a provider that was left out
        asked = {name: found for name in names if isinstance(found := self.found.get(name), Presented)}
        refused = {} if good is not None else {name: self._refusal(name) for name in names if self._refused(name)}
        if good is None and not refused:
            refused = {names[0]: Deny((Failure(Cause.POLICY_BLOCKED, None, {"problem": "all_skipped"}),))}
        return Outcome(good, refused, asked, _demand_of(rule))

    def _refused(self, name: str) -> bool:
        """Is there a refusal to tell of: neither left out nor accepted?"""
        return name not in self.skipped and (name in self.unmet or not isinstance(self.answers.get(name), Accept))

    def _find(self, name: str) -> Presented | Deny | None:
        try:
            found: object = self.providers[name].find(self.view)
        except Exception as error:  # noqa: BLE001  whatever it is, the request must not go on
            return failed(error)
        if found is None or isinstance(found, Presented):
            return found
        return found if _is_refusal(found) else _nonsense(found)

    def _evaluate(self, rule: Rule) -> Step:
        """Returns the accepting providers (none for an anonymous pass), or None when the rule is not met."""
        if isinstance(rule, str):
            return (yield from self._ask(rule))
        if isinstance(rule, AnyOf):
            return (yield from self._any(rule))
        if isinstance(rule, AllOf):
            return (yield from self._all(rule))
        if isinstance(rule, Optional):
            good = yield from self._evaluate(rule.rule)
            return {} if good is None and self._silent(rule) else good
        if isinstance(rule, Skip):
            if (yield from self._is_skipped(rule)):
                return None
            return (yield from self._evaluate(rule.rule))
        good = yield from self._evaluate(rule.rule)
        return self._demanded(rule, good) if good else good

    def _any(self, rule: AnyOf) -> Step:
        if self._contradicts(rule):
            return None
        anonymous = None
        for one in sorted(rule.rules, key=self._is_ambient):  # what was sent on purpose decides before a cookie does
            good = yield from self._evaluate(one)
            if good:
                return good
            if good is not None:
                anonymous = good
        return anonymous if self._silent(rule) else None

    def _is_ambient(self, rule: Rule) -> bool:
        """Was nothing presented to this rule but what browsers send unasked?"""
        found = [one for name in names_of(rule) if isinstance(one := self.found.get(name), Presented)]
        return bool(found) and all(one.slot.startswith(_UNASKED) for one in found)

    def _all(self, rule: AllOf) -> Step:
        """Every member is asked, so that all reasons are known at once; second factors after whom they belong to."""
        every: dict[str, Accept] | None = {}
        outer = self.owner
        for one in sorted(rule.rules, key=self._is_second):
            self.owner = next(iter(every.values()), None) if every else None
            if isinstance(one, Skip) and (yield from self._is_skipped(one)):
                continue
            good = yield from self._evaluate(one)
            if good is None:
                every = None
            elif every is not None:
                every.update(good)
        self.owner = outer
        return None if not every and all(name in self.skipped for name in names_of(rule)) else every

    def _silent(self, rule: Rule) -> bool:
        """Nothing was presented to any provider of this rule, and each of them was there to be asked."""
        return all(name not in self.skipped and self._nothing_for(name) for name in names_of(rule))

    def _nothing_for(self, name: str) -> bool:
        """Was nothing presented to this provider? An ambient one says so itself."""
        return self.found[name] is None or (self.answers.get(name) is NOT_MINE and self.providers[name].ambient)

    def _is_skipped(self, rule: Skip) -> Step:
        names = names_of(rule)
        if not self.skipped.issuperset(names) and (yield from self._predicate(rule)):
            self.skipped.update(names)
        return self.skipped.issuperset(names)

    def _predicate(self, rule: Skip) -> Step:
        """A predicate that fails skips nothing, and its providers report the fault."""
        try:
            skipped: object = yield Call(rule.when, (self.view,))
        except Exception as error:  # noqa: BLE001  a broken predicate must not open the route
            self.found.update(dict.fromkeys(names_of(rule), failed(error)))
            return False
        return skipped is True

    def _contradicts(self, rule: AnyOf) -> bool:
        """Two credentials in two places, where one is wanted (RFC 6750 section 2): refused, not chosen from."""
        places: list[set[str]] = []
        for one in rule.rules:
            here = {found.slot for name in names_of(one) if (found := self._explicit(name)) is not None}
            if here:
                places.append(here)
        if not any(a.isdisjoint(b) for at, a in enumerate(places) for b in places[at + 1 :]):
            return False
        slots = tuple(dict.fromkeys(slot for here in places for slot in sorted(here)))
        refusal = Deny((Failure(Cause.AMBIGUOUS, None, {"seen": slots}),))
        for name in names_of(rule):
            if self._explicit(name) is not None:
                self.answers[name] = refusal
        return True

    def _explicit(self, name: str) -> Presented | None:
        found = self.found.get(name)
        return found if isinstance(found, Presented) and not self.providers[name].ambient else None

    def _ask(self, name: str) -> Step:
        """Returns {name: Accept}, or None; the answer is kept either way, and asked for once."""
        provider = self.providers[name]
        if provider.second_factor and self.owner is None and name in self.answers:
            return None  # there is nobody it could belong to; what it said of somebody else stays said
        if name not in self.answers or (provider.second_factor and self.owners.get(name, self.owner) is not self.owner):
            self.owners[name] = self.owner
            found = self._second(self.found[name]) if provider.second_factor else self.found[name]
            self.answers[name] = yield from attempted(provider, found, self.view, self.now, self.gate)
        answer = self.answers[name]
        return {name: answer} if isinstance(answer, Accept) else None

    def _is_second(self, rule: Rule) -> bool:
        return any(self.providers[name].second_factor for name in names_of(rule))

    def _second(self, found: Presented | Deny | None) -> Presented | Deny | None:
        """A second factor of the one whose first factor the same rule accepted; nothing while there is nobody."""
        owner = self.owner
        if owner is None:
            return None
        if found is None:
            return Deny((Failure(Cause.SECOND_FACTOR_REQUIRED, attested=True),), known=True, user=owner.user)
        return found if isinstance(found, Deny) else replace(found, identity=owner.user)

    def _demanded(self, rule: Demanding, good: dict[str, Accept]) -> dict[str, Accept] | None:
        """One of the accepted credentials has to meet every demand."""
        problems = {name: unmet(accept, rule.demand, self.now) for name, accept in good.items()}
        if any(problem is None for problem in problems.values()):
            return good
        for name, problem in problems.items():
            if problem is not None:
                self.unmet[name] = Deny((problem,), known=True, user=good[name].user)
        return None

    def _refusal(self, name: str) -> Deny:
        """What a provider said, or that nothing was presented to it."""
        answer = self.unmet.get(name) or self.answers.get(name)
        if isinstance(answer, Deny):
            return answer
        if not self._unclaimed():
            return Deny((Failure(Cause.MISSING),), claimed=False)
        word = (self.view.header(b"authorization") or "").split(" ", 1)[0].lower()
        facts: dict[str, FactValue] = {"seen": word if word in _KNOWN_SCHEMES else "other"}
        return Deny((Failure(Cause.UNSUPPORTED_SCHEME, None, facts),), claimed=False)

    def _unclaimed(self) -> bool:
        """Is there an Authorization header that no provider took for its own?"""
        if not self.view.values(b"authorization"):
            return False
        return not any(_claims(found, self.answers.get(name)) for name, found in self.found.items())


def attempted(provider: Provider, found: Presented | Deny | None, view: View, now: int, gate: Gate | None) -> Step:
    """Check what a provider found, behind the gate where it can be guessed. Returns an Answer, raises nothing."""
    if not isinstance(found, Presented):
        return NOT_MINE if found is None else found
    key = (id(provider), found.identity)  # two rules on one request must not use a one-time credential twice
    if key in view.answers:
        known: Answer = view.answers[key]
        return known
    gate = gate if provider.guessable else None
    held = None
    try:
        if gate is not None:
            held = yield from gate.enter(provider, view, found, now)
            if isinstance(held, Deny):
                return held
        answer = provider.check(found, view, now)
        if isinstance(answer, GeneratorType):
            answer = yield from answer
    except Exception as error:  # noqa: BLE001  a provider that raises has answered: an error cause
        answer = failed(error)
    said: Answer = answer if _is_acceptance(answer) or _is_refusal(answer) or answer is NOT_MINE else _nonsense(answer)
    if gate is not None:
        try:
            said = yield from gate.leave(held, view, found, said, now)
        except Exception as error:  # noqa: BLE001  an attempt that cannot be counted was not decided
            said = failed(error)
    view.answers[key] = said
    return said


def _claims(found: Presented | Deny | None, answer: Answer | None) -> bool:
    """Did a provider take the Authorization header? One that found it and then said not mine did not."""
    if isinstance(found, Deny):
        return True
    return found is not None and found.slot == "authorization" and answer is not NOT_MINE


class Gate(Protocol):
    """What stands before guessable credentials (guard.throttled)."""

    def enter(self, provider: Provider, view: View, found: Presented, now: int) -> Step:
        """Returns a Deny, or what `leave` wants back."""

    def leave(self, held: Any, view: View, found: Presented, answer: Answer, now: int) -> Step:
        """Returns the answer, perhaps with notes."""


_MEMORY_FULL = {"provider": "memory", "problem": "full"}
_NOT_THEIRS = ("authwhy.", "asyncio.", "concurrent.")
_UNASKED = ("cookie:", "tls")
"""Slots that browsers fill by themselves."""
_KNOWN_SCHEMES = frozenset(
    "basic bearer digest dpop hoba mutual negotiate ntlm oauth scram-sha-1 scram-sha-256 vapid gnap apikey token"
    " aws4-hmac-sha256 sharedkey sharedkeylite signature session".split()
)


def failed(error: Exception) -> Deny:
    """An exception as an answer: an error cause with the exception's class and place, never its text."""
    if isinstance(error, Overloaded):
        return Deny((Failure(Cause.RATE_LIMITED, "service"),), retry_after=5)
    if isinstance(error, StoreUnavailable) and error.facts == _MEMORY_FULL:
        return Deny((Failure(Cause.RATE_LIMITED, "service"),), retry_after=5)  # callers can fill it: no outage
    named = getattr(error, "cause", None)
    cause = named if isinstance(named, Cause) and meta(named).kind is Kind.ERROR else None
    if cause is None:
        reachable = not isinstance(error, OSError | TimeoutError | EOFError)
        cause = Cause.PROVIDER_ERROR if reachable else Cause.PROVIDER_UNREACHABLE
    facts: dict[str, FactValue] = {"exception": type(error).__name__[:64]}
    if cause is not named and (place := _raised_in(error)) is not None:
        facts["raised_in"] = place
        complain(CHECK, f"raised {facts['exception']} at {place}")
    given = getattr(error, "facts", None) if cause is named else None
    return Deny((Failure(cause, None, {**given, **facts} if isinstance(given, Mapping) else facts),))


def _raised_in(error: Exception) -> str | None:
    """Where the application's own code raised, as file and line: what was raised may tell a secret, this does not."""
    place, trace = None, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not trace.tb_frame.f_globals.get("__name__", "").startswith(_NOT_THEIRS):
            place = f"{PurePath(code.co_filename).name[:64]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _is_acceptance(answer: object) -> TypeGuard[Accept]:
    """Accept says who it is: None is never success."""
    return isinstance(answer, Accept) and answer.principal is not None


def _is_refusal(answer: object) -> TypeGuard[Deny]:
    """Deny has failures, each with its cause; `Deny(Cause.X)` in place of `deny(Cause.X)` has none."""
    if not isinstance(answer, Deny) or not isinstance(answer.failures, tuple) or not answer.failures:
        return False
    return all(isinstance(one, Failure) and isinstance(one.cause, Cause) for one in answer.failures)


def _nonsense(value: object) -> Deny:
    if iscoroutine(value):
        value.close()  # nobody will await it
    facts: dict[str, FactValue] = {"problem": "wrong_type", "returned": type(value).__name__[:64]}
    return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", facts),))


def unmet(accept: Accept, demand: Demand, now: int) -> Failure | None:
    """The first demand that an accepted credential does not meet, in the fixed order."""
    if demand.acr and accept.acr not in demand.acr:
        facts: dict[str, FactValue] = {"expected": demand.acr, "seen": (accept.acr,) if accept.acr else ()}
        return Failure(Cause.STRONGER_AUTHENTICATION_REQUIRED, None, facts, attested=True)
    at = accept.authenticated_at
    if demand.max_age is not None and (at is None or at + demand.max_age < now):
        facts = {"max_age_s": demand.max_age}
        if at is not None:
            facts["age_s"] = now - at
        return Failure(Cause.STRONGER_AUTHENTICATION_REQUIRED, None, facts, attested=True)
    granted = accept.scope or frozenset()
    if demand.scope and not demand.scope <= granted:
        missing = tuple(sorted(demand.scope - granted))
        facts = {"expected": tuple(sorted(demand.scope)), "seen": tuple(sorted(granted))[:64], "missing": missing}
        return Failure(Cause.INSUFFICIENT_SCOPE, "scope", facts, attested=True)
    return None


def _demand_of(rule: Rule) -> Demand:
    """What a challenge has to name: every demand of the rule together."""
    demands = list(_demands(rule))
    if len(demands) <= 1:
        return demands[0] if demands else Demand()
    ages = [demand.max_age for demand in demands if demand.max_age is not None]
    scope = frozenset(word for demand in demands for word in demand.scope)
    acr = tuple(dict.fromkeys(value for demand in demands for value in demand.acr))
    return Demand(scope, acr, min(ages, default=None))


def _demands(rule: Rule) -> Iterator[Demand]:
    if isinstance(rule, Demanding):
        yield rule.demand
        yield from _demands(rule.rule)
    elif isinstance(rule, AnyOf | AllOf):
        for one in rule.rules:
            yield from _demands(one)
    elif isinstance(rule, Optional | Skip):
        yield from _demands(rule.rule)
