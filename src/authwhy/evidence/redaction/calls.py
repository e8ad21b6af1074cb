"""Secrets among the arguments of calls, in code and stack traces: `login('alice', 'x')`, `jwt.verify(t, 'x')`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_readable, looks_secret
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import redact_credential
from authwhy.model.secret import Vault

SIGNS = tuple(
    """
    ogin( uth( auth=( ind( redentials( redential( onnect( onnection( onstruct( PDO( ysqli( encode( decode( sign( erify(
    mac( Hmac( mac.new( crypt( ecureString Stripe( wilio( lient( PT( asic( heck(
    """.split()
)
_OPEN = frozenset("utf-8 utf8 ascii sha1 sha256 sha384 sha512 md5 hex base64 hs256 rs256 localhost".split())


@cache
def _call() -> re.Pattern[str]:
    """A call whose name says that a credential is among its arguments (1), and the arguments on its line (2)."""
    return re.compile(
        r"(?<![A-Za-z0-9_])(?:new[ \t]+)?([A-Za-z_][\w.]{0,60}(?:(?:->|::)[A-Za-z_]\w{0,40})?)\((?=([^\n]{1,600}))"
        r"|(\bauth)=\((?=([^\n]{1,300}))"
    )


@cache
def _string() -> re.Pattern[str]:
    return re.compile(
        r"[bBrRuUN]{0,2}(?:'((?:[^'\\\n]|\\.){1,400})'|\"((?:[^\"\\\n]|\\.){1,400})\")"
        r"|([^\s,()'\"][^,()'\"\n]{0,200})|([(),])"
    )


def hide_calls(text: str, vault: Vault) -> str:
    """Hide the string arguments that are the password or the key of a call."""
    return splice(text, _spans(text, vault)) if any(sign in text for sign in SIGNS) else text


_LOGINS = frozenset("login setauth auth authenticate basicauth setbasicauth httpbasicauth bind ldap_bind check".split())


def _first_secret(name: str) -> int | None:
    """The place (from 0) of the first argument that may be a secret, None when the call takes none."""
    last = re.split(r"[.>:]", name)[-1].lower()
    if last in _LOGINS:
        return 1
    if last.endswith(("basicauth", "credentials", "credential")):
        return 1
    if last in ("pdo", "mysqli", "mysqli_connect", "mysql_connect", "getconnection", "__construct", "pg_connect"):
        return 2
    if last in ("pgp_sym_encrypt", "pgp_sym_decrypt", "aes_encrypt", "aes_decrypt", "createhmac", "hash_hmac"):
        return 1
    if last in ("encode", "decode", "sign", "verify") and re.search(r"(?i)jwt|jws|jose|token|signer", name):
        return 1
    if name.lower() in ("hmac.new", "stripe", "twilio", "convertto-securestring"):
        return 0 if name.lower() != "twilio" else 1
    return None


def _spans(text: str, vault: Vault) -> Iterator[Span]:
    for match in _call().finditer(text):
        first = 1 if match[3] else _first_secret(match[1])
        if first is not None:
            start = match.start(4) if match[3] else match.start(2)
            yield from _arguments(text, start, first, vault)
    for match in _secure_string().finditer(text):
        yield from _hidden(match[1], match.start(1), match.end(1), vault)


@cache
def _secure_string() -> re.Pattern[str]:
    return re.compile(r"ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?['\"]([^'\"\n]{1,300})['\"]")


def _arguments(text: str, start: int, first: int, vault: Vault) -> Iterator[Span]:
    """String arguments from place `first` on, to the bracket that closes the call."""
    place, depth, last = 0, 1, start
    for match in _string().finditer(text, start, start + 600):
        if text[last : match.start()].strip(" \t") or "\n" in text[last : match.start()]:
            return
        last = match.end()
        if match[4] == ",":
            place += depth == 1
        elif match[4]:
            depth += 1 if match[4] == "(" else -1
            if depth == 0:
                return
        elif place >= first and depth == 1 and not match[3]:
            group = 1 if match[1] else 2
            yield from _hidden(match[group] or "", match.start(group), match.end(group), vault)


def _hidden(value: str, start: int, end: int, vault: Vault) -> Iterator[Span]:
    if (
        value
        and not is_readable(value)
        and value.lower() not in _OPEN
        and (" " not in value or looks_secret(value.replace(" ", "")))
    ):
        yield Span(start, end, redact_credential(value, vault, "password"))
