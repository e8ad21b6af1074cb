"""Mistakes that stand visibly in pasted configuration, true of the format itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.model.evidence import Evidence

RULE = "config"


@cache
def _compose_list_item() -> re.Pattern[str]:
    return re.compile(r"^[ \t]{1,20}-[ \t]{1,4}[A-Za-z_]\w{0,60}=(['\"])[^'\"\n]{1,400}\1[ \t]*$", re.MULTILINE)


@cache
def _authority() -> re.Pattern[str]:
    """`scheme://` and what stands before the next slash (RFC 3986 3.2)."""
    return re.compile(r"(?<![A-Za-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://([^\s/@:'\"]{1,100}:[^\s/'\"]{1,400})")


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Quotes that a format keeps, and addresses whose password breaks them."""
    text = evidence.text[:400_000]
    if "-" in text and (match := _compose_list_item().search(text)):
        yield observed(
            RULE, Strength.SAID, Cause.MALFORMED,
            "in a list item `- NAME='value'` the quotation marks are part of the value and are sent with it",
            where=f"line {text.count(chr(10), 0, match.start()) + 1}", quote=match[0].strip(), detail="quotes",
            order=text.count("\n", 0, match.start()) + 1,
        )  # fmt: skip
    if "://" in text and (match := _two_ats(text)):
        yield observed(
            RULE, Strength.SEEN, Cause.MALFORMED,
            "the password in this address holds an @ that is not percent-encoded, so the host is read wrongly",
            where=f"line {text.count(chr(10), 0, match.start()) + 1}", quote=match[0], detail="encoding",
            order=text.count("\n", 0, match.start()) + 1,
        )  # fmt: skip


def _two_ats(text: str) -> re.Match[str] | None:
    """The first address with a second @ before its host; linear, where one expression for it would not be."""
    for match in _authority().finditer(text):
        before, _, host = match[1].rpartition("@")
        if "@" in before and (host[:1].isalnum() or host[:1] in ("[", "_")):
            return match
    return None
