"""The diagnosis for an issue, a pull request or a chat: Markdown that survives hostile quotes."""

from __future__ import annotations

from collections.abc import Iterator

from authwhy.model.diagnosis import Diagnosis
from authwhy.render.interface import Style
from authwhy.render.words import SIDE_WORDS, fact_words, headline, others, place, printable, title

name = "markdown"


def render(diagnosis: Diagnosis, style: Style) -> str:
    """A heading, a list of what was seen, and a checklist of who does what."""
    return "\n".join(_lines(diagnosis)) + "\n"


def _code(text: str) -> str:
    """Inline code with a fence longer than any run of backticks inside."""
    safe = printable(" ".join(text.split()))
    longest = max((len(run) for run in safe.replace("`", " `").split() if set(run) == {"`"}), default=0)
    fence = "`" * (max(longest, safe.count("`")) + 1)
    return f"{fence} {safe} {fence}" if "`" in safe else f"`{safe}`"


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.findings or diagnosis.verdict != "explained":
        yield f"### {headline(diagnosis)}"
        if diagnosis.next_question:
            yield f"\nTo decide: {_code(diagnosis.next_question.ask)}"
        return
    top = diagnosis.findings[0]
    yield f"### {headline(diagnosis)}"
    yield f"\n**{place(diagnosis)}** · {SIDE_WORDS[top.side]}\n"
    for item in top.evidence:
        where = f" ({printable(item.where)})" if item.where else ""
        quote = f": {_code(item.quote)}" if item.quote else ""
        yield f"- seen: {printable(item.what)}{where}{quote}"
    words = "; ".join(fact_words(top.facts))
    if words:
        yield f"- facts: {_code(words)}"
    if top.proof:
        yield f"- tried: {top.proof.runs} runs; passes with {_code('; '.join(top.proof.edits))}"
    for other in others(diagnosis):
        yield f"- also: **{other.cause.value}**, {title(other.cause)} ({other.certainty})"
    if top.fixes:
        yield "\nWhat to do\n"
    for fix in top.fixes:
        check = f" Check: {_code(fix.check)}" if fix.check else ""
        yield f"- [ ] {fix.who}: {printable(fix.do)}.{check}"
    if diagnosis.next_question:
        yield f"\nTo decide: {_code(diagnosis.next_question.ask)}"
