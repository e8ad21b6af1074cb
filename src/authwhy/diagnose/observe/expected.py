"""Expected and actual value both printed: the difference names the cause, whoever printed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.causes import Cause
from authwhy.diagnose.normalise import difference
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.topic import is_at_home
from authwhy.model.evidence import Evidence

RULE = "expected_and_seen"
FEW_WORDS = 8
MOST_TEXT = 200_000  # characters of the lines that may hold a pair
_LABELS: tuple[tuple[str, Cause], ...] = (
    (r"redirect[ _-]?ur[il]|reply (?:url|address)|callback(?: ur[il])?|redirect", Cause.WRONG_CLIENT),
    (r"audiences?|\baud\b|intended for|resource", Cause.WRONG_AUDIENCE),
    (r"issuers?|\biss\b|authority|realm|tenant", Cause.WRONG_ISSUER),
    (r"region|endpoint|host ?name", Cause.WRONG_ENDPOINT),
    (r"\balg\b|algorithms?|enctype|etype", Cause.UNSUPPORTED_ALGORITHM),
    (r"\bstate\b|\bnonce\b|code_verifier|csrf", Cause.STATE_MISMATCH),
    (r"\borigin\b|rp ?id\b", Cause.MISCONFIGURED),
    (r"client[ _-]?id|\bazp\b", Cause.WRONG_CLIENT),
    (r"token[ _-]?type|\btyp\b|token_use", Cause.WRONG_TOKEN_TYPE),
    (r"thumbprint|\bjkt\b|\bcnf\b", Cause.WRONG_BINDING),
    (r"signature|hmac|\bmac\b|digest|checksum", Cause.BAD_SIGNATURE),
)


@cache
def _pairs() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """For each form the word it cannot do without and the whole. A value begins where a word does and is never given
    back in part (possessive), so that a line costs what it is long."""
    last = r"[\"'`\[<(]{0,2}+([^\s\"'`\]<>,;)]{2,200}+)"
    value = last + r"[\"'`\]>)]{0,2}"
    begin = r"(?<![^\s\"'`<,;=:(\])])"
    quoted = r"[\"'`]([^\"'`\n]{2,200}+)[\"'`]"
    match = r"(?:specified in the request |provided |in the token |in the request )?(?:does not|doesn'?t|did not|didn'?t) match\b"
    forms = (
        (r"expect", rf"expect(?:ed|ing)(?: value| one of)?\b[ :=]{{0,3}}{value}[ ,;.:]{{0,3}}(?:but )?(?:got|found|was|received|actual|saw|instead got|is)\b[ :=]{{0,3}}{last}"),
        (r"expect|want", rf"(?:got|found|received|unexpected)\b[^\n\"'`]{{0,40}}?[ :=]{value}[ ,;.]{{1,3}}(?:but )?(?:was )?(?:expected|expecting|wanted|want)\b[ :=]{{0,3}}{last}"),
        (r" match", rf"{quoted} {match}[^\n\"'`]{{0,80}}{quoted}"),
        (r" match", rf"{begin}{value}[\"']? {match}[^\n\"'`]{{0,60}}?[ :=]{last}"),
        (r"expect", rf"{begin}{value} is (?:wrong|incorrect|invalid)[;,.]? expect(?:ing|ed)\b[ :=]{{0,3}}{last}"),
        (r"intended", rf"intended for {value}[^\n]{{0,200}}?(?:accepts? (?:only )?tokens? intended for|expects?|but this is)\b[ :=]{{0,3}}{last}"),
    )  # fmt: skip
    return tuple((re.compile(needed, re.IGNORECASE), re.compile(form, re.IGNORECASE)) for needed, form in forms)


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Every pair of values printed together whose label says what they are."""
    spent = 0
    for number, line in enumerate(evidence.text[:400_000].split("\n"), 1):
        if len(line) > 4000 or not re.search(r"(?i)expect|match|intended", line):
            continue
        spent += len(line)
        if spent > MOST_TEXT:
            return
        for form, (needed, pattern) in enumerate(_pairs()):
            match = pattern.search(line) if needed.search(line) else None
            if match:
                first, second = match[1].rstrip(".:"), match[2].rstrip(".:")
                expected, seen = (first, second) if form == 0 else (second, first)
                if evidence.exchanges or is_at_home(evidence.text, line, FEW_WORDS):
                    yield from _pair(line, match.start(), expected, seen, number)
                break


def _is_value(text: str, line: str) -> bool:
    """A value, not a word of the sentence: quoted or after a colon, or with something in it that words have not."""
    if not text.isalpha():
        return True
    return (
        any(f"{mark}{text}" in line for mark in ("'", '"', "`", "[", "=", ": ", ":"))
        or re.search(rf"(?:got|expected|expecting|found|received|was) {re.escape(text)}\b", line) is not None
    )


def _about_a_server(before: str) -> bool:
    return "certificate" in before and re.search(r"host ?name|common name|subject", before) is not None


def _pair(line: str, start: int, expected: str, seen: str, number: int) -> Iterator[Observation]:
    before = line[max(0, start - 120) : start + 60].lower()
    best: tuple[int, Cause] | None = (0, Cause.UNTRUSTED_SERVER) if _about_a_server(before) else None
    for pattern, cause in _LABELS if best is None else ():
        for found in re.finditer(pattern, before):
            if best is None or found.start() > best[0]:
                best = (found.start(), cause)
    if best is None or expected == seen or not (_is_value(expected, line) and _is_value(seen, line)):
        return
    detail = difference(expected, seen)
    allowed = detail if detail in ("trailing_slash", "case", "scheme", "version", "realm") else None
    keeps = best[1] in (Cause.WRONG_AUDIENCE, Cause.WRONG_ISSUER)
    yield observed(
        RULE, Strength.SEEN, best[1], "the message prints both the expected and the actual value",
        where=f"line {number}", quote=line[:300], detail=allowed if keeps else None, order=number,
        expected=expected, seen=seen,
    )  # fmt: skip
