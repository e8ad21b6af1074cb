"""Every sink is one file, registered, and keeps the same promises."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path

import pytest

from authwhy.guard import sinks
from authwhy.guard.sinks import SINKS, Sink

FOLDER = Path(sinks.__file__).parent
# What the sinks are built from.
PARTS = {"__init__", "appending", "complaints", "fields", "interface", "post", "queue", "spool", "worker"}


def test_the_tuple_is_the_folder() -> None:
    """A sink is registered, and what is registered is a file of the same name."""
    assert sorted(make.__name__ for make in SINKS) == sorted(
        path.stem for path in FOLDER.glob("*.py") if path.stem not in PARTS
    )
    assert all(make.__module__ == f"{sinks.__name__}.{make.__name__}" for make in SINKS)
    assert {path.stem for path in FOLDER.glob("*.py")} >= PARTS


@pytest.mark.parametrize("make", SINKS, ids=lambda make: str(make.__name__))
def test_every_one_makes_a_sink(make: object) -> None:
    """The class that a factory returns has all of the interface, with its parameters."""
    made = typing.get_type_hints(make)["return"]
    for name in ("put", "close"):
        wanted = inspect.signature(getattr(Sink, name)).parameters
        assert list(inspect.signature(getattr(made, name)).parameters) == list(wanted)
    assert isinstance(inspect.getattr_static(made, "dropped"), property)


def test_the_examples_of_the_page_work() -> None:
    """Every Python block of docs/guard/events.md, one after the other."""
    page = (Path(__file__).resolve().parents[3] / "docs/guard/events.md").read_text("utf-8")
    blocks = [part.split("```", 1)[0] for part in page.split("```python\n")[1:]]
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert len(blocks) >= 5
