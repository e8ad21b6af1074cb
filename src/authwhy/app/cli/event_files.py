"""Finding one event by its reference in the files of guard's jsonl sink: the current, rotated and compressed ones."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from authwhy.app.cli.inputs import UnreadableInput
from authwhy.model.event import Event, from_json

LONGEST_LINE = 1 << 20
GZIP = b"\x1f\x8b"


def find_event(ref: str, path: str) -> Event | None:
    """The event with this reference in `path` or in a rotated file beside it, newest file first; None when in none.

    The files are streamed. Lines that are no event, or longer than 1 MiB, are skipped. Raises UnreadableInput.
    """
    wanted = ref.encode("utf-8", "surrogateescape")
    for file in _files(Path(path)):
        try:
            with file.open("rb") as raw:
                for line in _lines(_opened(raw)):
                    if wanted in line and (event := _event(line)) is not None and event.ref == ref:
                        return event
        except (OSError, EOFError, zlib.error) as error:
            what = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise UnreadableInput(f"cannot read {file}: {what}") from None
    return None


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
