"""Azure Storage: SharedKey and SharedKeyLite for Blob, Queue, File and Table, as "Authorize with Shared Key" documents.

The signature covers no body: only a Content-MD5 that is there is checked against it. The key id is the account name.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import md5
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Literal
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused
from authwhy.verify.flow import Flow
from authwhy.verify.hmac_request.interface import (
    MAX_KEY_ID,
    Fields,
    SignedRequest,
    SigningSecret,
    by_name,
    check_common,
    damaged,
    shape_failure,
    single,
    values,
)
from authwhy.verify.hmac_request.settle import Check, Signed, settle
from authwhy.verify.hmac_request.timing import imf_fixdate, window_failure

Service = Literal["blob", "queue", "file", "table"]
SCHEMES = ("SharedKey", "SharedKeyLite")
_ORDERED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_LITE = ("content-md5", "content-type", "date")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", re.ASCII).fullmatch
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]+", re.ASCII).fullmatch
_BLANKS = re.compile(r'("[^"]*")|[ \t\r\n]+')
_DECODED = "azure"


class AzureSharedKeyPolicy(Struct, frozen=True):
    """Demands on a Shared Key request to one storage service.

    `window_s` is how far x-ms-date (or Date) may be from now, on both sides. `default_version` stands for an
    x-ms-version that is not sent. `schemes` may be narrowed to SharedKey. See SigningPolicy for the rest.

    Raises ValueError for settings that cannot work.
    """

    id: str = "azure_shared_key"
    service: Service = "blob"
    window_s: int = 900
    schemes: tuple[str, ...] = SCHEMES
    default_version: str = "2021-08-06"
    overlap_s: int = 0
    secrets_tried: int = 2
    check_replay: bool = False

    def __post_init__(self) -> None:
        if self.service not in ("blob", "queue", "file", "table") or not set(self.schemes) <= set(SCHEMES):
            raise ValueError("service or schemes are not known")
        if self.window_s < 0:
            raise ValueError("window_s must not be negative")
        check_common(self)


class Presented(Struct, frozen=True, eq=False):
    """An Authorization value: scheme, account and signature in base64."""

    scheme: str
    account: str
    signature: str


def verify(request: SignedRequest, policy: AzureSharedKeyPolicy, now: int) -> Flow:
    """Check a request. `now` is s since 1970. Never raises.

    Order: shape, scheme, account, signature, time, status, replay. Accepted claims: `sub`, `key_id` (the account).
    """
    presented = shape_failure(request) or _forged_line(request) or read(request)
    if isinstance(presented, Failure):
        return Refused((presented,))
    made_at = _made_at(by_name(request))
    if isinstance(made_at, Failure):
        return Refused((made_at,))
    try:
        text = _text(request, presented, policy).encode("latin-1")
    except UnicodeEncodeError:
        return Refused((damaged("headers", "not_octets"),))
    refused: dict[str, FactValue] = {"seen": presented.scheme, "expected": policy.schemes[0] if policy.schemes else ""}
    late = window_failure(made_at, made_at - policy.window_s, made_at + policy.window_s, now)
    signed = Signed(
        presented.account,
        _check(text, presented.signature),
        presented.scheme,
        algorithm=() if presented.scheme in policy.schemes else (Failure(Cause.UNSUPPORTED_SCHEME, None, refused),),
        demands=(late,) if late else (),
        body_changed=_body_changed(request),
        replay=(presented.signature, made_at + policy.window_s + 1),
    )
    return (yield from settle(signed, policy, now))


def string_to_sign(request: SignedRequest, policy: AzureSharedKeyPolicy) -> bytes | None:
    """The octets that the signature must be over, or None when the signature cannot be read. Never raises."""
    presented = shape_failure(request) or _forged_line(request) or read(request)
    if isinstance(presented, Failure):
        return None
    try:
        return _text(request, presented, policy).encode("latin-1")
    except UnicodeEncodeError:
        return None


def read(request: SignedRequest) -> Presented | Failure:
    """Read `SharedKey account:signature`. The Failure is missing, unsupported_scheme or malformed."""
    value = single(by_name(request), "authorization", 1_024)
    if value is None:
        return Failure(Cause.MISSING)
    if isinstance(value, Failure):
        return value
    scheme, _, rest = value.partition(" ")
    known = next((name for name in SCHEMES if name.lower() == scheme.lower()), None)
    if known is None:
        return Failure(Cause.UNSUPPORTED_SCHEME, None, {"expected": SCHEMES[0]})
    account, colon, signature = rest.strip(" ").partition(":")
    if not colon or len(account) > MAX_KEY_ID or not _ACCOUNT(account):
        return damaged("authorization", "members")
    if not _SIGNATURE(signature):
        return damaged("signature", "not_base64", "truncated" if 0 < len(signature) < 44 else None)
    return Presented(known, account, signature)


def _forged_line(request: SignedRequest) -> Failure | None:
    """A parameter whose decoded text would look like others in the string to sign, or None.

    Microsoft says only to avoid line ends in values; taken as documented, `a=1%0Ab:2` would be signed as `a=1&b=2`.
    """
    if "%" not in request.query and ":" not in request.query:
        return None
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        if b"\n" in unquote_to_bytes(name + value) or b":" in unquote_to_bytes(name):
            return damaged("target", "delimiter")
    return None


def _made_at(fields: Fields) -> int | Failure:
    name = "x-ms-date" if values(fields, "x-ms-date") else "date"
    text = single(fields, name, 64)
    if isinstance(text, Failure):
        return text
    if text is None:
        return Failure(Cause.MISSING_CLAIM, None, {"claim": "x-ms-date"})
    made_at = imf_fixdate(text)
    return damaged(name, "not_a_date") if made_at is None else made_at


def _check(text: bytes, signature: str) -> Check:
    sent = base64.b64decode(signature)

    def check(secret: SigningSecret) -> bool | None:
        key = _account_key(secret)
        return None if key is None else compare_digest(hmac_digest(key, text, "sha256"), sent)

    return check


def _account_key(secret: SigningSecret) -> bytes | None:
    """The octets of an account key, which is kept in base64; None when it is not."""
    if _DECODED not in secret.memo:
        try:
            secret.memo[_DECODED] = base64.b64decode(secret.octets or b"!", validate=True) or None
        except binascii.Error:
            secret.memo[_DECODED] = None
    key: bytes | None = secret.memo[_DECODED]
    return key


def _body_changed(request: SignedRequest) -> Mapping[str, FactValue] | None:
    declared = values(by_name(request), "content-md5")
    if not declared or request.body is None:
        return None
    seen = base64.b64encode(md5(request.body, usedforsecurity=False).digest()).decode()
    return None if declared == [seen] else {"expected": declared[0][:64], "seen": seen}


def _text(request: SignedRequest, presented: Presented, policy: AzureSharedKeyPolicy) -> str:
    """The string to sign, of the format that scheme and service have."""
    fields = by_name(request)
    version = (values(fields, "x-ms-version") or [policy.default_version])[0]
    lite, table = presented.scheme == "SharedKeyLite", policy.service == "table"
    date = "" if values(fields, "x-ms-date") else _first(fields, "date")
    if table:
        date = _first(fields, "x-ms-date") or date
        resource = _component(request, presented.account)
        head = (date,) if lite else (request.method, *_covered(fields, _LITE, date, version))
        return "\n".join((*head, resource))
    covered = _covered(fields, _LITE if lite else _ORDERED, date, version)
    resource = _component(request, presented.account) if lite else _resource(request, presented.account)
    return "\n".join((request.method, *covered, _own_headers(fields, version) + resource))


def _covered(fields: Fields, names: tuple[str, ...], date: str, version: str) -> list[str]:
    found = {name: _first(fields, name) for name in names}
    found["date"] = date
    if found.get("content-length") == "0" and version >= "2015-02-21":
        found["content-length"] = ""
    return [found[name] for name in names]


def _first(fields: Fields, name: str) -> str:
    return _line(",".join(values(fields, name)))


def _line(value: str) -> str:
    """A header value on one line: runs of blanks outside quoted strings as one."""
    return _BLANKS.sub(lambda run: run[1] or " ", value).replace("\n", " ").strip(" ")


def _own_headers(fields: Fields, version: str) -> str:
    """CanonicalizedHeaders: every x-ms- header by name; those without a value only since version 2016-05-31."""
    found = {name: _first(fields, name) for name in fields if name.startswith("x-ms-")}
    kept = [name for name in sorted(found) if found[name] or version >= "2016-05-31"]
    return "".join(f"{name}:{found[name]}\n" for name in kept)


def _resource(request: SignedRequest, account: str) -> str:
    """CanonicalizedResource of Shared Key: the path as it was sent, then every parameter, decoded, in order."""
    found: dict[str, list[str]] = {}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            found.setdefault(_decoded(name).lower(), []).append(_decoded(value))
    lines = "".join(f"\n{name}:{','.join(sorted(found[name]))}" for name in sorted(found))
    return f"/{account}{request.path}{lines}"


def _component(request: SignedRequest, account: str) -> str:
    """CanonicalizedResource of Shared Key Lite and of tables: the path, and `comp` alone of the query."""
    pairs = (pair.partition("=") for pair in request.query.split("&"))
    comp = next((value for name, _, value in pairs if _decoded(name).lower() == "comp"), None)
    return f"/{account}{request.path}" + ("" if comp is None else f"?comp={_decoded(comp)}")


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.encode("latin-1")).decode("latin-1")
