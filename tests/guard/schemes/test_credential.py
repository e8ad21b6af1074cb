"""Passwords in an application's own check: hashed in the pool, the same work for everybody, and no answer by accident."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.guard.scripted import authorization, decide, hashed, watched

from authwhy.causes import Cause
from authwhy.guard import Accepted, Denied, basic, deny
from authwhy.guard.schemes import credential as module
from authwhy.guard.schemes.credential import PasswordCredential, UnusableHash
from authwhy.verify import password
from authwhy.verify.basic_account import Account
from authwhy.verify.flow import Unavailable

STORED = hashed("right")
OTHER = hashed("other")


def sync(credential: PasswordCredential) -> object:
    return {"name": credential.name} if credential.matches(STORED) else deny(Cause.WRONG_SECRET)


async def awaited(credential: PasswordCredential) -> object:
    return {"name": credential.name} if await credential.matches(STORED) else deny(Cause.WRONG_SECRET)


async def read(credential: PasswordCredential) -> object:
    await asyncio.sleep(0)
    return {"name": credential.name} if credential.matches(STORED) else deny(Cause.WRONG_SECRET)


async def several(credential: PasswordCredential) -> object:
    try:
        for stored in (OTHER, None, "!", STORED):
            if credential.matches(stored):
                return {"name": credential.name}
    except Exception:  # noqa: BLE001  what applications write
        return {"name": "anybody"}
    return deny(Cause.WRONG_SECRET)


CHECKS: list[Callable[..., object]] = [
    sync,
    awaited,
    read,
    several,
    functools.partial(awaited),
    functools.partial(sync),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_checks(check: Any) -> None:
    made, _ = watched(basic(verify=check))
    good, bad = decide(made, authorization("mara", "right")), decide(made, authorization("mara", "wrong"))
    assert isinstance(good, Accepted)
    assert good.principal == {"name": "mara"}
    assert isinstance(bad, Denied)
    assert bad.cause is Cause.WRONG_SECRET


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_hashes_are_computed_in_the_pool(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never in the thread of an event loop, where one hash would hold up everybody."""
    threads: set[str] = set()
    plain = password.STANDARD.check

    def noting(self: object, secret: str, stored: str | None) -> Any:
        threads.add(threading.current_thread().name)
        return plain(secret, stored)

    monkeypatch.setattr(password.Passwords, "check", noting)
    made, _ = watched(basic(verify=check))
    decide(made, authorization("mara", "wrong"))
    assert threads == {"authwhy-hash"}


async def unasked(credential: PasswordCredential) -> object:
    return credential.matches(STORED)


async def method(credential: PasswordCredential) -> object:
    return credential.matches


async def truth(credential: PasswordCredential) -> object:
    return await credential.matches(STORED)


@pytest.mark.parametrize("check", [unasked, method, truth, lambda c: c.matches(STORED), lambda c: c.matches])
@pytest.mark.parametrize("typed", ["right", "wrong"])
def test_a_comparison_is_no_principal(check: Any, typed: str) -> None:
    """Returned in place of a principal it would let everybody in who sends any password at all."""
    made, events = watched(basic(verify=check))
    decision = decide(made, authorization("mara", typed))
    assert isinstance(decision, Denied)
    assert (decision.cause, events[0].kind) == (Cause.MISCONFIGURED, "error")


def _against(stored: str, credential: PasswordCredential) -> object:
    return {"a": 1} if credential.matches(stored) else deny(Cause.WRONG_SECRET)


def test_a_hash_that_cannot_be_computed_is_the_services_fault() -> None:
    for stored in ("$argon2id$nonsense", "md5$a$b", "plain text"):
        made, events = watched(basic(verify=functools.partial(_against, stored)))
        denied = decide(made, authorization("mara", "right"))
        assert isinstance(denied, Denied)
        assert denied.cause is Cause.MISCONFIGURED
        assert denied.status == 401  # which account has such a hash is nobody's business
        assert stored not in repr(events)
    with pytest.raises(UnusableHash):
        PasswordCredential("a", "b").matches("plain text")


def test_too_many_comparisons() -> None:
    async def endless(credential: PasswordCredential) -> object:
        return [bool(credential.matches(hashed("x", 5, f"salt{n}"))) for n in range(40)]

    made, _ = watched(basic(verify=endless))
    decision = decide(made, authorization("mara", "x"))
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.MISCONFIGURED


def test_what_a_service_learns() -> None:
    """A name without a hash costs what the names with one cost, as soon as the first of them was seen."""
    check = module.PasswordCheck(sync, None, None, None, "")
    dummies = [check._dummy]
    for stored in (STORED, hashed("x", 3), hashed("x", 9)):  # an older, cheaper one changes nothing
        check._learn(stored)
        dummies.append(check._dummy)
    assert dummies == [None, *map(password.dummy_like, (STORED, STORED, hashed("x", 9)))]
    given = module.PasswordCheck(sync, None, None, None, STORED)
    given._learn(hashed("x", 9))
    assert given._dummy == password.dummy_like(STORED)


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (Unavailable(), Cause.PROVIDER_UNREACHABLE),
        ("mara", Cause.MISCONFIGURED),
        (True, Cause.MISCONFIGURED),
        (Account("mara", "plain text"), Cause.MISCONFIGURED),
        (Account("mara", None), Cause.WRONG_SECRET),
        (None, Cause.UNKNOWN_IDENTITY),
    ],
)
def test_accounts(found: object, cause: Cause) -> None:
    made, _ = watched(basic(account=lambda name: found, current_hash=STORED))
    decision = decide(made, authorization("mara", "right"))
    assert isinstance(decision, Denied)
    assert decision.cause is cause


def test_it_hides_itself() -> None:
    shown = repr(PasswordCredential("canary-name", "canary-password"))
    assert "canary" not in shown
