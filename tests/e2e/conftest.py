"""Fixtures that every end-to-end test shares: a folder other users can read, and servers that are always stopped."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.e2e.loopback import Server

Start = Callable[..., Server]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder under /tmp that servers which drop root can reach (pytest's own tmp_path is private)."""
    folder = Path(tempfile.mkdtemp(prefix="authwhy-e2e-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def start(home: Path) -> Iterator[Start]:
    """Start a server: words, its log file, and the condition that says it is ready; stopped after the module."""
    running: list[Server] = []

    def start(
        words: Sequence[str],
        ready: Callable[[Server], object],
        *,
        folder: Path = home,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Server:
        server = Server(words, folder, log or folder / "console.log", env)
        running.append(server)
        server.ready(lambda: ready(server), Path(words[0]).name)
        return server

    yield start
    for server in reversed(running):
        server.stop()
