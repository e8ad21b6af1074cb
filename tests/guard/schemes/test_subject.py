"""The name of the account behind a principal."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from authwhy.guard.schemes.subject import subject_of


@dataclass
class Person:
    """As applications have them."""

    id: int
    email: str = ""


@pytest.mark.parametrize(
    ("principal", "subject"),
    [
        ("alice", "alice"),
        ({"name": "Alice Smith", "username": "alice"}, "alice"),
        ({"sub": "7"}, "7"),
        (Person(7), "7"),
        (Person(0, "a@example.com"), "0"),
        ({"username": "", "email": "a@example.com"}, "a@example.com"),
        ({"username": True}, None),
        ({}, None),
        ("", None),
        (object(), None),
    ],
)
def test_subjects(principal: object, subject: str | None) -> None:
    """Text or a number, the most telling member first."""
    assert subject_of(principal) == subject
