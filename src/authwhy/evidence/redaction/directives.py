"""Secrets after a name and a blank, in configuration and sentences: `SetEnv DB_PASS x`, `password x is wrong`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import GLUE, STATES, is_readable, looks_secret
from authwhy.evidence.redaction.names import CODE_QUALIFIERS, Slot, header_slot, slot_of, split_name
from authwhy.evidence.redaction.shapes import looks_random
from authwhy.evidence.redaction.slots import is_path
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import SCHEMES, redact_authorization, redact_credential
from authwhy.model.secret import OPEN, Vault


@cache
def _pair() -> re.Pattern[str]:
    """A name with a word of secrets in it (1), blanks, perhaps a type number, and a value (2)."""
    return re.compile(
        r"(?i)(?<![\w.$/\-])"
        r"([\w\-]{0,40}(?:pass|pwd|secret|token|key|code|pin|otp|session|signature|psk|authtok|string)[\w\-]{0,24})\"?'?"
        r"(?:[ \t]+(?:header|value|id|was|of))?[ \t]+(?:[0-9][ \t]+)?"
        r"(\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s\"'`<(\[{|]{3,300})"
    )


def hide_directives(text: str, vault: Vault) -> str:
    """Hide values that only a blank separates from their name: always after compound names, else when likely."""
    return splice(text, _spans(text, vault))


def _spans(text: str, vault: Vault) -> Iterator[Span]:
    for match in _pair().finditer(text):
        name, value = match[1], match[2]
        slot = header_slot(name) if "-" in name else slot_of(name)
        if slot is None or is_readable(value) or is_path(value) or value[:1] in "-=:|>&" or OPEN in value:
            continue
        if _is_certain(match, slot) or _is_likely(match, slot):
            scheme = value.strip("\"'").partition(" ")[0].lower()
            redact = redact_authorization if scheme in SCHEMES else None
            safe = redact(value, vault) if redact else redact_credential(value.rstrip(";,."), vault, slot.kind)
            yield Span(match.start(2), match.start(2) + len(value if redact else value.rstrip(";,.")), safe)


def _is_certain(match: re.Match[str], slot: Slot) -> bool:
    """A directive: a name of several words, one value, and the line is over. A sentence uses blanks between words."""
    line_end = match.string.find("\n", match.end(), match.end() + 200)
    rest = match.string[match.end() : line_end if line_end >= 0 else match.end() + 200].strip(" \t;")
    if slot.how == "if_secret" or (rest and rest[0] != "#") or len(split_name(match[1])) < 2:
        return False
    head = _words_before(match)
    bare = match[2].strip("\"'").rstrip(".,;:")
    if bare.isalpha():
        return not head and len(bare) >= 8 and bare.lower() not in STATES
    return head <= 1


def _words_before(match: re.Match[str]) -> int:
    """The number of words before the name on its line."""
    floor = max(0, match.start() - 60)
    return len(match.string[max(floor, match.string.rfind("\n", floor, match.start()) + 1) : match.start()].split())


def _is_likely(match: re.Match[str], slot: Slot) -> bool:
    bare = match[2].strip("\"'").rstrip(".,;:!?)")
    low = bare.lower()
    if (
        low in STATES
        or low in GLUE
        or "://" in bare
        or bare.endswith(("()", "="))
        or re.search(r"[\[\](){}=]|::|->|\.\w{1,4}:\d", bare)
    ):
        return False
    if slot.kind == "code" or match[1].lower() == "key":
        before = match.string[max(0, match.start() - 20) : match.start()].split()
        if (
            (before and before[-1].lower().strip("(:,") in CODE_QUALIFIERS)
            or not re.search(r"[a-z]", bare)
            or len(bare) < 8
        ):
            return False
    if _harmless().fullmatch(bare):
        return False
    return looks_secret(bare) or looks_random(bare)


@cache
def _harmless() -> re.Pattern[str]:
    """Numbers with units, versions, error codes, short ids, addresses, names of algorithms."""
    return re.compile(
        r"\d+[a-z]{0,3}|v\d[\d.]*|[A-Z]{1,8}[-_]?\d{1,8}|[a-z]{1,4}\d{1,2}|\d+(?:[.:/\-]\d+)+\S*|(?i:sha|md|rs|hs|es|ps|aes)\S{1,8}"
    )
