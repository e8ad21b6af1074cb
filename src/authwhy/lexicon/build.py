"""Compile the TOML files of this folder into one sorted index that a look-up can search without loading it.

A line is `key TAB json`. Keys: an anchor word of a row, `#code:<code>` for a vendor's code, `#system:<name>`.
Read by tools and tests; a user's machine only reads the index.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from authwhy.causes import meta
from authwhy.lexicon.pattern import anchors, cut
from authwhy.lexicon.row import Row, System

FOLDER = Path(__file__).parent
INDEX = FOLDER / "_index.tsv"
MAX_NEEDS = 3
# Words that stand in so many texts that they make poor anchors, besides those frequent in the lexicon itself.
COMMON = frozenset(
    b"the a an is of to for in on and or not no was be by with from this that it error failed failure user "
    b"password invalid http authentication access denied code message token request status server client key".split()
)


class LexiconError(ValueError):
    """A lexicon file does not follow the schema; the message names file, row and what is wrong."""


class Source(msgspec.Struct, frozen=True):
    """A row as written, with the sample that proves it."""

    row: Row
    sample: str
    where: str


def read_file(path: Path) -> tuple[System, tuple[Source, ...]]:
    """Read one system's file. Raises LexiconError naming the first row that is wrong."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"{path.name}: {error}") from error
    rows = tuple(_source(path, number, raw) for number, raw in enumerate(data.pop("row", []), 1))
    try:
        system = msgspec.convert({**data, "rows": len(rows)}, System, strict=True)
    except msgspec.ValidationError as error:
        raise LexiconError(f"{path.name}: {error}") from error
    if set(data) - set(System.__struct_fields__):
        raise LexiconError(f"{path.name}: unknown keys {sorted(set(data) - set(System.__struct_fields__))}")
    if system.system != path.stem:
        raise LexiconError(f"{path.name}: system = {system.system!r} must be the file's name")
    return system, rows


def read_all(folder: Path = FOLDER) -> tuple[tuple[System, tuple[Source, ...]], ...]:
    """Read every file of the folder, ordered by name."""
    return tuple(read_file(path) for path in sorted(folder.glob("*.toml")))


def _source(path: Path, number: int, raw: dict[str, Any]) -> Source:
    where = f"{path.name} row {number}"
    sample = raw.pop("sample", None)
    unknown = set(raw) - set(Row.__struct_fields__)
    if not isinstance(sample, str) or unknown:
        raise LexiconError(f"{where}: {'sample missing' if not unknown else f'unknown keys {sorted(unknown)}'}")
    try:
        row = msgspec.convert({"system": path.stem, **raw}, Row, strict=True)
    except msgspec.ValidationError as error:
        raise LexiconError(f"{where}: {error}") from error
    problem = _problem(row)
    if problem:
        raise LexiconError(f"{where} ({row.pattern[:60]!r}): {problem}")
    return Source(row, sample, where)


def _problem(row: Row) -> str | None:
    if (row.outcome == "failure") != bool(row.causes):
        return "a failure names its causes, an interrupt or not_failure names none"
    if len(set(row.causes)) != len(row.causes):
        return "a cause stands twice"
    if row.weights and (len(row.weights) != len(row.causes) or abs(sum(row.weights) - 1) > 0.011):
        return "weights: one a cause, summing to 1"
    if row.detail and row.detail not in meta(row.causes[0]).details:
        return f"detail {row.detail!r} is not listed for {row.causes[0]}"
    if row.side and row.side not in ("caller", "verifier", "provider", "path", "rule"):
        return f"side {row.side!r} is unknown"
    if not row.source:
        return "source missing"
    pieces, end_hole = cut(row.pattern)
    if not pieces or not anchors(pieces, end_hole is not None):
        return "the pattern needs one whole word that touches no hole"
    return None


def build_index(folder: Path = FOLDER) -> bytes:
    """The index of all files, as bytes. Raises LexiconError."""
    files = read_all(folder)
    sources = [source for _, rows in files for source in rows]
    row_words = [_anchor_words(source.row) for source in sources]
    frequency = Counter(word for words in row_words for word in words)
    lines: list[tuple[bytes, bytes]] = []
    for source, words in zip(sources, row_words, strict=True):
        ordered = sorted(words, key=lambda word: (word in COMMON, frequency[word], -len(word), word))
        needs = tuple(word.decode("utf-8", "replace") for word in ordered[1 : 1 + MAX_NEEDS])
        entry = msgspec.json.encode(msgspec.structs.replace(source.row, needs=needs))
        lines.append((ordered[0], entry))
        if source.row.code:
            lines += [(f"#code:{spelling}".encode(), entry) for spelling in code_spellings(source.row.code)]
    lines += [(f"#system:{system.system}".encode(), msgspec.json.encode(system)) for system, _ in files]
    return b"".join(key + b"\t" + entry + b"\n" for key, entry in sorted(_unique(lines)))


def code_spellings(code: str) -> set[str]:
    """A code as people type it: whole, and its number alone (sign-in logs print 50126 for AADSTS50126)."""
    lowered = code.lower()
    number = re.fullmatch(r"[a-z]+[-_ ]?(\d{3,})[a-z]?", lowered)
    return {lowered, number[1]} if number else {lowered}


def _anchor_words(row: Row) -> set[bytes]:
    pieces, end_hole = cut(row.pattern)
    return anchors(pieces, end_hole is not None)


def _unique(lines: Iterable[tuple[bytes, bytes]]) -> set[tuple[bytes, bytes]]:
    return set(lines)
