"""A recorded event as evidence: the real check ran elsewhere, and this is what it saw.

Guard's own events are first hand. A check that looks at the credential and at guard's own state alone proves its
cause; one that compares two sides (two clocks, two names, two keys) proves what differs and not whose fault it is, so
it narrows. Any other event was concluded from a text, which never gives more than likely. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from authwhy.causes import Cause, Kind, meta
from authwhy.diagnose.context import Context
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.replays import Proved, Replayed
from authwhy.diagnose.times import iso, parse_time
from authwhy.evidence.redact import redact
from authwhy.model.diagnosis import Certainty
from authwhy.model.event import Event, Refusal
from authwhy.model.outcome import FactValue
from authwhy.model.policy import KNOWN_ALGORITHMS
from authwhy.model.secret import Vault

C = Cause
RULE = "event"
FIRST_HAND = "guard"
_LONGEST = 200
_EPOCH = 10**8  # whole numbers above it are times, s since 1970

# A check of two sides, and what else would make it fail the same way.
TWO_SIDED: Mapping[Cause, Cause] = {
    C.EXPIRED: C.CLOCK_SKEW,
    C.NOT_YET_VALID: C.CLOCK_SKEW,
    C.WRONG_SECOND_FACTOR: C.CLOCK_SKEW,
    C.WRONG_AUDIENCE: C.MISCONFIGURED,
    C.WRONG_ISSUER: C.MISCONFIGURED,
    C.UNSUPPORTED_ALGORITHM: C.MISCONFIGURED,
    C.UNTRUSTED_CERTIFICATE: C.MISCONFIGURED,
    C.BAD_SIGNATURE: C.WRONG_SECRET,
    C.UNKNOWN_KEY: C.WRONG_ISSUER,
    C.MISSING: C.STRIPPED_IN_TRANSIT,
}
_LOOK = {
    C.UNSUPPORTED_ALGORITHM: "which algorithm does the issuer sign with, and does the provider's list have it?",
    C.UNTRUSTED_CERTIFICATE: "who issued the caller's certificate, and is that authority among the provider's roots?",
}
_LOOK_AT_KEYS = "curl the issuer's jwks_uri: is the key with the token's kid the one that the service holds?"


class Recorded(Struct, frozen=True):
    """An event as one more replay, and what it is about, for the choice of fixes."""

    replayed: Replayed
    topic: str = ""


def recorded(event: Event) -> Recorded:
    """What an event says. A success has passed."""
    topic = f"http {event.method or ''} {event.issuer or ''}"
    if event.outcome == "success":
        return Recorded(Replayed((), {}, 0, passed=f"{_name(event)}: accepted by {event.provider}"), topic)
    if event.source != FIRST_HAND:
        return Recorded(Replayed(tuple(_concluded(event)), {}, 0), topic)
    observations: list[Observation] = []
    proved: dict[Cause, Proved] = {}
    for refusal in _refusals(event):
        for rank, cause in enumerate(refusal.causes):
            detail, facts = (refusal.detail, refusal.facts) if rank == 0 else (None, {})
            order = len(observations) + 1
            if _own_code(cause, facts):
                observations.append(_raised(event, refusal.provider, cause, facts, order))
                proved.setdefault(cause, Proved(None, "narrowed", None, "verifier", (cause, C.MISCONFIGURED)))
                continue
            observations.append(_observation(event, refusal.provider, cause, detail, facts, order))
            proved.setdefault(cause, _proved(cause, detail))
    return Recorded(Replayed(tuple(observations), proved, 0), topic)


def with_policy(context: Context, event: Event) -> Context:
    """Fill what was not given by name from what the event says of the policy, and the time from the event's own."""
    at = parse_time(event.time) if context.at is None else context.at
    wanted: dict[Cause, tuple[str, ...]] = {}
    for refusal in (*_refusals(event), *event.refusals):
        names = refusal.facts.get("claim" if refusal.cause is C.MISSING_CLAIM else "expected")
        wanted.setdefault(refusal.cause, _texts(names))
    return structs.replace(
        context,
        at=None if at is None else int(at),
        issuers=context.issuers or wanted.get(C.WRONG_ISSUER, ()),
        audiences=context.audiences or wanted.get(C.WRONG_AUDIENCE, ()),
        algorithms=context.algorithms
        or tuple(name for name in wanted.get(C.UNSUPPORTED_ALGORITHM, ()) if name in KNOWN_ALGORITHMS),
        required=context.required or wanted.get(C.MISSING_CLAIM, ()),
        scope=context.scope or wanted.get(C.INSUFFICIENT_SCOPE, ()),
    )


