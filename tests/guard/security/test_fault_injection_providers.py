"""Row 9 for the providers with stores, directories and endpoints: each of them breaks, at every call, in every way.

The credential itself would be accepted. What a call may break like is in test_fault_injection.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.guard import asgi_client
from tests.guard.schemes.test_binding import BOUND, ISSUED, proof
from tests.guard.schemes.test_digest import KEYS, SECRETS
from tests.guard.scripted import Scripted, authorization, watched
from tests.guard.security import test_fault_injection as faults
from tests.guard.security.one_time import APP, CODE
from tests.stores.loopback_site import Reply, Site, site
from tests.verify import digest_client
from tests.verify.certificate_factory import NOW as CERTIFICATE_NOW
from tests.verify.certificate_factory import issue
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request import test_sigv4 as sigv4s
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW

from authwhy.causes import Cause, Kind
from authwhy.guard import (
    Accept,
    Denied,
    Dpop,
    Guard,
    SigV4Policy,
    View,
    all_of,
    any_of,
    client_certificate,
    digest,
    introspection,
    jwt,
    ldap,
    need,
    optional,
    session,
    signed_request,
    skip,
    totp,
)
from authwhy.guard.rules import Rule
from authwhy.stores.ldap import Bound
from authwhy.stores.memory import MemorySessions
from authwhy.verify.client_cert import ClientCertificate
from authwhy.verify.digest_nonce import DigestNonces
from authwhy.verify.session import seal
from authwhy.verify.totp import TotpEnrolment

TIMEOUT_S = 0.02
Fault = Callable[..., object]
ROOT = issue("root", ca=True, days=(-100, 1_000))
ALICE = ClientCertificate(issue("alice", ROOT).der)
COOKIE_ID = b"i" * 16


class Seen:
    """A store of one-time values, asked in a thread."""

    blocking = True

    def __init__(self, seen: Fault) -> None:
        self.seen = seen


class Sessions(MemorySessions):
    """A store of sessions, one method of which is broken."""

    blocking = True

    def __init__(self, now: int, **broken: Fault) -> None:
        super().__init__()
        self.put("aWlpaWlpaWlpaWlpaWlpaQ", {"subject": "alice", "created_at": now, "seen_at": now}, now + 9_999, now)
        vars(self).update(broken)


class Directory:
    """A directory of the application's own."""

    searches = True

    def __init__(self, bind: Fault) -> None:
        self.bind = bind


NEVER = Seen(lambda *_: False)
NONCE = DigestNonces(KEYS).make("ops", "SHA-256", NOW, b"r" * 12)
DIGEST = {"authorization": digest_client.header(digest_client.parameters(NONCE, uri="/orders"))}
PROOF = proof()


def _digest(**given: Any) -> Any:
    return digest("broken", **{"account": SECRETS, "realm": "ops", "keys": KEYS, "seen": NEVER, **given})


def _dpop(**given: Any) -> Any:
    keys = {"keys": [ISSUED.jwk]}
    dpop = Dpop(seen=given.pop("seen", NEVER))
    return jwt("broken", issuer=ISSUER, audience=AUDIENCE, keys=keys, dpop=dpop, **given)


def _certificate(**given: Any) -> Any:
    return client_certificate("broken", roots=[ROOT.der], **given)


def _signed(**given: Any) -> Any:
    policy = SigV4Policy(check_replay="seen" in given)
    return signed_request("broken", policy=policy, **{"secrets": lambda key_id: aws.KNOWN, "seen": NEVER, **given})


def _session(used_at: int = NOW, **given: Any) -> Any:
    broken = {name: given.pop(name) for name in ("get", "put") if name in given}
    return session("broken", keys=["k" * 32], store=Sessions(used_at, **broken), **given)


def _ldap(**given: Any) -> Any:
    directory: Any = Directory(given.pop("bind", lambda *_: Bound("cn=alice", "alice")))
    return ldap("broken", directory=directory, **given)


