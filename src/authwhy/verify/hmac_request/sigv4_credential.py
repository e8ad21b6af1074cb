"""What a request says about its SigV4 signature: in the Authorization header, or in the query of a presigned URL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.hmac_request.interface import (
    MAX_KEY_ID,
    Fields,
    SignedRequest,
    damaged,
    single,
)
from authwhy.verify.hmac_request.timing import basic_day, basic_time, imf_fixdate
from authwhy.verify.jws import clip

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES_S = 604_800
"""s that a presigned URL can be good for: a week."""
_MAX_HEAD = 4_096
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII).fullmatch
_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+", re.ASCII).fullmatch
_SCHEME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_MEMBERS = ("Credential", "SignedHeaders", "Signature")
_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_PARAMETERS = frozenset((*_NEEDED, "X-Amz-Security-Token"))


class Credential(Struct, frozen=True, eq=False):
    """The public part: key id, scope and names of the signed headers."""

    key_id: str
    date: str
    region: str
    service: str
    scope: str
    names: tuple[str, ...]
    listed: str
    signed: frozenset[str]


class Presented(Struct, frozen=True, eq=False):
    """A whole signature. `date` is its text, `made_at` the same in s since 1970; `expires_s` only in a query."""

    credential: Credential
    signature: str
    date: str
    made_at: int
    in_query: bool
    expires_s: int | None = None
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Presented({self.credential.key_id!r})"


def read(request: SignedRequest, fields: Fields) -> Presented | Failure:
    """Read the one signature of a request. The Failure is missing, ambiguous, malformed, or says the algorithm."""
    header = single(fields, "authorization", _MAX_HEAD)
    if isinstance(header, Failure):
        return header
    presigned = "X-Amz-Signature=" in request.query
    if header is not None:
        return Failure(Cause.AMBIGUOUS) if presigned else from_header(header, fields)
    return from_query(request) if presigned else Failure(Cause.MISSING)


def from_header(value: str, fields: Fields) -> Presented | Failure:
    """Read `AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...` and the date beside it."""
    head, found, signature = value.rpartition("Signature=")
    if not found or len(signature) != 64:
        members = _members(value)
        if isinstance(members, Failure):
            return members
        head = f"{ALGORITHM} Credential={members[0]},SignedHeaders={members[1]}"
        signature = members[2]
    credential = _head(head)
    if isinstance(credential, Failure):
        return credential
    if not _HEX(signature):
        return _bad_signature(signature)
    date = single(fields, "x-amz-date", 64)
    if date is None:
        date = single(fields, "date", 64)
    if date is None:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": "x-amz-date"})
    if isinstance(date, Failure):
        return date
    token = single(fields, "x-amz-security-token")
    return token if isinstance(token, Failure) else _dated(credential, signature, date, token, None)


def _dated(
    credential: Credential, signature: str, date: str, token: str | None, expires_s: int | None
) -> Presented | Failure:
    made_at = basic_time(date)
    if made_at is None and expires_s is None:
        made_at = imf_fixdate(date)
        date = _basic_text(made_at) if made_at is not None else date
    if made_at is None:
        return damaged("x-amz-date", "not_a_date")
    if not date.startswith(credential.date):
        return damaged("credential", "date_mismatch")
    return Presented(credential, signature, date, made_at, expires_s is not None, expires_s, token)


def _basic_text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=512)
def _head(text: str) -> Credential | Failure:
    """Everything before the signature: the same text for a day of requests by one client."""
    members = _members(f"{text.rstrip(', ')},Signature=")
    return members if isinstance(members, Failure) else _credential(members[0], members[1])


def _members(value: str) -> tuple[str, str, str] | Failure:
    """The three members in any order, each once."""
    scheme = _SCHEME.match(value)
    name = scheme[0] if scheme else ""
    if name != ALGORITHM:
        return _other_scheme(name)
    found: dict[str, str] = {}
    for member in value[len(name) :].split(","):
        key, equals, text = member.strip(" \t").partition("=")
        if not equals or key in found or key not in _MEMBERS:
            return damaged("authorization", "members")
        found[key] = text
    absent = next((key for key in _MEMBERS if key not in found), None)
    if absent:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": absent})
    return found["Credential"], found["SignedHeaders"], found["Signature"]


def _other_scheme(name: str) -> Failure:
    if name == "AWS":  # Signature Version 2
        return Failure(Cause.UNSUPPORTED_ALGORITHM, "too_old", {"alg": "AWS", "expected": (ALGORITHM,)})
    if name.upper().startswith("AWS4"):
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, {"alg": clip(name), "expected": (ALGORITHM,)})
    return Failure(Cause.UNSUPPORTED_SCHEME, None, {"expected": ALGORITHM})


def _credential(text: str, signed_headers: str) -> Credential | Failure:
    """`AKID/20150830/us-east-1/service/aws4_request`; the key id itself may hold slashes."""
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts) or not text.isascii() or not text.isprintable():
        return damaged("credential", "scope")
    key_id, date, region, service, _ = parts
    if len(key_id) > MAX_KEY_ID or basic_day(date) is None:
        return damaged("credential", "scope")
    names = tuple(signed_headers.split(";"))
    if not all(map(_NAME, names)):
        return damaged("signed_headers", "not_header_names")
    if list(names) != sorted(set(names)):
        return damaged("signed_headers", "not_sorted")
    return Credential(key_id, date, region, service, "/".join(parts[1:]), names, signed_headers, frozenset(names))


def _bad_signature(text: str) -> Failure:
    cut = len(text) < 64 and not text.strip("0123456789abcdef")
    return damaged("signature", "cut" if cut else "not_hex", "truncated" if cut else None)


def from_query(request: SignedRequest) -> Presented | Failure:
    """Read the X-Amz-* parameters of a presigned URL. Each comes once; all but the token are needed."""
    found: dict[str, str] = {}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        if name in _PARAMETERS:
            if name in found:
                return damaged(name, "duplicate")
            found[name] = unquote_to_bytes(value).decode("latin-1")
    algorithm = found.get("X-Amz-Algorithm", ALGORITHM)
    if algorithm != ALGORITHM:
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, {"alg": clip(algorithm), "expected": (ALGORITHM,)})
    absent = next((name for name in _NEEDED if name not in found), None)
    if absent:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": absent})
    expires = found["X-Amz-Expires"]
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 6 and 1 <= int(expires) <= MAX_EXPIRES_S):
        facts: dict[str, FactValue] = {"part": "X-Amz-Expires", "problem": "out_of_range", "limit": MAX_EXPIRES_S}
        return Failure(Cause.MALFORMED, None, facts)
    signature = found["X-Amz-Signature"]
    if not _HEX(signature):
        return _bad_signature(signature)
    credential = _credential(found["X-Amz-Credential"], found["X-Amz-SignedHeaders"])
    if isinstance(credential, Failure):
        return credential
    return _dated(credential, signature, found["X-Amz-Date"], found.get("X-Amz-Security-Token"), int(expires))
