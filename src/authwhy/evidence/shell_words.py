"""A shell's words with their places: POSIX quoting, `$'...'`, line continuations, and the carets of cmd.exe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_MAX_COMMAND = 1_048_576
_MAX_WORDS = 2_000
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}


class Word(NamedTuple):
    """One word: its value after unquoting and where it stood, quotes included. `quote` is its first quote, if any."""

    value: str
    start: int
    end: int
    quote: str


class _Reader:
    """Reads words from one position; every character is looked at once."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.at = start
        self.limit = min(len(text), start + _MAX_COMMAND)
        self.cmd = _is_cmd(text, start, self.limit)

    def words(self) -> Iterator[Word]:
        """The words up to the end of the command."""
        while self._skip_blanks():
            start = self.at
            parts: list[str] = []
            quote = ""
            while self.at < self.limit and not self._ends_word():
                quote = quote or self._quote_here()
                parts.append(self._piece())
            if self.at == start:
                return
            yield Word("".join(parts), start, self.at, quote)

    def _skip_blanks(self) -> bool:
        """Go to the next word; False at the end of the command."""
        text = self.text
        while self.at < self.limit:
            if text[self.at] in " \t":
                self.at += 1
            elif found := _continuation().match(text, self.at, self.limit):
                self.at = found.end()
            else:
                return not _end_of_command().match(text, self.at, self.limit)
        return False

    def _ends_word(self) -> bool:
        char = self.text[self.at]
        return char in " \t\r\n|;" or (
            char in "\\^`" and _continuation().match(self.text, self.at, self.limit) is not None
        )

    def _quote_here(self) -> str:
        at = self.at + (self.cmd and self.text[self.at] == "^")
        return self.text[at : at + 1] if self.text[at : at + 1] in ('"', "'") else ""

    def _piece(self) -> str:
        text, at = self.text, self.at
        if self.cmd and text[at] == "^":
            self.at = at = at + 1
            return self._double(at + 1) if text[at : at + 1] == '"' else self._literal(at)
        if text.startswith("$'", at):
            return self._ansi(at + 2)
        if text[at] == "'" and not self.cmd:
            return self._single(at + 1)
        if text[at] == '"':
            return self._double(at + 1)
        return self._literal(at + (text[at] == "\\" and not self.cmd))

    def _literal(self, at: int) -> str:
        self.at = min(self.limit, at + 1)
        return self.text[at : self.at]

    def _single(self, start: int) -> str:
        end = self.text.find("'", start, self.limit)
        if end < 0:
            self.at = end = self._line_end(start)
        else:
            self.at = end + 1
        return self.text[start:end]

    def _double(self, start: int) -> str:
        parts: list[str] = []
        at = start
        while at < self.limit:
            found = _in_double_quotes(self.cmd).match(self.text, at, self.limit)
            if found:
                parts.append(found[0])
                at = found.end()
            if at >= self.limit or self.text[at] == '"':
                self.at = min(self.limit, at + 1)
                return "".join(parts)
            at = self._escaped(at, parts)
        self.at = self.limit
        return "".join(parts)

    def _escaped(self, at: int, parts: list[str]) -> int:
        """A backslash (or a caret of cmd.exe) inside double quotes; returns where to go on."""
        text = self.text
        if text[at] == "^":
            if text[at + 1 : at + 2] == "\n":
                parts.append("\n")
                return at + (3 if text[at + 2 : at + 3] == "\n" else 2)
            return at + 1
        after = at + 1 + (self.cmd and text[at + 1 : at + 2] == "^")
        char = text[after : after + 1]
        if char == "\n":
            return after + 1
        parts.append(char if char in '"\\$`' else "\\" + char)
        return after + 1

    def _ansi(self, start: int) -> str:
        """`$'...'` (ANSI-C quoting of bash), as browsers write it."""
        parts: list[str] = []
        at = start
        while at < self.limit and self.text[at] != "'":
            found = _ansi_piece().match(self.text, at, self.limit)
            if found is None:
                parts.append(self.text[at])
                at += 1
                continue
            parts.append(_ansi_value(found[0]))
            at = found.end()
        self.at = min(self.limit, at + 1)
        return "".join(parts)

    def _line_end(self, start: int) -> int:
        end = self.text.find("\n", start, self.limit)
        return end if end >= 0 else self.limit


def _is_cmd(text: str, start: int, limit: int) -> bool:
    """True when carets of cmd.exe quote or continue the command."""
    line = text[start : min(limit, start + 4_000)].partition("\n")[0]
    return '^"' in line or line.rstrip("\r").endswith("^")


@cache
def _continuation() -> re.Pattern[str]:
    return re.compile(r"[\\^`][ \t]*\r?\n[ \t]*")


@cache
def _end_of_command() -> re.Pattern[str]:
    return re.compile(r"[\r\n|;]|&&|&(?=\s|$)|#|\d?>{1,2}(?![\w\"'/])|\d>")


@cache
def _in_double_quotes(cmd: bool) -> re.Pattern[str]:
    return re.compile(r'[^"\\^]+' if cmd else r'[^"\\]+')


@cache
def _ansi_piece() -> re.Pattern[str]:
    return re.compile(r"[^\\']+|\\(?:x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|.)", re.DOTALL)


def _ansi_value(piece: str) -> str:
    if piece[0] != "\\":
        return piece
    char = piece[1]
    if char in "xuU" and len(piece) > 2:
        code = int(piece[2:], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    if char in "01234567":
        return chr(int(piece[1:], 8) & 0xFF)
    return _ESCAPES.get(char, char)


def words_at(text: str, start: int) -> list[Word]:
    """The words of the command that begins at `start`, at most 2,000. Never raises."""
    found: list[Word] = []
    for word in _Reader(text, start).words():
        found.append(word)
        if len(found) >= _MAX_WORDS:
            break
    return found


def word_at(text: str, start: int) -> Word | None:
    """The one word that begins at `start` or after blanks, or None at the end of the command."""
    return next(_Reader(text, start).words(), None)


def quoted(value: str, quote: str) -> str:
    """A value as it would be typed again, with the quotes it had (or single ones where it now needs them)."""
    if not quote and any(char.isspace() for char in value):
        quote = "'"
    if quote == '"':
        return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    if quote == "'":
        return "'" + value.replace("'", "'\\''") + "'"
    return value
