"""Where output goes: width and colours of the reader's terminal, and the exit status a diagnosis means."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from authwhy.model.diagnosis import Diagnosis
from authwhy.render import render
from authwhy.render.interface import Style


def style_for(stream: TextIO) -> Style:
    """Colours only on a terminal and never with NO_COLOR; at most 110 columns."""
    terminal = stream.isatty()
    color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(width=max(60, min(110, _columns(stream))) if terminal else 96, color=color)


def _columns(stream: TextIO) -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and len(columns) < 5:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 96


def show(diagnosis: Diagnosis, form: str, stream: TextIO | None = None) -> int:
    """Print the diagnosis; return the exit status: 0 a cause was found or the check passed, else 1."""
    stream = stream or sys.stdout
    if stream is None:  # standard output is closed: the status is all that can be said
        return exit_status(diagnosis)
    text = render(diagnosis, form, style_for(stream))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding, "replace"))
    stream.flush()
    return exit_status(diagnosis)


def exit_status(diagnosis: Diagnosis) -> int:
    """0 when a cause was found or the check passed, else 1."""
    passed = diagnosis.reason is not None and diagnosis.reason.startswith("the check passes")
    return 0 if diagnosis.verdict == "explained" or passed else 1
