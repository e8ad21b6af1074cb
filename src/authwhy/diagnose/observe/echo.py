"""The server's echo of the credential it got: quotes, "undefined", a placeholder, another ending than the intended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.credential import is_nothing, is_placeholder
from authwhy.model.evidence import Evidence

RULE = "echo"
ECHOES = ("provided", "supplied", "given", "received", "presented", "specified", "sent", "dentifier")
MOST = 50  # echoes looked at, and endings they are compared with


@cache
def _echo() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:key|token|password|secret|credential|identifier|client[ _]id)s?\b[^\n:='\"]{0,24}"
        r"(?:(?:provided|supplied|given|received|presented|specified|sent)\b\s{0,3}[:=]|identifier)\s{0,3}\n?"
        r"([\"'“‘]?)([^\s\"'“”‘’,;]{0,200}(?: [a-z]{2,12}(?= )?){0,6}?)([\"'”’]?)(?=[\s,;.'\"”’)]|$)",
        re.IGNORECASE,
    )


@cache
def _ending() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:ends? (?:in|with)|ending (?:in|with)|last (?:four|4) (?:characters|chars|letters|digits)(?: are| is)?)"
        r"\s{1,3}([\"'`*.…]{0,6})([A-Za-z0-9_-]{2,12})\b",
        re.IGNORECASE,
    )


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Compare what the server says it got with what should have been sent."""
    text = evidence.text[:200_000]
    if not any(word in text for word in ECHOES):
        return
    endings: frozenset[str] | None = None
    for match in islice(_echo().finditer(text), MOST):
        opening, value, closing = match.groups()
        order = text.count("\n", 0, match.start()) + 1
        if endings is None:
            endings = _endings(text)
        yield from _judge(endings, value.rstrip("."), bool(opening and closing), order, match[0][-120:])


def _endings(text: str) -> frozenset[str]:
    """The endings the text names: `ends in 4711`, `ends with "wxyz"`, but not `ends in failure`."""
    found = islice(_ending().finditer(text), MOST)
    return frozenset(one[2] for one in found if one[1] or not (one[2].isalpha() and one[2].islower()))


def _judge(endings: frozenset[str], value: str, quoted: bool, order: int, quote: str) -> Iterator[Observation]:
    where = f"line {order}"
    masked = "*" in value or "…" in value
    if is_nothing(value) or value in ('""', "''"):
        yield observed(
            RULE, Strength.SEEN, Cause.MISSING, f"the server got the word {value!r}: the variable was never set",
            where=where, quote=quote, order=order,
        )  # fmt: skip
    elif is_placeholder(value) or _masked_placeholder(value):
        yield observed(
            RULE, Strength.SEEN, Cause.WRONG_SECRET, "the server got a template's placeholder, not a real credential",
            where=where, quote=quote, detail="placeholder", order=order,
        )  # fmt: skip
    elif quoted and masked:
        yield observed(
            RULE, Strength.SEEN, Cause.MALFORMED, "the server's echo shows quotation marks around the credential",
            where=where, quote=quote, detail="quotes", order=order,
        )  # fmt: skip
    elif masked:
        tail = value.rsplit("*", 1)[-1].rsplit("…", 1)[-1]
        if tail and endings and not any(tail.endswith(other) or other.endswith(tail) for other in endings):
            yield observed(
                RULE, Strength.SEEN, (Cause.WRONG_SECRET, Cause.WRONG_CREDENTIAL_SELECTED),
                "the server got a credential with another ending than the intended one",
                where=where, quote=quote, order=order, detail="stale_source",
            )  # fmt: skip


def _masked_placeholder(value: str) -> bool:
    return "*" in value and re.match(r"(?:your|my|insert|replace|enter)[-_ ]", value, re.IGNORECASE) is not None
