"""The seams of shared state, and the tuples that register their implementations."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from authwhy import stores
from authwhy.causes import Cause
from authwhy.stores import interface
from authwhy.stores.interface import (
    FAILURE_STORES,
    REVOKED_STORES,
    SEEN_STORES,
    SESSION_STORES,
    Claim,
    Counter,
    Held,
    Problem,
    StoreUnavailable,
    Window,
)

FOLDER = Path(str(stores.__file__)).parent
SEAMS = [
    (interface.FailureStore, FAILURE_STORES),
    (interface.SeenStore, SEEN_STORES),
    (interface.RevokedStore, REVOKED_STORES),
    (interface.SessionStore, SESSION_STORES),
]


def calls(seam: type) -> set[str]:
    """What a seam asks for."""
    return {name for name in vars(seam) if not name.startswith("_")}


@pytest.mark.parametrize(("seam", "registered"), SEAMS, ids=[seam.__name__ for seam, _ in SEAMS])
def test_every_store_is_registered(seam: type, registered: tuple[tuple[str, str], ...]) -> None:
    """A public class with all the calls of a seam is in its tuple, and only such a one."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if path.stem == "interface" or not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                continue
            if {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)} >= calls(seam):
                found.add((path.stem, node.name))
    assert found == set(registered)


@pytest.mark.parametrize(("module", "name"), [row for _, rows in SEAMS for row in rows])
def test_every_store_says_whether_it_blocks(module: str, name: str) -> None:
    """Memory never, another machine always; none imports its client before it is used."""
    store = getattr(import_module(f"authwhy.stores.{module}"), name)
    assert store.blocking is module.startswith("redis")


@pytest.mark.parametrize(
    ("problem", "cause"),
    [
        ("unreachable", Cause.PROVIDER_UNREACHABLE),
        ("timeout", Cause.PROVIDER_UNREACHABLE),
        ("refused", Cause.PROVIDER_ERROR),
        ("full", Cause.PROVIDER_ERROR),
    ],
)
def test_an_outage_is_an_error_cause(problem: Problem, cause: Cause) -> None:
    """Never a bad credential."""
    error = StoreUnavailable("redis", problem)
    assert error.cause is cause
    assert error.facts == {"provider": "redis", "problem": problem}


def test_a_known_pair_counts_alone() -> None:
    """The counters a reservation stands in."""
    address, pair = Counter("address", "a", 3), Counter("pair", "a b", 3)
    claim = Claim(Window(1, 1, 1), (address,), pair)
    assert Held(claim, "1", known=False).counters == (address, pair)
    assert Held(claim, "1", known=True).counters == (pair,)
    assert Held(Claim(Window(1, 1, 1), (address,)), "1", known=False).counters == (address,)