def _totp(**given: Any) -> Any:
    enrolment = given.pop("enrolment", lambda account: TotpEnrolment(account, APP, True))
    return totp("broken", enrolment=enrolment, seen=given.pop("seen", NEVER))


# name of the call -> a provider whose call is this function
CALLS: dict[str, Callable[[Any], Any]] = {
    "digest account": lambda fault: _digest(account=fault),
    "digest by_hash": lambda fault: _digest(by_hash=fault),
    "digest principal": lambda fault: _digest(principal=fault),
    "digest seen": lambda fault: _digest(seen=Seen(fault)),
    "dpop seen": lambda fault: _dpop(seen=Seen(fault)),
    "dpop principal": lambda fault: _dpop(principal=fault),
    "client_certificate revoked": lambda fault: _certificate(revoked=fault),
    "client_certificate principal": lambda fault: _certificate(principal=fault),
    "signed_request secrets": lambda fault: _signed(secrets=fault),
    "signed_request seen": lambda fault: _signed(seen=Seen(fault)),
    "signed_request principal": lambda fault: _signed(principal=fault),
    "session get": lambda fault: _session(get=fault),
    "session put": lambda fault: _session(NOW - 100, put=fault),
    "session principal": lambda fault: _session(principal=fault),
    "ldap bind": lambda fault: _ldap(bind=fault),
    "ldap principal": lambda fault: _ldap(principal=fault),
    "totp enrolment": lambda fault: _totp(enrolment=fault),
    "totp seen": lambda fault: _totp(seen=Seen(fault)),
}
_BOOLEAN = {"returns False", "returns True"}
# honest answers of that call; and, for a store whose methods are never awaited, what only an awaited one can do
HONEST: dict[str, set[str]] = {
    "digest account": {"returns None", "later returns None", "returns an odd awaitable"},
    "digest by_hash": {"returns None", "later returns None", "returns an odd awaitable"},
    "digest seen": _BOOLEAN, "dpop seen": _BOOLEAN, "totp seen": _BOOLEAN, "client_certificate revoked": _BOOLEAN,
    "signed_request secrets": {"returns None", "later returns None", "returns an odd awaitable"},
    "signed_request seen": _BOOLEAN, "session put": _BOOLEAN,
    "session get": {"returns None", *(name for name in faults.FAULTS if name.startswith(("later", "hangs", "is cancelled")))},
    "totp enrolment": {"returns None", "later returns None", "returns an odd awaitable"},
    "ldap bind": {name for name in faults.FAULTS if "Refused" in name},
}  # fmt: skip
WAYS = {**faults.FAULTS, **faults.THREADED}
SLOW = ("hangs", "blocks")
CASES = [
    pytest.param(call, way, id=f"{call} {way}") for call in CALLS for way in WAYS if way not in HONEST.get(call, ())
]


def view_for(call: str) -> View:
    """A request whose credential would be accepted, and that of the provider `fine`."""
    kind = call.split(" ")[0]
    headers: dict[str, str] = {
        "digest": DIGEST,
        "dpop": {"host": "a.example", "authorization": f"DPoP {BOUND}", "dpop": PROOF},
        "session": {"cookie": f"__Host-session={seal(COOKIE_ID, NOW, _session().policy.keys)}"},
        "ldap": authorization("alice", "pw"),
        "totp": {"x-otp": CODE},
    }.get(kind, {})
    if call == "digest by_hash":
        name = digest_client.hashed("SHA-256", "alice:ops")
        values = digest_client.parameters(NONCE, uri="/orders")
        headers = {"authorization": digest_client.header({**values, "username": name, "userhash": "true"})}
    made = View.of("GET", "/orders", {**headers, "x-fine": "1"})
    made.scheme = "https"
    if kind == "client_certificate":
        made.client_certificate = ALICE
    if kind == "signed_request":
        request = sigv4s.GOOD
        made.method, made.path, made.query = request.method, request.path, request.query.encode()
        made.headers = [*made.headers, *((name.encode(), value.encode()) for name, value in request.headers)]
        made.raw_path, made.scheme, made.read_body = request.path.encode(), request.scheme, lambda limit: request.body
    return made


