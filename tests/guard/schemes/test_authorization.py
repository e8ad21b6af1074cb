"""One credential of one scheme, or a refusal that says what was sent instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.guard import Deny, View
from authwhy.guard.answers import Presented
from authwhy.guard.schemes.authorization import find


def of(*values: str) -> View:
    return View.of("GET", "/", [("Authorization", value) for value in values])


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   abc", "abc"), ("Bearer", ""), ("Bearer ", ""),
        ("Bearer a,b", "a,b"), ("Bearer a b", "a b"), ("Bearer abc ", "abc "),
    ],
)  # fmt: skip
def test_found(value: str, token: str) -> None:
    found = find(of(value), "bearer")
    assert isinstance(found, Presented)
    assert (found.slot, found.value) == ("authorization", token)


@pytest.mark.parametrize("value", ["Basic abc", "", " Bearer abc", "Bearerabc", "x", "Bear er", "a.b.c"])
def test_not_for_this_scheme(value: str) -> None:
    assert find(of(value), "bearer") is None
    assert find(View.of("GET", "/"), "bearer") is None


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        (["Bearer a", "Bearer a"], Cause.AMBIGUOUS), (["Bearer a", "Basic b"], Cause.AMBIGUOUS),
        (["Bearer a,Basic b"], Cause.AMBIGUOUS), (["Bearer a, \t Basic b"], Cause.AMBIGUOUS),
        (["Bearer: a"], Cause.MALFORMED), (["Bearer=a"], Cause.MALFORMED), (["Bearer\ta"], Cause.MALFORMED),
    ],
)  # fmt: skip
def test_refused(values: list[str], cause: Cause) -> None:
    found = find(of(*values), "bearer")
    assert isinstance(found, Deny)
    assert found.cause is cause


def test_a_scheme_with_lists() -> None:
    found = find(of('Digest a="1", b c'), "digest", lists=True)
    assert isinstance(found, Presented)


def test_a_bare_token() -> None:
    bare = find(of("eyJh.eyJz.sig"), "bearer", bare=True)
    assert isinstance(bare, Deny)
    assert bare.failures[0].facts == {"problem": "no_scheme"}
    assert find(of("eyJh.eyJz.sig" + "x" * 20_000), "bearer", bare=True) is None


@given(st.text(st.characters(max_codepoint=255)))
def test_total(value: str) -> None:
    """Whatever is sent, nothing of it is in a refusal."""
    found = find(of(value), "bearer", bare=True)
    assert found is None or isinstance(found, Presented | Deny)
    if isinstance(found, Deny):
        assert set(found.failures[0].facts) <= {"problem", "seen"}
