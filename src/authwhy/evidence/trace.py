"""`curl --trace-ascii` and `--trace` dumps, rewritten as `curl -v` lines.

The dumps break long lines every 64 (or 16) bytes, in the middle of a credential; redaction needs whole lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_MARKS = {"=> Send header": "> ", "<= Recv header": "< ", "=> Send data": "} ", "<= Recv data": "{ ", "== Info:": "* "}


@cache
def _title() -> re.Pattern[str]:
    return re.compile(r"(?:\d\d:\d\d:\d\d\.\d{1,6} )?(=> Send|<= Recv|== Info:)( (?:SSL )?(?:header|data))?(.*)")


@cache
def _row() -> re.Pattern[str]:
    return re.compile(r"([0-9a-f]{4,8}): (.*)")


@cache
def _hex() -> re.Pattern[str]:
    return re.compile(r"((?:[0-9a-f]{2} ){1,16}) {0,48}(.{1,16})$")


def is_trace(text: str) -> bool:
    """True for the output of `curl --trace-ascii` or `--trace`."""
    return ("=> Send header" in text or "<= Recv header" in text) and "0000: " in text


def unwrap(text: str) -> str:
    """The same exchange as `curl -v` would print it; bodies stand as plain lines."""
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    mark = ""
    rows: list[tuple[int, str]] = []
    for line in lines:
        row = _row().fullmatch(line) if mark else None
        if row:
            rows.append((int(row[1], 16), row[2]))
            continue
        yield from _flush(mark, rows)
        rows = []
        title = _title().fullmatch(line)
        mark = _mark(title) if title else ""
        if title is None or title[1] == "== Info:":
            yield "* " + title[3].strip() if title else line
            mark = ""
    yield from _flush(mark, rows)


def _mark(title: re.Match[str]) -> str:
    if not title[2] or "SSL" in title[2]:
        return "skip"
    return _MARKS.get(title[1] + title[2], "skip")


def _flush(mark: str, rows: list[tuple[int, str]]) -> Iterator[str]:
    if mark in ("", "skip") or not rows:
        return
    if _hex().fullmatch(rows[0][1]) and len(rows) > 1 and rows[1][0] - rows[0][0] == 16:
        content = (
            b"".join(_row_bytes(content) for _, content in rows)
            .decode("utf-8", "replace")
            .replace("\r\n", "\n")
            .split("\n")
        )
        content = content[:-1] if content and not content[-1] and mark in "> < " else content
    else:
        content = _joined(rows)
    prefix = mark if mark in ("> ", "< ") else ""
    for line in content:
        yield (prefix + line).rstrip() if prefix else line


def _joined(rows: list[tuple[int, str]]) -> list[str]:
    """Rows to lines: a row of 64 characters whose successor starts 64 later was broken by the dump."""
    lines: list[str] = []
    glue = False
    for index, (offset, content) in enumerate(rows):
        if glue:
            lines[-1] += content
        else:
            lines.append(content)
        glue = index + 1 < len(rows) and rows[index + 1][0] - offset == 64 and len(content) >= 64
    return lines


def _row_bytes(content: str) -> bytes:
    match = _hex().fullmatch(content)
    return bytes.fromhex(match[1]) if match else b""
