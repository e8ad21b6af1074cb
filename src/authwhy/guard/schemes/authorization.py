"""Finding a credential of one scheme in the Authorization header (RFC 9110 section 11.6.2)."""

from __future__ import annotations

import re

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, Presented
from authwhy.guard.view import View
from authwhy.model.outcome import FactValue, Failure

SLOT = "authorization"
_LONGEST_WORD = 128
_LOOKED_AT = 65_536  # characters; what is longer no scheme accepts
_JOINED = re.compile(r",[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} +[^ \t,]", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", re.ASCII)


def find(view: View, scheme: str, *, lists: bool = False, bare: bool = False) -> Presented | Deny | None:
    """The text after the scheme word, which is compared without case. None for another scheme, or none at all.

    Two Authorization headers, or two credentials joined by a comma, are refused as ambiguous. `lists`: commas belong
    to this scheme's own grammar. `bare`: a token that stands there without any scheme word is meant for this scheme.
    """
    values = view.values(b"authorization")
    if not values:
        return None
    if len(values) > 1:
        return _refused(Cause.AMBIGUOUS, None, seen=("authorization", "authorization"))
    text = values[0].decode("latin-1")
    word, blank, rest = text.partition(" ")
    lower = word[:_LONGEST_WORD].lower()
    if lower == scheme:
        if not lists and "," in rest and _JOINED.search(rest, 0, _LOOKED_AT):
            return _refused(Cause.AMBIGUOUS, None, seen=("authorization", "authorization"))
        return Presented(SLOT, rest.lstrip(" ") if blank else "")
    if lower == scheme + ":" or (lower.startswith(scheme) and lower[len(scheme) : len(scheme) + 1] in ("\t", "=")):
        return _refused(Cause.MALFORMED, "prefix", problem="scheme_separator")
    if bare and not blank and len(text) < 16_384 and _TOKEN.fullmatch(text):
        return _refused(Cause.MALFORMED, "prefix", problem="no_scheme")
    return None


def _refused(cause: Cause, detail: str | None, **facts: FactValue) -> Deny:
    return Deny((Failure(cause, detail, facts),))
