"""Claims are read as a mapping and as attributes, and nothing of one request reaches the next."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.schemes.claims import FAR, Claims, frozen, scope_of, seconds

CLAIMS = frozen({"sub": "alice", "groups": ["a", {"b": 1}], "address": {"city": "Bern"}, "__deepcopy__": "x"})
CHANGES: list[Callable[[Any], object]] = [
    lambda claims: claims.update(sub="root"),
    lambda claims: claims.setdefault("x", 1),
    lambda claims: claims.pop("sub"),
    lambda claims: claims.popitem(),
    lambda claims: claims.clear(),
    lambda claims: claims.__setitem__("sub", "root"),
    lambda claims: claims.__delitem__("sub"),
    lambda claims: claims.__ior__({"sub": "root"}),
    lambda claims: claims["address"].update(city="Rome"),
    lambda claims: claims["groups"].append("root"),
    lambda claims: claims["groups"][1].update(b=2),
    lambda claims: setattr(claims, "sub", "root"),
    lambda claims: setattr(claims, "subject", "root"),
    lambda claims: setattr(claims, "other", "root"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_can_be_changed(change: Callable[[Any], object]) -> None:
    """Neither a member, nor one inside it, nor what reading it as an attribute gives."""
    before = json.dumps(CLAIMS)
    with pytest.raises((TypeError, AttributeError)):
        change(CLAIMS)
    assert (json.dumps(CLAIMS), CLAIMS.sub, CLAIMS.subject) == (before, "alice", "alice")


def test_reading() -> None:
    """Members are attributes; what is not there is no attribute."""
    assert (CLAIMS.sub, CLAIMS.address.city, CLAIMS["groups"][0]) == ("alice", "Bern", "a")
    with pytest.raises(AttributeError):
        _ = CLAIMS.email
    assert Claims().subject is None


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda claims: pickle.loads(pickle.dumps(claims))])
def test_copies(copied: Callable[[Any], Any]) -> None:
    """Whole, of the same kind; a claim named like one of Python's own methods changes nothing."""
    made = copied(CLAIMS)
    assert (made, type(made), type(made["address"])) == (CLAIMS, Claims, Claims)


@pytest.mark.parametrize(
    ("claims", "scope"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scp": ["a", "b", 3]}, {"a", "b"}),
        ({"scope": ("a",), "scp": "b"}, {"a"}),
        ({"scope": None, "scp": "b"}, set()),
        ({"scope": {"a": 1}}, set()),
        ({}, set()),
    ],
)
def test_scope(claims: dict[str, Any], scope: set[str]) -> None:
    """Text or a list; nothing is granted by anything else."""
    assert scope_of(claims) == scope


@given(st.integers() | st.floats(allow_nan=False))
def test_seconds_stay_within_bounds(value: float) -> None:
    """A number that no clock reaches can be added to."""
    assert -FAR <= seconds({"exp": value}, "exp", 0) <= FAR
    assert seconds({}, "exp", 7) == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_the_same_value(value: Any) -> None:
    """Only the containers are other ones."""
    assert json.loads(json.dumps(frozen(value))) == value
