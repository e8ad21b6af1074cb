"""Tests that keep the house in shape: what may be imported where, and what the tests mirror."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src/authwhy"
# Rings that must stay pure: time, randomness, sockets, files and logs come in as values or as Asks.
PURE = [
    *SRC.glob("verify/**/*.py"),
    SRC / "diagnose/judge.py",
    SRC / "diagnose/prove.py",
    SRC / "diagnose/settle.py",
    *SRC.glob("diagnose/edits/*.py"),
    *SRC.glob("diagnose/observe/*.py"),
]
FORBIDDEN = {
    "time",
    "socket",
    "os",
    "random",
    "secrets",
    "logging",
    "subprocess",
    "asyncio",
    "urllib.request",
    "http.client",
}


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(SRC)))
def test_pure_rings_import_no_clock_no_socket_no_log(path: Path) -> None:
    """A verifier that could look at a clock could not be replayed."""
    assert not imports(path) & FORBIDDEN


def test_datetime_is_never_asked_for_now_in_pure_rings() -> None:
    """`datetime.now` is a clock too."""
    assert [
        path
        for path in PURE
        if ".now(" in path.read_text("utf-8") or "utcnow" in path.read_text("utf-8").replace("|utcnow", "")
    ] == []


def test_identifiers_never_say_auth_alone() -> None:
    """Authentication or authn, authorization or authz (law 8); one cause of the vocabulary has the old word."""
    found = []
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "name", None) or getattr(node, "id", None) or getattr(node, "arg", None)
            if isinstance(name, str) and "auth" in name.lower().split("_") and name != "PROXY_AUTH_REQUIRED":
                found.append(f"{path.relative_to(SRC)}: {name}")
    assert found == []


def test_no_file_is_called_after_nothing() -> None:
    """No utils, helpers, managers, handlers (law 8)."""
    banned = ("util", "helper", "manager", "handler", "misc", "common")
    assert [path.name for path in SRC.rglob("*.py") if any(word in path.stem for word in banned)] == []
