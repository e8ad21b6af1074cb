"""Row 9, the other half: every provider kind, every call it makes, every way to break. The handler never runs undecided.

Each case has one call that breaks; the credential itself would be accepted. The same under every rule that names the
broken provider, in both worlds.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.guard import asgi_client, wsgi_client
from tests.guard.scripted import NOW, Scripted, authorization, hashed, watched
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause, Kind
from authwhy.guard import (
    NOT_MINE,
    Accept,
    Base,
    Denied,
    Deny,
    Throttle,
    View,
    all_of,
    any_of,
    api_key,
    basic,
    custom,
    jwt,
    need,
    optional,
    skip,
)
from authwhy.guard.answers import Presented
from authwhy.guard.rules import Rule
from authwhy.model.outcome import Failure, Refused
from authwhy.verify.basic_account import Account

ONE = signer("ES256")
STORED = hashed("right")
TIMEOUT_S = 0.05
RELEASE = threading.Event()


class Odd:
    """Something of the application's own: true, and nobody."""

    def __await__(self) -> Iterator[None]:
        yield


def returning(value: object) -> Callable[..., object]:
    return lambda *_: value


def raising(error: BaseException) -> Callable[..., object]:
    def call(*_: object) -> object:
        raise error

    return call


async def hanging(*_: object) -> object:
    await asyncio.sleep(60)
    return "mara"


async def swallowing(*_: object) -> object:
    raise asyncio.CancelledError


def blocking(*_: object) -> object:
    RELEASE.wait(60)
    return "mara"


async def coroutine_of(value: object) -> object:
    return value


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    RELEASE.clear()
    yield
    RELEASE.set()


def later_returning(value: object) -> Callable[..., object]:
    return functools.partial(lambda found, *_: coroutine_of(found), value)


VALUES: list[Any] = [
    *(None, True, False, 0, 1, "", b"", [], {}, NotImplemented, ..., NOT_MINE, Exception("x"), len, Cause.WRONG_SECRET),
    *(Refused(()), Deny(())),
]
ERRORS = (
    ValueError("c4n4ry"),
    KeyError(1),
    OSError(),
    StopIteration(),
    MemoryError(),
    RecursionError(),
    AssertionError(),
)
FAULTS: dict[str, Callable[..., object]] = {
    **{f"returns {value!r:.20}": returning(value) for value in VALUES},
    **{f"later returns {value!r:.20}": later_returning(value) for value in (None, 0, NotImplemented, len)},
    **{f"raises {type(error).__name__}": raising(error) for error in ERRORS},
    "yields": lambda *_: (one for one in ["mara"]),
    "returns an odd awaitable": returning(Odd()),
    "hangs": hanging,
    "is cancelled": swallowing,
}
THREADED = {
    "blocks": blocking,
    "exits": raising(SystemExit(1)),
    "is interrupted": raising(asyncio.CancelledError()),
}


class Keys:
    """A key store whose parts can be broken."""

    fixed, overdue_s, version = False, None, 1

    def __init__(self, get: Callable[..., object]) -> None:
        self.get, self.current = get, None

    def close(self) -> None: ...


BEARER = {"Authorization": f"Bearer {ONE.token()}"}
BASIC = authorization("mara", "right")
KEY = {"X-Api-Key": "secret"}


def token(**settings: Any) -> Any:
    return jwt("broken", issuer=ISSUER, audience=AUDIENCE, **{"keys": ONE.keys, **settings})


def account(name: str) -> Account:
    return Account("mara", STORED)


# name of the call -> (a provider whose call is this function, the credential that it would accept)
CALLS: dict[str, tuple[Callable[[Any], Any], dict[str, str]]] = {
    "jwt principal": (lambda fault: token(principal=fault), BEARER),
    "jwt revoked": (lambda fault: token(revoked=fault), BEARER),
    "jwt seen": (lambda fault: token(seen=fault), BEARER),
    "jwt keys": (lambda fault: token(keys=Keys(fault)), BEARER),
    "api_key lookup": (lambda fault: api_key("broken", lookup=fault), KEY),
    "basic verify": (lambda fault: basic("broken", verify=fault, current_hash=STORED), BASIC),
    "basic account": (lambda fault: basic("broken", account=fault, current_hash=STORED), BASIC),
    "basic principal": (lambda fault: basic("broken", account=account, principal=fault, current_hash=STORED), BASIC),
    "custom check": (lambda fault: custom("broken", fault), {"X-Mine": "1"}),
}
# a value that is an honest answer of that call, and not a fault of it
HONEST = {
    "jwt revoked": {"returns False", "returns True"}, "jwt seen": {"returns False", "returns True"},
    "basic account": {"returns None", "later returns None", "returns an odd awaitable"}, "custom check": {f"returns {NOT_MINE!r:.20}"},
}  # fmt: skip
CASES = [
    pytest.param(call, fault, id=f"{call} {fault}")
    for call in CALLS
    for fault in {**FAULTS, **THREADED}
    if fault not in HONEST.get(call, ())
]


