"""`authwhy explain --events FILE`: which event is meant, and what is said when it is none or not named."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from textwrap import fill

import msgspec

from authwhy.app.cli.event_files import find_event, last_failures
from authwhy.app.cli.output import show
from authwhy.model.diagnosis import Diagnosis
from authwhy.model.event import Event
from authwhy.render.words import printable

LAST = "last"  # in place of a reference: the newest failure
MOST = 10
_HEADS = ("time", "ref", "cause", "user", "route")
_WIDEST = 40


def chosen(ref: str, path: str) -> Event | None:
    """The newest event with this reference, or the newest failure for "last". Raises UnreadableInput."""
    if ref == LAST:
        return next(iter(last_failures(path, 1)), None)
    found = find_event(ref, path)
    if found is None:
        return None
    if found.others and sys.stderr is not None:
        older = "1 older event has" if found.others == 1 else f"{found.others} older events have"
        sys.stderr.write(f"authwhy: this is the newest event with the reference; {older} the same one\n")
    return found.event


def show_absent(ref: str, path: str, form: str) -> int:
    """Say that no event is it, and where it may be. Returns the exit status, 1."""
    if ref == LAST:
        reason = f"no failure in {path}"
    else:
        reason = (
            f"no event in {path} or the rotated files beside it has the reference {ref[:80]}; it may be in the file of"
            " another host or process, rotated away, or still on its way (events are written a moment after the answer)"
        )
    diagnosis = Diagnosis("unexplained", reason=reason, read=("events",))
    if form != "text":
        return show(diagnosis, form)
    _write(f"{fill(printable(f'not found: {reason}'), 96)}\n")
    return 1


def show_failures(path: str, form: str) -> int:
    """List the last failures, newest first. Returns the exit status, 0. Raises UnreadableInput."""
    rows = [_row(event) for event in last_failures(path, MOST)]
    if form == "json":
        _write(msgspec.json.encode([dict(zip(_HEADS, row, strict=True)) for row in rows]).decode() + "\n")
    elif not rows:
        _write(f"no failure in {printable(path)}\n")
    else:
        _write("\n".join(_table([_HEADS, *([cell or "-" for cell in row] for row in rows)])) + "\n")
    return 0


def _row(event: Event) -> tuple[str | None, ...]:
    user = event.user or (f"digest {event.user_digest}" if event.user_digest else None)
    place = " ".join(part for part in (event.verb, event.route) if part)
    return event.time, event.ref, event.cause, user, place or None


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    # a reference is never cut: it is what one copies
    cells = [[printable(cell) if at == 1 else printable(cell)[:_WIDEST] for at, cell in enumerate(row)] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEADS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _write(text: str) -> None:
    if sys.stdout is not None:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding, "replace"))
