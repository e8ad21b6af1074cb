"""The one difference that keeps two names apart."""

import pytest

from authwhy.diagnose.normalise import difference


@pytest.mark.parametrize(
    ("expected", "seen", "name"),
    [
        ("https://api.example", "https://api.example/", "trailing_slash"),
        ("https://api.example", "https://API.example", "case"),
        ("http://api.example", "https://api.example", "scheme"),
        ("https://id.example/t/v2.0", "https://id.example/t", "version"),
        ("https://id.example/realms/a", "https://id.example/realms/b", "realm"),
        ("orders", "payments", None),
        ("orders", "orders", None),
    ],
)
def test_the_difference_is_named(expected: str, seen: str, name: str | None) -> None:
    """A name only when one kind of difference explains it."""
    assert difference(expected, seen) == name
