"""Long random strings in no known slot: likely keys and tokens, unless a name before them says id, digest or hash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_masked
from authwhy.evidence.redaction.names import split_name
from authwhy.evidence.redaction.shapes import hide, looks_random, pem_end, ragged_end
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.model.secret import OPEN, Vault


@cache
def _candidate() -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_+/\-{OPEN}])[A-Za-z0-9_+/\-]{{24,}}={{0,2}}")


@cache
def _named() -> re.Pattern[str]:
    """The name before a value, and the quote that closes it in JSON."""
    return re.compile(
        r"([A-Za-z0-9_#.@\-]{1,40})(\\?[\"']?)\s{0,2}(?::=|[:=]>?|\s)\s{0,3}\[?\\?[\"'(]?(?:W/\"|sha256[:~])?$"
    )


_PUBLIC_MEMBERS = ("n", "x", "y", "e")
_IDENTIFIERS = frozenset(
    """
    id ids uuid guid etag kid jti thumbprint fingerprint x5t x5t#s256 x5c sha256 sha1 sha512 md5 digest checksum commit
    rev revision trace traceid traceparent span spanid ray nonce opaque serial requestid correlationid version
    integrity arn urn aud azp audience issuer iss sub subject image container etags build hash ssh-rsa ssh-ed25519
    ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 ssh-dss key-fingerprint tree parent head callid call-id
    334 boundary x-amz-content-sha256 x-amz-id-2 sha server
    """.split()
)


def _is_identifier(text: str, start: int) -> bool:
    """True when the name before it says it is an id, a digest or a public key, not a secret."""
    before = text[max(0, start - 64) : start]
    match = _named().search(before)
    if match is None:
        return before.endswith(("sha256:", "SHA256:", "sha512:", "sha1:", "MD5:", "@", "#"))
    name = match[1]
    if name in _PUBLIC_MEMBERS:
        return bool(match[2])
    return name.lower() in _IDENTIFIERS or (split_name(name) or [name])[-1] in _IDENTIFIERS


def hide_random(text: str, vault: Vault) -> str:
    """Hide long random strings that no name marks as an identifier. Public PEM blocks are left alone."""
    spans: list[Span] = []
    public = _public_blocks(text) if "-----BEGIN " in text else iter(())
    block = next(public, None)
    for match in _candidate().finditer(text):
        while block and block[1] <= match.start():
            block = next(public, None)
        if not (block and block[0] <= match.start()):
            spans.extend(_random_parts(text, match.start(), match.end(), vault))
    return splice(text, spans)


def _random_parts(text: str, start: int, end: int, vault: Vault) -> Iterator[Span]:
    whole = text[start:end]
    if "/" in whole and _is_path(whole.split("/")):
        for part in whole.split("/"):
            yield from _random_parts(text, start, start + len(part), vault)
            start += len(part) + 1
        return
    value = whole.rstrip("-") if whole.endswith("--") else whole
    if looks_random(value) and not _is_identifier(text, start) and not is_masked(value):
        yield Span(start, start + len(value), hide(vault, value, "secret"))


def _is_path(parts: list[str]) -> bool:
    """True when slashes separate words; base64 has slashes too, but no words between them."""
    words = [part for part in parts if part.replace("-", "").replace("_", "").isalpha()]
    return len(words) * 2 >= len(parts) or all(len(part) >= 24 or len(part) <= 3 or part in words for part in parts)


def _public_blocks(text: str) -> Iterator[tuple[int, int]]:
    for begin in re.finditer(r"-----BEGIN (?![A-Z0-9 ]{0,30}PRIVATE KEY)[A-Z0-9 ]{1,40}-----", text):
        end = pem_end(text, begin.end())
        yield begin.start(), end if end >= 0 else ragged_end(text, begin.end())
