"""What explain answers: schema authwhy.diagnosis/1. Texts here are already masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue

SCHEMA = "authwhy.diagnosis/1"
Certainty = Literal["proven", "narrowed", "likely", "possible"]
Verdict = Literal["explained", "unexplained", "not_an_authentication_failure"]


class EvidenceItem(Struct, frozen=True):
    """What was seen, where, and the words it rests on."""

    what: str
    where: str = ""
    quote: str = ""


class Proof(Struct, frozen=True):
    """The smallest set of named edits that turned the refusal into acceptance, and how many runs it took."""

    edits: tuple[str, ...]
    runs: int


class Fix(Struct, frozen=True):
    """Who does what, and the command that checks it."""

    who: str
    do: str
    check: str | None = None
    applicability: str = "safe"


class Finding(Struct, frozen=True):
    """One cause with everything that speaks for it. `among` lists the causes that remain possible, best first."""

    cause: Cause
    kind: str
    certainty: Certainty
    detail: str | None = None
    among: tuple[Cause, ...] = ()
    side: str = "undecided"
    evidence: tuple[EvidenceItem, ...] = ()
    facts: Mapping[str, FactValue] = {}
    proof: Proof | None = None
    fixes: tuple[Fix, ...] = ()
    page: str = ""


class Question(Struct, frozen=True):
    """The one cheapest question that splits the causes that remain."""

    ask: str
    splits: tuple[Cause, ...]


class Diagnosis(Struct, frozen=True):
    """The answer of explain. Findings are ordered best first.

    `reason` says why for the two verdicts that name no cause; `read` what was recognised in the input;
    `tried` how many changes were tried, also when none helped.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    next_question: Question | None = None
    schema: str = SCHEMA
    reason: str | None = None
    read: tuple[str, ...] = ()
    tried: int = 0

    @property
    def cause(self) -> Cause | None:
        """The best cause, or None when nothing was found."""
        return self.findings[0].cause if self.findings else None
