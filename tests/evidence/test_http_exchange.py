"""HTTP messages as people paste them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.read import read

TABLE = tomllib.loads((Path(__file__).parent / "data/exchanges.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", TABLE, ids=[case["id"] for case in TABLE])
def test_table(case: dict[str, Any]) -> None:
    """Requests, responses, their pairing, and where each body ends."""
    found = read(case["text"]).exchanges
    shown = [
        [
            one.request.method if one.request else "",
            one.request.url if one.request else "",
            one.response.status if one.response else 0,
            one.response.body if one.response else "",
        ]
        for one in found
    ]
    assert shown == case["exchanges"]
    if "header" in case:
        name, value = case["header"]
        assert [one.response.header(name) for one in found if one.response] == [value]


def test_places_are_line_numbers() -> None:
    """`where` leads back to the paste."""
    evidence = read("see:\n\nGET / HTTP/1.1\nHost: a\n\nHTTP/1.1 401 No\nServer: b\n\n")
    assert [one.where for one in evidence.exchanges] == ["lines 3-7"]


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.integers(200, 599),
    st.lists(
        st.tuples(st.sampled_from(["Host", "Server", "X-A"]), st.text("abc 123", max_size=9).map(str.strip)), max_size=4
    ),
    st.sampled_from(["", "    ", "> ", "| "]),
)
def test_what_was_written_is_read(method: str, status: int, headers: list[tuple[str, str]], lead: str) -> None:
    """Indented, quoted or plain: method, status and headers come back."""
    block = [f"{name}: {value}" for name, value in headers]
    lines = [f"{method} /p HTTP/1.1", *block, "", f"HTTP/1.1 {status} Some Reason", *block, "", "ok"]
    found = read("\n".join((lead + line).rstrip() if lead.strip() else lead + line for line in lines)).exchanges
    assert [(one.request.method, one.request.headers) for one in found if one.request] == [(method, tuple(headers))]
    assert [(one.response.status, one.response.headers) for one in found if one.response] == [(status, tuple(headers))]


@given(st.text('GET /HTP1. 405:\n<>*{}"`-', max_size=200))
def test_near_messages_never_raise(text: str) -> None:
    """Half lines and wrong lines are read or left out."""
    read(text)
