"""JSON anywhere in a text."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.documents import documents_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def test_documents_amid_text() -> None:
    """Outermost only, with their places."""
    text = 'error {"a": {"b": 1}} and [{"c": 2}] and x[0] {not json} {"broken": '
    found = documents_in(text)
    assert [(one.value, text[one.start : one.end]) for one in found] == [
        ({"a": {"b": 1}}, '{"a": {"b": 1}}'),
        ([{"c": 2}], '[{"c": 2}]'),
    ]


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text("ab \n,:", max_size=20))
def test_what_was_written_is_found(value: dict[str, object], before: str) -> None:
    """A document behind any text."""
    assert documents_in(before + json.dumps(value) + " end")[0].value == value


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '[{"a":' * 50_000 + "1", '{"' * 100_000, '{"a":1,' * 50_000]
)
def test_deep_and_broken_documents_cost_little(text: str) -> None:
    """No recursion error, no quadratic search."""
    start = time.process_time()
    assert documents_in(text) == ()
    assert time.process_time() - start < 5
