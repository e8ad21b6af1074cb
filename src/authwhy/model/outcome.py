"""What a verifier answers: Accepted or Refused. Refusals are values with typed facts, never sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from authwhy.causes import Cause

FactValue: TypeAlias = str | int | float | bool | tuple[str, ...] | None
"""A fact is typed, small and never secret. Times are whole seconds since 1970-01-01T00:00Z."""


class Failure(Struct, frozen=True):
    """One check that failed.

    `attested` is true when the facts were read from bytes whose signature had been verified; facts read
    before the signature are never shown to an outsider.
    """

    cause: Cause
    detail: str | None = None
    facts: Mapping[str, FactValue] = {}
    attested: bool = False


class Accepted(Struct, frozen=True):
    """The credential passed every check. `claims` is what it says about its bearer."""

    claims: Mapping[str, object] = {}
    facts: Mapping[str, FactValue] = {}


class Refused(Struct, frozen=True):
    """Every check that failed, in the fixed order of the checks (never empty)."""

    failures: tuple[Failure, ...]

    @property
    def primary(self) -> Failure:
        """The first failing check, in the fixed order shape, algorithm, key, signature, issuer, ... scope."""
        return self.failures[0]

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes of all failures, in order."""
        return tuple(failure.cause for failure in self.failures)


Outcome: TypeAlias = Accepted | Refused


def refused(cause: Cause, detail: str | None = None, *, attested: bool = False, **facts: FactValue) -> Refused:
    """A refusal for one cause."""
    return Refused((Failure(cause, detail, facts, attested),))
