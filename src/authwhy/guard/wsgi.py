"""Guard before a WSGI application (PEP 3333). Only translates; the decision is guard.decide's."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

from authwhy.causes import Cause
from authwhy.guard import asgi
from authwhy.guard.answers import ANONYMOUS, Accepted, Denied, HeaderLines
from authwhy.guard.asgi import ANSWERS, of_preflight
from authwhy.guard.paths import Closed, Paths
from authwhy.guard.schemes.interface import Reply
from authwhy.guard.view import View
from authwhy.verify.client_cert import ClientCertificate

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Any]
App: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]


_LENGTH_DIGITS = 12


class WsgiGuard:
    """The guarded application. What was decided is `environ["authwhy"]`."""

    def __init__(self, guard: Guard, app: App, paths: Paths) -> None:
        self.guard, self.app, self.paths = guard, app, paths
        self._served = guard.served()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        view = view_of(environ)
        if view.path in self._served:
            reply: Reply = self.guard.world.run_sync(self.guard.serving(view.path, view))
            return send(start_response, reply.status, reply.headers, reply.body, view.method)
        route, rule = self.paths.find(path_inside(environ))
        if rule is None:
            environ["authwhy"] = ANONYMOUS
            return self.app(environ, start_response)
        if is_preflight(view):
            environ["authwhy"] = ANONYMOUS
            return answer_preflight(self.app, environ, start_response)
        if isinstance(rule, Closed):
            decision: Accepted | Denied = self.guard.refuse(view, Cause.POLICY_BLOCKED, problem="no_rule")
        else:
            decision = self.guard.decide_sync(view, rule, route=route)
        if isinstance(decision, Denied):
            return send(start_response, decision.status, decision.headers, decision.body, view.method)
        environ["authwhy"] = decision
        return self.app(environ, adding(start_response, decision.headers) if decision.headers else start_response)


def view_of(environ: Environ) -> View:
    """An environ as a view.

    A WSGI server joins repeated headers with a comma and cannot tell dashes from underscores (PEP 3333, RFC 3875
    section 4.1.18); a joined credential is refused as ambiguous by its provider.
    """
    port = environ.get("REMOTE_PORT")
    view = View(
        method=environ["REQUEST_METHOD"],
        path=_path(environ),
        headers=_headers(environ),
        query=environ.get("QUERY_STRING", "").encode("latin-1"),
        peer=environ.get("REMOTE_ADDR") or None,
        port=int(port) if isinstance(port, str) and port.isdigit() and len(port) < 6 else None,
        scheme=environ.get("wsgi.url_scheme", "http"),
        read_body=lambda limit: _read(environ, limit),
        client_certificate=_certificate(environ),
        answers=environ.setdefault(ANSWERS, {}),
    )
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str):
        view.raw_path = raw.partition("?")[0].encode("latin-1", "replace")
    return view


def path_inside(environ: Environ) -> str:
    """The path as the application's own routes see it: without SCRIPT_NAME, which a header can set (gunicorn's default
    takes it from this machine), and rules for the whole path would then be those of another place."""
    return _decoded(environ.get("PATH_INFO", ""))


def _path(environ: Environ) -> str:
    return _decoded(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))


def _decoded(path: str) -> str:
    return path.encode("latin-1", "replace").decode("utf-8", "replace") or "/"


def _headers(environ: Environ) -> list[tuple[bytes, bytes]]:
    found = [
        (name[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found.append((name.replace("_", "-").lower().encode(), environ[name].encode("latin-1", "replace")))  # noqa: PERF401
    return found


def _read(environ: Environ, limit: int) -> bytes | None:
    """The body, kept for the application; None when it is longer than `limit` bytes, or its length is not told.

    Raises EOFError for one that was cut off: half a body must not be taken for a whole one.
    """
    length = environ.get("CONTENT_LENGTH") or ("" if environ.get("HTTP_TRANSFER_ENCODING") else "0")
    if not (length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS) or int(length) > limit:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) < int(length):
        raise EOFError
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _certificate(environ: Environ) -> ClientCertificate | None:
    """The caller's certificate, where the server puts it into the environ (mod_ssl's name)."""
    text = environ.get("SSL_CLIENT_CERT")
    if not isinstance(text, str) or not text:
        return None
    from authwhy.guard.schemes.certificate_text import from_pem_chain

    return from_pem_chain([text])


def answer_preflight(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Let the application answer, and pass on what a preflight asks for, and nothing else (see guard.asgi)."""

    def starting(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        kept = [(name, value) for name, value in headers if of_preflight(name.lower().encode("latin-1", "replace"))]
        start_response(status, [*kept, ("Content-Length", "0")], exc_info)
        return lambda octets: None

    answered = app(environ, starting)
    try:
        next(iter(answered), None)  # no more than begins the answer: it might never end
    finally:
        close = getattr(answered, "close", None)
        if close is not None:
            close()
    return []


def is_preflight(view: View) -> bool:
    """A CORS preflight, which browsers always send without credentials."""
    return view.method == "OPTIONS" and asgi.is_preflight(view.headers)


def send(start_response: StartResponse, status: int, headers: HeaderLines, body: bytes, method: str) -> Iterable[bytes]:
    """Send a whole answer."""
    lines = [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]
    start_response(f"{status} {HTTPStatus(status).phrase}", lines)
    return [] if method == "HEAD" else [body]


def adding(start_response: StartResponse, lines: HeaderLines) -> StartResponse:
    """A start_response that adds header lines to the application's answer."""
    more = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines]

    def starting(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [*headers, *more], exc_info)

    return starting