EVERYWHERE = ("returns None", "raises ValueError", "is cancelled", "returns True", "exits")


def rules(always: Callable[[View], bool] = lambda view: False) -> list[Rule]:
    """Every shape of rule that cannot be met without the broken provider."""
    return [
        "broken", any_of("broken", "other"), any_of("other", "broken"), all_of("broken", "fine"), all_of("fine", "broken"),
        optional("broken"), optional("other", "broken"), optional(optional(any_of("other", all_of("broken", "fine")))),
        all_of(optional("broken"), "fine"), any_of(all_of("fine", "broken"), all_of("other", "broken")), need("broken", scope="x"),
        need(optional("broken"), scope="x"), skip("broken", always), all_of(skip("other", lambda view: True), "broken"),
        all_of(skip("broken", always), "fine"), any_of(skip("broken", always), skip("other", lambda view: True)),
    ]  # fmt: skip


def guard(provider: Any, **more: Any) -> Any:
    more.setdefault("timeout_s", 20)
    return watched(
        provider,
        Scripted("other", lambda value: Accept("o")),
        Scripted("fine", lambda value: Accept("f")),
        **more,
    )


def assert_closed(decision: Any, event: Any) -> None:
    assert isinstance(decision, Denied)
    assert decision.kind is Kind.ERROR
    assert event.kind is Kind.ERROR
    assert event.outcome == "failure"
    assert "c4n4ry" not in repr(event)
    assert b"c4n4ry" not in decision.body
    assert b"invalid_token" not in b"".join(value for _, value in decision.headers)


@pytest.mark.parametrize(("call", "fault"), CASES)
def test_every_call(call: str, fault: str) -> None:
    make, credential = CALLS[call]
    function = {**FAULTS, **THREADED}[fault]
    headers = {**credential, "x-fine": "1"}
    shapes = rules()
    if fault in ("hangs", "blocks"):  # such a call keeps its thread: one rule, and another guard for each world
        shapes = shapes[:1]
    elif fault not in EVERYWHERE:
        shapes = shapes[6:9]
    slow = {"timeout_s": TIMEOUT_S} if fault in ("hangs", "blocks") else {}  # a busy machine is no hang
    made, events = guard(make(function), **slow)

    async def go() -> None:
        for rule in shapes:
            assert_closed(await made.decide(View.of("GET", "/", headers), rule), events[-1])

    asyncio.run(go())
    made.close()
    made, events = guard(make(function), **slow)
    for rule in shapes:
        assert_closed(made.decide_sync(View.of("GET", "/", headers), rule), events[-1])
    made.close()


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "hangs"])
def test_the_handler_never_runs(fault: str) -> None:
    """The same through the adapters, where the second request may take the shortcut."""
    for make, credential in CALLS.values():
        if any(make is CALLS[name][0] and fault in HONEST[name] for name in HONEST):
            continue
        made, _ = guard(make(FAULTS[fault]))
        asgi, wsgi = asgi_client.Endpoint(), wsgi_client.Endpoint()
        one = made.asgi(asgi, {"/a": "broken", "/b": optional("broken"), "/c": any_of("broken", "other")})
        two = made.wsgi(wsgi, {"/*": optional("broken")})
        lower = {name.lower(): value for name, value in credential.items()}

        async def go(app: Any = one, headers: Any = lower) -> list[int]:
            return [
                (await asgi_client.acall(app, "GET", path, headers)).status
                for path in ("/a", "/b", "/c")
                for _ in range(2)
            ]

        statuses = [*asyncio.run(go()), wsgi_client.call(two, headers=credential).status]
        assert set(statuses) <= {401, 500, 503}
        assert asgi.decisions == wsgi.decisions == []
        made.close()


