"""Django REST framework: right status and challenges from its own machinery, exact answers with the middleware."""

# ruff: noqa: E402  Django has to be configured before most of it can be imported
from __future__ import annotations

import json
from typing import Any

import pytest
from tests.guard.integrations.service import a_guard, bearer, is_the_guards, password

pytest.importorskip("django", reason="Django is not installed")
pytest.importorskip("rest_framework", reason="Django REST framework is not installed")

from tests.guard.integrations.django_settings import configure

configure()

from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.authentication import BaseAuthentication, BasicAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from authwhy.causes import Cause
from authwhy.guard import ConfigurationError, Throttle, any_of
from authwhy.guard.django import RestAuthentication

GUARD, EVENTS = a_guard(throttle=Throttle(failures=3, per=900, by=("identity",)))


class Never(BasePermission):  # type: ignore[misc]
    """Lets nobody in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class Whoever(APIView):  # type: ignore[misc]
    """Says who calls."""

    authentication_classes: tuple[type[BaseAuthentication], ...] = (RestAuthentication,)
    permission_classes: tuple[type[BasePermission], ...] = (IsAuthenticated,)
    renderer_classes = (JSONRenderer,)

    def get(self, request: Request) -> HttpResponse:
        by = None if request.auth is None else str(getattr(request.user, "id", request.user))
        return Response({"by": by, "provider": getattr(request.auth, "provider", None)})


class Open(Whoever):
    permission_classes = (AllowAny,)


class Scoped(Whoever):
    authentication_classes = (GUARD.rest(any_of("token", "key"), scope="orders:read"),)
    throttle_classes = (UserRateThrottle,)


class Forbidden(Whoever):
    permission_classes = (Never,)


class Mixed(Whoever):
    authentication_classes = (
        GUARD.rest("token"),
        BasicAuthentication,
    )
    permission_classes = (AllowAny,)


class Urls:
    """What ROOT_URLCONF names."""

    urlpatterns = (
        path("whoever", Whoever.as_view()),
        path("open", Open.as_view()),
        path("scoped", Scoped.as_view()),
        path("forbidden", Forbidden.as_view()),
        path("mixed", Mixed.as_view()),
    )


class Caller:
    """A client, with or without the middleware."""

    def __init__(self, middleware: bool) -> None:
        self.middleware = middleware
        self.client = Client()

    def __call__(self, where: str, headers: dict[str, str] | None = None) -> Any:
        settings = {"ROOT_URLCONF": Urls, "MIDDLEWARE": ["authwhy.guard.django.Guard"] if self.middleware else []}
        with override_settings(**settings, AUTHWHY_GUARD=f"{__name__}.GUARD"):
            return self.client.get(where, headers=headers or {})


@pytest.fixture(params=[True, False], ids=["middleware", "alone"])
def call(request: pytest.FixtureRequest) -> Caller:
    EVENTS.clear()
    return Caller(request.param)


def refused(call: Caller, answer: Any, status: int, cause: Cause) -> list[str]:
    """Checks the answer; returns the challenges."""
    assert (answer.status_code, EVENTS[-1].causes[0].cause) == (status, cause)
    problem = json.loads(answer.content)
    if call.middleware:
        return is_the_guards(EVENTS[-1], answer.status_code, answer.items(), answer.content)
    assert problem.get("ref", EVENTS[-1].ref) == EVENTS[-1].ref
    line = answer.headers.get("WWW-Authenticate")
    return [] if line is None else [line]


def test_nothing_sent(call: Caller) -> None:
    lines = refused(call, call("/whoever"), 401, Cause.MISSING)
    assert [event.outcome for event in EVENTS] == ["failure"]
    words = " ".join(lines).replace(",", " ").split()
    schemes = [word for word in words if word in ("Bearer", "ApiKey", "Basic", "Signed")]
    assert schemes == ["Bearer", "ApiKey", "Basic", "Signed"]


def test_anonymous_where_that_is_allowed(call: Caller) -> None:
    """No event: whether nobody being known matters, the permission classes say later, and nobody is told."""
    answer = call("/open")
    assert json.loads(answer.content) == {"by": None, "provider": None}
    assert EVENTS == []


def test_good(call: Caller) -> None:
    assert json.loads(call("/whoever", bearer()).content) == {"by": "alice", "provider": "token"}
    assert [(event.outcome, event.route) for event in EVENTS] == [("success", "/whoever")]
    assert json.loads(call("/scoped", bearer()).content) == {"by": "alice", "provider": "token"}


def test_a_bad_credential_is_refused_where_nobody_has_to_be_known(call: Caller) -> None:
    lines = refused(call, call("/open", bearer(exp=1)), 401, Cause.EXPIRED)
    assert 'error="invalid_token"' in lines[0]
    assert len(EVENTS) == 1


def test_scope(call: Caller) -> None:
    lines = refused(call, call("/scoped", bearer(scope="")), 403, Cause.INSUFFICIENT_SCOPE)
    assert 'error="insufficient_scope"' in lines[0]
    assert 'scope="orders:read"' in lines[0]


def test_outage(call: Caller) -> None:
    answer = call("/scoped", {"X-Api-Key": "down"})
    assert refused(call, answer, 503, Cause.PROVIDER_UNREACHABLE) == []
    assert answer["Retry-After"] == "5"


def test_throttle(call: Caller) -> None:
    name = f"eve-{call.middleware}"
    codes = [call("/whoever", password(name, "wrong")).status_code for _ in range(4)]
    assert codes == [401, 401, 401, 429]


def test_a_permission_of_the_application_refuses(call: Caller) -> None:
    answer = call("/forbidden", bearer())
    assert (answer.status_code, EVENTS[-1].outcome) == (403, "success")
    assert "detail" in json.loads(answer.content)


def test_another_authentication_class_has_its_turn(call: Caller) -> None:
    answer = call("/mixed", {"Authorization": "Basic bm9iYXNlNjQ="})
    assert answer.status_code == 401
    assert "basic header" in json.loads(answer.content)["detail"]
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert [event.cause for event in EVENTS] == [Cause.UNSUPPORTED_SCHEME]


def test_header_lines_reach_the_answer() -> None:
    assert Caller(True)("/open", {"Cookie": "sid=1"}).cookies["sid"].value == "2"


def test_set_up_that_cannot_work() -> None:
    with pytest.raises(ConfigurationError, match="nobody"):
        GUARD.rest("nobody")
