"""Guard's LDAP provider against OpenLDAP: who gets in, the cause of every refusal, and what an outage looks like."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST
from tests.e2e.slapd_server import BASE, GOOD, PEOPLE, SERVICE, Directory, launch

from authwhy.causes import Cause
from authwhy.guard import Accepted, Denied, Guard, View
from authwhy.guard.schemes.ldap import ldap
from authwhy.model.event import Event
from authwhy.model.outcome import Refused
from authwhy.stores.ldap import Bound, LdapDirectory
from authwhy.verify.flow import Unavailable

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def directory(start: Start, home: Path) -> Directory:
    """A directory with people in every state."""
    return launch(start, home / "main")


def by_template(directory: Directory, **settings: Any) -> LdapDirectory:
    """The person's name is made from the name that was typed."""
    return LdapDirectory(directory.plain, dn_template=f"uid={{}},{PEOPLE}", **settings)


def by_search(directory: Directory, **settings: Any) -> LdapDirectory:
    """The person is looked for."""
    account = {"service_dn": SERVICE, "service_password": "reader-password"}
    return LdapDirectory(directory.plain, **{"base": PEOPLE, "attributes": ("cn",), **account, **settings})


STYLES = [by_template, by_search]
Style = Callable[[Directory], LdapDirectory]


@contextmanager
def guarded(store: LdapDirectory) -> Iterator[tuple[Guard, list[Event]]]:
    """A guard with this directory as its only provider, and its events."""
    events: list[Event] = []
    guard = Guard(ldap("staff", directory=store, realm="ops"), events=[events.append])
    try:
        yield guard, events
    finally:
        guard.close()


