"""Secrets known by their shape, wherever they stand: private keys, JWTs, vendors' tokens, hashes, random strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_masked, is_placeholder
from authwhy.evidence.redaction.prefixes import PREFIXES, Prefix
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.model.secret import OPEN, Vault

_MAX_PEM = 65_536


_BEGINNINGS = tuple(prefix.text for prefix in PREFIXES)


@cache
def _tail() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9_\-]+(?:[.~+/][A-Za-z0-9_\-]{2,})*={0,2}")


@cache
def _jwt() -> re.Pattern[str]:
    """A token in compact form (RFC 7515 7.1, RFC 7516 7.1), whole or cut off. `ey` and `ew` encode an open brace."""
    return re.compile(
        r"(?<![A-Za-z0-9_])(?:eyJ|ey[A-I]|ewo|ew0)[A-Za-z0-9_\-+/]{6,}={0,2}(?:\.[A-Za-z0-9_\-+/=]*){0,4}"
    )


def shape_of(value: str) -> str | None:
    """The kind of a secret told by its shape alone, or None."""
    if value.startswith(("ey", "ew")) and (match := _jwt().fullmatch(value.rstrip("."))):
        return "jwt" if "." in match[0] or len(match[0]) > 40 else None
    if "PRIVATE KEY" in value[:200]:
        return "private_key"
    if not value.startswith(_BEGINNINGS):
        return None
    return next(
        (kind for text, least, kind in PREFIXES if value.startswith(text) and len(value) >= len(text) + least), None
    )


def hide(vault: Vault, value: str, kind: str) -> str:
    """Put a secret into the vault. Placeholders inside are dissolved first, so that one secret has one place."""
    bare = vault.reveal(value) if OPEN in value else value
    return vault.hide(bare, shape_of(bare) or kind) if bare else ""


def hide_private_keys(text: str, vault: Vault) -> str:
    """Hide what stands between the BEGIN and END lines of private PEM blocks, also cut off or escaped in JSON."""
    return splice(text, _private_blocks(text, vault))


def _private_blocks(text: str, vault: Vault) -> Iterator[Span]:
    done = 0
    for begin in _private_begin().finditer(text):
        start = begin.end()
        if start < done:
            continue
        end = pem_end(text, start)
        if end < 0:
            end = ragged_end(text, start)
        done = end
        if not is_masked(text[start:end]) and not is_placeholder(text[start:end]):
            yield Span(start, end, hide(vault, text[start:end], "private_key"))


def pem_end(text: str, start: int) -> int:
    """Where the END line of a block begins, -1 when another block begins first or none comes."""
    other = text.find("-----BEGIN ", start, start + _MAX_PEM)
    return text.find("-----END ", start, other if other >= 0 else start + _MAX_PEM)


def ragged_end(text: str, start: int) -> int:
    """Where a block without an END line stops: at the first line that is neither base64 nor a PEM header."""
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop + 1
        line = _pem_line().match(text, start, stop)
        if line is None or line.end() < stop:
            return line.end() if line and line.end() - start > 40 else start
        start = stop
    return len(text)


@cache
def _private_begin() -> re.Pattern[str]:
    return re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")


@cache
def _pem_line() -> re.Pattern[str]:
    return re.compile(r"[ \t>|]*(?:[A-Za-z0-9+/=\\]+|[A-Z][A-Za-z-]{1,20}: [^\r\n]*|)[ \t]*\r?\n?")


def hide_known_tokens(text: str, vault: Vault) -> str:
    """Hide JWTs, vendors' tokens and password hashes."""
    if "ey" in text or "ew" in text:
        text = _jwt().sub(lambda match: _hidden_jwt(match, vault), text)
    spans = [span for prefix in PREFIXES if prefix.text in text for span in _prefixed(text, prefix, vault)]
    text = splice(text, spans)
    if "$" in text or "{S" in text:
        text = _password_hash().sub(lambda match: hide(vault, match[0], "password_hash"), text)
    if "/" in text and any(sign in text for sign in _PATH_SIGNS):
        text = _secret_path().sub(lambda match: _path(match, vault), text)
    return text


def _hidden_jwt(match: re.Match[str], vault: Vault) -> str:
    found = match[0]
    if match.string[match.start() - 1 : match.start()] == "/":
        found = found.split("/", 1)[0]
    if found.count(".") not in (2, 4):
        found = found.rstrip(".")
    if "." not in found and (len(found) < 24 or match.string[max(0, match.start() - 4) : match.start()] == "334 "):
        return match[0]  # the second is a server's word in SASL, not a token
    return hide(vault, found, "jwt") + match[0][len(found) :]


