"""The LDAP provider: what of a directory's answer becomes a decision. A real directory: tests/e2e."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.stores.ldap_answers import Script, asked, entry, result, scripted, state

from authwhy.causes import Cause
from authwhy.guard import Accepted, Denied, Guard, Throttle, View, deny
from authwhy.guard.schemes.ldap import ldap
from authwhy.model.event import Event
from authwhy.stores.ldap import Bound, LdapDirectory

SEARCH = {"base": "dc=example"}
ALICE = "uid=alice,dc=example"


@pytest.fixture
def script() -> Iterator[Script]:
    """A directory with one person in it, whose password is `good`."""

    def answer(request: bytes) -> bytes:
        number, tag, body = asked(request)
        if tag == 0x63:
            done = result(number, 0, tag=0x65)
            return (
                entry(number, ALICE, {"uid": [b"alice"], "mail": [b"alice@example.com"]}) + done
                if b"alice" in body
                else done
            )
        return result(number, 0 if b"\x80\x04good" in body and b"alice" in body else 49)

    with scripted() as script:
        script.answer = answer
        yield script


def sent(name: str, password: str, **headers: str) -> View:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return View.of("GET", "/orders", {"Authorization": f"Basic {pair}", **headers}, peer="192.0.2.7")


def decided(script: Script, view: View, given: dict[str, Any], **more: Any) -> tuple[Accepted | Denied, Event]:
    """The decision and its event."""
    events: list[Event] = []
    directory = LdapDirectory(script.url, timeout_s=20.0, **given)
    guard = Guard(ldap("staff", directory=directory, realm="ops", **more), events=[events.append])
    try:
        return guard.decide_sync(view), events[0]
    finally:
        guard.close()


def test_a_right_password(script: Script) -> None:
    """The principal is the name."""
    decision, event = decided(script, sent("alice", "good"), {**SEARCH})
    assert isinstance(decision, Accepted)
    assert (decision.principal, event.user, event.method) == ("alice", "alice", "ldap")


def test_a_principal_of_the_applications_own(script: Script) -> None:
    """It is given what was read, and may refuse."""
    given = {**SEARCH, "attributes": ("mail",)}
    decision, _ = decided(script, sent("alice", "good"), given, principal=lambda bound: {"mail": bound.text("mail")})
    assert isinstance(decision, Accepted)
    assert decision.principal == {"mail": "alice@example.com"}
    decision, _ = decided(script, sent("alice", "good"), given, principal=lambda _: deny(Cause.INSUFFICIENT_SCOPE))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.INSUFFICIENT_SCOPE, 403)

    async def principal(bound: Bound) -> str:
        return bound.dn

    decision, _ = decided(script, sent("alice", "good"), given, principal=principal)
    assert isinstance(decision, Accepted)
    assert decision.principal == ALICE


@pytest.mark.parametrize(
    ("name", "password", "cause", "user"),
    [
        ("alice", "bad", Cause.WRONG_SECRET, "alice"),
        ("alice", "", Cause.WRONG_SECRET, None),
        ("nobody", "good", Cause.UNKNOWN_IDENTITY, None),
    ],
)
def test_refusals_look_alike(script: Script, name: str, password: str, cause: Cause, user: str | None) -> None:
    """Outside; inside each has its cause, and a name only where it is one."""
    decision, event = decided(script, sent(name, password), {**SEARCH})
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status, decision.code) == (cause, 401, "invalid_credentials")
    assert (b"www-authenticate", b'Basic realm="ops", charset="UTF-8"') in decision.headers
    assert event.user == user
    assert "good" not in event.to_json().decode()


def test_without_a_search_a_wrong_password_proves_no_name(script: Script) -> None:
    given = {"dn_template": "uid={},dc=example"}
    decision, event = decided(script, sent("alice", "bad"), given)
    assert isinstance(decision, Denied)
    assert (decision.cause, event.user) == (Cause.WRONG_SECRET, None)
    script.answer = lambda request: result(asked(request)[0], 49, policy=state(error=1))
    decision, event = decided(script, sent("alice", "good"), given)
    assert isinstance(decision, Denied)
    assert (decision.cause, event.user) == (Cause.ACCOUNT_LOCKED, "alice")


@pytest.mark.parametrize(
    ("policy", "note"),
    [({"grace_left": 2}, "password_grace"), ({"expires_in_s": 60}, "password_expires_soon"), ({}, None)],
)
def test_notes(script: Script, policy: dict[str, int], note: str | None) -> None:
    """An operator sees it coming."""

    def answer(request: bytes) -> bytes:
        number, tag, _ = asked(request)
        return result(number, 0, tag=0x65) if tag == 0x63 else result(number, 0, policy=state(**policy))

    script.answer = answer
    decision, event = decided(script, sent("alice", "good"), {"dn_template": "uid={},dc=example"})
    assert decision.accepted
    assert set(event.notes) >= ({note} if note else set())
    assert note is not None or not {"password_grace", "password_expires_soon"} & set(event.notes)


def test_an_outage(script: Script) -> None:
    """503 and a time to come back, for a right and a wrong password alike."""
    script.answer = lambda _: None
    for password in ("good", "bad"):
        decision, event = decided(script, sent("alice", password), {**SEARCH})
        assert isinstance(decision, Denied)
        assert (decision.cause, decision.status, decision.code) == (
            Cause.PROVIDER_UNREACHABLE,
            503,
            "provider_unreachable",
        )
        assert event.facts["host"] == "127.0.0.1"


def test_a_script_in_a_page_opens_no_password_window(script: Script) -> None:
    """The challenge is Basic's."""
    decision, _ = decided(script, sent("alice", "bad", **{"Sec-Fetch-Mode": "cors"}), {**SEARCH})
    assert isinstance(decision, Denied)
    assert (b"www-authenticate", b'xBasic realm="ops", charset="UTF-8"') in decision.headers


def test_it_is_throttled(script: Script) -> None:
    """As every password; the directory is not asked any more."""
    directory = LdapDirectory(script.url, timeout_s=20.0, base="dc=example")
    guard = Guard(ldap(directory=directory), throttle=Throttle(failures=2, per=900))
    try:
        causes = [guard.decide_sync(sent("alice", "bad")) for _ in range(3)]
    finally:
        guard.close()
    assert [one.cause for one in causes if isinstance(one, Denied)][-1] is Cause.RATE_LIMITED
    assert len([tag for tag in script.operations if tag == 0x63]) == 2


def test_it_waits_in_a_thread(script: Script) -> None:
    """A slow directory holds up nobody's event loop."""
    threads: list[str] = []

    class Watched(LdapDirectory):
        def bind(self, name: str, password: str) -> Any:
            threads.append(threading.current_thread().name)
            return super().bind(name, password)

    guard = Guard(ldap(directory=Watched(script.url, base="dc=example")))
    try:
        assert guard.decide_sync(sent("alice", "good")).accepted
    finally:
        guard.close()
    assert threads == ["authwhy-call"]
