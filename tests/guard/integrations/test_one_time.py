"""A one-time credential counts once for a request, however many rules stand in its way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.integrations.service import SECRET, bearer

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("flask", reason="Flask is not installed")

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from flask import Flask, g

from authwhy.guard import Guard, any_of, api_key, jwt


def one_time() -> Guard:
    """A guard whose tokens are good once."""
    used: set[str] = set()

    def seen(scope: str, value: str, until: int) -> bool:
        new = value not in used
        used.add(value)
        return not new

    return Guard(jwt("token", secret=SECRET, seen=seen), api_key("key", lookup=lambda key: "robot"))


def test_router_and_route() -> None:
    guard = one_time()
    router = APIRouter(dependencies=[guard.need(any_of("token", "key"))])

    @router.get("/")
    async def endpoint(who: Any = guard.need("token", scope="orders:read")) -> Any:  # noqa: B008
        return who["sub"]

    app = FastAPI()
    app.include_router(router)
    guard.install(app)
    client, headers = TestClient(app), bearer(jti="1")
    assert client.get("/", headers=headers).json() == "alice"
    assert client.get("/", headers=headers).status_code == 401
    guard.close()


def test_path_and_view() -> None:
    guard, app = one_time(), Flask("shop")
    guard.install(app, {"/*": any_of("token", "key")})

    @app.get("/")
    @guard.flask("token", scope="orders:read")
    def endpoint() -> Any:
        return g.who["sub"]

    client, headers = app.test_client(), bearer(jti="1")
    assert client.get("/", headers=headers).text == "alice"
    assert client.get("/", headers=headers).status_code == 401
    guard.close()
