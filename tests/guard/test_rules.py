"""Rules are values; those that cannot work are refused before the first request."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.scripted import Scripted

from authwhy.guard.answers import Demand
from authwhy.guard.rules import (
    AllOf,
    AnyOf,
    ConfigurationError,
    Demanding,
    Optional,
    Skip,
    all_of,
    any_of,
    check_rule,
    names_of,
    need,
    optional,
    required,
    skip,
)

ANY: Any = any_of
SKIP: Any = skip
KNOWN = {name: Scripted(name, lambda value: None) for name in ("a", "b")}


def never(view: object) -> bool:
    return False


def test_values() -> None:
    assert any_of("a", "b") == AnyOf(("a", "b"))
    assert all_of("a", "b") == required("a", "b") == AllOf(("a", "b"))
    assert optional("a") == Optional("a")
    assert optional("a", "b") == Optional(AnyOf(("a", "b")))
    assert skip("a", never) == Skip("a", never)
    assert any_of("a", scope="x y") == Demanding(AnyOf(("a",)), Demand(frozenset({"x", "y"})))
    assert need("a") == "a"
    assert need("a", scope=["x"], acr="mfa", max_age=300) == Demanding("a", Demand(frozenset({"x"}), ("mfa",), 300))
    assert need("a", acr=("", "mfa")) == Demanding("a", Demand(acr=("mfa",)))
    assert hash(need(all_of("a", optional("b")), max_age=0)) == hash(need(all_of("a", optional("b")), max_age=0))


def test_names() -> None:
    assert names_of(all_of("b", any_of("a", need("b", scope="x")), skip(optional("c"), never))) == ("b", "a", "c")


@pytest.mark.parametrize(
    "rule",
    [
        "c", any_of(), all_of("a", any_of()), optional(), skip("c", never), need(any_of(), scope="x"), None, 7, ["a"],
        ANY("a", None), SKIP("a", "always"), "",
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_work(rule: Any) -> None:
    with pytest.raises(ConfigurationError):
        check_rule(rule, KNOWN)


def test_what_can() -> None:
    check_rule(all_of("a", any_of("b", optional(skip("a", never)))), KNOWN)
    with pytest.raises(ConfigurationError, match="there are: a, b"):
        check_rule("c", KNOWN)
    with pytest.raises(ConfigurationError):
        need("a", max_age=-1)
