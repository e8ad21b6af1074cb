"""One refusal that an observed application sent: taken while it passes, read as evidence later.

The answer is the application's own and is read like any text. The request is the caller's: only what carries
credentials is read, and never as words, or anybody could write "connection refused" and be an outage.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from msgspec import Struct, structs

from authwhy.evidence.read import merge, read
from authwhy.guard.view import View
from authwhy.model.evidence import Evidence, Exchange

Lines = Sequence[tuple[bytes, bytes]]
ALWAYS = frozenset((401, 403, 407))
CHALLENGES = frozenset((b"www-authenticate", b"proxy-authenticate"))
BODY_BYTES = 16_384
_MOST_BYTES = 32_768  # of the request's header lines
_CREDENTIAL = re.compile(
    rb"(?:proxy-)?authorization|cookie|host|origin|dpop|date|connection|content-type|access-control-request-[a-z]+"
    rb"|x-(?:amz|ms|goog)-[a-z0-9-]+|[a-z0-9_-]*(?:api[-_]?key|token|secret|signature|[-_]key|x-auth)[a-z0-9_-]*"
)
_CONTROL = dict.fromkeys((*range(32), 127), " ")


class Refusal(Struct, frozen=True):
    """What passed. `at` is s since 1970, `duration_us` from the request to the answer's start; `body` its beginning."""

    view: View
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    at: float
    duration_us: int
    route: str | None = None

    def __repr__(self) -> str:
        return f"Refusal({self.status})"


def is_refusal(status: int, headers: Lines) -> bool:
    """401, 403 and 407; 429 that says when to come back; any other error with a challenge (RFC 9110 section 11.6.1).

    A 503 without a challenge may be any outage of the service, not one of its authentication.
    """
    if status in ALWAYS:
        return True
    if status < 400:
        return False
    names = {name.lower() for name, _ in headers}
    return not CHALLENGES.isdisjoint(names) or (status == 429 and b"retry-after" in names)


def evidence_of(refusal: Refusal) -> Evidence:
    """Request and answer as one exchange, redacted; the text is the answer's. Raises nothing for any content."""
    asked, said = read(_request_text(refusal), name="request"), read(_answer_text(refusal), name="answer")
    request = next((one.request for one in asked.exchanges if one.request), None)
    response = next((one.response for one in said.exchanges if one.response), None)
    both = merge(
        [
            Evidence(exchanges=(Exchange(request, None),), tokens=asked.tokens, vault=asked.vault),
            Evidence(said.text, (Exchange(None, response),), kinds=("http_exchange",), vault=said.vault),
        ]
    )
    exchange = Exchange(both.exchanges[0].request, both.exchanges[1].response, "the observed request")
    return structs.replace(both, exchanges=(exchange,))


def _request_text(refusal: Refusal) -> str:
    view = refusal.view
    target = quote(view.path[:_MOST_BYTES], safe="/:@!$&'()*+,;=~-._") or "/"
    if view.query:
        target += "?" + quote(view.query[:_MOST_BYTES], safe="/:@!$&'()*+,;=~-._?%")
    lines, size = [f"{view.method} {target} HTTP/1.1"], 0
    for name, value in view.headers:
        size += len(value)
        if size <= _MOST_BYTES and _CREDENTIAL.fullmatch(name.lower()):
            lines.append(_line(name, value))
    if len(lines) == 1:  # a request without header lines reads as one whose headers are not known
        lines.append("Host: unknown")
    return "\r\n".join(lines) + "\r\n\r\n"


def _answer_text(refusal: Refusal) -> str:
    """Without Date: it is this machine's clock again, and would look like a second witness beside it."""
    status = refusal.status
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    lines = [f"HTTP/1.1 {status} {phrase}".rstrip()]
    lines += [_line(name, value[:4_096]) for name, value in refusal.headers[:100] if name.lower() != b"date"]
    return "\r\n".join(lines) + "\r\n\r\n" + _decoded(refusal).decode("utf-8", "replace")


def _line(name: bytes, value: bytes) -> str:
    return f"{name.decode('latin-1')}: {value.decode('latin-1')}".translate(_CONTROL)


def _decoded(refusal: Refusal) -> bytes:
    """The body as text: gzip and deflate undone as far as they go, other codings left out (RFC 9110 section 8.4.1)."""
    coding = next(
        (value.strip().lower() for name, value in refusal.headers if name.lower() == b"content-encoding"), b""
    )
    if coding in (b"", b"identity"):
        return refusal.body
    if coding not in (b"gzip", b"x-gzip", b"deflate"):
        return b""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(refusal.body, BODY_BYTES)
    except zlib.error:
        return b""
