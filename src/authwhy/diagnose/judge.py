"""From observations and proofs to findings: certainty is computed here and nowhere else. Pure, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import structs

from authwhy.causes import Cause, meta
from authwhy.diagnose.companions import COMPANIONS
from authwhy.diagnose.observation import Observation, Strength
from authwhy.model.diagnosis import Certainty, EvidenceItem, Finding
from authwhy.model.outcome import FactValue

WEIGHT: Mapping[Strength, float] = {
    Strength.HINT: 1.0,
    Strength.PHRASE: 3.0,
    Strength.SAID: 10.0,
    Strength.SEEN: 14.0,
    Strength.REPLAYED: 60.0,
}
REPEAT = 0.1  # a second sentence that says the same adds little
LATER_LINE = 0.8  # an earlier line beats the last one, which is often the misleading one
CLEAR_LEAD = 1.6
PHRASE_LEAD = 2.4
SETTLED_SHARE = 0.7
HIDDEN = 0.7
LIFTED = 0.65
COMPANION = 0.08
MOST_FINDINGS = 5


class Tally(NamedTuple):
    """What speaks for one cause."""

    cause: Cause
    score: float
    supports: tuple[Observation, ...]  # strongest first


def tally(observations: Sequence[Observation]) -> list[Tally]:
    """Score every cause that any observation names, best first."""
    failures = lift([observation for observation in observations if observation.outcome == "failure"])
    first = min((observation.order for observation in failures if observation.order), default=0)
    shares: dict[Cause, list[tuple[float, Observation]]] = {}
    for observation in failures:
        late = observation.order and observation.order > first
        weight = WEIGHT[observation.strength] * (LATER_LINE if late else 1.0)
        for cause, share in observation.causes:
            shares.setdefault(cause, []).append((weight * share, observation))
    tallies = []
    for cause, parts in shares.items():
        parts.sort(key=lambda part: -part[0])
        score = parts[0][0] + REPEAT * sum(value for value, _ in parts[1:4])
        tallies.append(Tally(cause, score, tuple(observation for _, observation in parts)))
    return sorted(tallies, key=lambda one: (-one.score, min((o.order for o in one.supports), default=0)))


def lift(failures: list[Observation]) -> list[Observation]:
    """A set that will not say which, beside words elsewhere that name one of its members: that member is meant."""
    named = {
        cause
        for one in failures
        if one.strength >= Strength.PHRASE
        for cause, share in one.causes
        if share >= SETTLED_SHARE
    }
    return [_lifted(one, [cause for cause, _ in one.causes if cause in named]) for one in failures]


def _lifted(one: Observation, named: Sequence[Cause]) -> Observation:
    hides = one.strength >= Strength.SAID and max(share for _, share in one.causes) < SETTLED_SHARE
    if not hides or len(named) != 1:
        return one
    rest = 1 - _share(one, named[0])
    shares = tuple((c, LIFTED if c is named[0] else share / rest * (1 - LIFTED)) for c, share in one.causes)
    return structs.replace(one, causes=shares)


def refine(tallies: list[Tally]) -> list[Tally]:
    """A root cause that has support of its own stands before the proximate cause it refines."""
    by_cause = {one.cause: one for one in tallies}
    lifted: list[Tally] = []
    for one in tallies:
        row = meta(one.cause)
        own = one.supports[0].strength
        if row.is_root and own >= Strength.SAID and _share(one.supports[0], one.cause) >= 0.5:
            refined = [by_cause[cause].score for cause in row.refines if cause in by_cause]
            lifted.append(one._replace(score=max([one.score, *(score + 0.01 for score in refined)])))
        else:
            lifted.append(one)
    return sorted(lifted, key=lambda one: -one.score)


def with_companions(tallies: list[Tally]) -> list[Tally]:
    """Add, weakly, what each leading cause is most often mistaken for, so that an honest set is complete."""
    known = {one.cause: one for one in tallies}
    extra: dict[Cause, Tally] = {}
    for leader in tallies[:2]:
        for rank, cause in enumerate(COMPANIONS.get(leader.cause, ())):
            if cause not in known and cause not in extra:
                extra[cause] = Tally(cause, leader.score * COMPANION / (rank + 1), ())
    return sorted([*tallies, *extra.values()], key=lambda one: -one.score)


def _share(observation: Observation, cause: Cause) -> float:
    return next((share for one, share in observation.causes if one == cause), 0.0)


def certainty(one: Tally, rivals: Sequence[Tally]) -> Certainty:
    """`likely` when a code, sentence or visible fact names it and nothing comes near; else `possible`."""
    if not one.supports:
        return "possible"
    best = one.supports[0]
    share = _share(best, one.cause)
    rival = max((_rivalry(other, one) for other in rivals if other.cause != one.cause), default=0.0)
    if best.strength >= Strength.SAID and share >= SETTLED_SHARE and one.score >= CLEAR_LEAD * rival:
        return "likely"
    if best.strength == Strength.PHRASE and share > 0.99 and one.score >= PHRASE_LEAD * rival:
        return "likely"
    return "possible"


def _rivalry(other: Tally, one: Tally) -> float:
    """How much another cause speaks against this one: kin do not, and a set that hides its cause speaks softly."""
    if kin(one.cause, other.cause):
        return 0.0
    hides = bool(other.supports) and _share(other.supports[0], other.cause) < SETTLED_SHARE
    return other.score * (HIDDEN if hides else 1.0)


def kin(one: Cause, other: Cause) -> bool:
    """A proximate cause does not compete with a root cause that refines it, nor the other way round."""
    return other in meta(one).refines or one in meta(other).refines


def findings(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """The findings of what was seen and said, best first; fixes and pages are added later."""
    tallies = with_companions(refine(tally(observations)))[:MOST_FINDINGS]
    order = [one.cause for one in tallies]
    return tuple(_finding(one, certainty(one, tallies), order) for one in tallies)


def _finding(one: Tally, sure: Certainty, order: Sequence[Cause]) -> Finding:
    row = meta(one.cause)
    main = [observation for observation in one.supports if _share(observation, one.cause) >= 0.3]
    facts: dict[str, FactValue] = {}
    for observation in reversed(main):
        facts.update(observation.facts)
    detail = next((o.detail for o in main if o.detail in row.details), None)
    side = next((o.side for o in main if o.side), None)
    if side is None:
        sides = {side.value for cause in (_set_of(one) if sure == "possible" else ()) for side in meta(cause).sides}
        sides |= {side.value for side in row.sides}
        side = sides.pop() if len(sides) == 1 else "undecided"
    among = tuple(order) if sure == "possible" else tuple(c for c in _set_of(one) if c in order)
    return Finding(
        cause=one.cause,
        kind=row.kind.value,
        certainty=sure,
        detail=detail,
        among=among if len(among) > 1 else (),
        side=side,
        evidence=tuple(_items(one.supports[:4])),
        facts=facts,
        page=f"causes/{one.cause.value}",
    )


def _set_of(one: Tally) -> tuple[Cause, ...]:
    return tuple(cause for cause, _ in one.supports[0].causes) if one.supports else ()


def _items(observations: Iterable[Observation]) -> Iterable[EvidenceItem]:
    seen: set[tuple[str, str]] = set()
    for observation in observations:
        key = (observation.what, observation.quote)
        if key not in seen:
            seen.add(key)
            yield EvidenceItem(observation.what, observation.where, observation.quote)
