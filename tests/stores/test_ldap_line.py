"""One connection to a directory that misbehaves: it hangs, drips, answers nonsense, or says too much."""

from __future__ import annotations

import ssl
import time

import pytest
from tests.stores.ldap_answers import Script, asked, ber, integer, result, scripted

from authwhy.stores.ldap_line import LdapLine
from authwhy.stores.ldap_message import Result, bind_request
from authwhy.stores.origin import Origin
from authwhy.stores.reach import FetchFailed, connect

HOST = "127.0.0.1"
NOTICE = ber(0x8A, b"1.3.6.1.4.1.1466.20036")


def line_to(script: Script, patience_s: float = 20.0) -> LdapLine:
    """A connection with so much time."""
    deadline = time.monotonic() + patience_s
    port = int(script.url.rsplit(":", 1)[1])
    return LdapLine(connect(Origin("http", HOST, port), None, deadline), HOST, deadline)


def refused_by(script: Script, patience_s: float = 20.0) -> tuple[str, object]:
    """Cause and problem of one bind."""
    with line_to(script, patience_s) as line, pytest.raises(FetchFailed) as caught:
        line.result(bind_request(line.next_number(), "uid=canary", "canary"), "bind")
    assert caught.value.facts["host"] == HOST
    assert "canary" not in f"{caught.value!r}{caught.value.facts}"
    return caught.value.cause.value, caught.value.facts["problem"]


def test_an_answer_in_pieces_and_a_goodbye() -> None:
    """Octets come as they like; the server is told when we leave."""
    with scripted() as script:
        script.drip = True
        script.answer = lambda _: result(1, 49, "no")
        with line_to(script) as line:
            assert line.result(bind_request(line.next_number(), "uid=a", "b"), "bind") == Result(49, "no")
    assert script.operations == [0x60, 0x42]


@pytest.mark.parametrize(
    ("answer", "cause", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "provider_error", "not_ldap"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "provider_error", "not_ldap"),
        (b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 100, "provider_error", "too_large"),
        (b"\x30\x80\x02\x01\x01\x00\x00", "provider_error", "bad_length"),
        (b"\x30\x03\x02\x01\x01", "provider_error", "truncated"),
        (result(2, 0), "provider_error", "other_message_id"),
        (result(1, 0, tag=0x65), "provider_error", "unexpected_message"),
        (ber(0x30, integer(1), ber(0x79)), "provider_error", "unexpected_message"),
        (result(0, 52, tag=0x78, extra=NOTICE), "provider_error", "unavailable"),
        (result(0, 8, tag=0x78, extra=NOTICE), "misconfigured", "stronger_authentication_required"),
        (result(0, 49, tag=0x78, extra=NOTICE), "provider_unreachable", "closed"),
        (result(0, 0, tag=0x78, extra=NOTICE), "provider_unreachable", "closed"),
        (None, "provider_unreachable", "closed"),
    ],
)
def test_nonsense(answer: bytes | None, cause: str, problem: str) -> None:
    """Never a word about the password."""
    with scripted() as script:
        script.answer = lambda _: answer
        assert refused_by(script) == (cause, problem)


@pytest.mark.parametrize("drip", [True, False])
def test_the_deadline_is_for_everything(drip: bool) -> None:
    """A server that says nothing, and one that always says a little."""
    with scripted() as script:
        script.drip = drip
        script.answer = lambda _: ber(0x30, bytes(2_000)) if drip else b""
        assert refused_by(script, 0.3) == ("provider_unreachable", "timeout")


def test_a_deadline_that_is_over() -> None:
    """Nothing is sent any more."""
    with scripted() as script, line_to(script) as line:
        late = LdapLine(line._sock, HOST, time.monotonic() - 1)
        with pytest.raises(FetchFailed) as caught:
            late.send(b"canary")
        assert late.seconds() == 1
    assert caught.value.facts["problem"] == "timeout"
    assert b"canary" not in b"".join(script.requests)


def test_endless_answers_end() -> None:
    """References are read past, but not for ever."""
    flood = ber(0x30, integer(1), ber(0x73, ber(4, b"ldap://x/" + b"x" * 30_000))) * 20
    with scripted() as script:
        script.answer = lambda _: flood
        with line_to(script) as line:
            line.send(bind_request(line.next_number(), "uid=a", "b"))
            with pytest.raises(FetchFailed) as caught:
                all(line.receive() for _ in range(20))
    assert caught.value.facts["problem"] == "too_large"


@pytest.mark.parametrize(
    ("answer", "cause", "problem"),
    [
        (result(1, 2, tag=0x78), "service_not_enabled", "start_tls"),
        (result(1, 52, tag=0x78), "service_not_enabled", "start_tls"),
        (result(1, 51, tag=0x78), "provider_error", "busy"),
        (result(1, 0, tag=0x78) + result(2, 0), "tls_failure", "octets_before_tls"),
        (result(1, 0, tag=0x61), "provider_error", "unexpected_message"),
        (None, "provider_unreachable", "closed"),
    ],
)
def test_start_tls_that_does_not_start(answer: bytes | None, cause: str, problem: str) -> None:
    """Nothing goes on in the clear, and nothing that came before TLS is believed after it."""
    with scripted() as script:
        script.answer = lambda _: answer
        with line_to(script) as line, pytest.raises(FetchFailed) as caught:
            line.secure(ssl.create_default_context())
    assert (caught.value.cause.value, caught.value.facts["problem"]) == (cause, problem)
    assert [asked(request)[1] for request in script.requests if request[0] == 0x30][:1] == [0x77]
    assert 0x60 not in script.operations


def test_a_handshake_that_fails() -> None:
    """The server agrees to TLS and then speaks LDAP."""
    with scripted() as script:
        script.answer = lambda request: result(1, 0, tag=0x78) if request[0] == 0x30 else result(2, 0)
        with line_to(script) as line, pytest.raises(FetchFailed) as caught:
            line.secure(ssl.create_default_context())
    assert caught.value.cause.value == "tls_failure"
