"""The index is searched in place; hits are resolved by span and rank."""

from pathlib import Path

import pytest

from authwhy.causes import Cause
from authwhy.lexicon.build import build_index
from authwhy.lexicon.match import BLOCK, HITS_PER_ROW, Lexicon, match, resolve

SYSTEM = """
system = "{name}"
title = "{name}"
protocol = "test"
aliases = ["{name}d"]
summary = "A system made for this test."
"""
ROW = """
[[row]]
pattern = '{pattern}'
causes = [{causes}]
source = "made for this test"
sample = 'x'
{more}
"""


def row(pattern: str, *causes: str, more: str = "") -> str:
    """TOML of one row."""
    return ROW.format(pattern=pattern, causes=", ".join(f'"{cause}"' for cause in causes), more=more)


@pytest.fixture
def book(tmp_path: Path) -> Lexicon:
    """Two systems of a few rows."""
    (tmp_path / "gate.toml").write_text(
        SYSTEM.format(name="gate")
        + row("gate refused user {user}", "unknown_identity")
        + row("gate refused user {user} from {address}", "address_not_allowed")
        + row("GATE-17", "expired", more='code = "GATE-17"')
        + row("access denied", "insufficient_scope", "policy_blocked", more='rank = "general"')
    )
    (tmp_path / "door.toml").write_text(
        SYSTEM.format(name="door") + row("door shut", "revoked", more='code = "GATE-17"')
    )
    index = tmp_path / "index.tsv"
    index.write_bytes(build_index(tmp_path))
    return Lexicon(index)


def causes(text: str, book: Lexicon) -> list[list[Cause]]:
    """Causes of the resolved hits."""
    return [list(hit.row.causes) for hit in resolve(match(text, book))]


def test_the_longer_match_swallows_the_shorter(book: Lexicon) -> None:
    """A row that explains more of the sentence wins."""
    assert causes("Gate refused user bob from 192.0.2.7", book) == [[Cause.ADDRESS_NOT_ALLOWED]]
    assert causes("Gate refused user bob", book) == [[Cause.UNKNOWN_IDENTITY]]


def test_general_rows_speak_only_when_no_exact_row_does(book: Lexicon) -> None:
    """A catch-all sentence is beaten by the system's own one."""
    assert causes("access denied", book) == [[Cause.INSUFFICIENT_SCOPE, Cause.POLICY_BLOCKED]]
    assert causes("access denied\nerror GATE-17", book) == [[Cause.EXPIRED]]


def test_codes_are_looked_up_in_every_system(book: Lexicon) -> None:
    """A code two systems share gives both rows."""
    assert {found.system for found in book.by_code("gate-17")} == {"gate", "door"}
    assert book.by_code("nothing") == ()


def test_the_number_of_a_code_is_enough_when_it_is_long_enough(tmp_path: Path) -> None:
    """Sign-in logs print 50126 for AADSTS50126; two digits would mean anything."""
    (tmp_path / "gate.toml").write_text(
        SYSTEM.format(name="gate")
        + row("GATE4711", "expired", more='code = "GATE4711"')
        + row("GATE-17", "revoked", more='code = "GATE-17"')
    )
    (tmp_path / "index.tsv").write_bytes(build_index(tmp_path))
    book = Lexicon(tmp_path / "index.tsv")
    assert len(book.by_code("4711")) == len(book.by_code("gate4711")) == 1
    assert book.by_code("17") == ()


def test_systems_are_listed_with_their_row_counts(book: Lexicon) -> None:
    """The list comes from the index itself."""
    assert [(system.system, system.rows) for system in book.systems()] == [("door", 1), ("gate", 4)]


def test_a_row_is_reported_a_few_times_only(book: Lexicon) -> None:
    """A log that repeats one line a million times is one observation."""
    assert len(match("door shut\n" * 1000, book)) == HITS_PER_ROW


def test_lines_are_counted_across_blocks(book: Lexicon) -> None:
    """The line of a hit is right far behind the first block."""
    lines = BLOCK // 10 + 100
    hit = match("padding x\n" * lines + "door shut\n", book)[-1]
    assert hit.line == lines + 1


def test_many_words_use_the_whole_index_and_find_the_same(book: Lexicon) -> None:
    """Above the word limit the index is loaded once; the answer does not change."""
    noise = " ".join(f"w{number}" for number in range(5000))
    assert causes(noise + "\ndoor shut", book) == [[Cause.REVOKED]]
    assert causes("door shut", book) == [[Cause.REVOKED]]
