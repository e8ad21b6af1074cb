"""The door: any input, never an exception, bounded time."""

from __future__ import annotations

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.canaries import SECRETS, SLOTS

from authwhy.evidence.read import READERS, read


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        ("it does not work", ("text",)),
        ("", ()),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", ("token",)),
        ("retries: 3", ("settings", "text")),
        ("curl https://a.example/", ("curl_command",)),
        ("HTTP/1.1 401 No\n\n", ("http_exchange",)),
        ("> GET / HTTP/1.1\n>\n< HTTP/1.1 401 No\n<\n", ("curl_verbose",)),
        (json.dumps({"kty": "oct", "k": "AAAA"}), ("jwks",)),
        (b"\x00\x01\x02" * 100, ()),
    ],
)
def test_kinds(data: str | bytes, kinds: tuple[str, ...]) -> None:
    """What was recognised, in the order of the readers; text when nothing but settings was."""
    assert read(data).kinds == kinds


def test_places_get_the_name_of_the_input() -> None:
    """With several inputs a line number alone says too little."""
    evidence = read("a=1\ncurl https://a.example/\n\x1b[0m", name="app.log")
    assert (evidence.settings[0].where, evidence.commands[0].where) == ("app.log, line 1", "app.log, line 2")
    assert evidence.notes == ("app.log, terminal escape codes were removed",)


@given(st.one_of(st.text(max_size=400), st.binary(max_size=400)))
def test_any_input_is_read(data: str | bytes) -> None:
    """Never raises."""
    read(data)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(SLOTS)), st.sampled_from(sorted(SECRETS)), st.integers(0, 400)),
        min_size=1,
        max_size=3,
    )
)
def test_any_mixture_and_any_cut_is_read(pieces: list[tuple[str, str, int]]) -> None:
    """Pastes are cut off anywhere."""
    read("\n".join(SLOTS[slot](SECRETS[shape])[: cut or None] for slot, shape, cut in pieces))


HOSTILE = [
    "." * 10_000_000, "eyJ" + "a" * 1_000_000, "eyJhbGciOiJIUzI1NiJ9." * 50_000, "[" * 100_000, '{"a":' * 100_000,
    "a=b&" * 100_000, "curl '" * 100_000, "Authorization: Bearer " * 20_000, "-----BEGIN PRIVATE KEY-----" * 20_000,
    "://a:b@" * 50_000, "name: a value:" * 30_000, "334 a\nabcd\n" * 40_000, "password=a " * 40_000, "HTTP/1.1 401\n" * 30_000,
    '"' * 500_000, "\\" * 500_000, "<a>" * 150_000, "\ue000" * 500_000, "é=" * 200_000, "token is x " * 40_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:24]) for text in HOSTILE])
def test_hostile_text_takes_bounded_time(text: str) -> None:
    """Linear: what would be quadratic takes hours at this size. The limit is far above what is needed."""
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 30


def test_a_hundred_megabytes_are_cut() -> None:
    """Only the two ends are looked at."""
    evidence = read(b"nothing to see here \n" * 5_000_000)
    assert len(evidence.text) <= 20_000_000
    assert "first and the last" in evidence.notes[0]


def test_binary_junk() -> None:
    """A megabyte of noise is no text."""
    evidence = read(os.urandom(1_000_000))
    assert (evidence.text, len(evidence.notes)) == ("", 1)


def test_literals_of_the_readers_are_not_empty() -> None:
    """Each reader is skipped where it can not apply."""
    assert all(literals for _, literals in READERS)
