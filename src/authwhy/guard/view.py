"""One request as authentication sees it: a plain value that every framework's adapter fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from authwhy.verify.client_cert import ClientCertificate

RawHeaders = Sequence[tuple[bytes, bytes]]
ReadBody = Callable[[int], "bytes | Awaitable[bytes | None] | None"]
"""Reads the whole body, at most so many bytes; None when it is longer. The application can still read it after."""

MAX_COOKIE_BYTES = 16_384


class View(Struct, kw_only=True):
    """What a decision may look at. Header names are in lower case, values as sent; `query` is the raw query string.

    `peer` is the address of the connection; `address` is the caller's, found by trusted proxies (guard fills it in).
    `via_proxy` is true when the connection comes from a trusted proxy, whose headers may then be believed. `answers`
    keeps what providers said, so that two rules on one request never use a one-time credential twice. Its text form
    tells no header and no query.
    """

    method: str
    path: str
    headers: RawHeaders = ()
    query: bytes = b""
    peer: str | None = None
    port: int | None = None
    scheme: str = "http"
    host: str | None = None
    protocol: Literal["http", "websocket"] = "http"
    raw_path: bytes | None = None
    read_body: ReadBody | None = None
    client_certificate: ClientCertificate | None = None
    address: str | None = None
    via_proxy: bool = False
    answers: dict[tuple[int, str | None], Any] = {}

    def __repr__(self) -> str:
        return f"View({self.method!r}, {self.path!r})"

    @staticmethod
    def of(
        method: str, path: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] = (), *, peer: str | None = None
    ) -> View:
        """A view from text, for tests and for callers without a framework."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        target, _, query = path.partition("?")
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in pairs]
        return View(method=method, path=target, headers=raw, query=query.encode(), peer=peer)

    def values(self, name: bytes) -> list[bytes]:
        """All values of a header, in order. `name` in lower case."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: bytes) -> str | None:
        """The first value of a header as text (ISO 8859-1), or None."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    @property
    def host_name(self) -> str:
        """The host and port that the caller named, by Host; empty where it did not."""
        return self.host or self.header(b"host") or ""

    def cookies(self, name: str) -> list[str]:
        """All values of a cookie, in order (RFC 6265 section 5.4); headers beyond 16 KiB are not looked at."""
        wanted = name.encode("latin-1") + b"="
        found = []
        for value in self.values(b"cookie"):
            if len(value) <= MAX_COOKIE_BYTES:
                parts = (part.strip() for part in value.split(b";"))
                found += [part[len(wanted) :].decode("latin-1") for part in parts if part.startswith(wanted)]
        return found

    def parameters(self, name: str) -> list[str]:
        """All values of a query parameter, decoded."""
        if name.encode() not in self.query:
            return []
        from urllib.parse import parse_qsl

        try:
            pairs = parse_qsl(self.query.decode("latin-1"), keep_blank_values=True, max_num_fields=256)
        except ValueError:
            return []
        return [value for key, value in pairs if key == name]
