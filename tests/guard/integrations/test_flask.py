"""Flask: the decorator on sync, async and class-based views, and the guard by path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.guard.integrations.service import CORS, PAGE, User, a_guard, bearer, is_the_guards, password, signature

pytest.importorskip("flask", reason="Flask is not installed")

from flask import Flask, Response, current_app, g, request
from flask.testing import FlaskClient
from flask.views import MethodView

from authwhy.causes import Cause
from authwhy.guard import ConfigurationError, Throttle, any_of, optional
from authwhy.model.event import Event


class Service:
    """An application with every kind of view, its events, and a client."""

    def __init__(self, rules: Any = None, *, installed: bool = True, **more: Any) -> None:
        guard, self.events = self.guard, _ = a_guard(**more)
        app = self.app = Flask("shop")
        if installed:
            guard.install(app, rules)

        @app.route("/orders/<int:number>", methods=["GET", "POST", "OPTIONS"])
        @guard.flask(any_of("token", "key"), scope="orders:read")
        def order(number: int) -> dict[str, object]:
            return {"by": g.who.id, "order": number, "provider": g.authwhy.provider}

        @app.get("/staff")
        @guard.flask("staff")
        async def staff() -> str:
            name: str = g.who.id
            return name

        class Home(MethodView):
            decorators = [guard.flask(optional("token"))]  # noqa: RUF012  Flask declares it so

            def get(self) -> str:
                return "nobody" if g.who is None else g.who.id

        app.add_url_rule("/home", view_func=Home.as_view("home"))

        @app.get("/session")
        @guard.flask("session")
        def session() -> Response:
            return Response("visitor", headers={"Set-Cookie": "own=1"})

        @app.post("/signed")
        @guard.flask("signed")
        def signed() -> bytes:
            return request.get_data() or repr(sorted(request.form.items())).encode()

        @app.get("/open")
        def free() -> str:
            return "open" if not hasattr(g, "authwhy") or g.authwhy.anonymous else "known"

        @app.after_request
        def cors(response: Response) -> Response:
            response.headers["Access-Control-Allow-Origin"] = PAGE
            return response

        self.client: FlaskClient = app.test_client()


@pytest.fixture(params=[True, False], ids=["installed", "decorators only"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    service = Service(installed=request.param, throttle=Throttle(failures=3, per=900, by=("identity",)))
    yield service
    service.guard.close()


def test_nothing_sent(service: Service) -> None:
    answer = service.client.get("/orders/7", headers=CORS)
    lines = is_the_guards(service.events[-1], answer.status_code, answer.headers.to_wsgi_list(), answer.data)
    assert [line.split(" ")[0] for line in lines] == ["Bearer", "ApiKey"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert service.events[-1].route == "/orders/<int:number>"


def test_good(service: Service) -> None:
    answer = service.client.get("/orders/7", headers=bearer())
    assert answer.json == {"by": "alice", "order": 7, "provider": "token"}


@pytest.mark.parametrize(
    ("headers", "status", "cause"),
    [
        (bearer(exp=1), 401, Cause.EXPIRED),
        (bearer(scope=""), 403, Cause.INSUFFICIENT_SCOPE),
        (password("bob", "x"), 401, Cause.UNSUPPORTED_SCHEME),
        ({"X-Api-Key": "down"}, 503, Cause.PROVIDER_UNREACHABLE),
    ],
)
def test_refusals(service: Service, headers: dict[str, str], status: int, cause: Cause) -> None:
    answer = service.client.post("/orders/7", headers=headers)
    is_the_guards(service.events[-1], answer.status_code, answer.headers.to_wsgi_list(), answer.data)
    assert (answer.status_code, service.events[-1].causes[0].cause) == (status, cause)


def test_async_view_and_throttle(service: Service) -> None:
    assert service.client.get("/staff", headers=password("bob", "right")).text == "bob"
    codes = [service.client.get("/staff", headers=password("eve", "wrong")).status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]


def test_optional_on_a_class(service: Service) -> None:
    assert service.client.get("/home").text == "nobody"
    assert service.client.get("/home", headers=bearer()).text == "alice"
    assert service.client.get("/home", headers=bearer(exp=1)).status_code == 401


def test_header_lines_reach_the_answer(service: Service) -> None:
    service.client.set_cookie("sid", "1")
    answer = service.client.get("/session")
    assert answer.headers.getlist("Set-Cookie") == ["own=1", "sid=2; Path=/; HttpOnly", "seen=1; Path=/"]


def test_head_has_no_body(service: Service) -> None:
    answer = service.client.head("/orders/7")
    assert (answer.status_code, answer.data) == (401, b"")


@pytest.mark.parametrize(
    ("kind", "seen"), [("text/plain", b"a=1&b=2"), ("application/x-www-form-urlencoded", b"a=1&b=2")]
)
def test_body_is_read_by_both(service: Service, kind: str, seen: bytes) -> None:
    answer = service.client.post("/signed", data=seen, headers={**signature(seen), "Content-Type": kind})
    assert answer.data == seen


def test_body_whose_length_is_not_told(service: Service) -> None:
    chunked = {**signature(b""), "Transfer-Encoding": "chunked"}
    assert service.client.post("/signed", headers=signature(b"")).status_code == 200
    assert service.client.post("/signed", headers=chunked).status_code == 401
    assert service.client.post("/signed", data=b"x" * 1_001, headers=signature(b"x" * 1_001)).status_code == 401


def test_pages_of_providers() -> None:
    service = Service()
    answer = service.client.get("/sign-in")
    assert (answer.text, len(answer.headers.getlist("Set-Cookie"))) == ("sign in here", 2)
    assert service.client.get("/sign-in/broken").status_code == 503


def test_rules_by_path() -> None:
    service = Service({"/open": optional("token"), "/orders/*": "token"})
    assert service.client.get("/open").text == "open"
    assert service.client.get("/open", headers=bearer()).text == "known"
    assert service.client.get("/orders/7").status_code == 401
    closed = service.client.get("/not/there", headers={**bearer(), **CORS})
    assert (closed.status_code, closed.headers["Access-Control-Allow-Origin"]) == (403, PAGE)
    assert service.client.get("/sign-in").status_code == 200


def test_preflight_passes_rules_by_path() -> None:
    service = Service({"/*": "token"})
    asks = {**CORS, "Access-Control-Request-Method": "GET"}
    assert service.client.options("/open", headers=asks).status_code == 200
    assert service.client.options("/open").status_code == 401


def test_set_up_that_cannot_work() -> None:
    service = Service()
    with pytest.raises(ConfigurationError, match="already"):
        service.guard.install(service.app)
    with pytest.raises(ConfigurationError, match="nobody"):
        service.guard.flask("nobody")


def test_look_ups_have_the_applications_context() -> None:
    def lookup(key: str) -> object:
        return User(current_app.name) if request.path == "/orders/7" else None

    service = Service(lookup=lookup)
    assert service.client.get("/orders/7", headers={"X-Api-Key": "any"}).status_code == 403
    assert (service.events[-1].user, service.events[-1].provider) == ("shop", "key")


def test_events_name_the_route(service: Service) -> None:
    service.client.get("/orders/7", headers=bearer())
    event: Event = service.events[-1]
    assert (event.outcome, event.user, event.route) == ("success", "alice", "/orders/<int:number>")
