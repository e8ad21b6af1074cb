"""Guard inside a FastAPI application: `guard.install(app)`, then `who: Annotated[User, guard.need("token")]`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from authwhy.guard.integrations import absent, starlette
from authwhy.guard.integrations.openapi import document
from authwhy.guard.rules import ConfigurationError, Rule, check_rule
from authwhy.guard.rules import need as demanding

try:
    import fastapi
    from fastapi import params, routing
    from starlette.requests import HTTPConnection
except ImportError:
    raise absent("FastAPI", "fastapi") from None

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard


class Needed:
    """A dependency on a rule. Two for the same rule are equal, so that FastAPI asks once and tests can override it."""

    def __init__(self, guard: Guard, rule: Rule) -> None:
        self.guard, self.rule = guard, rule
        connection = Parameter("connection", Parameter.POSITIONAL_OR_KEYWORD, annotation=HTTPConnection)
        self.__signature__ = Signature([connection])  # what FastAPI reads; it cannot resolve a method's text annotation

    async def __call__(self, connection: HTTPConnection) -> Any:
        """The principal, None for an anonymous request to an optional rule. Raises RefusedRequest."""
        return (await starlette.decided(self.guard, connection, self.rule)).principal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Needed) and other.guard is self.guard and other.rule == self.rule

    def __hash__(self) -> int:
        return hash((id(self.guard), self.rule))


class Dependency(params.Depends):
    """What `need` returns. It is no callable that FastAPI could depend on once more, and says so."""

    def __call__(self) -> None:
        """Raises ConfigurationError."""
        raise ConfigurationError("guard.need(...) is a dependency already: write it without Depends(...)")

    __signature__ = property(__call__)  # what FastAPI reads first


def need(
    guard: Guard,
    rule: Rule | None = None,
    *,
    scope: str | Iterable[str] = (),
    acr: str | Iterable[str] = (),
    max_age: int | None = None,
) -> Any:
    """A dependency whose value is the principal: `Annotated[User, guard.need(...)]`, `= guard.need(...)`, or one of
    the `dependencies=[...]` of a route, router or application. The decision is `request.scope["authwhy"]`.

    Raises ConfigurationError for a rule that names no provider of the guard, and where it stands inside `Depends(...)`.
    """
    wanted = demanding(guard.everyone if rule is None else rule, scope=scope, acr=acr, max_age=max_age)
    check_rule(wanted, guard.providers)
    return Dependency(Needed(guard, wanted))


def install(guard: Guard, app: fastapi.FastAPI, rules: Mapping[str, Rule | None] | None = None) -> None:
    """See guard.integrations.starlette.install; also adds what is required, and the refusals, to the OpenAPI document.

    An application that replaces `app.openapi` does so before this.
    """
    starlette.install(guard, app, rules)
    paths = None if rules is None else guard.paths(rules)
    generate, done = app.openapi, None

    def openapi() -> dict[str, Any]:
        nonlocal done
        schema = generate()
        if schema is not done:  # FastAPI keeps the document and hands it out again
            document(schema, guard, _operations(app), paths)
            done = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _operations(app: fastapi.FastAPI) -> dict[tuple[str, str], list[Rule]]:
    """(path, method) -> the rules of all its dependencies."""
    each: Callable[[Any], Iterable[Any]] = getattr(routing, "iter_route_contexts", iter)  # earlier ones copied routes
    found: dict[tuple[str, str], list[Rule]] = {}
    for route in each(app.routes):
        dependant = getattr(route, "dependant", None)
        for method in getattr(route, "methods", None) or ():
            if dependant is not None and (rules := _rules(dependant)):
                found[route.path_format, method.lower()] = rules
    return found


def _rules(dependant: Any) -> list[Rule]:
    rules = [dependant.call.rule] if isinstance(dependant.call, Needed) else []
    for one in dependant.dependencies:
        rules += [rule for rule in _rules(one) if rule not in rules]
    return rules
