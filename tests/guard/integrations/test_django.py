"""Django: the decorator on sync, async and class-based views, and the middleware, in both kinds of server."""

# ruff: noqa: E402  Django has to be configured before most of it can be imported
from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from tests.guard.integrations.service import CORS, User, a_guard, bearer, is_the_guards, look_up, password, signature

pytest.importorskip("django", reason="Django is not installed")
pytest.importorskip("asgiref", reason="Django needs asgiref")

from tests.guard.integrations.django_settings import configure

configure()

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View as ClassView

from authwhy.causes import Cause
from authwhy.guard import ConfigurationError, Throttle, any_of, optional
from authwhy.guard.integrations.django import adding
from authwhy.guard.schemes.cookie import host_cookie

THREADS: list[str] = []


def noted(key: Any) -> Any:
    """Looks a key up and notes in which thread."""
    THREADS.append(threading.current_thread().name)
    return look_up(key)


GUARD, EVENTS = a_guard(noted, throttle=Throttle(failures=3, per=900, by=("identity",)))
READER = GUARD.view(any_of("token", "key"), scope="orders:read")


def said(request: HttpRequest, number: int) -> HttpResponse:
    """What every kind of view says."""
    return JsonResponse({"by": request.who.id, "order": number, "provider": request.authwhy.provider})


@READER
def order(request: HttpRequest, number: int) -> HttpResponse:
    return said(request, number)


@READER
async def order_async(request: HttpRequest, number: int) -> HttpResponse:
    await asyncio.sleep(0)
    return said(request, number)


@method_decorator(READER, name="dispatch")
class Order(ClassView):  # type: ignore[misc]  # Django has no types
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return said(request, number)


@method_decorator(READER, name="dispatch")
class OrderAsync(ClassView):  # type: ignore[misc]
    async def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return said(request, number)


@GUARD.view(optional("token"))
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nobody" if request.who is None else request.who.id)


@GUARD.view("session")
def session(request: HttpRequest) -> HttpResponse:
    response = HttpResponse("visitor")
    response.set_cookie("own", "1")
    return response


@GUARD.view("signed")
def signed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


@GUARD.view("staff")
def staff(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.who.id)


