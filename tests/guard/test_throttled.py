"""The throttle before the providers: passwords before they are hashed, keys only when they were wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.guard.scripted import NOW, Scripted, authorization, watched

from authwhy.causes import Cause
from authwhy.guard import Accept, Denied, Throttle, View, api_key, basic, deny
from authwhy.guard.throttle import Blocked
from authwhy.stores.interface import StoreUnavailable


def says(value: str) -> object:
    if value == "raise":
        raise OSError
    return Accept("mara") if value == "good" else deny(Cause.WRONG_SECRET)


def guard(password_like: bool = True, **settings: Any) -> Any:
    provider = Scripted("a", says, guessable=True, password_like=password_like)
    made, events = watched(provider, throttle=Throttle(failures=3, per=900, **settings))
    return made, provider, events


def once(made: Any, value: str, peer: str = "192.0.2.1") -> Any:
    return made.decide_sync(View.of("GET", "/", {"x-a": value}, peer=peer))


def test_a_password_that_was_wrong_too_often_is_not_checked() -> None:
    made, provider, events = guard()
    assert [once(made, "bad").cause for _ in range(3)] == [Cause.WRONG_SECRET] * 3
    asked = provider.asked
    denied = once(made, "good-looking")
    assert isinstance(denied, Denied)
    assert (denied.cause, denied.status, provider.asked) == (Cause.RATE_LIMITED, 429, asked)
    assert denied.retry_after == 30
    assert events[-1].detail in ("address", "account")
    assert events[-1].facts == {"retry_after_s": 30}
    assert any(note.endswith("_limit_reached") for note in events[-2].notes)


def test_another_address_and_identity_go_on() -> None:
    made, _, _ = guard()
    for _ in range(4):
        once(made, "bad")
    assert once(made, "good", "198.51.100.7").accepted


def test_outages_do_not_count() -> None:
    made, _, _ = guard()
    assert {once(made, "raise").cause for _ in range(9)} == {Cause.PROVIDER_UNREACHABLE}
    assert once(made, "good").accepted


def test_a_good_key_is_never_held_up_and_wrong_ones_are() -> None:
    made, provider, _ = guard(password_like=False)
    for _ in range(9):
        assert once(made, "good").accepted
    causes = [once(made, "bad").cause for _ in range(6)]
    assert causes == [Cause.WRONG_SECRET] * 3 + [Cause.RATE_LIMITED] * 3
    assert provider.asked == 15


def test_fifty_at_once_are_no_more_than_the_limit() -> None:
    """Attempts that are still being checked count, so that a burst buys nothing."""
    release = asyncio.Event()
    began = 0

    async def check(credential: Any) -> object:
        nonlocal began
        began += 1
        await release.wait()
        return deny(Cause.WRONG_SECRET)

    made, _ = watched(basic("b", verify=check), throttle=Throttle(failures=3, per=900))

    async def go() -> list[Any]:
        def view() -> View:
            return View.of("GET", "/", authorization("mara", "x"), peer="192.0.2.1")

        tasks = [asyncio.ensure_future(made.decide(view())) for _ in range(50)]
        while began < 3:
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert began == 3
        release.set()
        return await asyncio.gather(*tasks)

    causes = [decision.cause for decision in asyncio.run(go())]
    assert causes.count(Cause.WRONG_SECRET) == 3
    assert causes.count(Cause.RATE_LIMITED) == 47


class Broken(Throttle):
    """Counters that cannot be asked."""

    def before(self, *_: Any, **__: Any) -> Any:
        raise StoreUnavailable("redis", "unreachable")


@pytest.mark.parametrize("password_like", [True, False])
def test_counters_that_cannot_be_asked(password_like: bool) -> None:
    """Closed means closed, for passwords and for wrong keys."""
    provider = Scripted("a", says, guessable=True, password_like=password_like)
    made, events = watched(provider, throttle=Broken(when_unavailable="closed"))
    denied = once(made, "bad")
    assert (denied.cause, denied.status) == (Cause.PROVIDER_UNREACHABLE, 503)
    assert provider.asked == (0 if password_like else 1)
    assert events[-1].facts["provider"] == "redis"


def test_keys_of_one_address() -> None:
    made, _ = watched(
        api_key("key", lookup=lambda key: deny(Cause.WRONG_SECRET)), throttle=Throttle(failures=2, per=60)
    )
    view = [View.of("GET", "/", {"X-Api-Key": f"guess{n}"}, peer="192.0.2.1") for n in range(4)]
    causes = [made.decide_sync(one).cause for one in view]  # type: ignore[union-attr]
    assert causes == [Cause.WRONG_SECRET] * 2 + [Cause.RATE_LIMITED] * 2


def test_a_second_factor_is_counted_apart_from_the_password() -> None:
    """A right password must not clear the way to guess at the code."""
    names: list[str | None] = []

    class Noting(Throttle):
        def before(self, address: str | None, identity: str | None, now: float, **_: Any) -> Any:
            names.append(identity)
            return Blocked(30, "identity")

    provider = Scripted("otp", says, guessable=True, password_like=True, second_factor=True)
    made, _ = watched(Scripted("a", lambda value: Accept("m", user="mara")), provider, throttle=Noting())
    from authwhy.guard import all_of

    made.decide_sync(View.of("GET", "/", {"x-a": "1", "x-otp": "1"}), all_of("a", "otp"))
    assert names == ["otp:mara"]
    assert NOW