def _refusals(event: Event) -> list[Refusal]:
    """Those of the providers that something was presented to, the one that decided first; else any."""
    claimed = [one for one in event.refusals if one.claimed] or list(event.refusals)
    if not claimed and event.causes:
        causes = tuple(one.cause for one in event.causes)
        claimed = [Refusal(event.provider or "", causes, event.detail, event.facts)]
    return sorted(claimed, key=lambda one: one.provider != event.provider)


def _observation(
    event: Event, provider: str, cause: Cause, detail: str | None, facts: Mapping[str, FactValue], order: int
) -> Observation:
    words = ", ".join([*([detail.replace("_", " ")] if detail else []), *_fact_words(facts)])
    who = f"provider {provider} " if provider else ""
    what = f"{_name(event)}: {who}refused: {cause.value.replace('_', ' ')}" + (f" ({words})" if words else "")
    return observed(
        RULE, Strength.REPLAYED, cause, what, where=_where(event), detail=detail, facts=facts, order=order,
        look=_look(cause, facts),
    )  # fmt: skip


def _own_code(cause: Cause, facts: Mapping[str, FactValue]) -> bool:
    """True when the application's own check raised: guard knows the class and the place, no provider's answer."""
    return meta(cause).kind is Kind.ERROR and "exception" in facts and facts.keys() <= {"exception", "raised_in"}


def _raised(event: Event, provider: str, cause: Cause, facts: Mapping[str, FactValue], order: int) -> Observation:
    """Not the identity provider: what it would have said was never asked, or never read."""
    raised, place = (str(facts.get(name) or "")[:_LONGEST] for name in ("exception", "raised_in"))
    what = f"the service's own check{f' of provider {provider}' if provider else ''} raised {raised}"
    look = f"read {place or 'the check'} in the service's code, and the service's log at {event.time}: why {raised}?"
    return observed(
        RULE, Strength.REPLAYED, cause, f"{_name(event)}: {what}{f' at {place}' if place else ''}",
        where=_where(event), side="verifier", facts=facts, order=order, look=_safe(look),
    )  # fmt: skip


def _concluded(event: Event) -> Iterator[Observation]:
    """An event made from a log line or an observed answer: as sure as it was then."""
    if event.causes:
        what = f"{_name(event)}, from {event.source or 'an unnamed source'}: {event.reason or event.code or 'refused'}"
        causes = tuple((one.cause, one.p) for one in event.causes)
        yield Observation(
            RULE, Strength.SAID, causes, _safe(what), _where(event), detail=event.detail, facts=event.facts, order=1
        )


def _proved(cause: Cause, detail: str | None) -> Proved:
    rival = TWO_SIDED.get(cause)
    certainty: Certainty = "proven" if rival is None else "narrowed"
    among = () if rival is None else (cause, rival)
    return Proved(None, certainty, detail, None if rival is None else "undecided", among)


def _look(cause: Cause, facts: Mapping[str, FactValue]) -> str | None:
    """Where to look for what splits the two sides, when no general question does."""
    if cause is C.BAD_SIGNATURE and not str(facts.get("alg", "")).startswith("HS"):
        return _LOOK_AT_KEYS
    return _LOOK.get(cause)


def _name(event: Event) -> str:
    return f"event {event.ref}" if event.ref else "event"


def _where(event: Event) -> str:
    return _safe(" ".join(part for part in (event.time, event.verb, event.route) if part))


def _safe(text: str) -> str:
    """Text that somebody else wrote into an event, without what looks like a secret."""
    vault = Vault()
    return vault.mask(redact(text, vault))[: 2 * _LONGEST]


def _fact_words(facts: Mapping[str, FactValue]) -> Iterator[str]:
    for name, value in facts.items():
        if value in (None, "", ()):
            continue
        if isinstance(value, tuple):
            text = " ".join(value)
        else:
            text = iso(value) if isinstance(value, int | float) and value > _EPOCH else str(value)
        yield f"{name} {text[:_LONGEST]}"


def _texts(value: FactValue) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()