def _prefixed(text: str, prefix: Prefix, vault: Vault) -> Iterator[Span]:
    at = text.find(prefix.text)
    while at >= 0:
        start = at + len(prefix.text)
        match = _tail().match(text, start)
        end = match.end() if match else start
        if end - start >= prefix.least and _is_token(text, at, start, end):
            yield Span(at, end, hide(vault, text[at:end], prefix.kind))
        at = text.find(prefix.text, end)


def _is_token(text: str, at: int, start: int, end: int) -> bool:
    """False inside a longer word, before a mask, and for names such as npm_config_registry."""
    before = text[at - 1] if at else " "
    if (
        before.isalnum()
        or before in "_-*"
        or text[end : end + 1] in ("*", "\u2026", "\u2022")
        or text[end : end + 3] == "..."
    ):
        return False
    tail = text[start:end]
    return (any(char.isdigit() for char in tail) or looks_random(tail)) and not is_masked(tail)


@cache
def _guid() -> re.Pattern[str]:
    return re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def looks_random(value: str) -> bool:
    """True for hex of 32 digits or more and for mixed strings of 24 or more that are not made of words."""
    if len(value) < 24 or _guid().fullmatch(value):
        return False
    if re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", value):
        return False  # a constant's name
    digits = sum(char.isdigit() for char in value)
    if re.fullmatch(r"[0-9a-fA-F]+", value):
        return len(value) >= 32 and 0 < digits < len(value)
    letters = sum(char.isalpha() for char in value)
    if letters < 8 or (not digits and (value.islower() or value.isupper())):
        return False
    if digits and len(re.findall(r"[A-Za-z](?=\d)|\d(?=[A-Za-z])", value)) >= max(4, len(value) // 6):
        return True
    worded = sum(
        len(word) for word in re.findall(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}", value) if re.search(r"[aeiouyAEIOUY]", word)
    )
    return worded < letters * 0.5


@cache
def _password_hash() -> re.Pattern[str]:
    """crypt(3), bcrypt, argon2, PHC strings and RFC 2307 schemes."""
    return re.compile(
        r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id|i|d)|pbkdf2[\w\-]{0,20}|scrypt|sha1|md5)\$[A-Za-z0-9./+=,$\-]{8,}"
        r"|\{(?:SSHA|SHA|SMD5|MD5|CRYPT|SSHA256|SSHA512)\}[A-Za-z0-9+/=.$]{8,}"
    )


_PATH_SIGNS = (
    *("hooks.", "/bot", "/webhooks/", "/webhookb2/", "/IncomingWebhook/", "/key/", "/token/", "/reset", "/v2/", "/v3/"),
    *("/invite/", "/activate/", "/verify/", "/confirm/", "/magic"),
)
_SURE_PATHS = ("services/", "workflows/", "triggers/", "bot", "webhookb2/", "IncomingWebhook/", "/with/key/")


def _path(match: re.Match[str], vault: Vault) -> str:
    """Hide a path segment that holds a secret; words such as `/token/refresh` stay."""
    segment = match[2]
    mixed = any(char.isdigit() for char in segment) and any(char.isalpha() for char in segment) and len(segment) >= 8
    if match[1].endswith(_SURE_PATHS) or "/api/webhooks/" in match[1] or "/catch/" in match[1] or mixed:
        return match[1] + hide(vault, segment, "token")
    return match[0]


@cache
def _secret_path() -> re.Pattern[str]:
    """Places in the path of a URL where services put secrets: web hooks, bots, reset and invitation links."""
    return re.compile(
        r"(hooks\.slack\.com/(?:services|workflows|triggers)/|/bot(?=\d{6,12}:)|/api/webhooks/\d{5,25}/|/webhookb2/"
        r"|/IncomingWebhook/|hooks\.zapier\.com/hooks/catch/\d{1,12}/|/with/key/|(?:infura\.io|alchemy\.com)/v[23]/"
        r"|/(?:token|key|reset|reset-password|password-reset|invite|activate|verify|confirm|magic|magic-link|webhook)s?/)"
        r"([^\s/?#\"'<>`,;)]{4,300}(?:(?<=T\d{8})/[^\s?#\"'<>`,;)]{1,200})?)"
    )
