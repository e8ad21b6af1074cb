"""Webhooks signed with a shared secret: one mechanism, a table of dialects.

A dialect says where signature, time and message id stand, what text is signed, and how the secret is written.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Literal

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused, refused
from authwhy.verify.flow import Flow
from authwhy.verify.hmac_request.interface import (
    Fields,
    SignedRequest,
    SigningSecret,
    beyond,
    by_name,
    check_common,
    damaged,
    shape_failure,
    single,
)
from authwhy.verify.hmac_request.settle import Check, Signed, settle
from authwhy.verify.hmac_request.timing import unix_time, window_failure
from authwhy.verify.jws import clip

MAX_SIGNATURES = 16
"""Signatures of one header that are compared; while a secret is rotated there are two."""
_MAX_HEADER = 4_096
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII).fullmatch
_BASE64 = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", re.ASCII).fullmatch
_DECODED = "webhook"
_FOREVER = 2**53


class Dialect(Struct, frozen=True):
    """How one sender signs. Every header name is in lower case.

    `signature` is the header; its text is `prefix` + signature ("one"), `t=..,v1=..` pairs ("pairs", the version is
    `prefix`), or `v1,signature` words ("words", the version is `prefix`). `parts` are joined to the signed text:
    literal text, or `{timestamp}`, `{id}`, `{body}`. `secret` says whether it is text or base64 behind `whsec_`.
    """

    name: str
    signature: str
    form: Literal["one", "pairs", "words"] = "one"
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: str | None = None
    id: str | None = None
    parts: tuple[str, ...] = ("{body}",)
    secret: Literal["text", "whsec"] = "text"


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect("github", "x-hub-signature-256", prefix="sha256="),
        Dialect("stripe", "stripe-signature", "pairs", "v1", parts=("{timestamp}", ".", "{body}")),
        Dialect(
            "slack",
            "x-slack-signature",
            prefix="v0=",
            timestamp="x-slack-request-timestamp",
            parts=("v0:", "{timestamp}", ":", "{body}"),
        ),
        Dialect(
            "standard",
            "webhook-signature",
            "words",
            "v1",
            "base64",
            "webhook-timestamp",
            "webhook-id",
            ("{id}", ".", "{timestamp}", ".", "{body}"),
            "whsec",
        ),
        Dialect("shopify", "x-shopify-hmac-sha256", encoding="base64"),
    )
}
"""The senders that are known by name; another one is a Dialect of your own."""


class WebhookPolicy(Struct, frozen=True):
    """Demands on a webhook. `dialect` is a name of DIALECTS or a Dialect; `key_id` is what the secrets are asked by.

    `tolerance_s` is how far the sender's time may be from now, on both sides, where the dialect has one. Without a time
    `check_replay` remembers a message for `remembered_s`. See SigningPolicy for the rest.

    Raises ValueError for settings that cannot work.
    """

    dialect: str | Dialect
    id: str = "webhook"
    key_id: str = "webhook"
    tolerance_s: int = 300
    remembered_s: int = 604_800
    overlap_s: int = 0
    secrets_tried: int = 2
    check_replay: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.dialect, str) and self.dialect not in DIALECTS:
            raise ValueError(f"unknown dialect; there are {', '.join(DIALECTS)}")
        if self.tolerance_s < 0 or self.remembered_s < 0:
            raise ValueError("tolerance_s and remembered_s must not be negative")
        check_common(self)

    @property
    def sender(self) -> Dialect:
        """The dialect itself."""
        return DIALECTS[self.dialect] if isinstance(self.dialect, str) else self.dialect


class Presented(Struct, frozen=True, eq=False):
    """What a request says: its signatures (octets), time (text and s since 1970) and message id."""

    signatures: tuple[bytes, ...]
    timestamp: str = ""
    made_at: int | None = None
    id: str = ""


def verify(request: SignedRequest, policy: WebhookPolicy, now: int) -> Flow:
    """Check a webhook. `now` is s since 1970. Never raises.

    Order: shape, version of the signature, endpoint, signature, time, status, replay. Accepted claims: `sub`, `key_id`
    and, where the dialect has one, `message_id`.
    """
    if request.body is None:
        return refused(Cause.MISCONFIGURED, "missing_setting", setting="body")
    sender = policy.sender
    presented = shape_failure(request) or read(request, sender)
    if isinstance(presented, Failure):
        return Refused((presented,))
    made_at, late = presented.made_at, None
    if made_at is not None:
        late = window_failure(made_at, made_at - policy.tolerance_s, made_at + policy.tolerance_s, now)
    until = min(now + policy.remembered_s if made_at is None else made_at + policy.tolerance_s, _FOREVER) + 1
    text = _text(request.body, presented, sender)
    signed = Signed(
        policy.key_id,
        _check(text, presented.signatures, sender),
        sender.name,
        demands=(late,) if late else (),
        replay=(presented.id or hmac_digest(b"replay", text, "sha256").hex(), until),
        claims={"message_id": presented.id} if presented.id else {},
    )
    return (yield from settle(signed, policy, now))


def string_to_sign(request: SignedRequest, policy: WebhookPolicy) -> bytes | None:
    """The octets that the signature must be over, or None when the request says too little. Never raises."""
    presented = shape_failure(request) or read(request, policy.sender)
    if isinstance(presented, Failure) or request.body is None:
        return None
    return _text(request.body, presented, policy.sender)


def read(request: SignedRequest, sender: Dialect) -> Presented | Failure:
    """Read signature, time and id. The Failure is missing, missing_claim, unsupported_algorithm or malformed."""
    fields = by_name(request)
    value = single(fields, sender.signature, _MAX_HEADER)
    if not value or isinstance(value, Failure):
        return value or Failure(Cause.MISSING, None, {"slot": sender.signature})
    signatures = _signatures(value, sender)
    if isinstance(signatures, Failure):
        return signatures
    timestamp = _pair(value, "t") if sender.form == "pairs" else _named(fields, sender.timestamp)
    message_id = _named(fields, sender.id)
    if isinstance(timestamp, Failure) or isinstance(message_id, Failure):
        return timestamp if isinstance(timestamp, Failure) else message_id  # type: ignore[return-value]
    made_at = unix_time(timestamp) if timestamp else None
    if made_at is None and "{timestamp}" in sender.parts:
        return damaged("timestamp", "not_a_date")
    if "." in message_id:  # the mark between the signed parts (Standard Webhooks, "Signature scheme")
        return damaged(sender.id or "", "delimiter")
    return Presented(signatures, timestamp, made_at, message_id)


def _named(fields: Fields, name: str | None) -> str | Failure:
    value = "" if name is None else single(fields, name, 256)
    if value or isinstance(value, Failure) or name is None:
        return value or ""
    return Failure(Cause.MISSING_CLAIM, None, {"claim": name})


def _pair(value: str, wanted: str) -> str | Failure:
    found = [text for name, _, text in (pair.strip(" ").partition("=") for pair in value.split(",")) if name == wanted]
    if len(found) != 1:
        return damaged("timestamp", "duplicate") if found else Failure(Cause.MISSING_CLAIM, None, {"claim": wanted})
    return found[0]


def _signatures(value: str, sender: Dialect) -> tuple[bytes, ...] | Failure:
    """Every signature of the version that the dialect has."""
    texts: list[str] = []
    others: list[str] = []
    for version, text in _versions(value, sender):
        if version == sender.prefix:
            texts.append(text)
        else:
            others.append(version)
    if not texts:
        facts: dict[str, FactValue] = {"seen": clip(",".join(others)), "expected": (sender.prefix,)}
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, facts) if others else damaged("signature", "members")
    if len(texts) > MAX_SIGNATURES:
        return beyond("signature", MAX_SIGNATURES)
    found = [_octets(text, sender.encoding) for text in texts]
    good = tuple(octets for octets in found if octets is not None)
    return good or _unreadable(texts[0], sender.encoding)


def _versions(value: str, sender: Dialect) -> Iterator[tuple[str, str]]:
    """(version, signature) of a header; the time of a pair is no version."""
    if sender.form == "one":
        if value.startswith(sender.prefix):
            yield sender.prefix, value[len(sender.prefix) :]
        elif "=" in value:
            yield value.partition("=")[0] + "=", ""
        return
    mark, between = ("=", ",") if sender.form == "pairs" else (",", " ")
    for word in value.split(between):
        version, found, text = word.strip(" ").partition(mark)
        if found and version != "t":
            yield version, text


def _octets(text: str, encoding: str) -> bytes | None:
    if encoding == "hex":
        return bytes.fromhex(text) if _HEX(text) else None
    return base64.b64decode(text) if _BASE64(text) else None


def _unreadable(text: str, encoding: str) -> Failure:
    cut = 0 < len(text) < (64 if encoding == "hex" else 44)
    return damaged("signature", f"not_{encoding}", "truncated" if cut else None)


def _text(body: bytes, presented: Presented, sender: Dialect) -> bytes:
    known = {"{timestamp}": _raw(presented.timestamp), "{id}": _raw(presented.id), "{body}": body}
    return b"".join([known[part] if part in known else part.encode() for part in sender.parts])


def _raw(text: str) -> bytes:
    return text.encode("latin-1", "backslashreplace")


def _check(text: bytes, signatures: tuple[bytes, ...], sender: Dialect) -> Check:
    def check(secret: SigningSecret) -> bool | None:
        key = secret.octets if sender.secret == "text" else _whsec(secret)
        if key is None:
            return None
        mac = hmac_digest(key, text, "sha256")
        matches = [compare_digest(mac, each) for each in signatures]
        return any(matches)

    return check


def _whsec(secret: SigningSecret) -> bytes | None:
    """The octets of `whsec_` and base64; None for another form."""
    if _DECODED not in secret.memo:
        text = (secret.octets or b"!").removeprefix(b"whsec_")
        try:
            secret.memo[_DECODED] = base64.b64decode(text, validate=True) or None
        except binascii.Error:
            secret.memo[_DECODED] = None
    key: bytes | None = secret.memo[_DECODED]
    return key
