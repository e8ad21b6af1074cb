"""Secrets after a name: `"client_secret": "x"`, `PASSWORD=x`, `X-Api-Key: x`, `token => "x"`, `("password", "x")`."""

from __future__ import annotations

import re
from functools import cache

from authwhy.evidence.redaction.masked import GLUE, is_hidden, is_message, is_readable, is_sentence, looks_secret
from authwhy.evidence.redaction.names import CODE_QUALIFIERS, Slot, header_slot, slot_of
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
_ONE_TIME_WORDS = ("grant_type", "otp", "mfa", "assword", "phone", "verif", "challenge", "factor")
_NEGATIVE = ("invalid", "unexpected", "bad", "wrong", "unknown", "missing", "no", "incorrect", "expired")
_WITHOUT_BLANKS = ("token", "signature", "session", "csrf", "assertion", "code")
_KEY_WORDS = ("api", "access", "secret", "private", "shared", "account", "master", "subscription")


def hide_slots(text: str, vault: Vault) -> str:
    """Hide the values of all assignments, members, header fields and options whose name announces a secret."""
    spans: list[Span] = []
    done = 0
    for match in assignment("\\n" in text or "\\r" in text).finditer(text):
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
    slot = slot_of(name)
    if separator == "," and not _is_pair(match, slot):
        return None
    if slot is None and name.lower() in ("header", "headers", "id", "value"):
        slot = slot_of(_word_before(match) + ("id" if name.lower() == "id" else ""))
    before = match.string[max(0, match.start() - 1) : match.start()]
    may_be_header = (slot is None or slot.how == "if_secret") and "-" in name and "." not in name
    if may_be_header and before not in ("/", "\\"):
        slot = header_slot(name) or slot
    if slot is not None and slot.kind == "code" and _word_before(match) in CODE_QUALIFIERS:
        return None
    if name.lower() == "key" and _word_before(match) in _KEY_WORDS:
        slot = Slot("api_key")
    return slot


def _is_pair(match: re.Match[str], slot: Slot | None) -> bool:
    """`("password", "x")`, `["Authorization", "Bearer x"]`, but no list of names such as ["user", "password"]."""
    head = match.string[max(0, match.start() - 4) : match.start()].rstrip("\"'`bu\\")
    is_credential = slot is not None and slot.how == "credentials"
    return bool(match[2]) and (head[-1:] in ("(", "{") or (head[-1:] == "[" and is_credential))


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
    if is_readable(value) or bare.lower() in ("true", "false", "include", "omit", "same-origin"):
        return True
    if bare.startswith(("http://", "https://", "file://", "urn:", "SHA256:", "MD5:")) and " " not in bare:
        return True
    if slot.kind == "connection" and ("://" in bare or "=" in bare or re.fullmatch(r"[\d.]+", bare)):
        return True
    if slot.kind in ("api_key", "private_key") and is_path(bare):
        return True
    if slot.kind in ("session", "token", "code") and bare.isdigit() and not place.quoted and len(bare) <= 5:
        return True
    if slot.kind == "api_key" and re.fullmatch(r"[\w.+\-]{1,64}@[\w\-]+\.[\w.\-]+", bare):
        return True
    if match[1].lower() == "code":
        return _is_error_code(match, bare, place)
    if slot.how == "if_secret":
        return not is_likely_secret(match[1], slot, bare, quoted=place.quoted)
    return not place.quoted and (_reads_on(match, place, bare) or _is_prose(match, slot, bare))


def _reads_on(match: re.Match[str], place: Place, bare: str) -> bool:
    """`Invalid API key: You must be granted one`: a sentence goes on behind a word that is no secret by its looks."""
    if match[3][0] != ":":
        return False
    first = bare.split()[0]
    if first.lower().startswith("err"):
        return True
    if looks_secret(first) or looks_random(first.rstrip(".,;:")):
        return False
    if first.endswith(":") and len(first) < 32:
        return True
    return is_sentence(_rest_of_sentence().match(match.string, place.start)[0])  # type: ignore[index]


@cache
def _rest_of_sentence() -> re.Pattern[str]:
    return re.compile(r"[^\n\"]{0,200}")


def is_path(bare: str) -> bool:
    """True for the path of a key or certificate file."""
    if bare.startswith(_ROOTS):
        return " " not in bare and not any(looks_random(part) for part in bare.split("/"))
    return _file_ending(bare) and re.fullmatch(r"(?:~|\.{1,2}|[A-Za-z]:|\$\{?\w+\}?)?[\w./\\ -]+", bare) is not None


_ROOTS = (
    *(f"/{root}/" for root in "home etc root usr var opt Users tmp run mnt srv app data certs keys".split()),
    "~/",
)


def _file_ending(bare: str) -> bool:
    return bare.endswith(
        (".pem", ".key", ".crt", ".cer", ".pub", ".p12", ".pfx", ".json", ".jks", ".txt", ".ppk", ".der")
    )


def is_likely_secret(name: str, slot: Slot, bare: str, *, quoted: bool = False) -> bool:
    """For names that announce a secret only sometimes: `key`, `auth`, `credentials`, `code`, `tokens`."""
    if slot.kind == "api_key" and (len(bare) < 8 or "/" in bare):
        return looks_random(bare)
    if slot.kind == "code" and re.fullmatch(r"[A-Z0-9_.\-]{1,12}", bare):
        return False
    if name.lower().strip("_") == "auth" and bare.endswith("=") and re.fullmatch(r"[A-Za-z0-9+/]{8,}={1,2}", bare):
        return True
    if re.match(r"[\w.]{1,40}=\w", bare):
        return False  # an assignment of its own
    if " " in bare:
        return quoted and any(char.isdigit() for char in bare) and len(bare) < 200 and not is_sentence(bare)
    return looks_secret(bare) or looks_random(bare)


def _is_error_code(match: re.Match[str], bare: str, place: Place) -> bool:
    """`"code": "invalid_api_key"` and `code=401` are codes of errors; `code=SplxlOBe` is an authorization code."""
    code = bare.rstrip(".,;:)'").lstrip("-(")
    if " " in code or re.fullmatch(r"0x[0-9A-Fa-f]{1,16}|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", code):
        return True
    near = match.string[max(0, match.start() - 300) : match.end() + 300]
    if code.isdigit():
        one_time = place.quoted and 6 <= len(code) <= 8 and any(word in near for word in _ONE_TIME_WORDS)
        return len(code) <= 10 and not one_time
    if len(code) > 64 or looks_random(code):
        return False
    if re.fullmatch(r"[A-Za-z]+(?:[_.:\-/][A-Za-z]+)*", code) or re.fullmatch(r"[A-Z0-9_.\-]{1,8}", code):
        return True
    return any(word in near for word in _ERROR_WORDS) and not re.search(r"[a-z]\d|\d[a-z]", code)


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
