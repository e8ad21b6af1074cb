"""Guard before a bare ASGI application, Starlette and FastAPI, against PyJWT in their own style; in process, one run.

Prints ratios, 1 = the bare application on the same request. Run: python bench/guard_requests.py
"""

from __future__ import annotations

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import jwt as pyjwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.applications import Starlette
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from authwhy.guard import Guard, jwt
from authwhy.guard.schemes.bearer_jwt import BearerJwt
from authwhy.guard.token_cache import TokenCache

SECRET = "a-secret-of-more-than-thirty-two-bytes"
ISSUER, AUDIENCE = "https://id.example", "orders"
HEADERS = [(b"host", b"a.example"), (b"user-agent", b"curl/8"), (b"accept", b"*/*"), (b"accept-encoding", b"gzip")]
App = Callable[[Any, Any, Any], Awaitable[None]]


def token(secret: str = SECRET, **claims: object) -> str:
    """A signed token."""
    full = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": int(time.time()) + 3_600, **claims}
    return pyjwt.encode(full, secret, algorithm="HS256")


def decode(text: str) -> dict[str, Any]:
    """What a service with PyJWT does."""
    return pyjwt.decode(text, SECRET, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The application itself."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"ok"})


class PyJwtBackend(AuthenticationBackend):
    """Starlette's own way."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        """Read the header, decode the token."""
        header = conn.headers.get("authorization", "")
        if not header.startswith("Bearer "):
            return None
        try:
            claims = decode(header[7:])
        except pyjwt.PyJWTError:
            raise AuthenticationError("bad token") from None
        return AuthCredentials(["authenticated"]), SimpleUser(claims["sub"])


def starlette_app(middleware: list[Middleware]) -> App:
    """One route."""

    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/orders", endpoint)], middleware=middleware)


def fastapi_app(with_pyjwt: bool) -> App:
    """One route."""
    app = FastAPI()
    bearer = HTTPBearer()

    def who(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
        try:
            return decode(credentials.credentials)
        except pyjwt.PyJWTError:
            raise HTTPException(401) from None

    @app.get("/orders", dependencies=[Depends(who)] if with_pyjwt else [])
    async def orders() -> str:
        return "ok"

    return app


def guarded(app: App, events: list[Any] | None = None) -> App:
    """The same application behind guard."""
    provider = jwt("token", issuer=ISSUER, audience=AUDIENCE, secret=SECRET)
    return Guard(provider, events=events or []).asgi(app, {"/*": "token"})


async def call(app: App, scope: dict[str, Any], loops: int) -> float:
    """Seconds a call."""

    async def send(message: Any) -> None:
        pass

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    started = time.perf_counter()
    for _ in range(loops):
        await app(dict(scope), receive, send)
    return (time.perf_counter() - started) / loops


async def measure(apps: dict[str, App], requests: dict[str, str | None], rounds: int = 15) -> None:
    """Print every application on every request, all taking turns."""
    print(f"{'':34}" + "".join(f"{name:>14}" for name in requests))
    samples: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for request, text in requests.items():
            given = [] if text is None else [(b"authorization", b"Bearer " + text.encode())]
            scope = {"type": "http", "method": "GET", "path": "/orders", "headers": HEADERS + given,
                     "query_string": b"", "client": ("127.0.0.1", 9), "scheme": "http", "root_path": ""}  # fmt: skip
            for name, app in apps.items():
                loops = 2_000 if "bare" in name else 200
                samples.setdefault((name, request), []).append(await call(app, scope, loops))
    times = {key: statistics.median(found) for key, found in samples.items()}
    for name in apps:
        row = "".join(f"{times[name, request] / times['bare', request]:14.1f}" for request in requests)
        print(f"{name:34}{row}")
    added = (times["guard on bare, events", "accepted"] - times["guard on bare", "accepted"]) * 1e6
    refused = (times["guard on bare, events", "nothing sent"] - times["guard on bare", "nothing sent"]) * 1e6
    print(f"an event adds {added:.1f} us to an accepted request, {refused:.1f} us to one that sends nothing")


def token_again() -> None:
    """A token that was accepted before: the cache against decoding it again."""
    provider = jwt("token", issuer=ISSUER, audience=AUDIENCE, secret=SECRET)
    assert isinstance(provider, BearerJwt)
    text = token()
    provider.check(_presented(text), _VIEW, int(time.time()))
    cache, now = provider.cache, time.time()
    assert cache is not None
    assert cache.get(text, 1, now) is not None
    octets = text.encode()
    fast = _median(lambda: cache.get(octets, 1, now), 5_000)
    slow = _median(lambda: decode(text), 500)
    print(f"\naccepted again, HS256: PyJWT takes {slow / fast:.0f} times as long as the cache ({fast * 1e6:.2f} us)")


def _median(work: Callable[[], object], loops: int, rounds: int = 25) -> float:
    samples = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(loops):
            work()
        samples.append((time.perf_counter() - started) / loops)
    return statistics.median(samples)


def memory() -> None:
    """What 100,000 cached tokens hold on to."""
    provider = jwt("token", issuer=ISSUER, audience=AUDIENCE, secret=SECRET, cache=200_000)
    assert isinstance(provider, BearerJwt)
    texts = [token(sub=f"user-{number}") for number in range(2_000)]
    now = int(time.time())
    tracemalloc.start()
    for text in texts:
        provider.check(_presented(text), _VIEW, now)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(provider.cache, TokenCache)
    print(f"memory of 100,000 cached tokens: {held / len(provider.cache) * 100_000 / 2**20:.0f} MiB")


def _presented(text: str) -> Any:
    from authwhy.guard.answers import Presented

    return Presented("authorization", text)


def _view() -> Any:
    from authwhy.guard.view import View

    return View(method="GET", path="/")


_VIEW = _view()


def main() -> None:
    """All of it."""
    backend = [Middleware(AuthenticationMiddleware, backend=PyJwtBackend())]
    apps = {
        "bare": bare,
        "guard on bare": guarded(bare),
        "guard on bare, events": guarded(bare, [lambda event: None]),
        "Starlette": starlette_app([]),
        "Starlette + its middleware, PyJWT": starlette_app(backend),
        "guard on Starlette": guarded(starlette_app([])),
        "FastAPI": fastapi_app(False),
        "FastAPI + HTTPBearer, PyJWT": fastapi_app(True),
        "guard on FastAPI": guarded(fastapi_app(False)),
    }
    requests = {
        "accepted": token(),
        "nothing sent": None,
        "expired": token(exp=1_700_000_000),
        "bad signature": token("another-secret-of-more-than-thirty-two"),
        "8 kB garbage": "x" * 8_192,
    }
    asyncio.run(measure(apps, requests))
    token_again()
    memory()


if __name__ == "__main__":
    main()
