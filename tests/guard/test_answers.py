"""What a check may return, and what it means; nothing that is no principal ever is one."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from authwhy.causes import Cause, Kind
from authwhy.guard.answers import (
    ANONYMOUS,
    NOT_MINE,
    Accept,
    Accepted,
    Demand,
    Denied,
    Deny,
    Presented,
    answer_of,
    denied_by,
    scope_of,
    unavailable,
)
from authwhy.guard.answers import deny as refuse
from authwhy.model.event import Refusal
from authwhy.model.outcome import Accepted as VerifierAccepted
from authwhy.model.outcome import Failure, refused
from authwhy.verify.flow import Unavailable


class Awaitable:
    """A comparison that nobody awaited."""

    def __await__(self) -> Iterator[None]:
        yield None


async def stream() -> AsyncIterator[int]:
    """A check with a stray `yield`."""
    yield 1


DENIED = Denied(Cause.MISSING, None, (), 401, (), b"", "r")
NO_PRINCIPALS: list[Any] = [
    *(None, True, False, 0, 1, 0.0, 2.5, 1j, "", b"", [], (), {}, set(), frozenset()),
    *(NotImplemented, ..., NOT_MINE, int, Exception, ValueError("no"), Cause.WRONG_SECRET, Kind.DENIED),
    *(
        len,
        refuse,
        "x".upper,
        functools.partial(int),
        iter([1]),
        (one for one in [1]),
        stream(),
        Awaitable(),
    ),
    *(Failure(Cause.EXPIRED), VerifierAccepted(), DENIED, ANONYMOUS),
    SimpleNamespace(is_authenticated=False),  # the anonymous user of Django, Starlette, Flask-Login
]


@pytest.mark.parametrize("value", NO_PRINCIPALS, ids=lambda value: type(value).__name__)
def test_no_principal(value: object) -> None:
    """Also what is true in an `if`: a check that forgot to call, to await, or to wrap."""
    answer = answer_of(value)
    assert isinstance(answer, Deny)
    assert answer.cause is Cause.MISCONFIGURED
    assert answer.failures[0].detail == "backend_unwired"
    assert answer.failures[0].facts == {"problem": "no_principal", "returned": type(value).__name__}


@pytest.mark.parametrize("value", ["mara", {"id": 7}, ("mara", "admin"), SimpleNamespace(id=7), object()])
def test_principal(value: object) -> None:
    answer = answer_of(value, user="mara")
    assert isinstance(answer, Accept)
    assert answer.principal is value
    assert answer.user == "mara"


def test_answers_pass() -> None:
    deny, accept = refuse(Cause.EXPIRED), Accept("mara")
    assert answer_of(deny) is deny
    assert answer_of(accept) is accept
    assert answer_of(refused(Cause.REVOKED)) == Deny((Failure(Cause.REVOKED),))
    outage = answer_of(Unavailable(Cause.PROVIDER_ERROR, {"problem": "full"}))
    assert outage == Deny((Failure(Cause.PROVIDER_ERROR, facts={"problem": "full"}),))
    assert outage == unavailable(Unavailable(Cause.PROVIDER_ERROR, {"problem": "full"}))
    assert denied_by(refused(Cause.REVOKED), known=True, challenge={"stale": "true"}).challenge == {"stale": "true"}


@pytest.mark.parametrize(
    ("principal", "scope"),
    [
        ({"scope": "a b"}, {"a", "b"}),
        ({"scopes": ["a"]}, {"a"}),
        (SimpleNamespace(scopes=("a", "b")), {"a", "b"}),
        (SimpleNamespace(scope={"a"}), {"a"}),
        (SimpleNamespace(scope=["a", 7]), None),
        ({"scope": 7}, None),
        ("admin", None),
    ],
)
def test_scope_of_a_principal(principal: object, scope: set[str] | None) -> None:
    assert scope_of(principal) == (None if scope is None else frozenset(scope))
    answer = answer_of(principal)
    assert isinstance(answer, Accept)
    assert answer.scope == (None if scope is None else frozenset(scope))


def test_scope_that_is_given_wins() -> None:
    answer = answer_of({"scope": "admin"}, scope=frozenset({"read"}))
    assert isinstance(answer, Accept)
    assert answer.scope == frozenset({"read"})


def test_deny() -> None:
    deny = refuse("wrong_secret", "empty", attempts=3)
    assert (deny.cause, deny.failures[0].detail, deny.failures[0].facts) == (
        Cause.WRONG_SECRET, "empty", {"attempts": 3},
    )  # fmt: skip
    assert deny.known
    assert not refuse(Cause.UNKNOWN_IDENTITY).known
    with pytest.raises(ValueError, match="diagnosis"):
        refuse(Cause.CLOCK_SKEW)
    with pytest.raises(ValueError):
        refuse("no such cause")


def test_a_credential_hides_itself() -> None:
    assert "canary" not in repr(Presented("authorization", "canary", "canary"))


def test_decisions() -> None:
    one = Accepted("mara", "basic", {"basic": "mara", "key": 7})
    assert (one.accepted, one.anonymous, one.of(int), one.of(float)) == (True, False, 7, None)
    assert (ANONYMOUS.accepted, ANONYMOUS.anonymous, ANONYMOUS.principal) == (True, True, None)
    denied = Denied(Cause.EXPIRED, "token", (Refusal("token", (Cause.EXPIRED,)),), 401, (), b"", "r")
    assert not denied.accepted
    assert denied.kind is Kind.INVALID_CREDENTIALS
    assert denied.causes == {"token": Cause.EXPIRED}
    assert Demand() == Demand(frozenset(), (), None)
