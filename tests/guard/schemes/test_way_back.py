"""Where a sign-in leads back to."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard import View
from authwhy.guard.schemes.way_back import not_allowed, path_of, returning, see_other


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x", "x", ""]
)
def test_never_to_another_host(path: str) -> None:
    """The default instead; and a path given twice is nobody's."""
    assert returning(View.of("GET", f"/login?return={quote(path)}"), "/home") == "/home"
    assert returning(View.of("GET", "/login?return=/a&return=/b"), "/home") == "/home"
    assert returning(View.of("GET", "/login?return=/a%3Fb=1"), "/home") == "/a?b=1"


@given(st.text(max_size=40), st.binary(max_size=40))
def test_every_path_of_ours_is_one(path: str, query: bytes) -> None:
    """Whatever was asked for: the way back begins with one slash and is printable ASCII."""
    view = View(method="GET", path=f"/{path}", query=query)
    back = path_of(view)
    assert back.startswith("/")
    assert back[1:2] not in ("/", "\\")
    assert back.isascii()
    assert back.isprintable()
    assert returning(View.of("GET", f"/login?return={quote(back)}"), "/home") == back


def test_the_path_as_it_was_sent() -> None:
    """The raw path where the server tells it, else the decoded one encoded again."""
    assert path_of(View(method="GET", path="/a b", query=b"x=1")) == "/a%20b?x=1"
    assert path_of(View(method="GET", path="/a b", raw_path=b"/a%20b")) == "/a%20b"
    assert path_of(View(method="GET", path="/" + "a" * 2_000)) == "/"


def test_see_other() -> None:
    """303, and nobody keeps it."""
    reply = see_other("/x", ((b"set-cookie", b"a=b"),))
    assert reply.status == 303
    assert reply.headers == (
        (b"location", b"/x"), (b"content-length", b"0"), (b"cache-control", b"no-store"), (b"set-cookie", b"a=b"),
    )  # fmt: skip


def test_not_allowed() -> None:
    """Says what is."""
    assert not_allowed("GET, POST").headers[0] == (b"allow", b"GET, POST")
