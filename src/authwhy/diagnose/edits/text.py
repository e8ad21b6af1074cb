"""Edits to the text of a credential or secret: what copying, quoting and encoding do to it. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote


class TextEdit(NamedTuple):
    """A named rewriting of a text; returns None when it does not apply."""

    name: str
    detail: str
    rewrite: Callable[[str], str | None]


class CodecEdit(NamedTuple):
    """A named way of turning the typed secret into key bytes; None when it does not apply."""

    name: str
    rewrite: Callable[[str], bytes | None]


def _changed(before: str, after: str) -> str | None:
    return after if after != before and after else None


def _unquote(text: str) -> str | None:
    stripped = text.strip()
    pairs = ('""', "''", "``", "“”", "<>")
    for pair in pairs:
        if len(stripped) > 2 and stripped[0] == pair[0] and stripped[-1] == pair[1]:
            return stripped[1:-1]
    return None


def _without_prefix(text: str) -> str | None:
    return _changed(text, re.sub(r"^\s*(?:(?:bearer|token|basic|jwt|authorization):?\s+){1,4}", "", text, flags=re.I))


def _without_escapes(text: str) -> str | None:
    cleaned = re.sub(r"(?:\x1b|\\x1b|\\u001b|\\033|\\e)\[[0-9;]{0,12}[A-Za-z]", "", text)
    return _changed(text, cleaned)


TEXT_EDITS: tuple[TextEdit, ...] = (
    TextEdit("surrounding white space removed", "whitespace", lambda text: _changed(text, text.strip())),
    TextEdit("all white space removed", "whitespace", lambda text: _changed(text, "".join(text.split()))),
    TextEdit("quotation marks removed", "quotes", _unquote),
    TextEdit("doubled scheme prefix removed", "prefix", _without_prefix),
    TextEdit("colour escape codes removed", "escape_codes", _without_escapes),
    TextEdit("percent-decoded", "encoding", lambda text: _changed(text, unquote(text)) if "%" in text else None),
    TextEdit("base64 padding removed", "encoding", lambda text: _changed(text, re.sub(r"=+(?=\.|$)", "", text))),
    TextEdit(
        "base64 alphabet changed to base64url",
        "encoding",
        lambda text: _changed(text, text.replace("+", "-").replace("/", "_")),
    ),
    TextEdit("trailing punctuation removed", "encoding", lambda text: _changed(text, text.rstrip(".,;)]}>"))),
    TextEdit(
        "invisible characters removed",
        "encoding",
        lambda text: _changed(text, re.sub("[\u200b-\u200f\ufeff\u2060\u00ad]", "", text)),
    ),
)  # fmt: skip


def text_edits(text: str) -> Iterator[tuple[TextEdit, str]]:
    """The rewritings that change this text, each with its result."""
    for edit in TEXT_EDITS:
        changed = edit.rewrite(text)
        if changed is not None:
            yield edit, changed


def _b64(secret: str) -> bytes | None:
    try:
        return base64.b64decode("".join(secret.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _b64url(secret: str) -> bytes | None:
    text = "".join(secret.split())
    if re.fullmatch(r"[A-Za-z0-9_-]{2,}=*", text) is None:
        return None
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)) or None
    except (binascii.Error, ValueError):
        return None


def _hex(secret: str) -> bytes | None:
    try:
        return bytes.fromhex(secret.strip().removeprefix("0x")) or None
    except ValueError:
        return None


def _base32(secret: str) -> bytes | None:
    text = "".join(secret.split()).upper().rstrip("=")
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8)) or None
    except (binascii.Error, ValueError):
        return None


def _encoded(secret: str, rewrite: Callable[[str], str | None]) -> bytes | None:
    changed = rewrite(secret)
    return changed.encode("utf-8", "surrogatepass") if changed else None


def _newlines(text: str) -> str:
    return text.replace("\\n", "\n")


CODECS: tuple[CodecEdit, ...] = (
    CodecEdit("secret base64-decoded", _b64),
    CodecEdit("secret base64url-decoded", _b64url),
    CodecEdit("secret hex-decoded", _hex),
    CodecEdit("secret base32-decoded", _base32),
    CodecEdit("secret's surrounding white space removed", lambda s: _encoded(s, lambda t: _changed(t, t.strip()))),
    CodecEdit("secret with a final newline", lambda s: _encoded(s, lambda t: None if t.endswith("\n") else t + "\n")),
    CodecEdit("secret's quotation marks removed", lambda s: _encoded(s, _unquote)),
    CodecEdit("secret percent-decoded", lambda s: _encoded(s, lambda t: _changed(t, unquote(t)))),
    CodecEdit("secret's escaped newlines made real", lambda s: _encoded(s, lambda t: _changed(t, _newlines(t)))),
    CodecEdit("secret base64-encoded", lambda s: base64.b64encode(s.encode("utf-8", "surrogatepass"))),
    CodecEdit("secret hex-encoded", lambda s: s.encode("utf-8", "surrogatepass").hex().encode()),
    CodecEdit("secret in Latin-1", lambda s: None if s.isascii() else s.encode("latin-1", "ignore") or None),
    CodecEdit("secret in UTF-16", lambda s: s.encode("utf-16-le", "surrogatepass")),
)  # fmt: skip


def secret_codecs(secret: str) -> Iterator[tuple[str, bytes]]:
    """Other key bytes the same typed secret may stand for."""
    plain = secret.encode("utf-8", "surrogatepass")
    seen = {plain}
    for codec in CODECS:
        key = codec.rewrite(secret)
        if key and key not in seen:
            seen.add(key)
            yield codec.name, key
