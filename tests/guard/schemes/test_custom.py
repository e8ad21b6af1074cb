"""A provider of your own in a few lines."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.scripted import decide, watched

from authwhy.causes import Cause
from authwhy.guard import NOT_MINE, Accepted, Denied, View, any_of, api_key, custom, deny


def check(view: View) -> object:
    value = view.header(b"x-mine")
    return NOT_MINE if value is None else {"good": "mara", "bad": deny(Cause.REVOKED)}.get(value)


async def later(view: View) -> object:
    return check(view)


@pytest.mark.parametrize("function", [check, later])
def test_answers(function: Any) -> None:
    made, events = watched(custom("mine", function, scheme="Mine"))
    for value, cause in (("good", None), ("bad", Cause.REVOKED), ("other", Cause.MISCONFIGURED), (None, Cause.MISSING)):
        decision = decide(made, {} if value is None else {"X-Mine": value})
        if cause is None:
            assert isinstance(decision, Accepted)
            assert (decision.principal, events[-1].method) == ("mara", "custom")
        else:
            assert isinstance(decision, Denied)
            assert decision.cause is cause
    assert (b"www-authenticate", b'Mine realm="mine"') in decide(made).headers


def test_beside_another() -> None:
    """It cannot be told whether something was presented to it, so nothing contradicts it."""
    made, _ = watched(custom("mine", check), api_key("key", lookup=lambda key: "robot"))
    assert decide(made, {"X-Api-Key": "k"}, any_of("mine", "key")).accepted
    assert decide(made, {"X-Api-Key": "k", "X-Mine": "bad"}, any_of("mine", "key")).accepted
    assert custom("mine", check, guessable=True).guessable
