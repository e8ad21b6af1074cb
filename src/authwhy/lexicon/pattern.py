"""Literal patterns with named holes: how one is folded, cut into pieces and found in a text, in linear time.

Both pattern and text are folded the same way (`fold`): case, kinds of quotes, runs of blanks and JSON escapes do
not count. A hole `{name}` stands for 1 to 300 characters of one line, `{*}` for 0 to 2000 that may cross lines.
"""

from __future__ import annotations

import re
from typing import NamedTuple

HOLE_LIMIT = 300
WIDE_LIMIT = 2000
MAX_TRIES = 2000

_HOLE = re.compile(r"\{([a-z_]{1,24}|\*)\}")
_BLANKS = re.compile(r"[ \t\r\f\v]{2,}|[\t\r\f\v]")
_ESCAPES = re.compile(r"\\(?:([\"'/`])|([nrt])|u00(2[27]|3[ceCE]|26))|&(?:(quot|amp|lt|gt|apos)|#(?:39|x27|34|x22));")
_ESCAPED = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'", "22": '"', "27": "'", "26": "&"}
_TYPOGRAPHIC = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "´": "'", "\u00a0": " "})
# Bytes that stand inside a word; everything else becomes a blank. Bytes of UTF-8 above ASCII count as word bytes.
_WORD_BYTES = b"0123456789abcdefghijklmnopqrstuvwxyz_" + bytes(range(128, 256))
_WORD_TABLE = bytes(byte if byte in _WORD_BYTES else 32 for byte in range(256))


class Piece(NamedTuple):
    """A literal and the hole before it (None at the start of a pattern that starts with a literal)."""

    hole: str | None
    text: str


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    if match[2]:
        return "\n" if match[2] == "n" else " "
    if match[3]:
        return _ESCAPED.get(match[3].lower()) or ("<" if match[3].lower() == "3c" else ">")
    return _ESCAPED[match[4]] if match[4] else "'"


def tidy(text: str) -> str:
    """The text with escapes undone and runs of blanks folded, in its own case: what quotes are taken from."""
    if not text.isascii():
        text = text.translate(_TYPOGRAPHIC)
    if "\\" in text or "&" in text:
        text = _ESCAPES.sub(_unescape, text)
    return _BLANKS.sub(" ", text)


def fold(tidied: str) -> str:
    """The tidied text in lower case with one kind of quote; offsets stay the same."""
    lowered = tidied.lower()
    if len(lowered) != len(tidied):  # a few letters grow when lowered (İ); offsets must not move
        lowered = "".join(char if len(low := char.lower()) != 1 else low for char in tidied)
    return lowered.replace('"', "'").replace("`", "'")


def words(folded: str) -> set[bytes]:
    """The distinct words of a folded text (letters, digits, underscore), as UTF-8."""
    return set(folded.encode("utf-8", "replace").translate(_WORD_TABLE).split())


def is_word(char: str) -> bool:
    """True for a character that stands inside a word; placeholders of secrets do not."""
    return char.isalnum() or char == "_"


def cut(pattern: str) -> tuple[tuple[Piece, ...], str | None]:
    """Cut a pattern into (pieces, name of the hole at its end or None). The pieces are folded."""
    parts = _HOLE.split(pattern)
    pieces: list[Piece] = []
    hole: str | None = None
    for number, part in enumerate(parts):
        if number % 2:
            hole = part
        elif part:
            text = fold(tidy(part))
            if hole == "*":  # a wide hole takes the blanks around it, so that a line break may stand there
                text = text.lstrip()
            if number + 1 < len(parts) and parts[number + 1] == "*":
                text = text.rstrip()
            if text:
                pieces.append(Piece(hole, text))
                hole = None
    return tuple(pieces), hole


def anchors(pieces: tuple[Piece, ...], open_end: bool) -> set[bytes]:
    """The words a text must contain for these pieces to match: whole words that touch no hole."""
    found: set[bytes] = set()
    for number, piece in enumerate(pieces):
        tokens = words(piece.text)
        text = piece.text
        if piece.hole is not None and is_word(text[0]):
            tokens -= _first_word(text)
        touches_next = number + 1 < len(pieces) or open_end
        if touches_next and is_word(text[-1]):
            tokens -= _first_word(text[::-1], backwards=True)
        found |= tokens
    return found


def _first_word(text: str, backwards: bool = False) -> set[bytes]:
    word = ""
    for char in text:
        if not is_word(char):
            break
        word += char
    return {(word[::-1] if backwards else word).encode()}


class Found(NamedTuple):
    """Where a pattern matched, and what its holes hold (spans of the folded text).

    `literal_end` is where its last literal ends; a hole at the pattern's end reaches on to `end`.
    """

    start: int
    literal_end: int
    end: int
    holes: tuple[tuple[str, int, int], ...]


def find(pieces: tuple[Piece, ...], end_hole: str | None, text: str, start: int = 0) -> Found | None:
    """Find the first match at or after `start` in a folded text. Linear: every try looks at a bounded window."""
    first = pieces[0].text
    for _ in range(MAX_TRIES):
        at = text.find(first, start)
        if at < 0:
            return None
        found = _match_at(pieces, end_hole, text, at)
        if found is not None:
            return found
        start = at + 1
    return None


def _match_at(pieces: tuple[Piece, ...], end_hole: str | None, text: str, at: int) -> Found | None:
    if pieces[0].hole is None and at and is_word(text[at - 1]) and is_word(text[at]):
        return None
    position = at + len(pieces[0].text)
    holes: list[tuple[str, int, int]] = []
    for piece in pieces[1:]:
        wide = piece.hole == "*"
        low = position + (0 if wide else 1)
        following = text.find(piece.text, low, position + (WIDE_LIMIT if wide else HOLE_LIMIT) + len(piece.text))
        if following < 0 or (not wide and text.find("\n", position, following) >= 0):
            return None
        holes.append((piece.hole or "", position, following))
        position = following + len(piece.text)
    literal_end = position
    if end_hole is not None:
        line_end = text.find("\n", position, position + HOLE_LIMIT)
        stop = line_end if line_end >= 0 else min(len(text), position + HOLE_LIMIT)
        if stop == position and end_hole != "*":
            return None
        holes.append((end_hole, position, stop))
        position = stop
    elif position < len(text) and is_word(text[position]) and is_word(text[position - 1]):
        return None
    return Found(at, literal_end, position, tuple(holes))
