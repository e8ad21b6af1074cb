"""Finding events in the files of guard's jsonl sink: the current, rotated and compressed ones, newest first."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from authwhy.app.cli.inputs import UnreadableInput
from authwhy.model.event import Event, from_json

LONGEST_LINE = 1 << 20
GZIP = b"\x1f\x8b"


class Found(NamedTuple):
    """The newest event with a reference, and how many older ones have the same."""

    event: Event
    others: int


def find_event(ref: str, path: str) -> Found | None:
    """The events with this reference in `path` and in the rotated files beside it; None when there is none.

    The files are streamed. Lines that are no event, or longer than 1 MiB, are skipped. Raises UnreadableInput.
    """
    newest, count = None, 0
    for file in _files(Path(path)):
        last = None
        for event in _events(file, ref.encode("utf-8", "surrogateescape"), lambda event: event.ref == ref):
            last, count = event, count + 1
        newest = newest or last
    return None if newest is None else Found(newest, count - 1)


def last_failures(path: str, most: int) -> list[Event]:
    """The last `most` failures of `path` and the rotated files beside it, newest first. Raises UnreadableInput."""
    found: list[Event] = []
    for file in _files(Path(path)):
        if len(found) == most:
            break
        failures = _events(file, b"failure", lambda event: event.outcome == "failure")
        found += reversed(deque(failures, maxlen=most - len(found)))
    return found


def _events(file: Path, word: bytes, wanted: Callable[[Event], bool]) -> Iterator[Event]:
    """The wanted events of one file, in its order; only lines that have the word are looked at."""
    try:
        with file.open("rb") as raw:
            for line in _lines(_opened(raw)):
                if word in line and (event := _event(line)) is not None and wanted(event):
                    yield event
    except (OSError, EOFError, zlib.error) as error:
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableInput(f"cannot read {file}: {what}") from None


def _files(path: Path) -> list[Path]:
    """`events.jsonl`, then `events.jsonl.1`, `events.jsonl.2.gz` ... by number."""
    ends = re.compile(re.escape(path.name) + r"\.(\d{1,9})(?:\.gz)?")
    try:
        beside = [(int(match[1]), one) for one in path.parent.iterdir() if (match := ends.fullmatch(one.name))]
    except OSError:
        beside = []
    return [path, *(one for _, one in sorted(beside))]


def _opened(raw: IO[bytes]) -> IO[bytes]:
    start = raw.read(len(GZIP))
    raw.seek(0)
    return gzip.open(raw) if start == GZIP else raw  # type: ignore[return-value]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    inside = False  # a line that was too long is being passed over
    while line := stream.readline(LONGEST_LINE):
        whole = line.endswith(b"\n")
        if not inside and (whole or len(line) < LONGEST_LINE):
            yield line
        inside = not whole


def _event(line: bytes) -> Event | None:
    try:
        return from_json(line)
    except ValueError:
        return None
