"""Guard inside a Flask application: `@guard.flask("token", scope="orders:read")` on a view."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from authwhy.causes import Cause
from authwhy.guard import wsgi
from authwhy.guard.answers import ANONYMOUS, Decision, Denied, HeaderLines
from authwhy.guard.integrations import absent
from authwhy.guard.integrations.request_thread import in_the_requests_thread
from authwhy.guard.paths import Closed
from authwhy.guard.rules import ConfigurationError, Rule, check_rule
from authwhy.guard.rules import need as demanding
from authwhy.guard.schemes.interface import Reply
from authwhy.guard.view import View

try:
    import flask
except ImportError:
    raise absent("Flask", "flask") from None

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

Viewing = TypeVar("Viewing", bound=Callable[..., Any])
_LOG = logging.getLogger("authwhy.guard")
_UNDER_GUARD: WeakSet[Callable[..., Any]] = WeakSet()
"""Functions as they were before they were guarded; one that a route calls as it is runs unguarded."""


def protect(
    guard: Guard,
    rule: Rule | None = None,
    *,
    scope: str | Iterable[str] = (),
    acr: str | Iterable[str] = (),
    max_age: int | None = None,
) -> Callable[[Viewing], Viewing]:
    """A decorator for views (below `@app.route`), sync or async, and for the `decorators` of a MethodView.

    In the view `g.who` is the principal and `g.authwhy` the decision. Works without `install`.

    Raises ConfigurationError for a rule that names no provider of the guard.
    """
    wanted = demanding(guard.everyone if rule is None else rule, scope=scope, acr=acr, max_age=max_age)
    check_rule(wanted, guard.providers)

    def decorate(view: Viewing) -> Viewing:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            refusal = _settled(_decided(guard, wanted, _route(None)))
            return refusal if refusal is not None else flask.current_app.ensure_sync(view)(*args, **kwargs)

        _UNDER_GUARD.add(view)
        return guarded  # type: ignore[return-value]

    return decorate


def install(guard: Guard, app: flask.Flask, rules: Mapping[str, Rule | None] | None = None) -> None:
    """Mount the addresses that providers serve, and guard by path.

    `rules` (path -> rule, None for open) are decided before the view, other paths are then closed; without them every
    view says itself what it requires. Refusals pass the application's own after_request functions, CORS among them.

    Raises ConfigurationError for an application that has a guard already.
    """
    if "authwhy" in app.extensions:
        raise ConfigurationError("the application has a guard already")
    served, paths = guard.served(), guard.paths({"/*": None} if rules is None else rules)
    warned = False

    def before() -> flask.Response | None:
        nonlocal warned
        if not warned:
            warned = True
            _warn_about_order(app)
        view = view_of()
        if view.path in served:
            reply: Reply = guard.world.run_sync(in_the_requests_thread(guard.serving(view.path, view)))
            return _response(reply.status, reply.headers, reply.body)
        route, rule = paths.find(wsgi.path_inside(flask.request.environ))
        if rule is None or (wsgi.is_preflight(view) and _runs_no_view()):
            return _settled(ANONYMOUS)
        if isinstance(rule, Closed):
            return _settled(guard.refuse(view, Cause.POLICY_BLOCKED, problem="no_rule"))
        return _settled(_decided(guard, rule, _route(route)))

    app.extensions["authwhy"] = guard
    app.before_request_funcs.setdefault(None, []).insert(0, before)  # whatever else runs before a view is guarded too


def _warn_about_order(app: flask.Flask) -> None:
    """Warn of routes that call a view without its guard: `@guard.flask` above `@app.route` guards nothing."""
    for endpoint, view in app.view_functions.items():
        if view in _UNDER_GUARD:
            _LOG.warning("the endpoint %s runs without its guard: put @guard.flask below @app.route", endpoint)


def _runs_no_view() -> bool:
    """Does Flask itself answer OPTIONS here? A view that takes it would run, with nobody known."""
    found: Any = flask.request.url_rule
    return found is None or getattr(found, "provide_automatic_options", False) is True


def _route(pattern: str | None) -> str | None:
    """The route's template, else the pattern of the rule; never the path, which may hold a secret."""
    template = flask.request.url_rule
    return template.rule if template is not None else pattern


def _decided(guard: Guard, rule: Rule, route: str | None) -> Decision:
    decision: Decision = guard.world.run_sync(in_the_requests_thread(guard.deciding(view_of(), rule, route)))
    return decision


def view_of() -> View:
    """The current request as a view; one for the rules by path and all decorators."""
    environ = flask.request.environ  # not flask.g, which a test may share between requests
    known: View | None = environ.get("authwhy.view")
    if known is not None:
        return known
    view = environ["authwhy.view"] = wsgi.view_of(environ)
    view.read_body = _body
    return view


def _body(limit: int) -> bytes | None:
    """The body, which Werkzeug keeps for the view; None for a longer one, or one whose length is not told."""
    request = flask.request
    length = request.content_length
    if length is None:
        plain = request.environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
        return b"" if plain and "transfer-encoding" not in request.headers else None  # RFC 9112 section 6.3
    return request.get_data() if length <= limit else None


def _settled(decision: Decision) -> flask.Response | None:
    """The refusal to send, or nothing: then the view can see what was decided."""
    flask.g.authwhy = decision
    if isinstance(decision, Denied):
        return _response(decision.status, decision.headers, decision.body)
    flask.g.who = decision.principal
    if decision.headers:
        lines = _text(decision.headers)

        @flask.after_this_request
        def add(response: flask.Response) -> flask.Response:
            for name, value in lines:
                response.headers.add(name, value)
            return response

    return None


def _response(status: int, headers: HeaderLines, body: bytes) -> flask.Response:
    return flask.Response(body, status, _text(headers))


def _text(headers: HeaderLines) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]
