"""Which real checks the evidence allows to run again, and what each run proves. One explicit tuple of subjects."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.observation import Observation
from authwhy.model.diagnosis import Certainty, Proof
from authwhy.model.evidence import Evidence
from authwhy.model.outcome import FactValue


class Proved(Struct, frozen=True):
    """What a proof settles about one cause. `proof` is None where the check ran elsewhere and was recorded."""

    proof: Proof | None
    certainty: Certainty
    detail: str | None = None
    side: str | None = None
    among: tuple[Cause, ...] = ()
    facts: Mapping[str, FactValue] = {}

    @property
    def edits(self) -> tuple[str, ...]:
        """The changes that make the check pass."""
        return self.proof.edits if self.proof is not None else ()


class Replayed(Struct, frozen=True):
    """One check run again: what it noticed, what it proved, how many runs it took; `passed` when it accepts."""

    observations: tuple[Observation, ...]
    proved: Mapping[Cause, Proved]
    runs: int
    passed: str | None = None


def replays(evidence: Evidence, context: Context) -> list[Replayed]:
    """Run every check the evidence has credential and policy for."""
    found: list[Replayed] = []
    if evidence.tokens:
        from authwhy.diagnose.edits import jwt

        found += jwt.replays(evidence, context)
    if any("code" in setting.key.lower() for setting in evidence.settings):
        from authwhy.diagnose.edits import totp

        found += totp.replays(evidence, context)
    if evidence.exchanges or evidence.commands:
        from authwhy.diagnose.edits import basic

        found += basic.replays(evidence, context)
    return found
