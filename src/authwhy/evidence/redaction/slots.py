"""Secrets after a name: `"client_secret": "x"`, `PASSWORD=x`, `X-Api-Key: x`, `token => "x"`, `("password", "x")`."""

from __future__ import annotations

import re

from authwhy.evidence.redaction.masked import GLUE, is_hidden, is_message, is_readable, looks_secret
from authwhy.evidence.redaction.names import Slot, header_slot, slot_of
from authwhy.evidence.redaction.places import Place, assignment, begins_line, places
from authwhy.evidence.redaction.shapes import looks_random
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import (
    SCHEMES,
    redact_authorization,
    redact_cookies,
    redact_credential,
    redact_set_cookie,
)
from authwhy.model.secret import Vault

_ERROR_WORDS = (
    '"message"',
    '"error',
    '"msg"',
    '"detail"',
    '"status"',
    '"title"',
    "'message'",
    "'error",
    "rror",
    "xception",
)
_NEGATIVE = ("invalid", "unexpected", "bad", "wrong", "unknown", "missing", "no", "incorrect", "expired")
_WITHOUT_BLANKS = ("token", "signature", "session", "csrf", "assertion", "code")
_KEY_WORDS = ("api", "access", "secret", "private", "shared", "account", "master", "subscription")


def hide_slots(text: str, vault: Vault) -> str:
    """Hide the values of all assignments, members, header fields and options whose name announces a secret."""
    spans: list[Span] = []
    done = 0
    for match in assignment().finditer(text):
        if match.start() < done:
            continue
        slot = _slot(match)
        if slot is None:
            continue
        for place in places(text, match, slot):
            safe = _safe_value(match, slot, place, vault)
            if safe is not None:
                spans.append(Span(place.start, place.end, safe))
                done = place.end
    return splice(text, spans)


def _slot(match: re.Match[str]) -> Slot | None:
    name, separator = match[1], match[3]
    if separator == "," and not (match[2] and match.string[max(0, match.start() - 2) : match.start() - 1] == "("):
        return None
    slot = slot_of(name)
    before = match.string[max(0, match.start() - 1) : match.start()]
    if slot is None and separator[0] == ":" and "-" in name and "." not in name and before not in ("/", "\\"):
        slot = header_slot(name)
    if name.lower() == "key" and _word_before(match) in _KEY_WORDS:
        slot = Slot("api_key")
    return slot


def _word_before(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 24) : match.start()].split()
    return before[-1].lower().strip("\"'`") if before else ""


def _safe_value(match: re.Match[str], slot: Slot, place: Place, vault: Vault) -> str | None:
    """The value with its secret hidden; None when it may stay."""
    value = match.string[place.start : place.end]
    if not value.strip() or is_hidden(value) or (is_message(value) and slot.how != "credentials"):
        return None
    if slot.how == "credentials":
        return redact_authorization(value, vault)
    if slot.how == "cookies":
        return redact_cookies(value, vault)
    if slot.how == "set_cookie":
        return redact_set_cookie(value, vault)
    if _may_stay(match, slot, place, value):
        return None
    scheme, blank, _ = value.strip().partition(" ")
    if blank and scheme.lower() in SCHEMES:
        return redact_authorization(value, vault)
    safe = redact_credential(value, vault, slot.kind)
    bare_in_json = match[2] and not place.quoted and match[3] == ":" and value.strip().replace(".", "").isalnum()
    return f'"{safe}"' if bare_in_json and safe != value else safe


def _may_stay(match: re.Match[str], slot: Slot, place: Place, value: str) -> bool:
    bare = value.strip()
    if is_readable(value) or bare.lower() in ("true", "false"):
        return True
    if bare.startswith(("http://", "https://", "file://", "urn:", "SHA256:", "MD5:")) and " " not in bare:
        return True
    if slot.kind in ("api_key", "private_key") and is_path(bare):
        return True
    if slot.kind in ("session", "token", "code") and bare.isdigit() and not place.quoted and len(bare) <= 5:
        return True
    if match[1].lower() == "code":
        return _is_error_code(match, bare, place)
    if slot.how == "if_secret":
        return not is_likely_secret(match[1], slot, bare)
    return not place.quoted and _is_prose(match, slot, bare)


def is_path(bare: str) -> bool:
    """True for the path of a key or certificate file."""
    return _file_ending(bare) and re.fullmatch(r"(?:~|\.{1,2}|[A-Za-z]:)?[\w./\\ -]+", bare) is not None


def _file_ending(bare: str) -> bool:
    return bare.endswith(
        (".pem", ".key", ".crt", ".cer", ".pub", ".p12", ".pfx", ".json", ".jks", ".txt", ".ppk", ".der")
    )


def is_likely_secret(name: str, slot: Slot, bare: str) -> bool:
    """For names that announce a secret only sometimes: `key`, `auth`, `credentials`, `code`, `tokens`."""
    if name.lower().strip("_") == "auth":
        return (
            len(bare) >= 8
            and re.fullmatch(r"[A-Za-z0-9+/_\-]+={0,2}", bare) is not None
            and (looks_secret(bare) or bare[-1] == "=")
        )
    if slot.kind == "api_key" and len(bare) < 16:
        return False
    return looks_secret(bare) or looks_random(bare)


def _is_error_code(match: re.Match[str], bare: str, place: Place) -> bool:
    """`"code": "invalid_api_key"` and `code=401` are codes of errors; `code=SplxlOBe` is an authorization code."""
    digits = bare.rstrip(",").lstrip("-")
    if not place.quoted and digits.isdigit() and len(digits) <= 9:
        return True
    if len(bare) > 64 or looks_random(bare):
        return False
    if re.fullmatch(r"[A-Za-z]+(?:[_.:\- /][A-Za-z]+)*", bare) and (len(bare) < 24 or "_" in bare):
        return True
    if re.fullmatch(r"[A-Z0-9_.\-]{1,8}", bare) and not re.fullmatch(r"\d{6,8}", bare):
        return True
    near = match.string[max(0, match.start() - 300) : match.end() + 300]
    return any(word in near for word in _ERROR_WORDS) and not re.search(r"[a-z]\d|\d[a-z]", bare)


def _is_prose(match: re.Match[str], slot: Slot, bare: str) -> bool:
    """`Token: Unexpected end`, `session: closed by user`: plain words after a plain name."""
    words = [word.strip(".,;:'\"()!?").lower() for word in bare.split()]
    if len(words) == 1 and slot.kind in _WITHOUT_BLANKS and match[3][0] == ":" and not begins_line(match.string, match):
        return not any(char.isdigit() for char in bare) and not looks_secret(bare)
    if len(words) == 1:
        return _word_before(match) in _NEGATIVE and not looks_secret(bare)
    if not all(word.isalpha() for word in words if word):
        return False
    if slot.kind in ("password", "secret"):
        return len(words) >= 4 and bare.endswith((".", "!", "?"))
    return len(words) >= 3 and any(word in GLUE for word in words)
