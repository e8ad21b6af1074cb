"""Real servers on loopback: a free port, a process group of its own, and waiting on conditions."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

HOST = "127.0.0.1"
PATIENCE_S = 20.0
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Value = TypeVar("Value")
_given: set[int] = set()


def binary(name: str, *folders: str) -> str:
    """The path of a program; the test is skipped where it is not installed."""
    places = os.pathsep.join([*folders, os.environ.get("PATH", ""), SYSTEM_FOLDERS])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def as_root(why: str) -> None:
    """Skip the test for anyone but root."""
    if os.geteuid() != 0:
        pytest.skip(f"needs root: {why}")


def free_port() -> int:
    """A TCP port on loopback that nobody listens on and that no other server of this run was given."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def until(condition: Callable[[], Value], what: str, patience_s: float = PATIENCE_S) -> Value:
    """The first true value of the condition; the test fails when it stays false."""
    end = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"waited {patience_s:.0f} s for {what}")
        time.sleep(0.01)  # between two looks; nothing relies on its length
    return value


def accepts(port: int) -> bool:
    """True when somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A plain environment: no proxy, no agent, no personal configuration, English messages."""
    return {"PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}", "HOME": str(home), "LC_ALL": "C", **(extra or {})}


def run(words: Sequence[str], home: Path, *, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """What a person sees in the terminal: output and errors in the order they came; any exit status."""
    done = subprocess.run(
        words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=home,
        env=environment(home, env), timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return done.stdout


class Server:
    """A running server and its log; `since` gives what it wrote after a mark."""

    def __init__(self, words: Sequence[str], home: Path, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        self.home = home
        with (home / "console.log").open("ab") as console:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=console, stderr=console, cwd=home, start_new_session=True,
                env=environment(home, env),
            )  # fmt: skip

    def text(self) -> str:
        """The whole log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def mark(self) -> int:
        """Where the log ends now, in characters."""
        return len(self.text())

    def since(self, mark: int, *ends: str) -> str:
        """What was written after the mark, once one of these words is there."""
        return until(lambda: self._after(mark, ends), f"{' or '.join(ends)} in {self.log.name}: {self.text()[mark:]}")

    def _after(self, mark: int, ends: Sequence[str]) -> str:
        new = self.text()[mark:]
        return new if any(end in new for end in ends) and new.endswith("\n") else ""

    def ready(self, condition: Callable[[], object], what: str) -> None:
        """Wait for the condition; fail with the server's own words when it ends before."""

        def look() -> object:
            if self.process.poll() is not None:
                console = (self.home / "console.log").read_text(errors="replace")
                pytest.fail(f"{what} ended with status {self.process.returncode}: {console}{self.text()}"[:4000])
            return condition()

        until(look, f"{what} to be ready")

    def stop(self) -> None:
        """End the whole process group and wait until it is empty."""
        group = self.process.pid
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                break
            try:
                until(lambda: self._gone(group), "the server to stop", 8)
            except pytest.fail.Exception:
                continue
            return

    def _gone(self, group: int) -> bool:
        self.process.poll()  # takes the leader out of the process table
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False
