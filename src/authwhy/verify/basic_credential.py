"""Read the value of `Authorization: Basic` (RFC 7617 section 2). Strict, linear, capped, and it never raises."""

from __future__ import annotations

import base64
import binascii
import re

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Failure, Refused, refused
from authwhy.model.policy import BasicPolicy

# the registry of HTTP authentication schemes (RFC 9110 section 16.4.1): only these words are told as facts
KNOWN_SCHEMES = frozenset(
    (
        "bearer",
        "digest",
        "dpop",
        "gnap",
        "hawk",
        "hoba",
        "mutual",
        "negotiate",
        "ntlm",
        "oauth",
        "scram-sha-1",
        "scram-sha-256",
        "vapid",
        "apikey",
        "token",
        "aws4-hmac-sha256",
        "sharedkey",
        "signature",
    )
)
QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_SCHEME = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+(.*)", re.ASCII | re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class NameAndPassword(Struct, frozen=True):
    """What a person typed. Its text form tells neither."""

    name: str
    password: str

    def __repr__(self) -> str:
        return "NameAndPassword(...)"


def parse(value: str | bytes, policy: BasicPolicy) -> NameAndPassword | Refused:
    """Read an Authorization value, or the token68 alone, into a name and a password.

    Refused with `missing` (nothing there), `unsupported_scheme`, or `malformed`; its fact `problem` is one word
    from a fixed list. An empty password is `wrong_secret`, detail `empty`: it is never hashed.
    """
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    limit = max_value_chars(policy)
    if len(text) > limit:
        return refused(Cause.MALFORMED, problem="too_long", limit=limit)
    if not text.strip():
        return refused(Cause.MISSING)
    token = _token(text)
    if isinstance(token, Refused):
        return token
    decoded = _decode(token)
    return decoded if isinstance(decoded, Refused) else _split(decoded, policy)


def max_value_chars(policy: BasicPolicy) -> int:
    """The longest value that is looked at: the longest pair in base64, the scheme, and some room."""
    return 32 + -(-(policy.max_name_bytes + 1 + policy.max_password_bytes) // 3) * 4


def _token(text: str) -> str | Refused:
    """The token68 behind the scheme."""
    stripped = text.strip()
    if stripped[0] in QUOTES:
        return refused(Cause.MALFORMED, "quotes", problem="quoted")
    lower = stripped.lower()
    if lower.startswith(("authorization:", "basic:")):
        return refused(Cause.MALFORMED, "prefix", problem="header_name_in_value")
    match = _SCHEME.fullmatch(stripped)
    if match and match[1].lower() != "basic":
        seen = match[1].lower()
        return refused(Cause.UNSUPPORTED_SCHEME, seen=seen if seen in KNOWN_SCHEMES else "other", offered=("basic",))
    if text != stripped:
        return refused(Cause.MALFORMED, "whitespace", problem="whitespace_around")
    if lower == "basic":
        return refused(Cause.MALFORMED, "truncated", problem="no_token")
    token = match[2] if match else stripped
    return _shape(token) or token


def _shape(token: str) -> Refused | None:
    """Name what is wrong with a token that is no canonical base64 text."""
    if re.match(r"basic[\s:]", token, re.IGNORECASE):
        return refused(Cause.MALFORMED, "prefix", problem="doubled_scheme")
    if token[0] in QUOTES or token[-1] in QUOTES:
        return refused(Cause.MALFORMED, "quotes", problem="quoted")
    if "\x1b" in token or "\\" in token:
        return refused(Cause.MALFORMED, "escape_codes", problem="escape_codes")
    if len(token.split(None, 1)) > 1:
        return refused(Cause.MALFORMED, "whitespace", problem="whitespace_inside")
    if ":" in token:
        return refused(Cause.MALFORMED, "encoding", problem="not_base64")
    bare = token.rstrip("=")
    if not _BASE64.fullmatch(bare):
        return refused(Cause.MALFORMED, "encoding", problem="alphabet")
    if len(bare) % 4 == 1:
        return refused(Cause.MALFORMED, "truncated", problem="length")
    if len(token) - len(bare) != -len(bare) % 4:
        return refused(Cause.MALFORMED, "encoding", problem="padding")
    return None


def _decode(token: str) -> str | Refused:
    """Base64, then UTF-8 (RFC 7617 section 2.1)."""
    try:
        raw = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return refused(Cause.MALFORMED, "encoding", problem="alphabet")
    if base64.b64encode(raw) != token.encode():
        return refused(Cause.MALFORMED, "encoding", problem="not_canonical")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return refused(Cause.MALFORMED, "encoding", problem="not_utf8")


def _split(pair: str, policy: BasicPolicy) -> NameAndPassword | Refused:
    """Name and password at the first colon. No control characters (RFC 7617 section 2)."""
    if _CONTROL.search(pair):
        return refused(Cause.MALFORMED, _control_detail(pair), problem="control_character")
    name, colon, password = pair.partition(":")
    if not colon:
        return refused(Cause.MALFORMED, problem="no_colon")
    failures: list[Failure] = []
    for what, part, limit in (
        ("name", name, policy.max_name_bytes),
        ("password", password, policy.max_password_bytes),
    ):
        if len(part.encode()) > limit:
            failures.append(Failure(Cause.MALFORMED, facts={"problem": f"{what}_too_long", "limit": limit}))
    if not name:
        failures.append(Failure(Cause.MALFORMED, facts={"problem": "empty_name"}))
    if not password:
        failures.append(Failure(Cause.WRONG_SECRET, "empty"))
    return Refused(tuple(failures)) if failures else NameAndPassword(name, password)


def _control_detail(pair: str) -> str | None:
    """`echo user:password | base64` adds a newline; a terminal pastes escape codes."""
    if "\x1b" in pair:
        return "escape_codes"
    return None if _CONTROL.search(pair.strip("\r\n\t")) else "whitespace"
