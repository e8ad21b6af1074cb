"""The fields of a small form or JSON object that a request carries; never more than a cap is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, deny
from authwhy.guard.effects import Step
from authwhy.guard.schemes.as_sent import body_of
from authwhy.guard.view import View
from authwhy.model.outcome import FactValue, Failure
from authwhy.model.policy import BasicPolicy
from authwhy.verify.basic_credential import NameAndPassword

MAX_BYTES = 16_384
MAX_FIELDS = 64
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]+)", re.ASCII | re.IGNORECASE)


def media_type(view: View) -> str:
    """The type of the body, in lower case and without parameters; empty when it is not told."""
    return (view.header(b"content-type") or "").partition(";")[0].strip().lower()


def fields(view: View, limit: int = MAX_BYTES) -> Step:
    """Returns the fields of the body by name, each once; a Deny for a body that is none or too long."""
    found = yield from pairs(view, limit)
    if isinstance(found, Deny):
        return found
    named: Mapping[str, str] = dict(found)
    return named if len(named) == len(found) else deny(Cause.AMBIGUOUS, seen=("body", "body"))


def pairs(view: View, limit: int = MAX_BYTES) -> Step:
    """Returns the fields as (name, value) in order, or a Deny."""
    kind = media_type(view)
    if kind not in (FORM, JSON):
        return _malformed("content_type")
    charset = _CHARSET.search(view.header(b"content-type") or "")
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        return _malformed("charset")
    body = yield from body_of(view, limit)
    if isinstance(body, Deny):
        return body
    return _from_json(body) if kind == JSON else _from_form(body)


def name_and_password(view: View, names: tuple[str, str], policy: BasicPolicy) -> Step:
    """Returns the NameAndPassword in these two fields; a Deny for what is missing, too long, or no name."""
    found = yield from fields(view)
    if isinstance(found, Deny):
        return found
    name, password = (found.get(field) for field in names)
    if not name or password is None:
        return _malformed("missing_member")
    for text, limit in ((name, policy.max_name_bytes), (password, policy.max_password_bytes)):
        if len(text.encode("utf-8", "surrogatepass")) > limit:
            return _malformed("too_long", limit)
    return _malformed("characters") if _CONTROL.search(name) else NameAndPassword(name, password)


def _from_form(body: bytes) -> list[tuple[str, str]] | Deny:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except UnicodeDecodeError:
        return _malformed("not_utf8")
    except ValueError:
        return _malformed("too_many", MAX_FIELDS)


def _from_json(body: bytes) -> list[tuple[str, str]] | Deny:
    try:
        found = msgspec.json.decode(body, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _malformed("not_json")
    return list(found.items()) if len(found) <= MAX_FIELDS else _malformed("too_many", MAX_FIELDS)


def _malformed(problem: str, limit: int | None = None) -> Deny:
    facts: dict[str, FactValue] = {"part": "body", "problem": problem}
    return Deny((Failure(Cause.MALFORMED, None, facts if limit is None else {**facts, "limit": limit}),))