def rules(call: str) -> list[Rule]:
    """Every shape of rule that cannot be met without the broken provider; a second factor stands beside a first."""
    if not call.startswith("totp"):
        return faults.rules()
    both = all_of("fine", "broken")
    return [
        both, all_of("broken", "fine"), optional(both), any_of("other", both), all_of(optional("broken"), "fine"), need(both, scope="x"),
        all_of("fine", skip("broken", lambda view: False)), all_of("fine", any_of("broken", "other")), any_of(both, both),
    ]  # fmt: skip


def guarded(call: str, function: Any, slow: bool = False, **more: Any) -> Any:
    clock = {"signed_request": aws.AT, "client_certificate": CERTIFICATE_NOW}.get(call.split(" ")[0], NOW)
    more.setdefault("timeout_s", TIMEOUT_S if slow else 20)
    return watched(
        CALLS[call](function),
        Scripted("other", lambda value: Accept("o")),
        Scripted("fine", lambda value: Accept("f", user="alice")),
        clock=lambda: float(clock),
        **more,
    )


@pytest.fixture(autouse=True)
def _release() -> Iterator[None]:
    faults.RELEASE.clear()
    yield
    faults.RELEASE.set()


def assert_told_apart(made: Guard, decision: Any, event: Any) -> None:
    """An outage is 503, a fault of the set-up is 500, or 401 where it would tell that the name exists."""
    faults.assert_closed(decision, event)
    fault = 401 if made.providers[decision.provider].password_like else 500
    assert decision.status == (fault if decision.cause is Cause.MISCONFIGURED else 503), decision.cause
    assert decision.status == 401 or not any(name == b"www-authenticate" for name, _ in decision.headers)


@pytest.mark.parametrize(("call", "way"), CASES)
def test_every_call(call: str, way: str) -> None:
    shapes = rules(call)
    if way in SLOW:  # such a call keeps its thread: one rule, and another guard for each world
        shapes = shapes[:1]
    elif way not in faults.EVERYWHERE:
        shapes = shapes[5:6]
    made, events = guarded(call, WAYS[way], way in SLOW)

    async def go() -> None:
        for rule in shapes:
            assert_told_apart(made, await made.decide(view_for(call), rule), events[-1])

    asyncio.run(go())
    if way in SLOW:
        made.close()
        made, events = guarded(call, WAYS[way], True)
    for rule in shapes:
        assert_told_apart(made, made.decide_sync(view_for(call), rule), events[-1])
    made.close()


