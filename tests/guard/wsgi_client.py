"""Calls a WSGI application in this process, as a server would (PEP 3333)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authwhy.guard.wsgi import App, Environ, StartResponse

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass
class Answer:
    """What was sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def lines(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    def problem(self) -> dict[str, Any]:
        """The body as problem details."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Endpoint:
    """An application that keeps what was decided for it, and reads its body."""

    decisions: list[Any] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.decisions.append(environ.get("authwhy"))
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("X-Inner", "1")])
        return [b"ran"]


def environ_of(method: str = "GET", path: str = "/", headers: Headers = (), body: bytes = b"", **more: Any) -> Environ:
    """An environ; repeated headers are joined by a comma, and dashes become underscores, as servers do it."""
    target, _, query = path.partition("?")
    environ: Environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": target.encode().decode("latin-1"),
        "QUERY_STRING": query, "REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "4711", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)) if body else "",
    }  # fmt: skip
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ | more


def call(
    app: App, method: str = "GET", path: str = "/", headers: Headers = (), body: bytes = b"", **more: Any
) -> Answer:
    """One request."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, lines: list[tuple[str, str]], exc_info: object = None) -> None:
        started.append((status, lines))

    sent = b"".join(app(environ_of(method, path, headers, body, **more), start_response))
    status, lines = started[-1]
    return Answer(int(status.split(" ", 1)[0]), lines, sent)
