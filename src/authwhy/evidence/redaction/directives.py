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
    """The end of a name, from its word of secrets on (1), blanks, perhaps a type number, and a value (2)."""
    return re.compile(
        r"((?:[Pp]ass|PASS|[Pp]wd|PWD|[Ss]ecret|SECRET|[Tt]oken|TOKEN|[Kk]ey|KEY|[Cc]ode|CODE|[Pp]in|PIN|[Oo]tp|OTP"
        r"|[Ss]ession|SESSION|[Ss]ignature|SIGNATURE|[Pp]sk|PSK|authtok)[\w\-]{0,24})\"?'?"
        r"(?:[ \t]+(?:header|value|id|was|of))?[ \t]+(?:[0-9][ \t]+)?"
        r"(\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s\"'`<(\[{|]{3,300})"
    )


@cache
def _beginning() -> re.Pattern[str]:
    return re.compile(r"(?<![\w.$/\-])[\w\-]{1,40}$")


def hide_directives(text: str, vault: Vault) -> str:
    """Hide values that only a blank separates from their name: always after compound names, else when likely."""
    return splice(text, _spans(text, vault))


def _spans(text: str, vault: Vault) -> Iterator[Span]:
    for match in _pair().finditer(text):
        name = _name(match)
        slot = (header_slot(name) if "-" in name else slot_of(name)) if name else None
        value = match[2]
        if slot is None or is_readable(value) or is_path(value) or value[:1] in "-=:|>&" or OPEN in value:
            continue
        if _is_certain(match, name, slot) or _is_likely(match, name, slot):
            scheme = value.strip("\"'").partition(" ")[0].lower()
            bare = value if scheme in SCHEMES else value.rstrip(";,.")
            safe = redact_authorization(bare, vault) if scheme in SCHEMES else redact_credential(bare, vault, slot.kind)
            yield Span(match.start(2), match.start(2) + len(bare), safe)


def _name(match: re.Match[str]) -> str:
    """The whole name; empty where it is part of a path or a dotted word."""
    before = match.string[max(0, match.start() - 41) : match.start()]
    if not before or not (before[-1].isalnum() or before[-1] in "_-./$"):
        return match[1]
    beginning = _beginning().search(before)
    return beginning[0] + match[1] if beginning else ""


def _is_certain(match: re.Match[str], name: str, slot: Slot) -> bool:
    """A directive: a name of several words, one value, and the line is over. A sentence uses blanks between words."""
    line_end = match.string.find("\n", match.end(), match.end() + 200)
    rest = match.string[match.end() : line_end if line_end >= 0 else match.end() + 200].strip(" \t;")
    if slot.how == "if_secret" or (rest and rest[0] != "#") or len(split_name(name)) < 2:
        return False
    head = _words_before(match, len(name) - len(match[1]))
    bare = match[2].strip("\"'").rstrip(".,;:")
    if bare.isalpha():
        return not head and len(bare) >= 8 and bare.lower() not in STATES
    return head <= 1


def _words_before(match: re.Match[str], length: int) -> int:
    """The number of words before the name on its line; `length` is how much of the name stands before the match."""
    end = match.start() - length
    floor = max(0, end - 60)
    return len(match.string[max(floor, match.string.rfind("\n", floor, end) + 1) : end].split())


def _is_likely(match: re.Match[str], name: str, slot: Slot) -> bool:
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
    if slot.kind == "code" or name.lower() == "key":
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
