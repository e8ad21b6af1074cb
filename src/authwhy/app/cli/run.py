"""`authwhy run -- COMMAND`: run it, pass its output through, explain it when authentication failed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from authwhy.app.cli.options import format_option
from authwhy.app.cli.output import show

KEEP = 4 << 20
NOT_FOUND = 127
NOT_EXECUTABLE = 126
# A curl that is told where to put its messages is left alone.
_OWN_MESSAGES = re.compile(r"-[A-Za-z]*v[A-Za-z]*|--verbose|--trace(?:-ascii)?|--stderr")


@click.command(name="run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND [ARG]...")
@format_option
def command(words: tuple[str, ...], form: str) -> int:
    """Run COMMAND and pass its output through; when authentication failed, say why on standard error.

    The exit status is the command's own. A curl is also asked for the details of its requests (-v into a file of
    authwhy's own), so that a plain `authwhy run -- curl URL` is enough; a curl inside another command is not.
    """
    with tempfile.TemporaryDirectory(prefix="authwhy-") as folder:
        messages = Path(folder) / "messages"
        asked = _asked_for_details(words, messages)
        status, output, errors = _run(asked)
        details = messages.read_bytes() if messages.is_file() else b""
    if details:
        _pass_on_messages(details)
    seen = [piece for piece in (details + b"\n" + output if details else output, errors) if piece.strip()]
    if refused(seen, status):
        from authwhy.face import explain

        sys.stdout.flush()
        sys.stderr.write("\n")
        diagnosis = explain(seen, at=time.time())
        if diagnosis.verdict != "not_an_authentication_failure":
            show(diagnosis, form, sys.stderr)
    return status


def _asked_for_details(words: tuple[str, ...], messages: Path) -> list[str]:
    """A curl that shows no details is asked for them, into a file; its output stays as it is."""
    if os.path.basename(words[0]) not in ("curl", "curl.exe"):  # noqa: PTH119  a name, not a path on this system
        return list(words)
    if any(_OWN_MESSAGES.fullmatch(word) for word in words[1:]):
        return list(words)
    return [words[0], "--verbose", "--stderr", str(messages), *words[1:]]


def _pass_on_messages(details: bytes) -> None:
    """What curl would have said on standard error without --verbose: its errors, not its meter."""
    for line in details.decode("utf-8", "replace").splitlines():
        if line.startswith("curl: "):
            sys.stderr.write(line + "\n")


def _run(words: list[str]) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603  the user's own command
    except FileNotFoundError:
        raise _unstartable(words[0], "command not found", NOT_FOUND) from None
    except OSError as error:
        raise _unstartable(words[0], error.strerror or str(error), NOT_EXECUTABLE) from None
    _hand_on_signals(process)
    output, errors = bytearray(), bytearray()
    assert process.stdout is not None
    assert process.stderr is not None
    pump = threading.Thread(target=_pass_on, args=(process.stderr, sys.stderr.buffer, errors), daemon=True)
    pump.start()
    _pass_on(process.stdout, sys.stdout.buffer, output)
    pump.join()
    status = process.wait()
    return (status if status >= 0 else 128 - status), bytes(output), bytes(errors)


def _hand_on_signals(process: subprocess.Popen[bytes]) -> None:
    """The command decides what an interrupt means, and is never left behind.

    A terminal sends the interrupt to the whole group, so it is only ignored here; otherwise it is handed on.
    """
    terminal = sys.stdin is not None and sys.stdin.isatty()
    signal.signal(signal.SIGINT, signal.SIG_IGN if terminal else lambda number, frame: process.send_signal(number))
    signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(number))


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


def refused(pieces: Sequence[bytes], status: int) -> bool:
    """True when the output shows 401, 403, 407 or 429, or the command failed with words of authentication."""
    text = "\n".join(piece.decode("utf-8", "replace") for piece in pieces)
    if re.search(r"^(?:< )?HTTP/\d(?:\.\d)? (?:401|403|407|429)\b", text, re.MULTILINE):
        return True
    words = (
        r"\b(?:401|403|407|429|unauthori[sz]ed|forbidden|authenticat|credential|permission denied|access denied"
        r"|login|password|token|certificate|signature)"
    )
    return status != 0 and re.search(words, text, re.IGNORECASE) is not None