GOOD: dict[str, Any] = {
    "account": SECRETS.get, "by_hash": lambda value: SECRETS["alice"], "principal": lambda *_: "mara", "seen": lambda *_: False,
    "revoked": lambda *_: False, "secrets": lambda key_id: aws.KNOWN, "put": lambda *_: True,
    "get": lambda *_: {"subject": "alice", "created_at": NOW, "seen_at": NOW}, "bind": lambda *_: Bound("cn=alice", "alice"),
    "enrolment": lambda account: TotpEnrolment(account, APP, True),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_the_credentials_above_are_good(call: str) -> None:
    """Or everything above would be refused for another reason."""
    made, _ = guarded(call, GOOD[call.split(" ")[1]])
    decision = made.decide_sync(view_for(call), rules(call)[0])
    assert decision.accepted, decision
    made.close()


@pytest.mark.parametrize("value", [None, True, 0, "", object(), NotImplemented, [], {"alice": None}], ids=repr)
@pytest.mark.parametrize("call", ["digest account", "signed_request secrets"])
def test_tables_with_nonsense_in_them(call: str, value: object) -> None:
    """A table is not asked, so it cannot raise; what is in it can be anything. None is nobody, and an answer."""
    table = {"alice": value, "AKIDEXAMPLE": value}
    made, events = guarded(call, table)
    for rule in faults.rules():
        decision = made.decide_sync(view_for(call), rule)
        if value is None:
            assert isinstance(decision, Denied)
            assert events[-1].kind is not Kind.ERROR
        else:
            assert_told_apart(made, decision, events[-1])
    made.close()


REPLIES: dict[str, Reply] = {
    "500": Reply(b"{}", 500), "502": Reply(b"{}", 502), "401": Reply(b'{"error":"invalid_client"}', 401), "404": Reply(b"", 404),
    "302": Reply(b"", 302, {"Location": "/other"}), "204": Reply(b"", 204), "closed": Reply(raw=b""), "html": Reply(b"<html>"),
    "no text": Reply(b"\xff\xfe"), "empty": Reply(b""), "list": Reply(b"[]"), "null": Reply(b"null"), "true": Reply(b"true"),
    "no members": Reply(b"{}"), "text": Reply(b'{"active":"true"}'), "number": Reply(b'{"active":1}'), "none": Reply(b'{"active":null}'),
    "deep": Reply(b'{"active":true,"x":' + b"[" * 9_000), "cut": Reply(b'{"active":tr'), "large": Reply(b" " * 99_999),
    "exp": Reply(b'{"active":true,"sub":"alice","exp":"soon"}'), "not http": Reply(raw=b"garbage\r\n\r\n"), "hang": Reply(hang=True),
    "drip": Reply(b" " * 999, headers={"Connection": "close"}, drip=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def endpoint(server: Site) -> Iterator[Site]:
    """The same server for every test; nothing of the one before hangs on it."""
    server.released.clear()
    yield server
    server.released.set()


@pytest.mark.parametrize("name", REPLIES)
def test_an_introspection_endpoint_that_breaks(endpoint: Site, name: str) -> None:
    """Whatever it says that is no answer: closed, and no fault of the token."""
    endpoint.says(REPLIES[name])
    given: dict[str, Any] = {"url": f"{endpoint.origin}/x", "client_secret": "c", "allow_http": [endpoint.origin]}
    timeout_s, rules = (TIMEOUT_S, faults.rules()[5:8]) if name in ("hang", "drip") else (20, faults.rules())
    made, events = watched(
        introspection("broken", **given),
        Scripted("other", lambda value: Accept("o")),
        Scripted("fine", lambda value: Accept("f")),
        timeout_s=timeout_s,
    )
    handler = asgi_client.Endpoint()
    app = made.asgi(handler, {f"/{at}": rule for at, rule in enumerate(rules)})
    headers = {"authorization": "Bearer c4n4ry", "x-fine": "1"}
    for at in range(len(rules)):
        assert asgi_client.call(app, "GET", f"/{at}", headers).status in (500, 503)
        assert events[-1].kind is Kind.ERROR, name
    view = View.of("GET", "/", headers)
    assert_told_apart(made, made.decide_sync(view, optional("broken")), events[-1])
    assert handler.decisions == []
    endpoint.released.set()
    made.close()


def test_the_introspection_above_would_be_good(endpoint: Site) -> None:
    endpoint.says(Reply(json.dumps({"active": True, "sub": "alice", "exp": 2**40}).encode()))
    given: dict[str, Any] = {"url": f"{endpoint.origin}/x", "client_secret": "c", "allow_http": [endpoint.origin]}
    made, _ = watched(introspection("broken", **given))
    assert made.decide_sync(View.of("GET", "/", {"authorization": "Bearer c4n4ry"})).accepted
    for value in faults.VALUES:
        other, events = watched(introspection("broken", principal=faults.returning(value), **given))
        view = View.of("GET", "/", {"authorization": "Bearer c4n4ry"})
        assert_told_apart(other, other.decide_sync(view, optional("broken")), events[-1])
        other.close()
    made.close()
