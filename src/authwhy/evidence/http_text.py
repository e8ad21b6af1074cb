"""Header blocks and bodies as people paste them: indented, quoted, in Markdown fences, without blank lines."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from authwhy.model.evidence import Headers

MAX_BODY = 65_536
MAX_HEADERS = 300
_USUAL = frozenset(
    """
    accept authorization cache-control connection content-encoding content-length content-type cookie date etag expires
    host keep-alive location origin proxy-authenticate proxy-authorization referer retry-after server set-cookie
    strict-transport-security transfer-encoding user-agent vary via www-authenticate x-powered-by
    """.split()
)


class Block(NamedTuple):
    """Headers, where their lines end, and where the body begins."""

    headers: Headers
    end: int
    body: int


@cache
def _header() -> re.Pattern[str]:
    return re.compile(r"(:?[!#$%&'*+.^_|~0-9A-Za-z-]{1,100})[ \t]{0,3}:(?![:/])[ \t]*(.*)")


def read_headers(text: str, start: int, end: int, quote: str) -> Block:
    """The header lines from `start`; they end at a blank line, at a line of another kind, or at `end`.

    `quote` is what each line begins with (an e-mail's or Markdown's `> `); it is taken off.
    """
    headers: list[tuple[str, str]] = []
    at = start
    while at < end and len(headers) < MAX_HEADERS:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        raw = text[at:stop]
        line = unquoted(raw, quote)
        if not line.strip():
            if not _goes_on(text, stop + 1, end, quote):
                return Block(tuple(headers), at, min(end, stop + 1))
        elif headers and line[0] in " \t" and not _header().fullmatch(line.strip()):
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}")
        elif match := _header().fullmatch(line.strip()):
            headers.append((match[1], match[2].strip()))
        else:
            return Block(tuple(headers), at, at)
        at = stop + 1
    return Block(tuple(headers), min(at, end), min(at, end))


def unquoted(line: str, quote: str) -> str:
    """A line without the quoting prefix of its block."""
    if not quote:
        return line
    if line.startswith(quote):
        return line[len(quote) :]
    return line[len(quote.rstrip()) :] if line.startswith(quote.rstrip()) else line


def _goes_on(text: str, start: int, end: int, quote: str) -> bool:
    """Double-spaced pastes: after the blank line the usual headers go on."""
    stop = text.find("\n", start, end)
    line = unquoted(text[start : end if stop < 0 else stop], quote).strip()
    match = _header().fullmatch(line) if line[:1] not in ("{", "[", "<") else None
    return match is not None and match[1].lower() in _USUAL


def read_body(text: str, start: int, end: int, quote: str, headers: Headers) -> str:
    """The body: to the end of its JSON or HTML, to a fence, by Content-Length, or to `end`; 64 kB at most."""
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    if length == "0":
        return ""
    body = text[start : min(end, start + MAX_BODY)]
    if quote.strip() or (quote and body.startswith(quote)):
        body = "\n".join(unquoted(line, quote) for line in body.split("\n"))
    fence = body.find("```")
    body = (body[:fence] if fence >= 0 else body).strip("\n")
    lead = body.lstrip()
    if lead[:1] in ("{", "["):
        return _whole_json(lead)
    if lead[:1] == "<" and (close := lead.lower().rfind("</html>")) >= 0:
        return lead[: close + 7]
    if length.isdigit() and len(length) < 9 and int(length) < len(body) and "\ue000" not in body:
        return body.encode()[: int(length)].decode("utf-8", "ignore")
    return body.rstrip()


def _whole_json(body: str) -> str:
    from json import JSONDecoder

    try:
        return body[: JSONDecoder().raw_decode(body)[1]]
    except (ValueError, RecursionError):
        return body.rstrip()
