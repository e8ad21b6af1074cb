"""The longest pattern decides, and no way of writing a path is treated more kindly than the plain one."""

from __future__ import annotations

import posixpath
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.paths import CLOSED, OPEN, Paths, readings
from authwhy.guard.rules import AllOf, ConfigurationError, Rule, names_of

PATHS = Paths({"/health": OPEN, "/admin/*": "staff", "/admin/public": OPEN, "/pub/*": OPEN, "/orders": "token"})


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/health", OPEN), ("/admin/x", "staff"), ("/admin", "staff"), ("/admin/", "staff"), ("/admin/public", OPEN),
        ("/orders", "token"), ("/orders/", CLOSED), ("/orders/7", CLOSED), ("/", CLOSED), ("", CLOSED), ("*", CLOSED),
        ("/healthy", CLOSED), ("/administrator", CLOSED), ("/pub/a/b", OPEN),
    ],
)  # fmt: skip
def test_plain(path: str, rule: object) -> None:
    assert PATHS.rule(path) == rule
    assert PATHS.rule(path) == rule  # from what is kept


@pytest.mark.parametrize(
    "path",
    [
        "/pub/../admin/x", "/pub//../admin/x", "/pub/%2e%2e/admin/x", "/pub/%252e%252e/admin/x", "/pub/..;/admin/x",
        "/pub/..;a=1/admin/x", "/pub/..\\admin\\x", "/pub\\..\\admin\\x", "/ADMIN/x", "/Admin/public/../x", "//admin/x",
        "/./admin/x", "/admin/./x", "/admin;v=1/x", "/admin%2fx", "/%61dmin/x", "/admin/x%00.png", "/pub/..\x00",
        "/admin/public/", "/admin/public/.", "/admin/public;x", "/admin/public%20", "/pub/%2e%2e%5cadmin", "/pub/..",
        "/pub/x/../../admin", "/pub/x/%2e%2e/..;/ADMIN/.//x;y. ", "/admin/pub\x00lic", "/admin/public\x00", "/pub/../health.",
    ],
)  # fmt: skip
def test_odd(path: str) -> None:
    """Never open: some reading of it is guarded or named by no rule."""
    assert PATHS.rule(path) is not OPEN


def test_readings_of_different_rules_must_all_be_met() -> None:
    paths = Paths({"/a/*": "one", "/b/*": "two", "/*": OPEN})
    assert paths.rule("/a/../b/x") == AllOf(("one", "two"))
    assert paths.rule("/a/../c") == "one"


def test_letters() -> None:
    """A service may or may not tell their case apart, on either side."""
    paths = Paths({"/Admin/*": "staff", "/Health": OPEN, "/*": "token"})
    assert paths.rule("/Health") is OPEN
    assert paths.rule("/health") == "token"
    assert paths.rule("/admin/x") == AllOf(("token", "staff"))
    assert paths.rule("/Admin/x") == "staff"
    both = Paths({"/A": "one", "/a": "two"})
    wanted: Any = both.rule("/A")
    assert names_of(wanted) == ("one", "two")


@pytest.mark.parametrize("pattern", ["", "orders", "/a/*/b", "/a?b", "/a b", "/**", 7, "/a\n"])
def test_patterns_that_cannot_work(pattern: Any) -> None:
    with pytest.raises(ConfigurationError):
        Paths({pattern: OPEN})


def test_what_is_kept_is_bounded() -> None:
    paths = Paths({"/*": "token"})
    for number in range(5_000):
        assert paths.rule(f"/{number}") == "token"
    assert len(paths._kept) <= 2_048


PIECES = st.sampled_from(
    ["/", "//", ".", "..", "admin", "ADMIN", "pub", "%2e", "%2E%2e", "%2f", "%252f", "\\", ";", ";a=b", "%00", "\x00", " ", "%5c", "x", "é"]
)  # fmt: skip


def _backend(path: str) -> str:
    """A service that does all at once: decodes, cuts at NUL, drops parameters, resolves, folds."""
    plain = re.sub(r";[^/]*", "", unquote(path).replace("\\", "/").partition("\x00")[0])
    resolved = posixpath.normpath("/" + re.sub(r"/+", "/", plain).lstrip("/"))
    return (resolved.rstrip(". ") or "/").lower()


@given(st.lists(PIECES, max_size=9).map(lambda pieces: "/" + "".join(pieces)))
def test_a_forgiving_service_gives_nothing_away(path: str) -> None:
    """Where the service would serve /admin, the guard has asked for what /admin wants."""
    served = _backend(path)
    wanted: Rule | object | None = PATHS.rule(path)
    assert len(readings(path)) <= 48
    if served == "/admin" or (served.startswith("/admin/") and served != "/admin/public"):
        assert wanted is CLOSED or wanted == "staff" or (isinstance(wanted, AllOf) and "staff" in wanted.rules)
