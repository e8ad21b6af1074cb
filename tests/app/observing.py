"""A service with an authentication of its own (PyJWT), as ASGI and as WSGI, and requests to it without a server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from typing import Any

import jwt

SECRET = "an invented secret of the orders service"
AUDIENCE = "https://orders.example.com"


def token(secret: str = SECRET, **claims: Any) -> str:
    """A token; `exp` is seconds from now."""
    exp = int(time.time()) + claims.pop("exp", 60)
    return jwt.encode({"sub": "mara", "aud": AUDIENCE, "exp": exp, **claims}, secret)


def judge(authorization: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """What PyJWT says, as services answer it."""
    try:
        jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"], audience=AUDIENCE)
    except jwt.InvalidTokenError as error:
        body = json.dumps({"detail": str(error)}).encode()
        return 401, [("content-type", "application/json"), ("www-authenticate", 'Bearer realm="orders"')], body
    return 200, [("content-type", "text/plain")], b"hello"


async def asgi_service(scope: Any, receive: Any, send: Any) -> None:
    """The service in ASGI."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    status, headers, body = judge(dict(scope["headers"]).get(b"authorization", b"").decode())
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def wsgi_service(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The service in WSGI."""
    status, headers, body = judge(environ.get("HTTP_AUTHORIZATION", ""))
    start_response(f"{status} X", headers)
    return [body]


def scope_of(path: str = "/orders", headers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """An ASGI scope."""
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    usual = {"type": "http", "method": "GET", "path": path, "query_string": b"", "client": ("192.0.2.7", 4711)}
    return {**usual, "headers": raw, **more}


def call_asgi(app: Any, scope: dict[str, Any], incoming: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The messages that the application sent."""
    sent: list[dict[str, Any]] = []
    waiting = iter(incoming)

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def environ_of(path: str = "/orders", authorization: str | None = None) -> dict[str, Any]:
    """A WSGI environ."""
    sent = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    return {"REQUEST_METHOD": "GET", "PATH_INFO": path, "REMOTE_ADDR": "192.0.2.7", **sent}
