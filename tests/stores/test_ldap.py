"""The directory door without a directory: set-ups, what is never sent, and servers that misbehave.

A real one is asked in tests/e2e/test_ldap_provider.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.e2e.loopback import free_port
from tests.stores.ldap_answers import Script, asked, entry, reference, result, scripted, state

from authwhy.causes import Cause, Kind, meta
from authwhy.model.outcome import Refused
from authwhy.stores.ldap import MAX_PASSWORD, Bound, LdapDirectory
from authwhy.stores.ldap_name import MAX_NAME
from authwhy.verify.flow import Unavailable

TEMPLATE = "uid={},ou=people,dc=example"
SEARCH: dict[str, Any] = {"base": "dc=example", "service_dn": "cn=reader", "service_password": "canary-service"}
ALICE = "uid=alice,ou=people,dc=example"
BIND, FIND, UNBIND = 0x60, 0x63, 0x42
Answer = Callable[[bytes], bytes | None]


def directory_of(script: Script, **given: Any) -> LdapDirectory:
    """The scripted server as a directory with a template."""
    return LdapDirectory(script.url, **{"dn_template": TEMPLATE, "timeout_s": 20.0, **given})


def answering(**answers: bytes | list[bytes | None] | None) -> Answer:
    """A script by operation: `bind=` one code for each bind in turn, `find=` what a search gets (ids are patched)."""
    binds = answers.get("bind", [result(1, 0)])
    queue = list(binds) if isinstance(binds, list) else [binds]

    def answer(request: bytes) -> bytes | None:
        number, tag, _ = asked(request)
        found = answers.get("find", result(1, 0, tag=0x65)) if tag == FIND else queue.pop(0) if tag == BIND else b""
        assert not isinstance(found, list)
        return None if found is None else found.replace(b"\x02\x01\x01", bytes((2, 1, number)))

    return answer


def cause(answer: Bound | Refused | Unavailable) -> str:
    assert not isinstance(answer, Bound)
    return (answer.primary.cause if isinstance(answer, Refused) else answer.cause).value


@pytest.mark.parametrize(
    "url",
    [
        "http://directory",
        "ldap:directory",
        "ldaps://",
        "ldaps://user@directory",
        "ldaps://user:secret@directory",
        "ldaps://directory/dc=example",
        "ldaps://directory/?sub",
        "ldaps://directory?x",
        "ldaps://directory:0",
        "ldaps://directory:99999",
        "ldapi:///var/run/ldapi",
        "ldaps://dïrectory",
    ],
)
def test_addresses_that_cannot_work(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        LdapDirectory(url, dn_template=TEMPLATE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"url": "ldap://directory"}, "in the clear"),
        ({"url": "ldap://10.0.0.1"}, "in the clear"),
        ({"url": "ldap://localhost.example"}, "in the clear"),
        ({"start_tls": True}, "ldaps:// has TLS"),
        ({"dn_template": None}, "dn_template or base"),
        ({"base": "dc=example"}, "dn_template or base"),
        ({"dn_template": "alice"}, "dn_template"),
        ({"dn_template": None, "base": "dc=x", "service_dn": "cn=reader"}, "belong together"),
        ({"dn_template": None, "base": "dc=x", "service_password": "x"}, "belong together"),
        ({"service_dn": "cn=reader", "service_password": "x"}, "for a search"),
        ({"matching": {"objectClass": "person"}}, "for a search"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"attributes": ("mail)(",)}, "no attribute"),
        ({"dn_template": None, "base": "dc=x", "attribute": "uid=*"}, "no attribute"),
        ({"dn_template": None, "base": "dc=x", "matching": {"a b": "c"}}, "no attribute"),
        ({"dn_template": "{}@corp.example", "attributes": ("mail",)}, "distinguished name"),
    ],
)
def test_set_ups_that_cannot_work(given: dict[str, Any], problem: str) -> None:
    """Found when the service starts."""
    with pytest.raises(ValueError, match=problem):
        LdapDirectory(**{"url": "ldaps://directory", "dn_template": TEMPLATE, **given})


@pytest.mark.parametrize(
    "given",
    [
        {"url": "ldap://directory", "start_tls": True},
        {"url": "ldap://directory", "insecure": True},
        {"url": "ldap://127.0.0.1:1389"},
        {"url": "ldap://[::1]/"},
        {"url": "LDAP://localhost"},
        {"url": "ldaps://directory", "attributes": ("mail", "1.2.840.113556.1.4.221")},
    ],
)
def test_set_ups_that_work(given: dict[str, Any]) -> None:
    directory = LdapDirectory(**{"dn_template": TEMPLATE, **given})
    assert not directory.searches


def test_an_authority_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        LdapDirectory("ldaps://directory", dn_template=TEMPLATE, ca_file=str(tmp_path / "none.pem"))


@pytest.mark.parametrize(
    ("name", "password", "causes"),
    [
        ("alice", "", ["wrong_secret"]),
        ("", "", ["malformed", "wrong_secret"]),
        ("  ", "secret", ["malformed"]),
        ("alice\0", "secret", ["malformed"]),
        ("ali\nce", "secret", ["malformed"]),
        ("\ud800", "secret", ["malformed"]),
        ("alice", "\udfff", ["malformed"]),
        ("a" * (MAX_NAME + 1), "secret", ["malformed"]),
        ("alice", "a" * (MAX_PASSWORD + 1), ["malformed"]),
        ("alice ", "secret", ["unknown_identity"]),
    ],
)
def test_what_is_never_asked(name: str, password: str, causes: list[str]) -> None:
    """An empty password would be answered with success."""
    with scripted() as script:
        answer = directory_of(script).bind(name, password)
    assert isinstance(answer, Refused)
    assert [failure.cause.value for failure in answer.failures] == causes
    assert script.requests == []


@pytest.mark.parametrize("number", [51, 52, 80, 1, 2, 3, 11, 14, 4_096])
def test_a_fault_of_the_directory_is_no_wrong_password(number: int) -> None:
    """Whether it shows at the service account, the search, or the person."""
    failing = result(1, number)
    found = entry(1, ALICE, {"uid": [b"alice"]}) + result(1, 0, tag=0x65)
    scripts: list[tuple[dict[str, Any], Answer]] = [
        ({}, answering(bind=failing)),
        ({"dn_template": None, **SEARCH}, answering(bind=failing)),
        ({"dn_template": None, **SEARCH}, answering(find=result(1, number, tag=0x65))),
        ({"dn_template": None, **SEARCH}, answering(bind=[result(1, 0), failing], find=found)),
        ({"dn_template": None, **SEARCH}, answering(bind=[result(1, 0), failing])),
    ]
    for style, answer in scripts:
        with scripted() as script:
            script.answer = answer
            said = directory_of(script, **style).bind("alice", "secret")
        assert isinstance(said, Unavailable), said
        assert said.cause is Cause.PROVIDER_ERROR
        assert said.facts["host"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("number", "setting"),
    [
        (8, "start_tls"),
        (10, "base"),
        (13, "start_tls"),
        (17, "attribute"),
        (32, "base"),
        (34, "base"),
        (50, "service_dn"),
    ],
)
def test_a_search_that_another_set_up_would_cure(number: int, setting: str) -> None:
    with scripted() as script:
        script.answer = answering(find=result(1, number, tag=0x65))
        said = directory_of(script, dn_template=None, **SEARCH).bind("alice", "secret")
    assert isinstance(said, Unavailable)
    assert (said.cause, said.facts["setting"]) == (Cause.MISCONFIGURED, setting)


def test_active_directory_wants_a_service_account() -> None:
    """Result 1 for a search by nobody."""
    with scripted() as script:
        script.answer = answering(find=result(1, 1, tag=0x65))
        said = directory_of(script, dn_template=None, base="dc=example").bind("alice", "secret")
    assert isinstance(said, Unavailable)
    assert (said.cause, said.facts["setting"]) == (Cause.MISCONFIGURED, "service_dn")
    assert script.operations == [FIND, UNBIND]


@pytest.mark.parametrize("number", [49, 48, 32, 34, 53, 19, 50, 7, 8, 13])
def test_a_refused_service_account_is_ours(number: int) -> None:
    with scripted() as script:
        script.answer = answering(bind=result(1, number))
        said = directory_of(script, dn_template=None, **SEARCH).bind("alice", "secret")
    assert isinstance(said, Unavailable)
    assert meta(said.cause).kind is Kind.ERROR
    assert script.operations == [BIND, UNBIND]
    assert "canary" not in f"{said}"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (entry(1, ALICE, {"uid": [b"alice"]}) * 2 + result(1, 0, tag=0x65), "several_entries"),
        (entry(1, ALICE, {"uid": [b"alice"]}) + result(1, 4, tag=0x65), "several_entries"),
        (entry(1, "", {"uid": [b"alice"]}) + result(1, 0, tag=0x65), "entry_without_name"),
        (entry(1, ALICE, {}) + result(1, 0, tag=0x65), "not_readable"),
        (result(1, 0), "unexpected_message"),
        (b"\x30\x84\x7f\xff\xff\xff", "too_large"),
        (None, "closed"),
    ],
)
def test_searches_that_find_nobody_we_could_try(found: bytes | None, problem: str) -> None:
    """An entry without a name would be an anonymous bind, which succeeds."""
    with scripted() as script:
        script.answer = answering(bind=[result(1, 0), result(1, 0)], find=found)
        said = directory_of(script, dn_template=None, **SEARCH).bind("alice", "secret")
    assert isinstance(said, Unavailable)
    assert said.facts["problem"] == problem


def test_nobody_is_refused_as_slowly_as_somebody() -> None:
    """An unknown name takes a bind too, which may even succeed: it is still nobody."""
    found = reference(1) + entry(1, ALICE, {"UID": [b"alice"]}) + reference(1) + result(1, 0, tag=0x65)
    for find, expected in (
        (found, "wrong_secret"),
        (result(1, 0, tag=0x65), "unknown_identity"),
        (result(1, 21, tag=0x65), "unknown_identity"),
    ):
        with scripted() as script:
            script.answer = answering(bind=[result(1, 0), result(1, 49)], find=find)
            assert cause(directory_of(script, dn_template=None, **SEARCH).bind("alice", "secret")) == expected
        assert script.operations == [BIND, FIND, BIND, UNBIND]
    with scripted() as script:
        script.answer = answering(bind=[result(1, 0), result(1, 0)])
        assert cause(directory_of(script, dn_template=None, **SEARCH).bind("alice", "secret")) == "unknown_identity"


def test_what_somebody_is_told_of() -> None:
    """Name, attributes and the state of the password; nothing of it in its text."""
    found = entry(1, ALICE, {"uid": [b"alice"], "memberOf": [b"cn=staff", b"\xff"]}) + result(1, 0, tag=0x65)
    with scripted() as script:
        script.answer = answering(bind=[result(1, 0), result(1, 0, policy=state(expires_in_s=60))], find=found)
        bound = directory_of(script, dn_template=None, attributes=("memberOf",), **SEARCH).bind("ALICE", "secret")
    assert isinstance(bound, Bound)
    assert (bound.dn, bound.name, bound.expires_in_s, bound.grace_left) == (ALICE, "alice", 60, None)
    assert (bound.texts("memberof"), bound.text("mail")) == (("cn=staff",), None)
    assert "alice" not in repr(bound)


@pytest.mark.parametrize(("number", "name"), [(0, "ALICE"), (32, "ALICE"), (50, "ALICE"), (51, None), (80, None)])
def test_an_own_entry_that_cannot_be_read(number: int, name: str | None) -> None:
    """Not allowed: the name is as it was typed, always. Not possible now: nobody gets in under another name."""
    with scripted() as script:
        script.answer = answering(find=result(1, number, tag=0x65))
        said = directory_of(script).bind("ALICE", "secret")
    assert (said.name if isinstance(said, Bound) else None) == name
    assert isinstance(said, Bound) or cause(said) == "provider_error"


def test_an_account_name_of_active_directory() -> None:
    """It cannot be read as an entry, and knows no case."""
    with scripted() as script:
        script.answer = answering()
        bound = directory_of(script, dn_template="{}@corp.example").bind("Alice", "secret")
    assert isinstance(bound, Bound)
    assert (bound.dn, bound.name) == ("Alice@corp.example", "alice")
    assert script.operations == [BIND, UNBIND]


def test_a_name_that_no_syntax_takes() -> None:
    """Result 34 is the person's where its name is unusual, and the template's where it is not."""
    for name, expected in (("a-b", "unknown_identity"), ("Zoë", "unknown_identity"), ("alice", "misconfigured")):
        with scripted() as script:
            script.answer = answering(bind=result(1, 34))
            assert cause(directory_of(script).bind(name, "secret")) == expected


@pytest.mark.parametrize("drip", [True, False])
def test_waiting_ends(drip: bool) -> None:
    with scripted() as script:
        script.drip = drip
        script.answer = lambda _: result(1, 0, "x" * 2_000) if drip else b""
        said = directory_of(script, timeout_s=0.3).bind("alice", "secret")
    assert isinstance(said, Unavailable)
    assert (said.cause, said.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, "timeout")


def test_nobody_listens() -> None:
    for url in (f"ldap://127.0.0.1:{free_port()}", f"ldaps://127.0.0.1:{free_port()}"):
        said = LdapDirectory(url, dn_template=TEMPLATE).bind("alice", "secret")
        assert isinstance(said, Unavailable)
        assert (said.cause, said.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, "refused")


def test_start_tls_that_is_taken_out_on_the_way() -> None:
    """No password without TLS."""
    with scripted() as script:
        script.answer = lambda _: result(1, 2, tag=0x78)
        said = directory_of(script, start_tls=True).bind("alice", "canary")
    assert cause(said) == "service_not_enabled"
    assert not any(b"canary" in request for request in script.requests)


@settings(max_examples=40)
@given(st.binary(max_size=120))
def test_no_answer_lets_anybody_in_by_chance(answer: bytes) -> None:
    """Whatever a server says, it is one of three answers, and garbage is an outage."""
    with scripted() as script:
        script.answer = lambda _: answer + b"\0"
        said = directory_of(script, timeout_s=0.05).bind("alice", "secret")
    assert isinstance(said, Unavailable)


def test_texts_tell_nothing() -> None:
    assert "canary" not in repr(LdapDirectory("ldaps://directory", **SEARCH))
