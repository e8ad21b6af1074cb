"""What a store keeps of a session."""

from __future__ import annotations

import msgspec
import pytest

from authwhy.guard.schemes.session_kept import Kept, read
from authwhy.stores.session_data import pack, unpack

KEPT = Kept("alice", 100, 150, {"roles": ["a"], "n": 1, "key": b"\xff"}, "mfa", ("pwd", "otp"), 100, identity="Alice")


def test_it_comes_back_as_it_was() -> None:
    """Plain data in between; defaults are left out."""
    assert read(unpack(pack(KEPT.plain()))) == KEPT
    assert Kept("a", 1, 1).plain() == {"subject": "a", "created_at": 1, "seen_at": 1}


def test_it_ends_at_the_first_of_its_ends() -> None:
    """Absolute lifetime, idle time, and the time for a second factor."""
    assert KEPT.until(1_000, None) == 1_100
    assert KEPT.until(1_000, 60) == 210
    assert Kept("a", 100, 150, owed="/code", owed_until=160).until(1_000, 60) == 160


@pytest.mark.parametrize("data", [{}, {"subject": 1, "created_at": 1, "seen_at": 1}, {"subject": "a"}])
def test_other_data_is_refused(data: dict[str, object]) -> None:
    """A store shared with something else is a fault, not a session."""
    with pytest.raises(msgspec.ValidationError):
        read(data)


def test_its_text_form_tells_nothing() -> None:
    """It may stand in a log."""
    assert "alice" not in repr(KEPT)
