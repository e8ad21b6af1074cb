"""One segment of a compact JWS: canonical base64url (RFC 7515 2, RFC 4648 3.5), strict JSON (RFC 8259, RFC 7515 4).

Nothing here raises for any input. What cannot be read is answered by a Damage, which says why.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

Problem = Literal[
    "segments",
    "too_large",
    "not_base64url",
    "trailing_bits",
    "not_json",
    "not_utf8",
    "cut",
    "not_an_object",
    "number_out_of_range",
    "duplicate_member",
    "too_deep",
    "wrong_type",
    "missing_member",
    "bad_crit",
]
"""Why a token cannot be read. `cut` is JSON that ends too early."""

MAX_DEPTH = 32
"""Arrays and objects inside each other; real tokens need fewer than ten. Not counted up to 512 octets of JSON."""
_SHALLOW = 512


class Damage(Struct, frozen=True):
    """Why a segment or a member cannot be read. `member` is a registered name, never text of the token."""

    problem: Problem
    part: str = ""
    member: str = ""


NOT_BASE64URL, TRAILING_BITS = Damage("not_base64url"), Damage("trailing_bits")

# Every byte outside the URL-safe alphabet, `+`, `/` and `=` included, becomes `!`, which no decoder accepts.
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = bytes(b"+/"[b"-_".index(c)] if c in b"-_" else c if c in _ALPHABET else 33 for c in range(256))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# What follows a segment of length n modulo 4 so that it is a JSON string of padded base64; n = 1 cannot be decoded.
_END = (b'"', b'!"', b'=="', b'="')
# Last characters that leave no bit unused, by length modulo 4: each octet string has exactly one spelling.
_LAST = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[{")
_BLANK = b" \t\r\n"
_FALSE_MARK = re.compile(rb'[\\:,{\[]":')

_octets = msgspec.json.Decoder(bytes).decode
_object = msgspec.json.Decoder(dict).decode
_encode = msgspec.json.encode


def encode(octets: bytes) -> bytes:
    """The one base64url spelling of these octets, without padding (RFC 7515 2)."""
    return binascii.b2a_base64(octets, newline=False).translate(_URL_SAFE, b"=")


def octets(segment: bytes) -> bytes | Damage:
    """Decode base64url strictly: no padding, blanks, other alphabet or unused bits. Empty text is empty octets."""
    if not segment:
        return b""
    if segment[-1] not in _LAST[len(segment) & 3]:
        return TRAILING_BITS if segment[-1] in _ALPHABET and len(segment) & 3 != 1 else NOT_BASE64URL
    try:
        return _octets(b'"' + segment.translate(_STANDARD) + _END[len(segment) & 3])
    except ValueError:
        return NOT_BASE64URL


def is_canonical(segment: bytes) -> bool:
    """Is this not empty, and the one base64url spelling of some octets?"""
    return bool(segment) and segment[-1] in _LAST[len(segment) & 3] and not segment.translate(None, _ALPHABET)


def json_object(segment: bytes) -> dict[str, object] | Damage:
    """Decode a segment to a JSON object: UTF-8, no duplicate member, finite numbers, bounded depth."""
    try:
        raw = _octets(b'"' + segment.translate(_STANDARD) + _END[len(segment) & 3])
    except ValueError:
        return NOT_BASE64URL
    try:
        members: dict[str, object] = _object(raw)
        if segment[-1] not in _LAST[len(segment) & 3]:
            return TRAILING_BITS
        crowded = len(raw) > _SHALLOW and len(raw.translate(None, _NOT_BRACKETS)) > MAX_DEPTH
        # Written again by us, an object has each member once: equal bytes prove it, for less than parsing again.
        return _audit(raw, members, crowded) if crowded or _encode(members) != raw else members
    except (ValueError, RecursionError) as error:
        return _why(error, raw)


def _why(error: Exception, raw: bytes) -> Damage:
    """Say why these octets are no JSON object."""
    if isinstance(error, UnicodeDecodeError):
        return Damage("not_utf8")
    if isinstance(error, RecursionError):
        return Damage("too_deep")
    if isinstance(error, msgspec.ValidationError):
        return Damage("not_an_object" if str(error).startswith("Expected") else "number_out_of_range")
    cut = "truncated" in str(error) and raw.lstrip(_BLANK)[:1] == b"{"
    return Damage("cut" if cut else "not_json")


def _audit(raw: bytes, members: dict[str, object], crowded: bool) -> dict[str, object] | Damage:
    """Look for duplicate members and deep nesting where the cheap test could not rule them out."""
    # Without blanks every member shows one `":`. Strings may show more, so only equality proves anything.
    compact = raw.translate(None, _BLANK)
    marks = compact.count(b'":')
    if marks == len(members) and not crowded:
        return members
    names, depth = _measure(members)
    if depth > MAX_DEPTH and crowded:
        return Damage("too_deep")
    if marks == names and depth <= MAX_DEPTH:
        return members
    # A mark that belongs to no member follows a backslash or opens a string; without such, it is a member too many.
    doubled = (depth <= MAX_DEPTH and _FALSE_MARK.search(compact) is None) or _has_duplicate(raw)
    return Damage("duplicate_member") if doubled else members


def _measure(members: dict[str, object]) -> tuple[int, int]:
    """The number of member names in all objects, and how deep they nest. Stops below MAX_DEPTH."""
    names = 0
    level: list[object] = [members]
    for depth in range(1, MAX_DEPTH + 2):
        below: list[object] = []
        for value in level:
            children: Iterable[object] = ()
            if isinstance(value, dict):
                names += len(value)
                children = value.values()
            elif isinstance(value, list):
                children = value
            below += [child for child in children if isinstance(child, dict | list)]
        if not below:
            return names, depth
        level = below
    return names, MAX_DEPTH + 1


def _has_duplicate(raw: bytes) -> bool:
    seen_twice = False

    def collect(pairs: list[tuple[str, object]]) -> None:
        nonlocal seen_twice
        seen_twice = seen_twice or len({name for name, _ in pairs}) != len(pairs)

    json.loads(raw, object_pairs_hook=collect, parse_int=len, parse_float=len)
    return seen_twice
