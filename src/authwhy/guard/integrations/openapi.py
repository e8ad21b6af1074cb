"""What an OpenAPI document says of rules: security schemes, which of them an operation wants, and the refusals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from authwhy.guard.paths import Closed, Paths
from authwhy.guard.rules import AllOf, AnyOf, Demanding, Optional, Rule, names_of
from authwhy.guard.schemes.interface import Provider
from authwhy.model.problem import MEDIA_TYPE

if TYPE_CHECKING:
    from authwhy.guard.guard import Guard

Requirement: TypeAlias = dict[str, list[str]]
_PROBLEM = "AuthenticationProblem"
_RETRY = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "How to authenticate", "schema": {"type": "string"}}}
_REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "400": ("The credential cannot be read, or there is more than one", _CHALLENGE),
    "401": ("Authentication is required, or the credential is not accepted", _CHALLENGE),
    "403": ("The credential does not allow this", {}),
    "429": ("Too many attempts", _RETRY),
    "503": ("Authentication is not available now", _RETRY),
}
_SCHEMA: dict[str, Any] = {
    "title": "Problem details",
    "description": "RFC 9457",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "ref": {"type": "string", "description": "Names the event that tells the exact cause"},
        "retry_after": {"type": "integer", "description": "s"},
    },
}


def document(
    schema: dict[str, Any], guard: Guard, operations: Mapping[tuple[str, str], list[Rule]], paths: Paths | None = None
) -> None:
    """Add to the document of an application what these operations, by path and method, require."""
    used: dict[str, None] = {}
    for path, item in schema.get("paths", {}).items():
        for method, operation in item.items():
            rules = list(operations.get((path, method), ()))
            general = None if paths is None else paths.rule(path)
            if general is not None and not isinstance(general, Closed):
                rules.insert(0, general)
            if rules:
                used.update(dict.fromkeys(name for rule in rules for name in names_of(rule)))
                _describe(operation, rules)
    if used:
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).setdefault(_PROBLEM, _SCHEMA)
        schemes = components.setdefault("securitySchemes", {})
        for name in used:
            schemes.setdefault(_key(name), scheme_of(guard.providers[name]))


def _describe(operation: dict[str, Any], rules: list[Rule]) -> None:
    wanted: list[Requirement] = operation.get("security") or [{}]
    for rule in rules:
        wanted = _both(wanted, alternatives(rule))
    operation["security"] = wanted
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}
    for status, (description, headers) in _REFUSALS.items():
        response = {"description": description, "content": content, **({"headers": headers} if headers else {})}
        operation.setdefault("responses", {}).setdefault(status, response)


def alternatives(rule: Rule) -> list[Requirement]:
    """A rule as OpenAPI's security requirements: any one of the list, and of that one all (OpenAPI 3.1, 4.8.30)."""
    if isinstance(rule, str):
        return [{_key(rule): []}]
    if isinstance(rule, AnyOf):
        return _once(one for part in rule.rules for one in alternatives(part))
    if isinstance(rule, AllOf):
        found: list[Requirement] = [{}]
        for part in rule.rules:
            found = _both(found, alternatives(part))
        return found
    if isinstance(rule, Optional):
        return _once([*alternatives(rule.rule), {}])
    if isinstance(rule, Demanding) and rule.demand.scope:
        scope = sorted(rule.demand.scope)
        return [{name: _merged(had, scope) for name, had in one.items()} for one in alternatives(rule.rule)]
    return alternatives(rule.rule)


def _both(first: list[Requirement], second: list[Requirement]) -> list[Requirement]:
    found = _once(
        {name: _merged(one.get(name, []), other.get(name, [])) for name in {**one, **other}}
        for one in first
        for other in second
    )
    return [one for one in found if not any(less and less.keys() < one.keys() for less in found)]  # a or (a and b) is a


def _merged(first: list[str], second: list[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _once(requirements: Iterable[Requirement]) -> list[Requirement]:
    found: list[Requirement] = []
    for one in requirements:
        if one not in found:
            found.append(one)
    return found


def scheme_of(provider: Provider) -> dict[str, Any]:
    """A provider as a security scheme object, by where it looks for its credential."""
    method = provider.method
    scheme, cookie = getattr(provider, "scheme", None), getattr(provider, "cookie", None)
    cookie = getattr(cookie, "name", cookie)
    header, query = getattr(provider, "header", None), getattr(provider, "query", None)
    if method == "jwt":
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    if method in ("basic", "digest"):
        return {"type": "http", "scheme": method}
    if method == "introspection":
        return {"type": "http", "scheme": "bearer"}
    if method == "client_certificate":
        return {"type": "mutualTLS"}
    if isinstance(scheme, str):
        return {"type": "http", "scheme": scheme.lower()}
    for place, name in (("header", header), ("query", query), ("cookie", cookie)):
        if isinstance(name, str):
            return {"type": "apiKey", "in": place, "name": name}
    return {"type": "http", "scheme": method}


def _key(name: str) -> str:
    """A provider's name as the key of a component."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
