"""Run the real check again under named edits; the smallest set that turns refusal into acceptance is the proof.

Minimal diagnosis in Reiter's sense (A Theory of Diagnosis from First Principles, 1987). Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Outcome, Refused

Case = TypeVar("Case")
Touches = Literal["credential", "key", "clock", "policy"]
ONE_SIDED: frozenset[str] = frozenset({"credential", "key"})


class Edit(Struct, Generic[Case], frozen=True):
    """One named change to a case, and the cause it proves when it is what was missing.

    Edits that touch the credential's or key's bytes are one-sided: proven, done. Edits to clock and policy are
    two-sided: they prove what differs and by how much, and a witness decides whose fault it is.
    """

    name: str
    touches: Touches
    cause: Cause
    apply: Callable[[Case], Case]
    detail: str | None = None
    facts: Mapping[str, FactValue] = {}
    rivals: tuple[Cause, ...] = ()


class Budget(Struct, frozen=True):
    """What one proof may cost: verifier runs in all, and edits in one set."""

    runs: int = 300
    depth: int = 3


class Trial(Struct, Generic[Case], frozen=True):
    """The outcome as it is, every smallest set of edits that makes it pass, and the number of runs it took."""

    baseline: Outcome
    proofs: tuple[tuple[Edit[Case], ...], ...]
    runs: int

    @property
    def failures(self) -> tuple[Cause, ...]:
        """The causes of the refusal as it is; empty when it passed."""
        return self.baseline.causes if isinstance(self.baseline, Refused) else ()


class _Node(Struct, Generic[Case], frozen=True):
    case: Case
    outcome: Refused
    edits: tuple[Edit[Case], ...]


def prove(
    case: Case,
    run: Callable[[Case], Outcome],
    edits: Callable[[Case, Refused], Iterable[Edit[Case]]],
    budget: Budget | None = None,
) -> Trial[Case]:
    """Search single edits, then sets that make progress, breadth first; all smallest proofs are returned."""
    budget = budget or Budget()
    baseline = run(case)
    runs = 1
    if isinstance(baseline, Accepted):
        return Trial(baseline, (), runs)
    level = [_Node(case, baseline, ())]
    for _ in range(budget.depth):
        proofs: list[tuple[Edit[Case], ...]] = []
        following: list[_Node[Case]] = []
        for node in level:
            for edit in edits(node.case, node.outcome):
                if runs >= budget.runs:
                    return Trial(baseline, tuple(proofs), runs)
                changed = edit.apply(node.case)
                outcome = run(changed)
                runs += 1
                chosen = (*node.edits, edit)
                if isinstance(outcome, Accepted):
                    proofs.append(chosen)
                elif _progress(node.outcome, outcome):
                    following.append(_Node(changed, outcome, chosen))
        if proofs:
            return Trial(baseline, _distinct(proofs), runs)
        level = following[:12]
    return Trial(baseline, (), runs)


def _progress(before: Refused, after: Refused) -> bool:
    """True when fewer checks fail, or a malformed credential now gets as far as a later check."""
    if Cause.MALFORMED in before.causes and Cause.MALFORMED not in after.causes:
        return True
    return len(set(after.causes)) < len(set(before.causes))


def _distinct(proofs: list[tuple[Edit[Case], ...]]) -> tuple[tuple[Edit[Case], ...], ...]:
    """The same edits in another order are one proof."""
    seen: set[frozenset[str]] = set()
    kept = []
    for proof in proofs:
        names = frozenset(edit.name for edit in proof)
        if names not in seen:
            seen.add(names)
            kept.append(proof)
    return tuple(kept)
