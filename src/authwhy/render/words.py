"""What every format says in the same words, and the only place where hostile text is made safe to print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from authwhy.causes import Cause, meta
from authwhy.model.diagnosis import Diagnosis, Finding
from authwhy.model.outcome import FactValue

SIDE_WORDS: Mapping[str, str] = {
    "caller": "the caller must act",
    "verifier": "the service that refused must act",
    "provider": "the identity provider must act",
    "path": "something between caller and service must change",
    "rule": "an administrator decided this",
    "undecided": "whose side it is, is not decided yet",
}
CERTAINTY_WORDS: Mapping[str, str] = {
    "proven": "proven by running the real check",
    "narrowed": "what differs is proven, whose side it is, is not",
    "likely": "a code, a sentence or a visible fact says so",
    "possible": "one of several that fit",
}
TIMES = ("expired_at", "not_before", "now", "not_after", "issued_at", "valid_from")
RUN = ("proven", "narrowed")
"""The certainties that only a check which was really run gives."""
_HIDDEN_FACTS = ("slot", "status")


def title(cause: Cause) -> str:
    """The cause's title, as its page has it."""
    return meta(cause).title


def printable(text: str) -> str:
    """Hostile text with every control, bidi and private character made visible, so that it cannot move a cursor."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() and not 0xE000 <= ord(char) <= 0xF8FF else _visible(char) for char in text
    )


def _visible(char: str) -> str:
    if char in "\n\t":
        return " "
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def fact_words(facts: Mapping[str, FactValue]) -> Iterator[str]:
    """Each fact as `name value`; times as UTC."""
    from authwhy.render.clock import utc

    for name, value in facts.items():
        if name in _HIDDEN_FACTS or value in (None, "", ()):
            continue
        if name in TIMES and isinstance(value, int | float):
            yield f"{name} {utc(value)}"
        elif isinstance(value, tuple):
            yield f"{name} {', '.join(printable(str(one)) for one in value)}"
        else:
            yield f"{name} {printable(str(value))}"


def headline(diagnosis: Diagnosis) -> str:
    """One line: what it is."""
    if not diagnosis.findings or diagnosis.verdict != "explained":
        verdict = diagnosis.verdict.replace("_", " ")
        return f"{verdict}: {printable(diagnosis.reason)}" if diagnosis.reason else verdict
    top = diagnosis.findings[0]
    detail = f" ({top.detail.replace('_', ' ')})" if top.detail else ""
    return f"{top.cause.value}{detail}: {title(top.cause)}"


def place(diagnosis: Diagnosis) -> str:
    """How sure, in capitals: LIKELY; NARROWED, 1 of 2; POSSIBLE, 1 of 4."""
    top = diagnosis.findings[0]
    among = f", 1 of {len(top.among)}" if len(top.among) > 1 and top.certainty in ("narrowed", "possible") else ""
    return f"{top.certainty.upper()}{among}"


def others(diagnosis: Diagnosis) -> tuple[Finding, ...]:
    """The findings worth showing beside the first: proven ones, and the rest of its set."""
    if not diagnosis.findings:
        return ()
    top, *rest = diagnosis.findings
    if top.certainty in ("proven", "likely"):
        return tuple(one for one in rest if one.certainty != "possible")[:3]
    return tuple(one for one in rest if one.cause in top.among or one.certainty in RUN)[:3]
