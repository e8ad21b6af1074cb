"""What an attacker found about prefixes and preflights in ASGI and Django; WSGI and Flask: test_adversary_paths."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import pytest
from fastapi import FastAPI
from tests.guard import asgi_client, wsgi_client

from authwhy.guard import Guard, basic, deny

PREFLIGHT = {"origin": "https://a", "access-control-request-method": "GET"}
RULES: dict[str, Any] = {"/admin/*": "staff", "/*": None}


def guard() -> Guard:
    return Guard(basic("staff", verify=lambda credential: deny("wrong_secret")))


def service() -> FastAPI:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = FastAPI(root_path="/api")
    app.get("/admin/x")(lambda: "secret")
    app.get("/other")(lambda: "open")
    return app


@pytest.mark.parametrize("inside", [True, False])
def test_the_prefix_of_an_application_is_no_way_round_its_rules(inside: bool) -> None:
    app: Any = service()
    if inside:
        guard().install(app, RULES)
    else:
        app = guard().asgi(app, RULES)
    for _ in range(2):  # the second one by the shortcut
        assert asgi_client.call(app, "GET", "/api/other").status == 200
        assert asgi_client.call(app, "GET", "/admin/x").status == 401
        assert asgi_client.call(app, "GET", "/api/admin/x").status == 401


def test_the_prefix_that_a_server_tells() -> None:
    endpoint = asgi_client.Endpoint()
    app = guard().asgi(endpoint, RULES)
    for root, path in (("/api", "/api/admin/x"), ("/api", "/admin/x"), ("", "/admin/x"), ("/", "/admin/x")):
        assert asgi_client.call(app, "GET", path, root_path=root).status == 401
    assert asgi_client.call(app, "GET", "/apiadmin/x", root_path="/api").status == 200
    assert len(endpoint.decisions) == 1


def test_a_request_that_looks_like_a_preflight_gets_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Not one octet of what the application would say, whatever it does with methods."""
    endpoint, behind = asgi_client.Endpoint(), wsgi_client.Endpoint()
    assert asgi_client.call(guard().asgi(endpoint, RULES), "OPTIONS", "/admin/x", PREFLIGHT).body == b""
    assert wsgi_client.call(guard().wsgi(behind, RULES), "OPTIONS", "/admin/x", PREFLIGHT).body == b""
    assert all(decision.anonymous for decision in (*endpoint.decisions, *behind.decisions))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
