"""Says what happened to a token whose text cannot be read: the details of `malformed` (RFC 7515 5.2, RFC 7519 7.2).

Works on a bounded part of the text, so that hostile input costs no more than a good token.
"""

from __future__ import annotations

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused
from authwhy.verify.segments import Damage, json_object

_LEAD = 96  # how far in a token may begin behind a prefix
_HEADS = (b"ey", b"ew")  # of `{"`, `{ ` and `{` before a line end
_WHOLE = 4_096  # longer texts are only looked at near both ends
_TEXTUAL = frozenset(("segments", "not_base64url", "trailing_bits", "not_json", "not_utf8", "cut"))
_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
_BLANKS = frozenset(b" \t\r\n\x0b\x0c")
_WIDE_BLANKS = ("\u00a0", "\u200b", "\u2028", "\u2060")
_QUOTES = frozenset(b"\"'`")
_WIDE_QUOTES = ("\u2018", "\u2019", "\u201c", "\u201d")
# Lengths, in characters, of complete signatures: 32, 48, 64, 96, 114, 132, 256, 384, 512, 768 and 1024 octets.
_COMPLETE = frozenset((43, 64, 86, 128, 152, 176, 342, 512, 683, 1024, 1366))
_NO_TOKEN = Refused((Failure(Cause.MALFORMED, None, {"part": "token", "problem": "not_json"}),))


def refuse(data: bytes, damage: Damage) -> Refused:
    """The refusal of a token that cannot be read. Facts: part, problem, length, segments, member."""
    start = data.find(b"eyJ", 0, _LEAD)  # base64url of `{"`, how nearly every header begins
    if start < 0 and len(data) > _WHOLE and data[:2] not in _HEADS:
        return _NO_TOKEN
    segments = _segments(data)
    if segments == 5 and _is_jwe(data):
        return Refused((Failure(Cause.WRONG_TOKEN_TYPE, None, {"expected": ("JWS",), "seen": "JWE"}),))
    textual = damage.problem in _TEXTUAL
    facts: dict[str, FactValue] = {
        "part": damage.part or "token",
        "problem": "segments" if textual and segments != 3 else damage.problem,
        "length": len(data),
        "segments": segments,
    }
    if damage.member:
        facts["member"] = damage.member
    detail = _detail(data, start, damage, segments) if textual else None
    return Refused((Failure(Cause.MALFORMED, detail, facts),))


def refuse_size(length: int, limit: int) -> Refused:
    """The refusal of a token longer than the policy allows; nothing of it was looked at."""
    facts: dict[str, FactValue] = {"part": "token", "problem": "too_large", "length": length, "limit": limit}
    return Refused((Failure(Cause.MALFORMED, None, facts),))


def _segments(data: bytes) -> int:
    """Parts between dots; 7 stands for more."""
    if len(data) < _WHOLE:
        return min(data.count(b".") + 1, 7)
    count, at = 1, data.find(b".")
    while at >= 0 and count < 7:  # counting is slow where dots are rare or very many
        count, at = count + 1, data.find(b".", at + 1)
    return count


def _is_jwe(data: bytes) -> bool:
    """Five segments, and a header that names a content encryption (RFC 7516 9)."""
    header = json_object(data.partition(b".")[0])
    return isinstance(header, dict) and "enc" in header


def _detail(data: bytes, start: int, damage: Damage, segments: int) -> str | None:
    if start < 0 and data[:2] not in _HEADS:
        wrapped = data.startswith((b"ZXlK", b"\xff\xfee\0", b"\xfe\xff\0e", b"e\0y\0"))
        return "encoding" if wrapped else None
    text = data if len(data) <= _WHOLE else data[:_LEAD] + data[-_LEAD:]
    strange = text.translate(None, _TOKEN)
    if b"\x1b" in strange:
        return "escape_codes"
    if start > 0:
        return _lead(data[:start])
    return _inside(text, strange) if strange or b"..." in text else _cut(data, damage, segments)


def _lead(lead: bytes) -> str:
    """What stands in front of the token."""
    if lead.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):  # byte order mark
        return "encoding"
    bare = lead.decode("utf-8", "replace").strip("".join(_WIDE_BLANKS) + " \t\r\n\x0b\x0c")
    if not bare:
        return "whitespace"
    return "prefix" if bare.strip("".join(_WIDE_QUOTES) + "\"'`") not in ("", "b", "B") else "quotes"


def _inside(text: bytes, strange: bytes) -> str:
    """What stands in or behind the token that no token has."""
    wide = "" if strange.isascii() else text.decode("utf-8", "replace")
    if not _BLANKS.isdisjoint(strange) or any(blank in wide for blank in _WIDE_BLANKS):
        return "whitespace"
    if not _QUOTES.isdisjoint(strange) or any(quote in wide for quote in _WIDE_QUOTES):
        return "quotes"
    return "truncated" if b"..." in text or "\u2026" in wide else "encoding"


def _cut(data: bytes, damage: Damage, segments: int) -> str | None:
    """Is the end of the token missing?"""
    if damage.problem == "cut" or segments < 3:
        return "truncated"
    if damage.part != "signature" or segments > 3:
        return "encoding" if damage.problem == "trailing_bits" else None
    length = len(data) - data.rfind(b".") - 1
    if length & 3 == 1:
        return "truncated"
    if damage.problem == "trailing_bits":
        return "encoding" if length in _COMPLETE else "truncated"
    return None
