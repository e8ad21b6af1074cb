"""What a session may hold, and how it comes back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.stores.session_data import MAX_BYTES, pack, unpack

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_plain_data_comes_back_as_it_was(data: dict[str, object]) -> None:
    """Types included."""
    assert unpack(pack(data)) == data


@pytest.mark.parametrize(
    "data",
    [{"canary": object()}, {1: "canary"}, {"canary": 2**70}, {"canary": "\ud800"}, {"canary": "x" * MAX_BYTES}],
    ids=["object", "key", "number", "surrogate", "size"],
)
def test_other_data_is_refused_without_telling_it(data: Mapping[str, object]) -> None:
    """ValueError, and no value of the session in its text."""
    with pytest.raises(ValueError, match="session data") as caught:
        pack(data)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_data_inside_itself_is_refused() -> None:
    """It has no end."""
    data: dict[str, object] = {}
    data["self"] = data
    with pytest.raises(ValueError, match="RecursionError"):
        pack(data)


def test_bytes_that_were_never_packed() -> None:
    """Something else wrote there."""
    with pytest.raises(ValueError, match="malformed"):
        unpack(b"\xc1")
