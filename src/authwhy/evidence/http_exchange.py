"""Raw HTTP messages in a text: HTTP/1.x and `HTTP/2 401` style, several in one, in prose or Markdown."""

from __future__ import annotations

import re
from functools import cache

from authwhy.evidence.http_text import read_body, read_headers
from authwhy.evidence.interface import Found, Material
from authwhy.model.evidence import Exchange, HttpRequest, HttpResponse

_MAX_MESSAGES = 2_000
_METHODS = (
    "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|PROPFIND|REPORT|MKCOL|COPY|MOVE|LOCK|SEARCH|REGISTER|INVITE"
)


@cache
def _start() -> re.Pattern[str]:
    """A request line or a status line (RFC 9112 3, 4), after indentation, quoting or a label such as `Response:`."""
    return re.compile(
        rf"^([ \t>|]{{0,16}})(?:[-*$][ \t]{{1,3}})?(?:[A-Za-z][A-Za-z ]{{0,24}}:[ \t]{{0,3}})?[`\"']{{0,3}}"
        rf"(?:(?P<method>{_METHODS})[ \t]+(?P<target>/[^\s\"]*|https?://[^\s\"]+|\*|[\w.\-]+:\d+)"
        r"(?:[ \t]+HTTP/(?P<asked>\d(?:\.\d)?))?(?P<after>[^\n]*)"
        r"|HTTP/(?P<version>\d(?:\.\d)?)[ \t]+(?P<status>[1-9]\d\d)(?![\w])(?P<reason>[^\n]*))$",
        re.MULTILINE,
    )


@cache
def _outcome() -> re.Pattern[str]:
    return re.compile(
        r"[`\"' \t]*+(?:-{1,2}>|=>|\u2192|:|\u2014|-|returns?|returned|gives|answers?)?[ \t]*+"
        r"(?:HTTP/\S{1,4}[ \t]+|status[ \t]+)?([1-5]\d\d)\b[ \t]*+([^\n]{0,200})"
    )


def read(material: Material, found: Found) -> None:
    """Find every message and pair each request with the response that follows it."""
    text = material.text
    starts = [match for match in _start().finditer(text) if not found.is_taken(match.start()) and _is_start(match)][
        :_MAX_MESSAGES
    ]
    if not starts:
        return
    pairs = _Pairs(material, found)
    spans: list[tuple[int, int]] = []
    for index, match in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        spans.append((match.start(), pairs.add(match, end)))
    pairs.flush()
    if pairs.count:
        found.take(spans)
        found.kinds.append("http_exchange")


def _is_start(match: re.Match[str]) -> bool:
    """A method and a target are a request when nothing but an outcome or a body follows on the line."""
    if not match["method"] or match["asked"]:
        return True
    after = match["after"].strip(" \t`\"'")
    return (
        not after
        or _outcome().fullmatch(match["after"]) is not None
        or after[0] in "{["
        or "=" in after.partition(" ")[0]
    )


class _Pairs:
    """Joins requests with responses in the order of the text."""

    def __init__(self, material: Material, found: Found) -> None:
        self.material = material
        self.found = found
        self.request: HttpRequest | None = None
        self.start = 0
        self.count = 0

    def add(self, match: re.Match[str], end: int) -> int:
        """Read one message that may reach to `end`; returns where its header lines end."""
        text, quote = self.material.text, match[1]
        line_end = min(end, match.end() + 1)
        if match["method"] and not match["asked"] and (outcome := _outcome().fullmatch(match["after"])):
            self.flush()
            self._put(_request(match), _response(outcome[1], outcome[2]), match.start(), line_end)
            return line_end
        block = read_headers(text, line_end, end, quote)
        body = read_body(text, block.body, end, quote, block.headers)
        if match["method"]:
            self.flush()
            inline = match["after"].strip(" \t`\"'") if not match["asked"] else ""
            self.request = HttpRequest(match["method"], match["target"], block.headers, inline or body)
            self.start = match.start()
        elif match["status"][0] != "1":
            response = HttpResponse(int(match["status"]), _reason(match["reason"]), block.headers, body)
            start = self.start if self.request else match.start()
            self._put(self.request, response, start, block.end)
        return block.end

    def flush(self) -> None:
        """A request without a response."""
        if self.request is not None:
            self._put(self.request, None, self.start, self.start)

    def _put(self, request: HttpRequest | None, response: HttpResponse | None, start: int, end: int) -> None:
        first, last = self.material.line(start), self.material.line(max(start, end - 1))
        where = f"lines {first}-{last}" if last > first else f"line {first}"
        self.found.exchanges.append((start, Exchange(request, response, where)))
        self.request = None
        self.count += 1


def _request(match: re.Match[str]) -> HttpRequest:
    return HttpRequest(match["method"], match["target"])


def _response(status: str, reason: str) -> HttpResponse:
    return HttpResponse(int(status), _reason(reason))


def _reason(text: str) -> str:
    return text.strip(" \t\r`\"'")[:200]
