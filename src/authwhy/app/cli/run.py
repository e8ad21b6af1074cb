"""`authwhy run -- COMMAND`: run it, pass its output through, explain it when authentication failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

import click

from authwhy.app.cli.options import format_option
from authwhy.app.cli.output import show

KEEP = 4 << 20
NOT_FOUND = 127
NOT_EXECUTABLE = 126
_OWN_HEADERS = re.compile(r"-[A-Za-z]*[viD]|--verbose|--include|--dump-header|--trace(?:-ascii)?|--head")


@click.command(name="run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARG]...")
@format_option
def command(words: tuple[str, ...], form: str) -> int:
    """Run COMMAND and pass its output through; when authentication failed, say why on standard error.

    The exit status is the command's own. For curl, authwhy also asks for the response headers (--dump-header),
    so that a plain `authwhy run -- curl URL` is enough.
    """
    with tempfile.TemporaryDirectory(prefix="authwhy-") as folder:
        headers = Path(folder) / "headers"
        status, output, errors = _run(_with_headers(words, headers))
        seen = _evidence(words, headers, output, errors)
    if refused(seen, status):
        from authwhy.face import explain

        sys.stdout.flush()
        sys.stderr.write("\n")
        diagnosis = explain(seen, at=time.time())
        if diagnosis.verdict != "not_an_authentication_failure":
            show(diagnosis, form, sys.stderr)
    return status


def _with_headers(words: tuple[str, ...], headers: Path) -> list[str]:
    """A curl that shows no headers is asked for them, in a file of its own; its output stays as it is."""
    if os.path.basename(words[0]) not in ("curl", "curl.exe"):  # noqa: PTH119  a name, not a path on this system
        return list(words)
    if any(_OWN_HEADERS.fullmatch(word) for word in words[1:]):
        return list(words)
    return [words[0], "--dump-header", str(headers), *words[1:]]


def _run(words: list[str]) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603  the user's own command
    except FileNotFoundError:
        raise _unstartable(words[0], "command not found", NOT_FOUND) from None
    except OSError as error:
        raise _unstartable(words[0], error.strerror or str(error), NOT_EXECUTABLE) from None
    output, errors = bytearray(), bytearray()
    assert process.stdout is not None
    assert process.stderr is not None
    pump = threading.Thread(target=_pass_on, args=(process.stderr, sys.stderr.buffer, errors), daemon=True)
    pump.start()
    _pass_on(process.stdout, sys.stdout.buffer, output)
    pump.join()
    status = process.wait()
    return (status if status >= 0 else 128 - status), bytes(output), bytes(errors)


def _unstartable(name: str, why: str, status: int) -> click.exceptions.Exit:
    """Say why the command could not be started; the exit status is the one a shell gives."""
    click.echo(f"authwhy: cannot run {name}: {why}", err=True)
    return click.exceptions.Exit(status)


def _pass_on(source: IO[bytes], target: IO[bytes], kept: bytearray) -> None:
    """Copy as it comes, keep the first megabytes."""
    while chunk := source.read1(65536):  # type: ignore[attr-defined]
        target.write(chunk)
        target.flush()
        kept += chunk[: max(0, KEEP - len(kept))]


def _evidence(words: tuple[str, ...], headers: Path, output: bytes, errors: bytes) -> list[str | bytes]:
    import shlex

    pieces: list[str | bytes] = []
    if os.path.basename(words[0]) in ("curl", "curl.exe"):  # noqa: PTH119  a name, not a path on this system
        pieces.append(shlex.join(words))
    answer = headers.read_bytes() if headers.is_file() else b""
    if answer:
        pieces.append(answer + output)
    elif output.strip():
        pieces.append(output)
    if errors.strip():
        pieces.append(errors)
    return pieces


def refused(pieces: list[str | bytes], status: int) -> bool:
    """True when the output shows 401, 403, 407 or 429, or the command failed with words of authentication."""
    text = "\n".join(piece.decode("utf-8", "replace") if isinstance(piece, bytes) else piece for piece in pieces)
    if re.search(r"^(?:< )?HTTP/\d(?:\.\d)? (?:401|403|407|429)\b", text, re.MULTILINE):
        return True
    words = (
        r"\b(?:401|403|407|429|unauthori[sz]ed|forbidden|authenticat|credential|permission denied|access denied"
        r"|login|password|token|certificate|signature)"
    )
    return status != 0 and re.search(words, text, re.IGNORECASE) is not None
