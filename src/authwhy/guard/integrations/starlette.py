"""Guard inside a Starlette application: `guard.install(app)`, then `await guard.require(request, "token")`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from authwhy.guard.answers import Accepted, Decision, Denied
from authwhy.guard.asgi import (
    ANSWERS,
    App,
    Body,
    Message,
    Receive,
    Scope,
    Send,
    refuse_websocket,
    respond,
    view_of,
    warn_about_order,
)
from authwhy.guard.integrations import absent
from authwhy.guard.rules import ConfigurationError, Rule, check_rule
from authwhy.guard.rules import need as demanding

try:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import HTTPConnection, Request
except ImportError:
    raise absent("Starlette", "starlette") from None

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

_KEY = "authwhy.passing"
_POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1
_BEGINS = frozenset(("http.response.start", "websocket.accept"))


class RefusedRequest(Exception):
    """A request that must not go on; `denied` is the decision. The installed guard answers it."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(f"{denied.cause} ({denied.status}, ref {denied.ref})")
        self.denied = denied


class Passing(Body):
    """One connection on its way through the application: what was decided, and what goes out with the answer."""

    def __init__(self, app: object, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(receive)
        self.app, self.scope, self._send = app, scope, send
        self.lines: list[tuple[bytes, bytes]] = []
        self.decided: dict[Rule, Decision] = {}
        self.view = view_of(scope, self)
        self.begun = self.taken = False

    async def receive(self) -> Message:
        """What the application receives; parts of the body that a check has read come again."""
        self.taken = True
        return self._messages.pop(0) if self._messages else await self._receive()

    async def send(self, message: Message) -> None:
        """What the application sends, with the header lines of the providers that accepted."""
        if message["type"] in _BEGINS:
            self.begun = True
            if self.lines:
                message = {**message, "headers": [*message.get("headers", ()), *self.lines]}
        await self._send(message)

    async def answer(self, denied: Denied) -> None:
        """Send the refusal, exactly."""
        if self.scope["type"] == "http":
            body = b"" if self.scope["method"] == "HEAD" else denied.body
            await respond(self._send, denied.status, denied.headers, body)
        elif self.begun:
            reason = denied.code or str(denied.status)
            await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        else:
            await refuse_websocket(self.scope, _connected if self.taken else self._receive, self._send, denied)


async def _connected() -> Message:
    """Stands for the websocket.connect that the application has received already."""
    return {"type": "websocket.connect"}


class Installed:
    """The innermost middleware, so that whatever the application adds, CORS above all, also covers refusals."""

    def __init__(self, app: App, guard: Guard, rules: Mapping[str, Rule | None]) -> None:
        self.app = guard.asgi(app, rules)
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, or the application's start and end."""
        if not self._warned:
            self._warned = True
            _warn(scope["app"])
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        passing = scope[_KEY] = Passing(scope["app"], scope, receive, send)
        try:
            await self.app(scope, passing.receive, passing.send)
        except RefusedRequest as refused:
            if passing.begun and scope["type"] == "http":
                raise
            await passing.answer(refused.denied)


def install(guard: Guard, app: Starlette, rules: Mapping[str, Rule | None] | None = None) -> None:
    """Let refusals of `guard.require` be answered, and mount the addresses that providers serve.

    `rules` (path -> rule, None for open) are decided before routing, other paths are then closed; without them every
    route says itself what it requires. A mounted application needs an `install` of its own.

    Raises ConfigurationError for an application that has started, or that has a guard already.
    """
    if app.middleware_stack is not None:
        raise ConfigurationError("the application has started: install the guard before")
    if _has_guard(app):
        raise ConfigurationError("the application has a guard already")
    guard.served()
    guard.paths(wanted := {"/*": None} if rules is None else rules)
    app.user_middleware.append(Middleware(Installed, guard=guard, rules=wanted))


async def require(
    guard: Guard,
    connection: HTTPConnection,
    rule: Rule | None = None,
    *,
    scope: str | Iterable[str] = (),
    acr: str | Iterable[str] = (),
    max_age: int | None = None,
) -> Accepted:
    """Go on only for a request (or WebSocket) that meets the rule; any provider is enough without one.

    The decision is also `request.scope["authwhy"]`. Raises RefusedRequest, which the installed guard answers.
    """
    wanted = demanding(guard.everyone if rule is None else rule, scope=scope, acr=acr, max_age=max_age)
    check_rule(wanted, guard.providers)
    return await decided(guard, connection, wanted)


async def decided(guard: Guard, connection: HTTPConnection, rule: Rule) -> Accepted:
    """The decision about a connection; one rule is decided once, however often a request asks for it.

    On an open WebSocket it is decided anew each time: a token may have expired since.

    Raises RefusedRequest, and ConfigurationError where no guard is installed.
    """
    passing: Passing | None = connection.scope.get(_KEY)
    if passing is None or passing.app is not connection.scope.get("app"):
        raise ConfigurationError("call guard.install(app) on this application, and on every one mounted in it")
    if passing.begun:
        passing.decided.clear()
        passing.scope[ANSWERS] = {}
        passing.view = view_of(passing.scope, passing)
    if rule not in passing.decided:
        passing.view.read_body = _reader(passing, connection)
        decision = await guard.decide(passing.view, rule, route=route_of(connection.scope))
        passing.decided[rule] = decision
        if isinstance(decision, Accepted):
            passing.lines += [line for line in decision.headers if line not in passing.lines]
    decision = passing.decided[rule]
    if isinstance(decision, Denied):
        raise RefusedRequest(decision)
    connection.scope["authwhy"] = decision
    return decision


def _reader(passing: Passing, connection: HTTPConnection) -> Callable[[int], Awaitable[bytes | None]]:
    """Reads the body before the application does, or takes what the request object has kept of it."""

    async def read(limit: int) -> bytes | None:
        if not passing.taken:
            return await passing.read(limit)
        if not isinstance(connection, Request):
            return None
        try:
            body = await connection.body()
        except RuntimeError:  # the application has consumed it as a stream or a form
            return None
        return body if len(body) <= limit else None

    return read


def route_of(scope: Scope) -> str:
    """The template of the route, such as /orders/{id}, so that events can be counted by it."""
    route: Any = scope.get("route")
    context = scope.get("fastapi", {}).get("effective_route_context")  # FastAPI: routers keep their prefix apart
    if context is not None and getattr(context, "original_route", None) is route:
        route = getattr(context, "starlette_route", None) or context
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    if not isinstance(template, str):
        path: str = scope["path"]
        return path
    mounted: str = scope.get("root_path", "")[len(scope.get("app_root_path", scope.get("root_path", ""))) :]
    return mounted + template


def _warn(app: Starlette) -> None:
    """Warn where CORS is handled inside the guard: around a route, or in a mounted application without a guard."""
    for route in app.routes:
        inner = getattr(route, "app", None)
        if inner is not None and not _has_guard(inner):
            warn_about_order(inner)


def _has_guard(app: Any) -> bool:
    return any(one.cls is Installed for one in getattr(app, "user_middleware", ()))
