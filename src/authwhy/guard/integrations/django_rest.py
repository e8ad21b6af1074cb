"""Guard as an authentication class of Django REST framework.

`REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["authwhy.guard.django.RestAuthentication"]}` asks the guard that
AUTHWHY_GUARD names, any provider being enough; `authentication_classes = [guard.rest("token", scope="orders:read")]`
says more for one view. The middleware, where it is installed, makes the refusals exact (problem details, one header
line for each challenge); without it they have REST framework's form, with the right status and challenges.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from authwhy.guard.answers import ANONYMOUS, Accepted, Denied
from authwhy.guard.decide import Deciding, Outcome
from authwhy.guard.guard import Guard
from authwhy.guard.integrations import absent
from authwhy.guard.integrations.django import configured, decide_sync, route_of, view_of
from authwhy.guard.integrations.request_thread import in_the_requests_thread
from authwhy.guard.rules import Rule, check_rule, optional
from authwhy.guard.rules import need as demanding

try:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException
    from rest_framework.permissions import AllowAny
except ImportError:
    raise absent("Django REST framework", "django-rest") from None


class RefusedRequest(APIException):  # type: ignore[misc]  # REST framework has no types
    """A refusal in REST framework's form; `denied` is the decision."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(json.loads(denied.body))
        self.denied, self.status_code = denied, denied.status
        self.auth_header, self.wait = challenges(denied), denied.retry_after


class Known:
    """A principal that has no `is_authenticated`, as REST framework's permissions and throttles want to see it.

    `principal` is the object itself; its attributes are read through this one.
    """

    is_authenticated, is_anonymous, is_active = True, False, True

    def __init__(self, principal: Any, pk: str) -> None:
        self.principal, self.pk = principal, pk

    def __getattr__(self, name: str) -> Any:
        return getattr(self.principal, name)

    def __str__(self) -> str:
        return str(self.principal)


class RestAuthentication(BaseAuthentication):  # type: ignore[misc]
    """`request.user` is the principal, `request.auth` the decision.

    As everywhere in REST framework, a request without a credential is anonymous here and refused by the permission
    classes; a credential that is not good is refused at once. An anonymous request leaves an event when it is refused,
    and none when it passes: REST framework does not tell.
    """

    guard: Guard | None = None
    rule: Rule | None = None

    def authenticate(self, request: Any) -> tuple[Any, Accepted] | None:
        """Raises RefusedRequest."""
        guard, rule = self._wanted()
        inner = request._request  # noqa: SLF001  documented by that name
        started, now, view = time.perf_counter(), guard.clock(), view_of(inner)
        guard.place(view)
        asking = Deciding(guard.providers, view, int(now), guard.gate).decide(optional(rule))
        outcome: Outcome = guard.world.run_sync(in_the_requests_thread(asking))
        if outcome.good is not None and not outcome.good:
            if self.rule is not None and _open_to_all(request):  # the view names a rule, and nothing else would ask
                refusal = inner.authwhy = decide_sync(guard, inner, rule)
                if isinstance(refusal, Denied):
                    raise RefusedRequest(refusal)
            inner.authwhy = ANONYMOUS
            return None
        if outcome.good is None and len(request.authenticators) > 1 and not _is_ours(outcome):
            return None  # a scheme of another authentication class
        decision = inner.authwhy = guard.conclude(outcome, view, now, started, route_of(inner))
        if isinstance(decision, Denied):
            raise RefusedRequest(decision)
        inner.authwhy_lines = decision.headers
        return _user(decision), decision

    def authenticate_header(self, request: Any) -> str | None:
        """The challenges for a request that a permission class refused because nobody is known (RFC 9110 11.6.1)."""
        found = getattr(request._request, "authwhy", None)  # noqa: SLF001
        if not isinstance(found, Denied):
            guard, rule = self._wanted()
            found = decide_sync(guard, request._request, rule)  # noqa: SLF001
            if not isinstance(found, Denied):
                return None
            if len(request.authenticators) == 1:  # else the refusal may be another class's
                request._request.authwhy = found  # noqa: SLF001
        return challenges(found)

    def _wanted(self) -> tuple[Guard, Rule]:
        guard = self.guard or configured()
        return guard, guard.everyone if self.rule is None else self.rule


def rest(
    guard: Guard,
    rule: Rule | None = None,
    *,
    scope: str | Iterable[str] = (),
    acr: str | Iterable[str] = (),
    max_age: int | None = None,
) -> type[RestAuthentication]:
    """An authentication class for this rule. Raises ConfigurationError for one that names no provider of the guard."""
    wanted = demanding(guard.everyone if rule is None else rule, scope=scope, acr=acr, max_age=max_age)
    check_rule(wanted, guard.providers)
    return type("RestAuthentication", (RestAuthentication,), {"guard": guard, "rule": wanted})


def challenges(denied: Denied) -> str | None:
    """The challenges of a refusal in one line."""
    return ", ".join(value.decode("latin-1") for name, value in denied.headers if name == b"www-authenticate") or None


def _open_to_all(request: Any) -> bool:
    """Would the view's permissions let an anonymous request pass, as they do when a view has none of its own?"""
    view = (request.parser_context or {}).get("view")
    if view is None or len(request.authenticators) > 1:
        return False
    return all(isinstance(permission, AllowAny) for permission in view.get_permissions())


def _is_ours(outcome: Outcome) -> bool:
    """Was the credential one for a provider of the guard?"""
    return any(deny.claimed for deny in outcome.refused.values())


def _user(decision: Accepted) -> Any:
    principal = decision.principal
    if hasattr(principal, "is_authenticated"):
        return principal
    own = getattr(principal, "pk", None) or getattr(principal, "id", None) or decision.claims.get("sub")
    return Known(principal, str(own or principal))
