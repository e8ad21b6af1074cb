"""The output of `curl -v`: `> ` request, `< ` response, `* ` information, bodies between; several requests in one."""

from __future__ import annotations

import re
from functools import cache

from authwhy.evidence.http_text import MAX_BODY, MAX_HEADERS
from authwhy.evidence.interface import Found, Material
from authwhy.model.evidence import Exchange, HttpRequest, HttpResponse

_MAX_EXCHANGES = 1_000


@cache
def _first() -> re.Pattern[str]:
    return re.compile(
        r"^[ \t>|`]{0,12}?(?:\d\d:\d\d:\d\d\.\d{1,6}[ \t]+)?"
        r"(?:> [A-Z]{3,10} \S+ HTTP/|< HTTP/\d|\*[ ]{1,4}(?:Trying |Connected to |Host \S+ was resolved))",
        re.MULTILINE,
    )


@cache
def _quoted_mail() -> re.Pattern[str]:
    """A status line behind `> ` is quoted text; curl marks what it receives with `< `."""
    return re.compile(r"^[ \t]*> ?HTTP/\d", re.MULTILINE)


@cache
def _line() -> re.Pattern[str]:
    return re.compile(r"(?:\d\d:\d\d:\d\d\.\d{1,6}[ \t]+)?(?:\[\d+-[\dx]+\] )?([<>*{}])(?:[ \t](.*))?")


@cache
def _status() -> re.Pattern[str]:
    return re.compile(r"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?:[ \t]+(.*))?")


@cache
def _request() -> re.Pattern[str]:
    return re.compile(r"([A-Z]{3,16}) (\S+) HTTP/\d(?:\.\d)?\s*")


@cache
def _meter() -> re.Pattern[str]:
    """curl's progress meter."""
    return re.compile(r"\s*(?:% Total|Dload|\d{1,3}\s+[\d.]+[kMG]?\s+\d{1,3}\s+[\d.]+[kMG]?\s).*|\s*Warning: .*")


def read(material: Material, found: Found) -> None:
    """Read the requests and responses from the first marked line on."""
    text = material.text
    first = _first().search(text)
    if first is None or ("< HTTP/" not in text and _quoted_mail().search(text)):
        return
    state = _State(material, found)
    at, lead = first.start(), _lead(text, first.start())
    while at < len(text) and state.count < _MAX_EXCHANGES:
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        state.line(text[at:stop].removeprefix(lead), at)
        at = stop + 1
    state.flush()
    if state.count:
        found.take([(first.start(), at)])
        found.kinds.append("curl_verbose")


def _lead(text: str, start: int) -> str:
    """The indentation or quoting of the whole paste."""
    match = re.compile(r"(?:[ \t|]|> (?=[<>*] ))*").match(text, start)
    return match[0] if match else ""


class _State:
    """One exchange at a time, finished by the next request or by the end."""

    def __init__(self, material: Material, found: Found) -> None:
        self.material = material
        self.found = found
        self.count = 0
        self.start = 0
        self._clear()

    def _clear(self) -> None:
        self.method = self.url = self.reason = ""
        self.status = 0
        self.sent: list[tuple[str, str]] = []
        self.received: list[tuple[str, str]] = []
        self.body: list[str] = []
        self.size = 0
        self.in_body = False

    def line(self, line: str, at: int) -> None:
        """Take one line of the output."""
        match = _line().fullmatch(line)
        if match is None:
            if self.in_body and not _meter().fullmatch(line):
                self._body(line)
            return
        mark, content = match[1], (match[2] or "").rstrip()
        if mark == ">":
            self._sent(content, at)
        elif mark == "<":
            self._received(content, at)

    def _sent(self, content: str, at: int) -> None:
        if request := _request().fullmatch(content):
            self.flush()
            self.start, self.method, self.url = at, request[1], request[2]
        elif len(self.sent) < MAX_HEADERS:
            _put_header(self.sent, content)

    def _received(self, content: str, at: int) -> None:
        status = _status().fullmatch(content)
        if status:
            if self.status >= 200:
                self.flush()
            self.start = self.start if self.method else at
            self.received.clear()
            self.in_body = False
            self.status, self.reason = int(status[1]), (status[2] or "").strip()
        elif not content:
            self.in_body = self.status >= 200
        elif len(self.received) < MAX_HEADERS:
            _put_header(self.received, content)

    def _body(self, line: str) -> None:
        """A line of the body; curl glues `* Connection #0 ...` to a body that has no last line break."""
        cut = line.find("* Connection #")
        if cut >= 0:
            line = line[:cut]
            self.in_body = False
        if self.size < MAX_BODY:
            self.body.append(line[: MAX_BODY - self.size])
            self.size += len(line) + 1

    def flush(self) -> None:
        """Finish the exchange at hand, if there is one."""
        if self.method or self.status:
            self.count += 1
            request = HttpRequest(self.method, self.url, tuple(self.sent)) if self.method else None
            body = "\n".join(self.body).strip("\n")
            response = HttpResponse(self.status, self.reason, tuple(self.received), body) if self.status else None
            self.found.exchanges.append((self.start, Exchange(request, response, f"curl -v, request {self.count}")))
        self._clear()


def _put_header(headers: list[tuple[str, str]], content: str) -> None:
    name, colon, value = content.partition(":")
    if colon and name and " " not in name.strip():
        headers.append((name.strip(), value.strip()))
