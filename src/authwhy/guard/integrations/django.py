"""Guard inside Django: a middleware, a decorator for views, and an authentication class for Django REST framework.

Settings: `MIDDLEWARE += ["authwhy.guard.django.Guard"]`, `AUTHWHY_GUARD = "shop.auth.guard"` (where the guard is), and
if wanted `AUTHWHY_RULES = {"/api/*": "token", "/*": None}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from functools import wraps
from inspect import isawaitable
from typing import Any, TypeVar

from authwhy.causes import Cause
from authwhy.guard import asgi, wsgi
from authwhy.guard.answers import ANONYMOUS, Accepted, Decision, Denied, HeaderLines
from authwhy.guard.effects import Step
from authwhy.guard.guard import Guard as Authentication
from authwhy.guard.integrations import absent
from authwhy.guard.integrations.request_thread import in_the_requests_thread
from authwhy.guard.paths import Closed
from authwhy.guard.rules import ConfigurationError, Rule, check_rule
from authwhy.guard.rules import need as demanding
from authwhy.guard.view import View

try:
    from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
    from django.conf import settings
    from django.core.exceptions import RequestDataTooBig
    from django.http import HttpRequest, HttpResponse
    from django.http.request import RawPostDataException
    from django.utils.module_loading import import_string
except ImportError:
    raise absent("Django", "django") from None

Viewing = TypeVar("Viewing", bound=Callable[..., Any])


class Answer(HttpResponse):  # type: ignore[misc]  # Django has no types
    """A whole answer. A header that stands in several lines is sent so, which Django's own response cannot."""

    def __init__(self, status: int, lines: HeaderLines, body: bytes) -> None:
        super().__init__(body, status=status)
        self._lines: dict[str, list[str]] = {}
        for name, value in lines:
            self._lines.setdefault(name.decode("latin-1").title(), []).append(value.decode("latin-1"))
        for title, values in self._lines.items():
            self.headers[title] = ", ".join(values)

    def __await__(self) -> Generator[Any, Any, Answer]:
        """Itself, where a WSGI server has Django await the dispatch of an async class-based view."""
        yield from ()
        return self

    def items(self) -> list[tuple[str, str]]:
        """The header lines, as the server sends them."""
        found: list[tuple[str, str]] = []
        for name, value in super().items():
            values = self._lines.get(name, [])
            found += [(name, one) for one in values] if ", ".join(values) == value else [(name, value)]
        return found


class Guard:
    """The middleware: guards by path where AUTHWHY_RULES says so, and mounts the addresses that providers serve.

    `request.who` is the principal, `request.authwhy` the decision. Put it below the middleware for CORS.

    Raises ConfigurationError at start-up for settings that cannot work.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        self.get_response = get_response
        self.guard = configured()
        rules = getattr(settings, "AUTHWHY_RULES", None)
        self._paths = self.guard.paths({"/*": None} if rules is None else rules)
        self._served = self.guard.served()
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """One request."""
        if self._asynchronous:
            return self._awaited(request)
        refusal = self.guard.world.run_sync(in_the_requests_thread(self._entering(request)))
        return refusal if refusal is not None else self._leaving(request, self.get_response(request))

    async def _awaited(self, request: HttpRequest) -> Any:
        refusal = await self.guard.world.run(in_the_requests_thread(self._entering(request), sync_to_async))
        return refusal if refusal is not None else self._leaving(request, await self.get_response(request))

    def _entering(self, request: HttpRequest) -> Step:
        """Returns the answer, or None when the request goes on."""
        view = view_of(request)
        if view.path in self._served:
            reply = yield from self.guard.serving(view.path, view)
            return Answer(reply.status, reply.headers, reply.body)
        route, rule = self._paths.find(request.path_info or "/")  # what URL patterns are matched with
        if rule is None:
            return _settled(request, ANONYMOUS)
        if wsgi.is_preflight(view):  # for a middleware further in; see process_view
            request.authwhy_preflight = route, rule
            return _settled(request, ANONYMOUS)
        return (yield from self._deciding(request, view, route, rule))

    def _deciding(self, request: HttpRequest, view: View, route: str | None, rule: Rule | Closed) -> Step:
        if isinstance(rule, Closed):
            return _settled(request, self.guard.refuse(view, Cause.POLICY_BLOCKED, problem="no_rule"))
        decision = yield from self.guard.deciding(view, rule, route)  # not the path, which may hold a secret
        request.authwhy_lines = getattr(decision, "headers", ())
        return _settled(request, decision)

    def process_view(self, request: HttpRequest, *_: Any) -> Answer | None:
        """A preflight that no middleware for CORS has answered: the view would run, and function views take OPTIONS."""
        found = getattr(request, "authwhy_preflight", None)
        if found is None:
            return None
        step = self._deciding(request, view_of(request), *found)
        refusal: Answer | None = self.guard.world.run_sync(in_the_requests_thread(step))
        return refusal

    def _leaving(self, request: HttpRequest, response: Any) -> Any:
        """REST framework has its own form of refusals; what goes out is the guard's."""
        decision = request.authwhy
        if isinstance(decision, Denied) and response.status_code == decision.status:
            return Answer(decision.status, decision.headers, decision.body)
        return adding(response, getattr(request, "authwhy_lines", ()))


