"""The seam of the readers, and the tuple that registers them."""

from __future__ import annotations

from pathlib import Path

from authwhy import evidence
from authwhy.evidence.interface import Found, Material
from authwhy.evidence.read import READERS
from authwhy.model.secret import Vault

FOLDER = Path(str(evidence.__file__)).parent


def test_every_reader_is_registered() -> None:
    """A module with `read(material, found)` is in the tuple, and only such a one."""
    readers = {
        path.stem
        for path in FOLDER.glob("*.py")
        if "def read(material: Material, found: Found)" in path.read_text("utf-8")
    }
    assert readers == {name for name, _ in READERS}


def test_lines_are_counted_from_one() -> None:
    """The line an offset stands in; the line break belongs to the line it ends."""
    material = Material("ab\ncd\n\ne", Vault())
    assert [material.line(offset) for offset in range(8)] == [1, 1, 1, 2, 2, 2, 3, 4]


def test_taken_spans() -> None:
    """Begin inside, end outside."""
    found = Found()
    found.take([(10, 20)])
    found.take([(2, 4)])
    assert [found.is_taken(offset) for offset in (1, 2, 3, 4, 10, 19, 20)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
    ]