def sent(name: str, password: str) -> View:
    """A request with Basic credentials."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return View.of("GET", "/orders", {"Authorization": f"Basic {pair}"})


def cause_of(answer: Bound | Refused | Unavailable) -> Cause:
    """The leading cause, whatever kind of no it is."""
    assert not isinstance(answer, Bound)
    return answer.primary.cause if isinstance(answer, Refused) else answer.cause


@pytest.mark.parametrize("style", STYLES)
def test_a_right_password(directory: Directory, style: Style) -> None:
    with guarded(style(directory)) as (guard, events):
        decision = guard.decide_sync(sent("alice", GOOD))
    assert isinstance(decision, Accepted)
    assert decision.principal == "alice"
    assert (events[0].method, events[0].user, events[0].outcome) == ("ldap", "alice", "success")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("typed", ["ALICE", "Alice"])
def test_the_name_is_as_the_directory_spells_it(directory: Directory, style: Style, typed: str) -> None:
    """One person is one principal."""
    bound = style(directory).bind(typed, GOOD)
    assert isinstance(bound, Bound)
    assert bound.name == "alice"


@pytest.mark.parametrize("style", STYLES)
def test_a_name_outside_ascii(directory: Directory, style: Style) -> None:
    bound = style(directory).bind("Zoë", GOOD)
    assert isinstance(bound, Bound)
    assert bound.name == "Zoë"


def test_attributes_are_read(directory: Directory) -> None:
    for store in (by_search(directory), by_template(directory, attributes=("cn",))):
        bound = store.bind("alice", GOOD)
        assert isinstance(bound, Bound)
        assert (bound.text("CN"), bound.texts("mail")) == ("alice", ())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("name", "password", "cause"),
    [
        ("alice", "wrong", Cause.WRONG_SECRET),
        ("nopassword", "wrong", Cause.WRONG_SECRET),
        ("expired", GOOD, Cause.PASSWORD_EXPIRED),
        ("reset", GOOD, Cause.PASSWORD_EXPIRED),
        ("alice", "", Cause.WRONG_SECRET),
        ("", GOOD, Cause.MALFORMED),
        ("alice\0", GOOD, Cause.MALFORMED),
    ],
)
def test_causes(directory: Directory, style: Style, name: str, password: str, cause: Cause) -> None:
    assert cause_of(style(directory).bind(name, password)) is cause


def test_a_search_tells_an_unknown_name(directory: Directory) -> None:
    """OpenLDAP itself does not: result 49 for both. The event shows a name only where it is one."""
    with guarded(by_search(directory)) as (guard, events):
        unknown, wrong = (guard.decide_sync(sent(name, "wrong")) for name in ("nobody", "alice"))
    assert isinstance(unknown, Denied)
    assert isinstance(wrong, Denied)
    assert (unknown.cause, wrong.cause) == (Cause.UNKNOWN_IDENTITY, Cause.WRONG_SECRET)
    assert (unknown.status, unknown.code) == (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert dict(unknown.headers)[b"www-authenticate"] == b'Basic realm="ops", charset="UTF-8"'
    assert [event.user for event in events] == [None, "alice"]
    assert cause_of(by_template(directory).bind("nobody", "wrong")) is Cause.WRONG_SECRET


def test_an_unknown_name_is_tried_too(directory: Directory) -> None:
    """As many binds as for a known name, so that both take the same way."""

    def binds(name: str) -> int:
        mark = directory.server.mark()
        by_search(directory).bind(name, "wrong-for-all")
        return directory.server.since(mark, " closed").count(" BIND dn=")

    assert binds("nobody") == binds("Zoë")


def test_lockout(directory: Directory) -> None:
    """The right password does not help any more."""
    store = by_search(directory)
    for _ in range(3):
        assert cause_of(store.bind("locked", "wrong")) is Cause.WRONG_SECRET
    with guarded(store) as (guard, events):
        decision = guard.decide_sync(sent("locked", GOOD))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status, decision.code) == (Cause.ACCOUNT_LOCKED, 401, "invalid_credentials")
    assert events[0].user == "locked"
    assert cause_of(by_template(directory).bind("locked", GOOD)) is Cause.ACCOUNT_LOCKED


def test_a_grace_sign_in(directory: Directory) -> None:
    """It works, and the event says that it will not for long."""
    bound = by_search(directory).bind("grace", GOOD)
    assert isinstance(bound, Bound)
    assert bound.grace_left == 98
    with guarded(by_search(directory)) as (guard, events):
        assert guard.decide_sync(sent("grace", GOOD)).accepted
    assert "password_grace" in events[0].notes


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "name",
    [
        "*",
        "*)(uid=*",
        "*)(|(uid=*",
        "alice)(&",
        "alice,ou=people,dc=example,dc=com",
        "alice,dc=x",
        "alice+cn=alice",
        "#616c696365",
        "\\61lice",
        "alice\\",
        '"alice"',
        "cn=alice",
        "alice;dc=x",
        "<alice>",
    ],
)
def test_a_name_is_a_value_and_nothing_else(directory: Directory, style: Style, name: str) -> None:
    """With the right password of somebody: no name reaches another entry, and none is an error."""
    answer = style(directory).bind(name, GOOD)
    assert cause_of(answer) in (Cause.UNKNOWN_IDENTITY, Cause.WRONG_SECRET), answer


@pytest.mark.parametrize("style", STYLES)
def test_a_name_that_looks_like_syntax_is_still_a_name(directory: Directory, style: Style) -> None:
    """There is somebody called so."""
    bound = style(directory).bind("a,dc=x", GOOD)
    assert isinstance(bound, Bound)
    assert bound.name == "a,dc=x"


@pytest.mark.parametrize("typed", ["alice ", " alice", "ａｌｉｃｅ", "ali\u00adce", "al\u200bice"])
def test_other_spellings_that_a_directory_takes_for_the_same(directory: Directory, typed: str) -> None:
    """RFC 4518 lets them through; they must not become names of their own."""
    bound = by_search(directory).bind(typed, GOOD)
    assert isinstance(bound, Refused) or (isinstance(bound, Bound) and bound.name == "alice")
    assert cause_of(by_template(directory).bind(typed, GOOD)) is Cause.UNKNOWN_IDENTITY


def test_a_person_who_may_not_read_itself_keeps_the_name_that_was_typed(directory: Directory) -> None:
    store = LdapDirectory(directory.plain, dn_template=f"uid={{}},ou=hidden,{BASE}")
    bound = store.bind("ghost", GOOD)
    assert isinstance(bound, Bound)
    assert bound.name == "ghost"


@pytest.mark.parametrize(
    ("settings", "setting", "problem"),
    [
        ({"service_password": "wrong"}, "service_dn", "wrong_secret"),
        ({"service_dn": f"cn=nobody,{BASE}"}, "service_dn", "wrong_secret"),
        ({"service_dn": "reader"}, "service_dn", "invalid_dn_syntax"),
        ({"base": "dc=elsewhere"}, "base", "no_such_object"),
        ({"base": "people"}, "base", "invalid_dn_syntax"),
        ({"service_dn": "", "service_password": ""}, "service_dn", "insufficient_access_rights"),
    ],
)
def test_a_set_up_that_cannot_work(directory: Directory, settings: dict[str, Any], setting: str, problem: str) -> None:
    """It is ours, whoever asks."""
    answer = by_search(directory, **settings).bind("alice", GOOD)
    assert isinstance(answer, Unavailable)
    assert answer.cause is Cause.MISCONFIGURED
    assert (answer.facts["setting"], answer.facts["problem"]) == (setting, problem)


def test_a_wrong_service_password_is_nobodys_wrong_password(directory: Directory) -> None:
    with guarded(by_search(directory, service_password="wrong")) as (guard, events):
        decision = guard.decide_sync(sent("alice", GOOD))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.MISCONFIGURED, 500)
    assert events[0].kind == "error"
    assert "wrong" not in (events[0].to_json().decode().replace("wrong_secret", ""))


def test_a_template_that_is_no_name(directory: Directory) -> None:
    """A plain name fits any attribute, so a refused syntax is the template's."""
    store = LdapDirectory(directory.plain, dn_template="uid={},nonsense=,=")
    answer = store.bind("alice", GOOD)
    assert isinstance(answer, Unavailable)
    assert (answer.cause, answer.facts["setting"]) == (Cause.MISCONFIGURED, "dn_template")