class Broken(Base):
    """A provider of the application's own, one method of which is broken."""

    def __init__(self, method: str, fault: Callable[..., object]) -> None:
        super().__init__("broken")
        self._method, self._fault = method, fault

    def find(self, view: View) -> Any:
        if self._method == "find":
            return self._fault(view)
        return Presented("header:x-mine", "c4n4ry") if view.header(b"x-mine") else None

    def check(self, presented: Presented, view: View, now: int) -> Any:
        if self._method == "check":
            return self._fault(presented, view, now)
        if self._method == "step":
            return self._stepping()
        return Accept("mara")

    def _stepping(self) -> Any:
        yield from ()
        return self._fault()


OWN = [
    name
    for name in FAULTS
    if "later" not in name and name not in ("hangs", "is cancelled", "yields", "returns an odd awaitable")
]


@pytest.mark.parametrize("method", ["find", "check", "step"])
@pytest.mark.parametrize("fault", OWN)
def test_providers_of_the_application(method: str, fault: str) -> None:
    if (method == "find" and fault == "returns None") or (method != "find" and "NotMine" in fault):
        return
    for rule in rules():
        made, events = guard(Broken(method, FAULTS[fault]))
        view = View.of("GET", "/", {"x-mine": "1", "x-fine": "1"})
        assert_closed(made.decide_sync(view, rule), events[-1])
        assert_closed(asyncio.run(made.decide(view, rule)), events[-1])


WRONG: Any = Deny
MADE_WRONG: list[Any] = [
    *(WRONG(Cause.WRONG_SECRET), WRONG(("x",)), WRONG([Failure(Cause.EXPIRED)]), WRONG(None)),
    *(Accept(None), Refused(()), coroutine_of),
]


@pytest.mark.parametrize("method", ["find", "check", "step"])
@pytest.mark.parametrize("answer", MADE_WRONG, ids=str)
def test_answers_of_the_wrong_make(method: str, answer: Any) -> None:
    """`Deny(Cause.X)` for `deny(Cause.X)`, an async method where none may be, and the like."""
    fault = (lambda *_: coroutine_of("mara")) if answer is coroutine_of else returning(answer)
    made, events = guard(Broken(method, fault))
    assert_closed(made.decide_sync(View.of("GET", "/", {"x-mine": "1"}), optional("broken")), events[-1])


@pytest.mark.parametrize("fault", [*FAULTS, "blocks"])
def test_predicates(fault: str) -> None:
    """Whether a provider is left out is asked of the application too."""
    if fault == "returns True":
        return
    when: Any = {**FAULTS, **THREADED}[fault] if fault != "blocks" else hanging
    slow = {"timeout_s": TIMEOUT_S} if fault in ("hangs", "blocks") else {}
    made, events = guard(Scripted("broken", lambda value: Accept("mara")), **slow)
    decision = made.decide_sync(View.of("GET", "/", {"x-fine": "1"}), all_of(skip("broken", when), "fine"))
    assert isinstance(decision, Denied)
    assert events[-1].outcome == "failure"


class BrokenThrottle(Throttle):
    """Counters that break."""

    def __init__(self, method: str, fault: Callable[..., object]) -> None:
        super().__init__()
        setattr(self, method, fault)


@pytest.mark.parametrize("method", ["before", "after"])
@pytest.mark.parametrize("fault", [name for name in FAULTS if name.startswith("raises")])
def test_counters(method: str, fault: str) -> None:
    provider = basic("broken", verify=lambda credential: "mara", current_hash=STORED)
    made, events = guard(provider, throttle=BrokenThrottle(method, FAULTS[fault]))
    assert_closed(made.decide_sync(View.of("GET", "/", BASIC, peer="192.0.2.1"), "broken"), events[-1])


def test_the_credentials_above_are_good() -> None:
    """Or everything above would be refused for another reason."""
    good: dict[str, Callable[..., object]] = {
        "jwt principal": returning("mara"), "jwt revoked": returning(False), "jwt seen": returning(False),
        "jwt keys": returning(ONE.keys), "api_key lookup": returning("mara"), "basic verify": returning("mara"),
        "basic account": account, "basic principal": returning("mara"), "custom check": returning("mara"),
    }  # fmt: skip
    assert good.keys() == CALLS.keys()
    for name, (make, credential) in CALLS.items():
        made, _ = guard(make(good[name]), timeout_s=30)
        assert made.decide_sync(View.of("GET", "/", credential), "broken").accepted
        made.close()
    assert NOW
