"""Which providers a route wants, as a value: names joined by any_of, all_of, optional, required and skip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from authwhy.guard.answers import Demand
from authwhy.guard.schemes.interface import Provider
from authwhy.guard.view import View

Rule: TypeAlias = "str | AnyOf | AllOf | Optional | Skip | Demanding"
Skipping = Callable[[View], bool]


class ConfigurationError(ValueError):
    """The set-up cannot work; raised at start-up, before any request."""


class AnyOf(Struct, frozen=True):
    """The first provider that accepts decides."""

    rules: tuple[Rule, ...]


class AllOf(Struct, frozen=True):
    """Every provider has to accept."""

    rules: tuple[Rule, ...]


class Optional(Struct, frozen=True):
    """Nobody has to sign in, but whoever presents a credential has to present a good one."""

    rule: Rule


class Skip(Struct, frozen=True):
    """Leaves a provider out for requests that a predicate names; if nothing is left, the route is closed."""

    rule: Rule
    when: Skipping


class Demanding(Struct, frozen=True):
    """A rule, and what its credential has to grant."""

    rule: Rule
    demand: Demand


def any_of(
    *rules: Rule, scope: str | Iterable[str] = (), acr: str | Iterable[str] = (), max_age: int | None = None
) -> Rule:
    """Any one of these is enough; the first that accepts decides. See `need` for the keywords."""
    return need(AnyOf(rules), scope=scope, acr=acr, max_age=max_age)


def all_of(
    *rules: Rule, scope: str | Iterable[str] = (), acr: str | Iterable[str] = (), max_age: int | None = None
) -> Rule:
    """All of these are needed. See `need` for the keywords."""
    return need(AllOf(rules), scope=scope, acr=acr, max_age=max_age)


def required(*rules: Rule) -> Rule:
    """Each of these has to accept, whatever else is there (ktor's word for all_of)."""
    return AllOf(rules)


def optional(*rules: Rule) -> Rule:
    """Any one of these, or nothing at all. A wrong credential is refused, an outage is an outage."""
    return Optional(rules[0] if len(rules) == 1 else AnyOf(rules))


def skip(rule: Rule, when: Skipping) -> Rule:
    """Leave this rule out for requests for which `when(view)` is true."""
    return Skip(rule, when)


def need(
    rule: Rule, *, scope: str | Iterable[str] = (), acr: str | Iterable[str] = (), max_age: int | None = None
) -> Rule:
    """A rule with demands: `scope` that must all be granted, `acr` values of which one must be met (RFC 9470), and
    the greatest age of the sign-in in s."""
    words = frozenset(scope.split() if isinstance(scope, str) else scope)
    classes = (acr,) if isinstance(acr, str) else tuple(acr)
    if max_age is not None and max_age < 0:
        raise ConfigurationError("max_age is seconds and must not be negative")
    demand = Demand(words, tuple(value for value in classes if value), max_age)
    return rule if demand == Demand() else Demanding(rule, demand)


def names_of(rule: Rule) -> tuple[str, ...]:
    """The providers a rule names, in order, each once."""
    return tuple(dict.fromkeys(_names(rule)))


def _names(rule: Rule) -> Iterator[str]:
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, AnyOf | AllOf):
        for one in rule.rules:
            yield from _names(one)
    else:
        yield from _names(rule.rule)


def check_rule(rule: Rule | None, providers: Mapping[str, Provider]) -> None:
    """Raises ConfigurationError for an unknown name, an empty list, or something that is no rule."""
    if isinstance(rule, AnyOf | AllOf):
        if not rule.rules:
            raise ConfigurationError(f"{type(rule).__name__} of nothing would decide nothing: name a provider")
        for one in rule.rules:
            check_rule(one, providers)
    elif isinstance(rule, Optional | Skip | Demanding):
        if isinstance(rule, Skip) and not callable(rule.when):
            raise ConfigurationError(f"skip: {type(rule.when).__name__} cannot be called with a view")
        check_rule(rule.rule, providers)
    elif not isinstance(rule, str):
        raise ConfigurationError(f"{type(rule).__name__} is no rule: name a provider, or use any_of, all_of, optional")
    elif rule not in providers:
        known = ", ".join(sorted(providers)) or "none"
        raise ConfigurationError(f"no provider is called {rule!r} (there are: {known})")