def test_two_of_a_name(directory: Directory) -> None:
    """Nobody is picked."""
    answer = by_search(directory).bind("twin", GOOD)
    assert isinstance(answer, Unavailable)
    assert (answer.cause, answer.facts["problem"]) == (Cause.MISCONFIGURED, "several_entries")
    assert isinstance(by_search(directory, matching={"cn": "twin1"}).bind("twin", GOOD), Bound)


@pytest.mark.parametrize("start_tls", [True, False])
def test_tls(directory: Directory, start_tls: bool) -> None:
    """With an authority of our own; without it the server is not believed, and no password is sent."""
    url = directory.plain if start_tls else directory.tls
    template = f"uid={{}},{PEOPLE}"
    good = LdapDirectory(url, dn_template=template, start_tls=start_tls, ca_file=str(directory.authority))
    assert isinstance(good.bind("alice", GOOD), Bound)
    assert cause_of(good.bind("alice", "wrong")) is Cause.WRONG_SECRET
    mark = directory.server.mark()
    answer = LdapDirectory(url, dn_template=template, start_tls=start_tls).bind("alice", GOOD)
    assert isinstance(answer, Unavailable)
    assert answer.cause is Cause.UNTRUSTED_SERVER
    assert answer.facts["problem"] == "unknown_authority"
    assert str(answer.facts["host"]).partition(":")[0] == HOST
    assert " BIND dn=" not in directory.server.since(mark, " closed")


def test_tls_on_the_wrong_port(directory: Directory) -> None:
    store = LdapDirectory(directory.plain.replace("ldap:", "ldaps:"), dn_template=f"uid={{}},{PEOPLE}", timeout_s=2)
    answer = store.bind("alice", GOOD)
    assert isinstance(answer, Unavailable)
    assert answer.cause in (Cause.TLS_FAILURE, Cause.PROVIDER_UNREACHABLE)


def test_a_server_that_wants_tls(start: Start, home: Path) -> None:
    """Its refusal is about us, not about the password."""
    directory = launch(start, home / "strict", more="security simple_bind=64\nTLSProtocolMin 3.3")
    plain = by_template(directory).bind("alice", GOOD)
    assert isinstance(plain, Unavailable)
    assert (plain.cause, plain.facts["setting"]) == (Cause.MISCONFIGURED, "start_tls")
    safe = by_template(directory, start_tls=True, ca_file=str(directory.authority))
    assert isinstance(safe.bind("alice", GOOD), Bound)


def test_simple_binds_are_switched_off(start: Start, home: Path) -> None:
    directory = launch(start, home / "switched-off", more="disallow bind_simple")
    assert cause_of(by_template(directory).bind("alice", GOOD)) is Cause.SERVICE_NOT_ENABLED


@pytest.mark.parametrize("style", STYLES)
def test_an_outage_is_no_wrong_password(start: Start, home: Path, style: Style) -> None:
    """503 for right and wrong alike."""
    directory = launch(start, home / f"ending-{style.__name__}")
    with guarded(style(directory)) as (guard, events):
        assert guard.decide_sync(sent("alice", GOOD)).accepted
        directory.server.stop()
        for password in (GOOD, "wrong"):
            decision = guard.decide_sync(sent("alice", password))
            assert isinstance(decision, Denied)
            assert (decision.cause, decision.status) == (Cause.PROVIDER_UNREACHABLE, 503)
            assert (b"retry-after", b"5") in decision.headers
    assert events[-1].facts["problem"] == "refused"
