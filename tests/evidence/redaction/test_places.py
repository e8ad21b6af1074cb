"""Where a value begins and ends."""

from __future__ import annotations

import pytest

from authwhy.evidence.redaction.names import Slot
from authwhy.evidence.redaction.places import assignment, places


def values(text: str, how: str = "always") -> list[str]:
    """The values of the first name in the text."""
    match = assignment().search(text)
    assert match is not None
    return [text[place.start : place.end] for place in places(text, match, Slot("password", how))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"p": "a\\"b", "c": 1', ["a\\\"b"]),
        ("'p': 'a''b',", ["a''b"]),
        ('\\"p\\":\\"a b\\",\\"c\\":1', ["a b"]),
        ('"p" :\n  "a"', ["a"]),
        ('"p": ["a", "b"], "c"', ["a", "b"]),
        ('"p": {"a": 1}', []),
        ('"p": 12345}', ["12345"]),
        ("p: a b c", ["a b c"]),
        ("p: a b, q: c", ["a"]),
        ("p=a b", ["a b"]),
        ("p=a q=b", ["a"]),
        ("p=a;q=b", ["a"]),
        ("p=a;b", ["a;b"]),
        ("p=abc psql -h x", ["abc"]),
        ("x, p=a, then", ["a"]),
        ("f(p='a', q)", ["a"]),
        ('p = """a\nb"""', ["a\nb"]),
        ("p = b'a'", ["a"]),
        ("p := \u201ca b\u201d", ["a b"]),
        ("p: |\n  a\n  b\nq: 1", ["a\n  b"]),
        ("  - p: >-\n      a\n    q: 1", ["a"]),
        ("'p: a b' c", ["a b"]),
        ("p:", []),
        ("p: a   # and another column", ["a"]),
        ("p: Bearer a b", ["Bearer a b"]),
        ("x p=Bearer a b", ["Bearer a"]),
        ("**p**: a", ["a"]),
        ('p="a b', ["a b"]),
    ],
)  # fmt: skip
def test_values(text: str, wanted: list[str]) -> None:
    """JSON, YAML, env, code, logs."""
    assert values(text) == wanted


def test_headers_go_to_the_end_of_their_line_and_beyond() -> None:
    """Cookies hold semicolons; folded lines belong to the value."""
    assert values("p: a=1; b=2\nc: d", "cookies") == ["a=1; b=2"]
    assert values("p: Bearer a\n  b\nc: d", "credentials") == ["Bearer a\n  b"]
    assert values("p:\nBearer a\nc:\nd", "credentials") == ["Bearer a"]
    assert values("x p: Digest a=b, c=d", "credentials") == ["Digest a=b, c=d"]


@pytest.mark.parametrize("text", ["p==a", "p::a", "http://a", "p ? a : b", "1=2"])
def test_what_is_no_assignment(text: str) -> None:
    """Comparisons, scopes, URLs."""
    assert not any(match[1] in ("p", "http") for match in assignment().finditer(text))
