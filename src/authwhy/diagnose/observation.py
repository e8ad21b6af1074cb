"""What one rule noticed: causes it speaks for, how strongly, and the words it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue


class Strength(IntEnum):
    """How much an observation settles, weakest first. Text alone never proves (design, idea 4)."""

    HINT = 1  # a status code, a word of the story
    PHRASE = 2  # plain words with no known vendor
    SAID = 3  # a system's own code or sentence
    SEEN = 4  # read off the credential, the claims, two times, the hop: needs no vendor
    REPLAYED = 5  # the real check was run here


class Observation(Struct, frozen=True):
    """One thing noticed. `order` is the line it was noticed on; earlier lines count a little more.

    `settled` is false when the words hide the cause on purpose: then they can only narrow.
    """

    rule: str
    strength: Strength
    causes: tuple[tuple[Cause, float], ...]
    what: str
    where: str = ""
    quote: str = ""
    detail: str | None = None
    side: str | None = None
    facts: Mapping[str, FactValue] = {}
    order: int = 0
    look: str | None = None
    outcome: Literal["failure", "interrupt", "not_failure"] = "failure"


def observed(
    rule: str,
    strength: Strength,
    cause: Cause | tuple[Cause, ...],
    what: str,
    *,
    where: str = "",
    quote: str = "",
    detail: str | None = None,
    side: str | None = None,
    order: int = 0,
    look: str | None = None,
    facts: Mapping[str, FactValue] | None = None,
    **named: FactValue,
) -> Observation:
    """An observation for one cause, or for several with falling weight; facts as a mapping or by name."""
    causes = cause if isinstance(cause, tuple) else (cause,)
    total = sum(1 / (rank + 1) for rank in range(len(causes)))
    weighted = tuple((one, 1 / (rank + 1) / total) for rank, one in enumerate(causes))
    return Observation(
        rule, strength, weighted, what, where, quote, detail, side, {**(facts or {}), **named}, order, look
    )
