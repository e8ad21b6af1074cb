"""Curl command lines: the request each would send."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from authwhy.evidence.curl_command import looks_like_url
from authwhy.evidence.read import read

TABLE = tomllib.loads((Path(__file__).parent / "data/curl_commands.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", TABLE, ids=[case["id"] for case in TABLE])
def test_table(case: dict[str, Any]) -> None:
    """Method, URL, headers, body and the options that matter."""
    evidence = read(case["text"])
    (command,) = evidence.commands
    request, reveal = command.request, evidence.vault.reveal
    assert (request.method, reveal(request.url)) == (case["method"], case["url"])
    assert [[name, reveal(value)] for name, value in request.headers] == case.get("headers", [])
    assert reveal(request.body) == case.get("body", "")
    assert [reveal(option) for option in command.options] == case.get("options", [])


def test_a_command_in_a_sentence_needs_a_url() -> None:
    """`although curl -u user:password is used` is no command, but its password is hidden."""
    evidence = read("It fails although curl -u user:password is used.")
    assert (evidence.commands, "user:password" in evidence.text) == ((), False)


def test_several_commands() -> None:
    """Each in its line."""
    assert [one.where for one in read("curl a.example/1\n\ncurl https://b.example/2\n").commands] == [
        "line 1",
        "line 3",
    ]


def test_the_answer_below_a_command_gets_its_request() -> None:
    """`curl -i` prints only the response."""
    (exchange,) = read("$ curl -i https://a.example/x\nHTTP/1.1 401 Unauthorized\n\n").exchanges
    assert exchange.request
    assert exchange.request.url == "https://a.example/x"


@pytest.mark.parametrize(
    ("value", "is_url"),
    [
        ("https://a.example", True),
        ("a.example/x", True),
        ("localhost", True),
        ("$HOST/x", True),
        ("used.", False),
        ("is", False),
        ("...", False),
    ],
)
def test_what_looks_like_a_url(value: str, is_url: bool) -> None:
    """Words of a sentence do not."""
    assert looks_like_url(value) is is_url
