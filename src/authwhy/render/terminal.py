"""The diagnosis as a person on call likes to read it: first the cause, then the place, then who does what."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from authwhy.model.diagnosis import Diagnosis, Finding
from authwhy.render.interface import Style
from authwhy.render.words import RUN, SIDE_WORDS, fact_words, headline, others, place, printable, title

name = "text"
LABEL = 10
_COLORS = {"proven": "32", "narrowed": "36", "likely": "33", "possible": "35"}
_AUDIENCE = {"caller": "caller", "developer": "developer", "administrator": "admin"}


def render(diagnosis: Diagnosis, style: Style) -> str:
    """The whole text, at most `style.width` columns wide."""
    return "\n".join(_lines(diagnosis, style)) + "\n"


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if style.color else text


def _row(label: str, text: str, style: Style) -> Iterator[str]:
    """A labelled paragraph, wrapped under its first line."""
    width = max(40, style.width) - LABEL - 2
    for number, line in enumerate(textwrap.wrap(text, width, break_on_hyphens=False) or [""]):
        head = _paint(f"{label:<{LABEL}}", "2", style) if number == 0 else " " * LABEL
        yield f"  {head}{line}"


def _lines(diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    top = diagnosis.findings[0] if diagnosis.findings and diagnosis.verdict == "explained" else None
    if top is None:
        yield from textwrap.wrap(_paint(headline(diagnosis), "1", style), style.width)
        yield from _open_end(diagnosis, style)
        return
    head, sure = headline(diagnosis), place(diagnosis)
    gap = style.width - len(head) - len(sure)
    colored = _paint(sure, f"1;{_COLORS[top.certainty]}", style)
    if gap >= 2:
        yield _paint(head, "1", style) + " " * gap + colored
    else:
        yield from (_paint(line, "1", style) for line in textwrap.wrap(head, style.width))
        yield colored.rjust(style.width + len(colored) - len(sure))
    yield from _seen(top, style)
    yield from _tried(diagnosis, top, style)
    if top.side != "undecided":
        yield from _row("side", SIDE_WORDS[top.side], style)
    yield from _set(diagnosis, style)
    yield from _do(top, style)
    if diagnosis.next_question:
        yield from _row("to decide", printable(diagnosis.next_question.ask), style)
    yield from _row("page", f"authwhy causes {top.cause.value}", style)


def _seen(top: Finding, style: Style) -> Iterator[str]:
    for number, item in enumerate(top.evidence[:3]):
        where = f" ({printable(item.where)})" if item.where else ""
        yield from _row("seen" if number == 0 else "", printable(item.what) + where, style)
        if item.quote:
            quote = printable(" ".join(item.quote.split()))
            short = quote if len(quote) <= 200 else quote[:197] + "..."
            for line in textwrap.wrap(short, max(40, style.width) - LABEL - 4, break_on_hyphens=False):
                yield " " * (LABEL + 2) + _paint("| ", "2", style) + line
    words = "; ".join(fact_words(top.facts))
    if words:
        yield from _row("facts", words, style)


def _tried(diagnosis: Diagnosis, top: Finding, style: Style) -> Iterator[str]:
    if top.proof:
        runs = f"{top.proof.runs} runs of the real check" if top.proof.runs > 1 else "1 run of the real check"
        changes = "; ".join(top.proof.edits)
        word = "this change makes" if len(top.proof.edits) == 1 else "these changes together make"
        yield from _row("tried", f"{runs}; {word} it pass: {printable(changes)}", style)
    elif diagnosis.tried > 1:
        yield from _row("tried", f"{diagnosis.tried} runs of the real check; no change tried makes it pass", style)


def _set(diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    for number, other in enumerate(others(diagnosis)):
        together = other.certainty in RUN and other.proof == diagnosis.findings[0].proof
        label = "and" if together else ("or" if number == 0 else "")
        yield from _row(label, f"{other.cause.value}: {title(other.cause)} ({other.certainty})", style)


def _do(top: Finding, style: Style) -> Iterator[str]:
    shown: set[str] = set()
    for fix in top.fixes:
        if fix.who in shown or len(shown) == 3:
            continue
        label = "do" if not shown else ""
        shown.add(fix.who)
        yield from _row(label, f"{_AUDIENCE.get(fix.who, fix.who)}: {printable(fix.do)}", style)
        if fix.check:
            yield " " * (LABEL + 2) + _paint(f"$ {printable(fix.check)}", "36", style)


def _open_end(diagnosis: Diagnosis, style: Style) -> Iterator[str]:
    """What to do when no cause could be named."""
    if diagnosis.read:
        yield from _row("read", printable(", ".join(dict.fromkeys(diagnosis.read))), style)
    if diagnosis.verdict == "unexplained":
        fitting = [finding.cause.value for finding in diagnosis.findings[:4]]
        if fitting:
            yield from _row("fits", ", ".join(fitting), style)
        if diagnosis.next_question:
            yield from _row("to decide", printable(diagnosis.next_question.ask), style)
        hint = "hand in more at once: the request (curl -v), the token, the key set, the log of the side that refused"
        yield from _row("next", hint, style)
