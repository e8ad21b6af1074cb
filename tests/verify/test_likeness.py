"""Names that had to be equal: the one normalisation that would make them so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authwhy.causes import Cause, meta
from authwhy.verify.likeness import difference

TENANT, OTHER = "0f1e2d3c-0000-4000-8000-000000000001", "0f1e2d3c-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("expected", "seen", "detail"),
    [
        ("https://id.example.com", "https://id.example.com/", "trailing_slash"),
        ("https://id.example.com/a/", "https://id.example.com/a", "trailing_slash"),
        ("https://id.example.com", "https://ID.example.com", "case"),
        ("https://id.example.com", "https://ID.example.com/", "case"),
        ("https://id.example.com", "http://id.example.com", "scheme"),
        ("https://id.example.com", "id.example.com", "scheme"),
        (f"api://{TENANT}", TENANT, "scheme"),
        ("https://id.example.com/oauth2/v1", "https://id.example.com/oauth2/v2", "version"),
        ("https://id.example.com/v2.0", "https://id.example.com", "version"),
        (f"https://login.microsoftonline.com/{TENANT}/v2.0", f"https://sts.windows.net/{TENANT}/", "version"),
        ("https://id.example.com/realms/shop", "https://id.example.com/realms/test", "realm"),
        (
            f"https://login.microsoftonline.com/{TENANT}/v2.0",
            f"https://login.microsoftonline.com/{OTHER}/v2.0",
            "realm",
        ),
        ("https://id.example.com/realms/shop", "https://id.example.org/realms/shop", None),
        ("https://id.example.com/a", "https://id.example.com/b", None),
        ("orders", "payments", None),
        ("orders", "", None),
        ("", "/", None),
        ("orders", "o" * 10_000, None),
    ],
)
def test_the_first_normalisation_that_makes_names_equal(expected: str, seen: str, detail: str | None) -> None:
    """In both directions."""
    assert difference((expected,), (seen,)) == detail
    assert difference((seen,), (expected,)) == detail


def test_any_of_several_names_may_be_alike() -> None:
    """Only the first few are looked at; a token may carry thousands."""
    assert difference(("a", "https://b.example"), ("x", "https://b.example/")) == "trailing_slash"
    assert difference(("a",), ("x",) * 1_000 + ("a/",)) is None
    assert difference((), ("a",)) is None
    assert difference(("a",), ()) is None


def test_details_are_those_of_the_vocabulary() -> None:
    """Nothing else may be said."""
    for cause in (Cause.WRONG_ISSUER, Cause.WRONG_AUDIENCE):
        assert {"trailing_slash", "case", "scheme", "version", "realm"} <= set(meta(cause).details)


@given(st.lists(st.text(max_size=30), max_size=6), st.lists(st.text(max_size=30), max_size=6))
@settings(deadline=None)
def test_nothing_raises(expected: list[str], seen: list[str]) -> None:
    """Whatever the names."""
    difference(expected, seen)
