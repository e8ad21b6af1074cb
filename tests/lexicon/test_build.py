"""The lexicon's files follow their schema, and every sample proves its row."""

import sys
from pathlib import Path

import pytest

from authwhy.causes import Cause
from authwhy.lexicon.build import FOLDER, INDEX, LexiconError, build_index, read_all, read_file
from authwhy.lexicon.match import match
from authwhy.lexicon.row import Row

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from lexicon import sample_problem

GOOD = """
system = "gate"
title = "Gate"
protocol = "test"
summary = "Made for this test."
[[row]]
pattern = "gate shut for {user}"
causes = ["revoked"]
source = "made for this test"
sample = "gate shut for bob"
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('causes = ["revoked"]', 'causes = ["gone"]', "gone"),
        ('causes = ["revoked"]', "causes = []", "names its causes"),
        ('causes = ["revoked"]', 'causes = ["revoked"]\ndetail = "suspended"', "detail"),
        ('causes = ["revoked"]', 'causes = ["revoked", "expired"]\nweights = [0.9, 0.9]', "weights"),
        ('pattern = "gate shut for {user}"', 'pattern = "{user}"', "whole word"),
        ('source = "made for this test"', 'source = ""', "source"),
        ("sample =", "example =", "unknown keys"),
        ('system = "gate"', 'system = "fence"', "file's name"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """Each rule of the schema answers with the file and what is wrong."""
    path = tmp_path / "gate.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(LexiconError, match=complaint) as caught:
        read_file(path)
    assert "gate.toml" in str(caught.value)


def test_weights_fall_and_sum_to_one() -> None:
    """A set without stated weights prefers what is named first."""
    row = Row("gate", "x", causes=(Cause.EXPIRED, Cause.REVOKED))
    (first, most), (second, rest) = row.weighted
    assert (first, second) == (Cause.EXPIRED, Cause.REVOKED)
    assert most > rest
    assert most + rest == pytest.approx(1)


def test_the_checked_in_index_is_current() -> None:
    """`make generate` was run after the last change of a lexicon file."""
    assert INDEX.read_bytes() == build_index()


@pytest.mark.parametrize("name", [path.stem for path in sorted(FOLDER.glob("*.toml"))])
def test_every_sample_proves_its_row(name: str) -> None:
    """A sample is matched by its row, and by no row of equal rank that says otherwise."""
    _, sources = read_file(FOLDER / f"{name}.toml")
    problems = [
        f"{source.where}: {problem}" for source in sources if (problem := sample_problem(source, match(source.sample)))
    ]
    assert problems == []


def test_no_two_rows_of_a_system_share_a_pattern() -> None:
    """A second row with the same words could never be told from the first."""
    for system, sources in read_all():
        patterns = [source.row.pattern for source in sources]
        assert len(patterns) == len(set(patterns)), system.system
