"""The typed rows of the lexicon, as the index keeps them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause

Outcome = Literal["failure", "interrupt", "not_failure"]
Rank = Literal["exact", "general", "stock"]  # stock: what a server or framework sends for every refusal alike


class Row(Struct, frozen=True, omit_defaults=True):
    """One thing a system says, and the causes it stands for (several when it cannot or will not say which)."""

    system: str
    pattern: str
    causes: tuple[Cause, ...] = ()
    weights: tuple[float, ...] = ()
    detail: str | None = None
    code: str | None = None
    side: str | None = None
    rank: Rank = "exact"
    look: str | None = None
    outcome: Outcome = "failure"
    source: str = ""
    needs: tuple[str, ...] = ()

    @property
    def weighted(self) -> tuple[tuple[Cause, float], ...]:
        """The causes with their weights; without stated weights they fall, and sum to 1."""
        if self.weights:
            return tuple(zip(self.causes, self.weights, strict=True))
        total = sum(1 / (rank + 1) for rank in range(len(self.causes)))
        return tuple((cause, 1 / (rank + 1) / total) for rank, cause in enumerate(self.causes))


class System(Struct, frozen=True):
    """A system that says things: what it tells, what it hides, where its documentation is."""

    system: str
    title: str
    protocol: str
    summary: str
    docs: str = ""
    aliases: tuple[str, ...] = ()
    rows: int = 0