def configured() -> Authentication:
    """The guard that the setting AUTHWHY_GUARD names. Raises ConfigurationError."""
    found = getattr(settings, "AUTHWHY_GUARD", None)
    if isinstance(found, str):
        try:
            found = import_string(found)
        except ImportError as error:
            raise ConfigurationError(f"AUTHWHY_GUARD: {error}") from error
    if not isinstance(found, Authentication):
        raise ConfigurationError('AUTHWHY_GUARD is the dotted path of a Guard, such as "shop.auth.guard"')
    return found


def view(
    guard: Authentication,
    rule: Rule | None = None,
    *,
    scope: str | Iterable[str] = (),
    acr: str | Iterable[str] = (),
    max_age: int | None = None,
) -> Callable[[Viewing], Viewing]:
    """A decorator for views, sync or async; for a class write `@method_decorator(guard.view(...), name="dispatch")`.

    In the view `request.who` is the principal and `request.authwhy` the decision. Works without the middleware.
    Where only tokens are accepted, put Django's `@csrf_exempt` on top: its check comes before every view.

    Raises ConfigurationError for a rule that names no provider of the guard.
    """
    wanted = demanding(guard.everyone if rule is None else rule, scope=scope, acr=acr, max_age=max_age)
    check_rule(wanted, guard.providers)

    def decorate(function: Viewing) -> Viewing:
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            request = _request_of(args)
            refusal = _settled(request, await decide(guard, request, wanted))
            if refusal is not None:
                return refusal
            lines = request.authwhy.headers
            answer = function(*args, **kwargs)
            return adding(await answer if isawaitable(answer) else answer, lines)

        def guarded(*args: Any, **kwargs: Any) -> Any:
            if _in_event_loop():  # the dispatch of an async class is a plain function that returns an awaitable
                return awaited(*args, **kwargs)
            request = _request_of(args)
            refusal = _settled(request, decide_sync(guard, request, wanted))
            if refusal is not None:
                return refusal
            lines = request.authwhy.headers
            answer = function(*args, **kwargs)
            return _later(answer, lines) if isawaitable(answer) else adding(answer, lines)

        return wraps(function)(awaited if iscoroutinefunction(function) else guarded)  # type: ignore[return-value]

    return decorate


async def decide(guard: Authentication, request: HttpRequest, rule: Rule) -> Decision:
    """The decision about a request, in an event loop."""
    step = guard.deciding(view_of(request), rule, route_of(request))
    decision: Decision = await guard.world.run(in_the_requests_thread(step, sync_to_async))
    return decision


def decide_sync(guard: Authentication, request: HttpRequest, rule: Rule) -> Decision:
    """The decision about a request, in the thread of a sync view."""
    step = guard.deciding(view_of(request), rule, route_of(request))
    decision: Decision = guard.world.run_sync(in_the_requests_thread(step))
    return decision


def view_of(request: HttpRequest) -> View:
    """A request as a view; one for the middleware and all decorators, so that a body is read once."""
    known: View | None = getattr(request, "authwhy_view", None)
    if known is not None:
        return known
    scope = getattr(request, "scope", None)  # django.core.handlers.asgi.ASGIRequest
    found: View = wsgi.view_of(request.META) if scope is None else asgi.view_of(scope)

    def read(limit: int) -> bytes | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()) or int(length[:12]) > limit:
            return None
        try:
            body: bytes = request.body  # what the view will see; Django keeps it
        except (RawPostDataException, RequestDataTooBig):
            return None
        return body if int(length) <= len(body) <= limit else None  # a shorter one was cut off

    found.read_body = read
    request.authwhy_view = found
    return found


def route_of(request: HttpRequest) -> str:
    """The pattern of the URL, such as /orders/<int:id>; the path where nothing is resolved yet."""
    match = request.resolver_match
    return f"/{match.route}" if match is not None else str(request.path)


def adding(response: Any, lines: HeaderLines) -> Any:
    """Add header lines to a response of the application."""
    for name, value in lines:
        title, text = name.decode("latin-1").title(), value.decode("latin-1")
        if title == "Set-Cookie":
            response.cookies.load(text)
        else:
            response.headers[title] = text
    return response


def _settled(request: HttpRequest, decision: Decision) -> Answer | None:
    """The refusal to send, or nothing: then the view can see what was decided."""
    request.authwhy = decision
    request.who = decision.principal if isinstance(decision, Accepted) else None
    if isinstance(decision, Denied):
        return Answer(decision.status, decision.headers, decision.body)
    return None


async def _later(answer: Awaitable[Any], lines: HeaderLines) -> Any:
    return adding(await answer, lines)


def _request_of(args: tuple[Any, ...]) -> HttpRequest:
    for one in args:
        if isinstance(one, HttpRequest):
            return one
    raise TypeError("guard.view decorates a function that takes a request")


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def __getattr__(name: str) -> Any:
    """REST framework is imported only by those who use it."""
    if name in ("RestAuthentication", "rest"):
        from authwhy.guard.integrations import django_rest

        return getattr(django_rest, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
