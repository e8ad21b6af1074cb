"""Guard before an ASGI application (HTTP and WebSocket). Only translates; the decision is guard.decide's."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

from authwhy.causes import Cause
from authwhy.guard.answers import ANONYMOUS, Accepted, Denied, HeaderLines
from authwhy.guard.paths import Closed, Paths
from authwhy.guard.quick import Shortcut, shortcut
from authwhy.guard.rules import Rule
from authwhy.guard.schemes.interface import Reply
from authwhy.guard.view import View
from authwhy.verify.client_cert import ClientCertificate

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG = logging.getLogger("authwhy.guard")
_MOST_PATHS, _LONGEST_PATH = 2_048, 512
ANSWERS = "authwhy.answers"
"""Where a scope or environ keeps what providers said, for rules further in."""
_POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1


class AsgiGuard:
    """The guarded application. What was decided is `scope["authwhy"]`."""

    def __init__(self, guard: Guard, app: App, paths: Paths) -> None:
        self.guard, self.app, self.paths = guard, app, paths
        self._served = guard.served()
        self._short: dict[str, Shortcut | None] = {}
        self._root = _root_of(app)
        warn_about_order(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        kind, path = scope["type"], scope.get("path", "")
        root = self._root or scope.get("root_path")
        if root:
            path = inside(path, root)
        short = self._short.get(path)
        if short is not None and kind == "http":
            try:
                found = short.decide(scope)
            except Exception:  # noqa: BLE001  a key store that fails is reported on the whole way
                found = None
            if type(found) is Accepted:
                scope["authwhy"] = found
                await self.app(scope, receive, send)
                return
            if type(found) is tuple:
                made, octets = found
                await send({"type": "http.response.start", "status": made.status, "headers": list(made.headers)})
                await send({"type": "http.response.body", "body": octets})
                return
        if kind != "http" and kind != "websocket":
            if kind == "lifespan":  # a kind of connection that nothing here can decide about is not let in
                await self.app(scope, receive, send)
            return
        if scope["path"] in self._served and kind == "http":
            await self._serve(scope["path"], scope, receive, send)
            return
        route, rule = self.paths.find(path)
        if rule is None:
            scope["authwhy"] = ANONYMOUS
            await self.app(scope, receive, send)
            return
        if scope.get("method") == "OPTIONS" and is_preflight(scope["headers"]):
            scope["authwhy"] = ANONYMOUS
            await self.app(scope, receive, answering_preflight(send))
            return
        if not isinstance(rule, Closed) and path not in self._short:
            self._shorten(path, route, rule)
        await self._guarded(rule, route, scope, receive, send)

    def _shorten(self, path: str, route: str | None, rule: Rule) -> None:
        """From now on decide simple requests to this path sooner (guard.quick)."""
        if len(path) > _LONGEST_PATH:  # a caller must not fill the memory with them
            return
        if len(self._short) >= _MOST_PATHS:
            self._short.clear()
        self._short[path] = shortcut(self.guard, rule, route)

    async def _guarded(
        self, rule: Rule | Closed, route: str | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        guard, body = self.guard, Body(receive)
        view = view_of(scope, body)
        if isinstance(rule, Closed):
            decision: Accepted | Denied = guard.refuse(view, Cause.POLICY_BLOCKED, problem="no_rule")
        else:
            decision = await guard.decide(view, rule, route=route)
        if isinstance(decision, Accepted):
            scope["authwhy"] = decision
            if decision.headers:
                send = with_headers(send, decision.headers)
            await self.app(scope, body.again(), send)
        elif scope["type"] == "http":
            await respond(send, decision.status, decision.headers, b"" if view.method == "HEAD" else decision.body)
        else:
            await refuse_websocket(scope, receive, send, decision)

    async def _serve(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        view = view_of(scope, Body(receive))
        reply: Reply = await self.guard.world.run(self.guard.serving(path, view))
        await respond(send, reply.status, reply.headers, b"" if view.method == "HEAD" else reply.body)


class Body:
    """Reads a request's body for a check that needs it, and gives it to the application all the same."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []

    async def read(self, limit: int) -> bytes | None:
        """The whole body, or None when it is longer than `limit` bytes."""
        size, at = 0, 0
        while True:
            if at == len(self._messages):
                self._messages.append(await self._receive())
            message = self._messages[at]
            if message["type"] != "http.request":
                raise EOFError  # cut off: half a body must not be taken for a whole one
            at += 1
            size += len(message.get("body", b""))
            if size > limit:
                return None
            if not message.get("more_body", False):
                return b"".join(message.get("body", b"") for message in self._messages[:at])

    def again(self) -> Receive:
        """A receive for the application, which gets the messages already read first."""
        if not self._messages:
            return self._receive
        waiting = list(reversed(self._messages))

        async def receive() -> Message:
            return waiting.pop() if waiting else await self._receive()

        return receive


