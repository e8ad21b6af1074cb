"""What a provider gets from Base, and that a few lines are enough for one."""

from __future__ import annotations

import asyncio

import pytest
from tests.guard.scripted import decide, watched

from authwhy.guard import Accept, Base, Guard, View
from authwhy.guard.answers import Presented
from authwhy.guard.schemes.interface import Provider, Reply


class Mine(Base):
    """The shortest provider there is."""

    def find(self, view: View) -> Presented | None:
        value = view.header(b"x-mine")
        return None if value is None else Presented("header:x-mine", value)

    def check(self, presented: Presented, view: View, now: int) -> Accept:
        return Accept("mara")


def test_enough() -> None:
    provider: Provider = Mine("mine")
    made, _ = watched(provider)
    assert decide(made, {"X-Mine": "x"}).accepted
    assert not decide(made).accepted


def test_defaults_are_the_careful_ones() -> None:
    one = Mine("mine")
    assert (one.ambient, one.guessable, one.password_like, one.second_factor, one.still) == (False,) * 5
    assert one.looks_at is None
    assert (one.problems(), dict(one.routes())) == ((), {})
    assert repr(one) == "Mine('mine')"
    Guard(one).close()


def test_it_serves_nothing() -> None:
    guard = Guard(Mine("mine"))
    with pytest.raises(LookupError):
        asyncio.run(guard.world.run(Mine("mine").serve("form", View.of("GET", "/"), 0)))
    assert Reply(200).body == b""
