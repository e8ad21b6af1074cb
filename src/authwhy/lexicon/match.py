"""Find what the world's systems say in a text: one pass for its words, then only the rows those words call for."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from functools import cache

import msgspec

from authwhy.lexicon.pattern import Found, Piece, cut, find, fold, tidy, words
from authwhy.lexicon.row import Row, System

# os.path, not pathlib: the import of pathlib alone costs a tenth of a cold start.
INDEX = os.path.join(os.path.dirname(__file__), "_index.tsv")  # noqa: PTH118, PTH120
BLOCK = 1 << 16
OVERLAP = 2400  # a wide hole and its neighbours fit in it
HITS_PER_ROW = 3
MANY_WORDS = 3000
PLAIN_WORDS = "common"


class Hit(msgspec.Struct, frozen=True):
    """A row found in the text, from `start` to the `end` of its last literal, as offsets of the tidied text.

    `line` counts from 1; `quote` (with a hole at the end) and `holes` are in the text's own case; `literal` is how
    many characters the row itself names.
    """

    row: Row
    start: int
    end: int
    line: int
    quote: str
    holes: dict[str, str]
    literal: int = 0


class _Compiled(msgspec.Struct, frozen=True):
    row: Row
    pieces: tuple[Piece, ...]
    end_hole: str | None
    needs: tuple[bytes, ...]


class Lexicon:
    """The compiled index, opened once and searched in place: ten times the rows cost a look-up almost nothing."""

    def __init__(self, path: str | os.PathLike[str] = INDEX) -> None:
        with open(path, "rb") as file:  # noqa: PTH123
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._compiled: dict[bytes, tuple[_Compiled, ...]] = {}
        self._decoder = msgspec.json.Decoder(Row)
        self._everything = False

    def entries(self, key: bytes) -> Iterator[bytes]:
        """The JSON entries under one key, by binary search over the sorted lines."""
        data, low, high = self._data, 0, len(self._data)
        while low < high:
            start = data.rfind(b"\n", 0, (low + high) // 2) + 1
            tab = data.find(b"\t", start)
            if data[start:tab] < key:
                low = data.find(b"\n", tab) + 1
            else:
                high = start
        while low < len(data):
            tab, end = data.find(b"\t", low), data.find(b"\n", low)
            if data[low:tab] != key:
                return
            yield data[tab + 1 : end]
            low = end + 1

    def _rows(self, word: bytes) -> tuple[_Compiled, ...]:
        known = self._compiled.get(word)
        if known is None:
            if self._everything:
                return ()
            known = self._compiled[word] = tuple(self._compile(entry) for entry in self.entries(word))
        return known

    def _compile(self, entry: bytes) -> _Compiled:
        row = self._decoder.decode(entry)
        pieces, end_hole = cut(row.pattern)
        return _Compiled(row, pieces, end_hole, tuple(need.encode() for need in row.needs))

    def _load_everything(self) -> None:
        grouped: dict[bytes, list[_Compiled]] = {}
        for line in self._data[:].splitlines():
            key, _, entry = line.partition(b"\t")
            if not key.startswith(b"#"):
                grouped.setdefault(key, []).append(self._compile(entry))
        self._compiled = {key: tuple(rows) for key, rows in grouped.items()}
        self._everything = True

    def candidates(self, present: set[bytes]) -> list[_Compiled]:
        """Rows whose needed words are all present."""
        if len(present) > MANY_WORDS and not self._everything:
            self._load_everything()
        keys = self._compiled.keys() & present if self._everything else present
        return [row for word in keys for row in self._rows(word) if all(need in present for need in row.needs)]

    def by_code(self, code: str) -> tuple[Row, ...]:
        """Every row of every system that carries this vendor code (case-insensitive)."""
        return tuple(self._decoder.decode(entry) for entry in self.entries(f"#code:{code.strip().lower()}".encode()))

    def systems(self) -> tuple[System, ...]:
        """Every system, ordered by name."""
        start = self._data.find(b"#system:") if self._data[:8] == b"#system:" else self._data.find(b"\n#system:") + 1
        lines = self._data[start:].splitlines()
        return tuple(
            msgspec.json.decode(line.partition(b"\t")[2], type=System) for line in lines if line.startswith(b"#system:")
        )


@cache
def lexicon() -> Lexicon:
    """The lexicon that ships with authwhy."""
    return Lexicon()


def match(text: str, source: Lexicon | None = None) -> list[Hit]:
    """Every row found in the text, by position; at most HITS_PER_ROW places a row. Linear in the text's length."""
    source = source or lexicon()
    counts: dict[Row, int] = {}
    hits: dict[tuple[int, int, str, str], Hit] = {}
    line, counted = 1, 0
    for offset, block in _blocks(text):
        line += text.count("\n", counted, offset)
        counted = offset
        tidied = tidy(block)
        folded = fold(tidied)
        for compiled in source.candidates(words(folded)):
            for found in _places(compiled, folded, HITS_PER_ROW - counts.get(compiled.row, 0)):
                hit = _hit(compiled, found, tidied, line, offset)
                key = (hit.line, found.literal_end - found.start, compiled.row.system, compiled.row.pattern)
                if key not in hits:
                    hits[key] = hit
                    counts[compiled.row] = counts.get(compiled.row, 0) + 1
    return sorted(hits.values(), key=lambda hit: (hit.start, -hit.end))


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """The text in blocks that end at a line's end where one is near, each reaching a little into the one before."""
    start = 0
    while start < len(text):
        end = start + BLOCK
        if end >= len(text):
            yield start, text[start:]
            return
        newline = text.rfind("\n", start + BLOCK // 2, end)
        end = newline + 1 if newline > 0 else end
        yield start, text[start:end]
        line_start = text.rfind("\n", end - OVERLAP - BLOCK // 8, end - OVERLAP)
        start = line_start + 1 if line_start > start else end - OVERLAP


def _places(compiled: _Compiled, folded: str, most: int) -> Iterator[Found]:
    position = 0
    for _ in range(most):
        found = find(compiled.pieces, compiled.end_hole, folded, position)
        if found is None:
            return
        yield found
        position = max(found.end, position + 1)


def _hit(compiled: _Compiled, found: Found, tidied: str, line: int, offset: int) -> Hit:
    return Hit(
        row=compiled.row,
        start=offset + found.start,
        end=offset + found.literal_end,
        line=line + tidied.count("\n", 0, found.start),
        quote=tidied[found.start : found.end],
        holes={name: tidied[start:end].strip() for name, start, end in found.holes if name != "*"},
        literal=sum(len(piece.text) for piece in compiled.pieces),
    )


def _equals(hit: Hit, other: Hit | None) -> bool:
    """Two rows that say as much about the same words; plain words give way to a system's own."""
    if other is None or (hit.row.system == PLAIN_WORDS) != (other.row.system == PLAIN_WORDS):
        return False
    return (hit.literal, hit.row.rank) == (other.literal, other.row.rank)


def resolve(hits: Iterable[Hit]) -> list[Hit]:
    """Drop a hit that lies inside one that names more, and general hits where an exact one speaks of a failure."""
    kept: list[Hit] = []
    reach, widest = -1, None
    for hit in sorted(
        hits, key=lambda hit: (hit.start, -hit.end, hit.row.rank, -hit.literal, hit.row.system == PLAIN_WORDS)
    ):
        inside = widest is not None and hit.end <= reach and hit.literal <= widest.literal
        twin = inside and widest is not None and (hit.start, hit.end) == (widest.start, widest.end)
        if not inside or (twin and _equals(hit, widest)):
            kept.append(hit)
        if hit.end > reach:
            reach, widest = hit.end, hit
    if any(hit.row.rank == "exact" and hit.row.outcome == "failure" for hit in kept):
        kept = [hit for hit in kept if hit.row.rank == "exact" or hit.row.outcome != "failure"]
    return kept
