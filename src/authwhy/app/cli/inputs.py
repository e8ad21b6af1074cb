"""Where input comes from: an argument, a file, standard input. Bounded: of a huge one, its head and its tail."""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from typing import BinaryIO

EXIT_UNREADABLE = 3
EXIT_INTERRUPTED = 130


class UnreadableInput(Exception):
    """An input that cannot be opened or read; exit status 3."""


HALF = 32 << 20
MOST = 1 << 30  # a device that never ends is given up on
CHUNK = 1 << 20


def read_bounded(stream: BinaryIO) -> bytes:
    """Everything up to 64 MiB; of more, the first and last 32 MiB with a line that says the middle is left out."""
    head = bytearray()
    tail: deque[bytes] = deque()
    size, seen, dropped = 0, 0, False
    while seen < MOST and (chunk := stream.read(CHUNK)):
        seen += len(chunk)
        if len(head) < HALF:
            head += chunk
            continue
        tail.append(chunk)
        size += len(chunk)
        while size - len(tail[0]) >= HALF:
            size -= len(tail.popleft())
            dropped = True
    gap = b"\n[authwhy: the middle of this input was left out]\n" if dropped else b""
    return bytes(head) + gap + b"".join(tail)


def read_file(path: str) -> bytes:
    """A file's bytes. Raises UnreadableInput."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  importing pathlib costs a tenth of a cold start
            return read_bounded(file)
    except OSError as error:
        raise UnreadableInput(f"cannot read {path}: {error.strerror or error}") from None


def read_text_file(path: str) -> str:
    """A file's text, without the newline editors put at its end. Raises UnreadableInput."""
    return read_file(path).decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")


def looks_like_a_path(text: str) -> bool:
    """True for an argument that can only be meant as a file: one word with a path separator or a usual ending."""
    if len(text) > 1024 or re.search(r"\s", text) or "://" in text:
        return False
    return (
        text.startswith(("/", "./", "../", "~"))
        or re.search(r"\.(?:har|log|txt|json|pem|crt|jwt|out|der|toml|yaml|yml|env)$", text) is not None
    )


def read_inputs(arguments: tuple[str, ...]) -> list[str | bytes]:
    """Each argument as text, a file's content, or standard input for `-` and for a pipe with no argument."""
    if not arguments:
        return [] if sys.stdin is None or sys.stdin.isatty() else [read_bounded(sys.stdin.buffer)]
    found: list[str | bytes] = []
    for argument in arguments:
        if argument == "-":
            found.append(read_bounded(sys.stdin.buffer) if sys.stdin is not None else b"")
        elif len(argument) < 1024 and "\n" not in argument and os.path.exists(argument):  # noqa: PTH110  Path() is slow to import
            found.append(read_file(argument))
        elif looks_like_a_path(argument):
            raise UnreadableInput(f"cannot read {argument}: no such file")
        else:
            found.append(argument)
    return found
