"""Whole sentences in reading order, without columns or symbols: for screen readers, tickets and mail."""

from __future__ import annotations

from collections.abc import Iterator

from authwhy.model.diagnosis import Diagnosis
from authwhy.render.interface import Style
from authwhy.render.words import CERTAINTY_WORDS, SIDE_WORDS, fact_words, headline, others, printable, title

name = "plain"


def render(diagnosis: Diagnosis, style: Style) -> str:
    """One sentence a line."""
    return "\n".join(_sentences(diagnosis)) + "\n"


def _sentences(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.findings or diagnosis.verdict != "explained":
        yield f"Answer: {headline(diagnosis)}."
        if diagnosis.next_question:
            yield f"To decide: {printable(diagnosis.next_question.ask)}."
        return
    top = diagnosis.findings[0]
    yield f"Cause: {headline(diagnosis)}."
    yield f"Certainty: {top.certainty}; {CERTAINTY_WORDS[top.certainty]}."
    yield f"Side: {SIDE_WORDS[top.side]}."
    for item in top.evidence:
        where = f" at {printable(item.where)}" if item.where else ""
        yield f"Seen{where}: {printable(item.what)}."
        if item.quote:
            yield f"Quote: {printable(' '.join(item.quote.split()))}"
    words = "; ".join(fact_words(top.facts))
    if words:
        yield f"Facts: {words}."
    if top.proof:
        yield f"Proof: after {top.proof.runs} runs, it passes with: {printable('; '.join(top.proof.edits))}."
    for other in others(diagnosis):
        yield f"Also: {other.cause.value}, {title(other.cause)} ({other.certainty})."
    for fix in top.fixes:
        check = f" Check with: {printable(fix.check)}" if fix.check else ""
        yield f"What the {fix.who} does: {printable(fix.do)}.{check}"
    if diagnosis.next_question:
        yield f"To decide: {printable(diagnosis.next_question.ask)}."
    yield f"More: authwhy causes {top.cause.value}."