def free(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open" if request.who is None else request.who.id)


class Urls:
    """What ROOT_URLCONF names."""

    urlpatterns = (
        path("orders/<int:number>", order),
        path("orders/async/<int:number>", order_async),
        path("orders/class/<int:number>", Order.as_view()),
        path("orders/class/async/<int:number>", OrderAsync.as_view()),
        path("home", home),
        path("session", session),
        path("signed", signed),
        path("staff", staff),
        path("free", free),
    )


class Caller:
    """One client for both kinds of server."""

    def __init__(self, kind: str, middleware: bool, rules: Any = None) -> None:
        self.kind = kind
        settings = {"ROOT_URLCONF": Urls, "MIDDLEWARE": ["authwhy.guard.django.Guard"] if middleware else []}
        self.settings = {**settings, "AUTHWHY_GUARD": f"{__name__}.GUARD", "AUTHWHY_RULES": rules}
        self.client: Any = AsyncClient() if kind == "asgi" else Client()

    def __call__(self, method: str, where: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
        more = {"data": body, "content_type": "application/octet-stream"} if method == "post" else {}
        with override_settings(**self.settings):
            answer = getattr(self.client, method)(where, headers=headers or {}, **more)
            return asyncio.run(answer) if self.kind == "asgi" else answer


@pytest.fixture(params=["wsgi", "asgi", "wsgi, decorators only", "asgi, decorators only"])
def call(request: pytest.FixtureRequest) -> Caller:
    EVENTS.clear()
    THREADS.clear()
    kind, _, rest = request.param.partition(", ")
    return Caller(kind, not rest)


ORDERS = pytest.mark.parametrize("place", ["", "async/", "class/", "class/async/"])


@ORDERS
def test_nothing_sent(call: Caller, place: str) -> None:
    answer = call("get", f"/orders/{place}7")
    lines = is_the_guards(EVENTS[-1], answer.status_code, answer.items(), answer.content)
    assert [line.split(" ")[0] for line in lines] == ["Bearer", "ApiKey"]
    assert EVENTS[-1].route == f"/orders/{place}<int:number>"


@ORDERS
def test_good(call: Caller, place: str) -> None:
    answer = call("get", f"/orders/{place}7", bearer())
    assert json.loads(answer.content) == {"by": "alice", "order": 7, "provider": "token"}


@ORDERS
@pytest.mark.parametrize(
    ("headers", "status", "cause"),
    [
        (bearer(exp=1), 401, Cause.EXPIRED),
        (bearer(scope=""), 403, Cause.INSUFFICIENT_SCOPE),
        (password("bob", "x"), 401, Cause.UNSUPPORTED_SCHEME),
        ({"X-Api-Key": "down"}, 503, Cause.PROVIDER_UNREACHABLE),
    ],
)
def test_refusals(call: Caller, place: str, headers: dict[str, str], status: int, cause: Cause) -> None:
    answer = call("get", f"/orders/{place}7", headers)
    is_the_guards(EVENTS[-1], answer.status_code, answer.items(), answer.content)
    assert (answer.status_code, EVENTS[-1].causes[0].cause) == (status, cause)


@ORDERS
def test_look_ups_run_where_django_has_its_database_connection(call: Caller, place: str) -> None:
    assert call("get", f"/orders/{place}7", {"X-Api-Key": "good-key"}).status_code == 403
    assert len(THREADS) == 1
    assert not THREADS[0].startswith("authwhy")
    if call.kind == "wsgi" and not place.endswith("async/"):
        assert set(THREADS) == {threading.current_thread().name}


def test_throttle(call: Caller) -> None:
    name = f"eve-{call.kind}-{len(call.settings['MIDDLEWARE'])}"
    assert [call("get", "/staff", password(name, "wrong")).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert call("get", "/staff", password("bob", "right")).content == b"bob"


def test_optional(call: Caller) -> None:
    assert call("get", "/home").content == b"nobody"
    assert call("get", "/home", bearer()).content == b"alice"
    assert call("get", "/home", bearer(exp=1)).status_code == 401


def test_header_lines_reach_the_answer(call: Caller) -> None:
    answer = call("get", "/session", {"Cookie": "sid=1"})
    cookies = {name: (one.value, one["path"], bool(one["httponly"])) for name, one in answer.cookies.items()}
    assert cookies == {"own": ("1", "/", False), "sid": ("2", "/", True), "seen": ("1", "/", False)}
    assert answer["Authentication-Info"] == 'n="2"'


def test_body_is_read_by_both(call: Caller) -> None:
    assert call("post", "/signed", signature(b"a body"), b"a body").content == b"a body"
    assert call("post", "/signed", signature(b"another"), b"a body").status_code == 401
    long = b"x" * 1_001
    assert call("post", "/signed", signature(long), long).status_code == 401
    assert EVENTS[-1].causes[0].cause is Cause.MALFORMED


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_pages_of_providers(kind: str) -> None:
    call = Caller(kind, middleware=True)
    answer = call("get", "/sign-in")
    assert answer.content == b"sign in here"
    assert [value for name, value in answer.items() if name == "Set-Cookie"] == [
        "sid=2; Path=/; HttpOnly",
        "seen=1; Path=/",
    ]
    assert call("get", "/sign-in/broken").status_code == 503


@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
def test_rules_by_path(kind: str) -> None:
    call = Caller(kind, True, {"/free": "token", "/home": None, "/session": "session"})
    assert call("get", "/free").status_code == 401
    assert call("get", "/free", bearer()).content == b"alice"
    assert call("get", "/home").content == b"nobody"
    assert call("get", "/not/there", bearer()).status_code == 403
    preflight = {**CORS, "Access-Control-Request-Method": "GET"}
    assert call("options", "/free", preflight).status_code == 401  # the view itself would run
    assert call("get", "/session", {"Cookie": "sid=1"}).cookies["sid"].value == "2"


@pytest.mark.parametrize("named", [None, "no.such.module", f"{__name__}.User", f"{__name__}.Absent"])
def test_settings_that_cannot_work(named: str | None) -> None:
    call = Caller("wsgi", middleware=True)
    call.settings["AUTHWHY_GUARD"] = named
    with pytest.raises(ConfigurationError, match="AUTHWHY_GUARD"):
        call("get", "/home")


@pytest.mark.parametrize(
    "line",
    [
        host_cookie("web").set("kid.abcDEF-_0", 1_800),
        host_cookie("web", secure=False).clear(),
        host_cookie("w", path="/shop", domain="shop.example", same_site="strict").set("v"),
    ],
)
def test_cookie_lines_go_out_as_they_were(line: tuple[bytes, bytes]) -> None:
    cookies = adding(HttpResponse(), (line,)).cookies.values()
    [sent] = [one.output(header="").strip() for one in cookies]
    assert set(sent.replace('""', "").split("; ")) == set(line[1].decode().split("; "))


def test_set_up_that_cannot_work() -> None:
    with pytest.raises(ConfigurationError, match="nobody"):
        GUARD.view("nobody")
    with pytest.raises(TypeError, match="takes a request"):
        READER(lambda: None)()
    assert User("a").id == "a"