def view_of(scope: Scope, body: Body | None = None) -> View:
    """A scope as a view."""
    client = scope.get("client")
    return View(
        method=scope.get("method", "GET"),
        path=scope["path"],
        headers=scope["headers"],
        query=scope.get("query_string", b""),
        peer=client[0] if client else None,
        port=client[1] or None if client else None,
        scheme=scope.get("scheme", "http"),
        protocol=scope["type"],
        raw_path=scope.get("raw_path"),
        read_body=None if body is None else body.read,
        client_certificate=_certificate(scope),
        answers=scope.setdefault(ANSWERS, {}),
    )


def _certificate(scope: Scope) -> ClientCertificate | None:
    """The caller's certificate (ASGI TLS extension)."""
    extensions = scope.get("extensions")
    tls = extensions.get("tls") if extensions else None
    chain = tls.get("client_cert_chain") if tls else None
    if not chain:
        return None
    from authwhy.guard.schemes.certificate_text import from_pem_chain

    return from_pem_chain(chain)


def is_preflight(headers: Any) -> bool:
    """A CORS preflight, which browsers always send without credentials (Fetch standard, CORS-preflight fetch)."""
    names = {name for name, _ in headers}
    return b"origin" in names and b"access-control-request-method" in names and b"authorization" not in names


def answering_preflight(send: Send) -> Send:
    """A send that passes on of an answer what a preflight asks for, and nothing else.

    Anybody can send a request that looks like a preflight, and an application that does not tell methods apart would
    answer it with what it guards.
    """

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if of_preflight(name.lower())]
            message = {**message, "headers": [*kept, (b"content-length", b"0")]}
        elif message["type"] == "http.response.body":
            message = {**message, "body": b""}
        else:  # a file by its name, a push, a trailer: no part of such an answer
            return
        await send(message)

    return sending


def of_preflight(name: bytes) -> bool:
    """May a header of this name (lower case) be in the answer to a preflight?"""
    return name.startswith(b"access-control-") or name in (b"vary", b"allow", b"cache-control")


async def respond(send: Send, status: int, headers: HeaderLines, body: bytes) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def refuse_websocket(scope: Scope, receive: Receive, send: Send, denied: Denied) -> None:
    """Refuse before the handshake: by an HTTP answer where the server can (ASGI denial response), else by a close."""
    await receive()  # websocket.connect
    if "websocket.http.response" in (scope.get("extensions") or {}):
        await send({"type": "websocket.http.response.start", "status": denied.status, "headers": list(denied.headers)})
        await send({"type": "websocket.http.response.body", "body": denied.body})
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": denied.code or str(denied.status)})


def with_headers(send: Send, lines: HeaderLines) -> Send:
    """A send that adds header lines to the application's answer."""

    async def sending(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            message = {**message, "headers": [*message.get("headers", ()), *lines]}
        await send(message)

    return sending


def inside(path: str, root: str) -> str:
    """The path as the application's own routes see it, without the prefix it is mounted at (as Starlette does).

    Whoever sends the prefix, or leaves it out, must meet the same rule.
    """
    if not path.startswith(root) or path[len(root) : len(root) + 1] not in ("", "/"):
        return path
    return path[len(root) :] or "/"


def _root_of(app: Any) -> str:
    """The prefix that an application gives itself (`FastAPI(root_path=...)`), which no scope tells yet."""
    for inner in _layers(app):
        root = getattr(inner, "root_path", "")
        if isinstance(root, str) and root:
            return root.rstrip("/")
    return ""


def _layers(app: Any) -> Iterator[Any]:
    """An application and those that it wraps, as far as they say so."""
    for _ in range(20):
        if app is None:
            return
        yield app
        app = getattr(app, "app", None)


def warn_about_order(app: Any) -> None:
    """Warn when CORS is handled inside the guard: its refusals lack CORS headers, and pages see a network error."""
    for inner in _layers(app):
        added = getattr(inner, "user_middleware", ())
        names = {type(inner).__name__, *(getattr(getattr(one, "cls", None), "__name__", "") for one in added)}
        if "CORSMiddleware" in names:
            _LOG.warning("CORSMiddleware is inside the guard: refusals will have no CORS headers; put it outside")
            return
