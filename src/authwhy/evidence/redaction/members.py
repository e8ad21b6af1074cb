"""Secrets in name/value pairs, XML elements and JSON Web Keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_readable, looks_secret
from authwhy.evidence.redaction.names import Slot, header_slot, is_open_parameter, slot_of
from authwhy.evidence.redaction.places import Place, places
from authwhy.evidence.redaction.shapes import hide, looks_random
from authwhy.evidence.redaction.slots import is_likely_secret
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import redact_credential, redact_header
from authwhy.model.secret import Vault

OPEN_FIELDS = frozenset(
    """
    accept accept-encoding accept-language accept-ranges age allow cache-control connection content-encoding
    content-language content-length content-type date etag expires host keep-alive last-modified origin pragma
    referer referrer-policy retry-after server strict-transport-security te trailer transfer-encoding upgrade
    upgrade-insecure-requests user-agent vary via warning www-authenticate proxy-authenticate x-powered-by
    x-content-type-options x-frame-options sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-ch-ua
    sec-ch-ua-mobile sec-ch-ua-platform dnt alt-svc :method :scheme :authority :path :status location
    content-security-policy x-request-id x-correlation-id cf-ray priority x-ratelimit-limit x-ratelimit-remaining
    x-ratelimit-reset x-oauth-scopes x-accepted-oauth-scopes x-amz-date x-amz-content-sha256 x-ms-date x-ms-version
    x-xss-protection
    """.split()
)


@cache
def _pair() -> re.Pattern[str]:
    """`"name": "X", "value":` of HAR, Postman, Kubernetes and .NET settings, in JSON, YAML, Python or XML."""
    return re.compile(
        r"(?<![\w.\-])(?:name|key|Name|Key)\\?[\"']?\s{0,4}[:=]\s{0,4}\\?[\"']?([\w.:\-\[\]]{1,80})\\?[\"']?"
        r"\s{0,80}+,?\s{0,80}+\\?[\"']?(?<!\w)(?:value|Value)(\\?[\"'])?\s{0,4}([:=])"
    )


def hide_pairs(text: str, vault: Vault) -> str:
    """Hide the value of name/value pairs unless the name is known as harmless."""
    spans: list[Span] = []
    for match in _pair().finditer(text):
        slot = slot_of(match[1]) or header_slot(match[1])
        for place in places(text, match, slot or Slot("value")):
            value = text[place.start : place.end]
            if slot is not None and slot.how != "if_secret":
                spans.append(Span(place.start, place.end, redact_header(match[1], value, vault)))
            elif _is_hidden_by_default(match, place, value):
                spans.append(Span(place.start, place.end, redact_credential(value, vault, "value")))
    return splice(text, spans)


def _is_hidden_by_default(match: re.Match[str], place: Place, value: str) -> bool:
    """JSON pairs are cookies and parameters as a rule; YAML and XML pairs are settings."""
    name = match[1].lower()
    if is_open_parameter(name) or name in OPEN_FIELDS or name.startswith("access-control-"):
        return False
    return looks_secret(value) if not (match[2] and place.quoted) else not value.startswith(("http://", "https://"))


@cache
def _element() -> re.Pattern[str]:
    return re.compile(
        r"<([A-Za-z][\w.:\-]{0,63})(?:\s[^<>]{0,300})?>(?:\s{0,20}<!\[CDATA\[)?([^<]{1,20000}?)(?:\]\]>\s{0,20})?</"
    )


def hide_elements(text: str, vault: Vault) -> str:
    """Hide the text of XML elements whose name announces a secret; SASL `<auth>` and `<response>` too."""
    text = splice(text, _elements(text, vault))
    return splice(text, _named_elements(text, vault)) if "</key>" in text or "</name>" in text else text


def _elements(text: str, vault: Vault) -> Iterator[Span]:
    for match in _element().finditer(text):
        name = match[1].rpartition(":")[2]
        slot = Slot("password") if name in ("auth", "response") else slot_of(name)
        if slot is None or is_readable(match[2]):
            continue
        if slot.how != "if_secret" or is_likely_secret(name, slot, match[2].strip()) or looks_random(match[2]):
            yield Span(match.start(2), match.end(2), redact_credential(match[2], vault, slot.kind))


@cache
def _named_element() -> re.Pattern[str]:
    """`<key>Password</key><string>x</string>` of property lists, `<name>` and `<value>` of XML-RPC and Hadoop."""
    return re.compile(
        r"<(?:key|name)>([\w.\- ]{1,60})</(?:key|name)>\s{0,40}<(?:string|value)>(?:\s{0,20}<string>)?([^<]{1,20000})</"
    )


def _named_elements(text: str, vault: Vault) -> Iterator[Span]:
    for match in _named_element().finditer(text):
        slot = slot_of(match[1])
        if slot is not None and slot.how != "if_secret" and not is_readable(match[2]):
            yield Span(match.start(2), match.end(2), redact_credential(match[2], vault, slot.kind))


_PRIVATE_MEMBERS = frozenset(["d", "p", "q", "dp", "dq", "qi", "k", "r", "t"])
_WINDOW = 16_384


@cache
def _jwk_member() -> re.Pattern[str]:
    return re.compile(r"\\?[\"']([a-z]{1,2})\\?[\"']\s{0,8}:\s{0,8}\\?[\"']([A-Za-z0-9_\-+/=]{1,8192})\\?[\"']")


def hide_private_members(text: str, vault: Vault) -> str:
    """Hide d, p, q, dp, dq, qi and k of JSON Web Keys (RFC 7518 6.2.2, 6.3.2, 6.4.1) near their `kty`."""
    spans: list[Span] = []
    at = text.find("kty")
    while at >= 0:
        start, done = max(0, at - _WINDOW), min(len(text), at + _WINDOW)
        spans.extend(
            Span(match.start(2), match.end(2), hide(vault, match[2], "private_key"))
            for match in _jwk_member().finditer(text, start, done)
            if match[1] in _PRIVATE_MEMBERS
        )
        at = text.find("kty", done)
    return splice(text, spans)
