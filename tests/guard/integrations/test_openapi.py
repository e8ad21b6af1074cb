"""Rules as OpenAPI security requirements: they say the same as the rule does."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.integrations.service import a_guard

from authwhy.guard import Guard, all_of, any_of, api_key, need, optional, skip
from authwhy.guard.integrations.openapi import Requirement, alternatives, document, scheme_of
from authwhy.guard.rules import AllOf, AnyOf, Optional, Rule
from authwhy.guard.schemes.session import session

NAMES = ("a", "b", "c")
RULES = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda rules: any_of(*rules)),
        st.lists(inner, min_size=1, max_size=3).map(lambda rules: all_of(*rules)),
        inner.map(optional),
    ),
    max_leaves=5,
)


def met(rule: Rule, good: frozenset[str]) -> bool:
    """Would these good credentials do, leaving aside that two may contradict each other?"""
    if isinstance(rule, str):
        return rule in good
    if isinstance(rule, AnyOf):
        return any(met(one, good) for one in rule.rules)
    if isinstance(rule, AllOf):
        return all(met(one, good) for one in rule.rules)
    assert isinstance(rule, Optional)
    return True


@given(RULES)
def test_requirements_say_what_the_rule_says(rule: Rule) -> None:
    found = alternatives(rule)
    for chosen in product((True, False), repeat=len(NAMES)):
        good = frozenset(name for name, has in zip(NAMES, chosen, strict=True) if has)
        assert any(one.keys() <= good for one in found) == met(rule, good)


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (any_of("a", "b", scope="x y"), [{"a": ["x", "y"]}, {"b": ["x", "y"]}]),
        (all_of(need("a", scope="x"), "b"), [{"a": ["x"], "b": []}]),
        (need("a", acr="mfa"), [{"a": []}]),
        (optional(any_of("a", "b")), [{"a": []}, {"b": []}, {}]),
        (skip("a", lambda view: True), [{"a": []}]),
        ("my key", [{"my_key": []}]),
    ],
)
def test_alternatives(rule: Rule, wanted: list[Requirement]) -> None:
    assert alternatives(rule) == wanted


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        (api_key(query="k", header=None, records=()), {"type": "apiKey", "in": "query", "name": "k"}),
        (api_key(cookie="k", header=None, records=()), {"type": "apiKey", "in": "cookie", "name": "k"}),
        (api_key(scheme="Token", records=()), {"type": "http", "scheme": "token"}),
        (session(keys=["k" * 32], store=None), {"type": "apiKey", "in": "cookie", "name": "__Host-session"}),
    ],
)
def test_places_of_a_credential(provider: object, wanted: dict[str, str]) -> None:
    assert scheme_of(provider) == wanted  # type: ignore[arg-type]


def test_what_the_application_says_itself_is_kept() -> None:
    guard: Guard = a_guard()[0]
    own: dict[str, Any] = {"security": [{"mine": []}], "responses": {"401": {"description": "mine"}}}
    schema: dict[str, Any] = {
        "paths": {"/": {"get": own}},
        "components": {"securitySchemes": {"token": {"type": "openIdConnect"}}},
    }
    document(schema, guard, {("/", "get"): ["token"]})
    assert own["security"] == [{"mine": [], "token": []}]
    assert own["responses"]["401"] == {"description": "mine"}
    assert schema["components"]["securitySchemes"]["token"] == {"type": "openIdConnect"}
