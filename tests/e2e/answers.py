"""What a test wants of an answer: the right cause in its place, and never sure of a wrong one."""

from __future__ import annotations

from typing import Any

import authwhy
from authwhy import Diagnosis

SURE = ("likely", "proven")
FIRST = 4


def explain(*pieces: str, **context: Any) -> Diagnosis:
    """Hand in what a person would have; empty pieces are left out, as a person leaves them out."""
    return authwhy.explain([piece for piece in pieces if piece.strip()], **context)


def names_first(cause: str, *pieces: str, also: tuple[str, ...] = (), **context: Any) -> Diagnosis:
    """The text names the cause, so it comes first; `also` lists what is true beside it."""
    diagnosis = explain(*pieces, **context)
    assert _causes(diagnosis)[:1] == [cause], _story(diagnosis, cause, pieces)
    _claims_nothing_false(diagnosis, (cause, *also), pieces)
    return diagnosis


def settles(cause: str, *pieces: str, also: tuple[str, ...] = (), **context: Any) -> Diagnosis:
    """The log at hand says it in so many words: first, sure, and nothing is left to ask."""
    diagnosis = names_first(cause, *pieces, also=also, **context)
    best, ask = diagnosis.findings[0], diagnosis.next_question
    assert best.certainty in SURE, f"only {best.certainty}\n{_story(diagnosis, cause, pieces)}"
    assert ask is None, f"still asks: {ask.ask}\n{_story(diagnosis, cause, pieces)}"
    return diagnosis


def names_among(cause: str, *pieces: str, also: tuple[str, ...] = (), **context: Any) -> Diagnosis:
    """The server hides the cause, so it is among the first four."""
    diagnosis = explain(*pieces, **context)
    assert cause in _causes(diagnosis)[:FIRST], _story(diagnosis, cause, pieces)
    _claims_nothing_false(diagnosis, (cause, *also), pieces)
    return diagnosis


def sends_to(place: str, cause: str, *pieces: str) -> None:
    """The text hides more causes than a list can hold: nothing false is claimed, and the question names the place."""
    diagnosis = claims_nothing(cause, *pieces)
    ask = diagnosis.next_question.ask if diagnosis.next_question else ""
    assert place in ask, f"asked: {ask!r}\n{_story(diagnosis, cause, pieces)}"


def claims_nothing(cause: str, *pieces: str, also: tuple[str, ...] = (), **context: Any) -> Diagnosis:
    """The text holds nothing about the cause: any answer will do that is not sure of a wrong one."""
    diagnosis = explain(*pieces, **context)
    _claims_nothing_false(diagnosis, (cause, *also), pieces)
    return diagnosis


def _causes(diagnosis: Diagnosis) -> list[str]:
    return [finding.cause.value for finding in diagnosis.findings]


def _claims_nothing_false(diagnosis: Diagnosis, true: tuple[str, ...], pieces: tuple[str, ...]) -> None:
    for finding in diagnosis.findings:
        wrong = finding.certainty in SURE and finding.cause.value not in true
        astray = finding.certainty == "narrowed" and not {*finding.among, finding.cause} & set(true)
        assert not wrong, f"{finding.certainty} for {finding.cause.value}\n{_story(diagnosis, true[0], pieces)}"
        assert not astray, f"narrowed to a wrong set\n{_story(diagnosis, true[0], pieces)}"


def _story(diagnosis: Diagnosis, wanted: str, pieces: tuple[str, ...]) -> str:
    came = [f"{finding.cause.value} ({finding.certainty})" for finding in diagnosis.findings]
    said = "\n---\n".join(pieces)
    return f"wanted {wanted}, came {diagnosis.verdict}: {', '.join(came) or diagnosis.reason}\n{said}"
