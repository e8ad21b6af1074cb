"""Client certificates: of the connection, or forwarded by a proxy that the service trusts, and by nobody else."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.asgi_client import Answer, Endpoint, call
from tests.guard.scripted import watched
from tests.guard.wsgi_client import Endpoint as WsgiEndpoint
from tests.guard.wsgi_client import call as wsgi_call
from tests.verify.certificate_factory import NOW, Issued, issue

from authwhy.causes import Kind, meta
from authwhy.guard import ConfigurationError, Guard, client_certificate, deny
from authwhy.guard.schemes.client_certificate import ClientCertificateProvider
from authwhy.model.event import Event
from authwhy.stores.memory import MemoryRevoked

ROOT = issue("root", ca=True, days=(-100, 1_000))
MIDDLE = issue("middle", ROOT, ca=True, days=(-50, 500))
ALICE = issue("alice", ROOT, serial=0xAB)
BELOW = issue("bob", MIDDLE)
EXPIRED = issue("carol", ROOT, days=(-10, -1))
STRANGER = issue("mallory", issue("another root", ca=True))
PROXY = issue("proxy", ROOT)
HEADER = "x-ssl-client-cert"
TRUSTED = ("192.0.2.0/24",)  # the clients of tests connect from 192.0.2.1


def pem(one: Issued) -> str:
    """As text."""
    return one.certificate.public_bytes(Encoding.PEM).decode()


def escaped(one: Issued) -> str:
    """As nginx writes $ssl_client_escaped_cert."""
    return quote(pem(one), safe="")


def item(one: Issued) -> str:
    """As RFC 9440 writes it."""
    return f":{b64encode(one.der).decode()}:"


def made(**settings: Any) -> ClientCertificateProvider:
    """A provider that trusts the root."""
    return client_certificate(**{"roots": pem(ROOT), **settings})


def service(*, proxies: tuple[str, ...] = (), **settings: Any) -> tuple[Guard, list[Event]]:
    """A guard with it."""
    return watched(made(**settings), trusted_proxies=proxies, clock=lambda: float(NOW))


def asked(guard: Guard, headers: Any = (), chain: tuple[Issued, ...] = ()) -> Answer:
    """A request on a connection with these certificates (ASGI TLS extension)."""
    more: dict[str, Any] = {"extensions": {"tls": {"client_cert_chain": [pem(one) for one in chain]}}} if chain else {}
    return call(guard.asgi(Endpoint(), {"/*": "cert"}), "GET", "/", headers, **more)


def causes(events: list[Event]) -> list[str]:
    """Of the last event."""
    return [str(one.cause) for one in events[-1].causes]


@pytest.mark.parametrize(
    ("chain", "cause", "user"),
    [
        ((ALICE,), None, "CN=alice"),
        ((BELOW, MIDDLE), None, "CN=bob"),
        ((BELOW,), "untrusted_certificate", None),
        ((EXPIRED,), "expired", "CN=carol"),
        ((STRANGER,), "untrusted_certificate", None),
        ((), "missing", None),
    ],
)
def test_of_the_connection(chain: tuple[Issued, ...], cause: str | None, user: str | None) -> None:
    """By ASGI and by WSGI; the event names whom a trusted authority named."""
    guard, events = service()
    assert asked(guard, chain=chain).status == (200 if cause is None else 401)
    assert (causes(events)[:1], events[-1].user) == ([cause] if cause else [], user)
    if len(chain) == 1:
        environ: dict[str, Any] = {"SSL_CLIENT_CERT": pem(chain[0])}
        answer = wsgi_call(guard.wsgi(WsgiEndpoint(), {"/*": "cert"}), **environ)
        assert (answer.status, events[-1].user) == (200 if cause is None else 401, user)


FORWARDED = [
    (HEADER, [(HEADER, escaped(ALICE))]),
    (HEADER, [(HEADER, escaped(ALICE)), ("x-ssl-client-verify", "FAILED:whatever the proxy thinks")]),
    (HEADER, [(HEADER, pem(ALICE).replace("\n", " "))]),
    ("Client-Cert", [("client-cert", item(ALICE))]),
    ("Client-Cert", [("client-cert", item(BELOW)), ("client-cert-chain", f"{item(MIDDLE)}, {item(ROOT)}")]),
    (
        "Client-Cert",
        [("client-cert", item(BELOW)), ("client-cert-chain", item(MIDDLE)), ("client-cert-chain", item(ROOT))],
    ),
]


@pytest.mark.parametrize(("header", "lines"), FORWARDED)
def test_forwarded(header: str, lines: list[tuple[str, str]]) -> None:
    """Believed from a trusted proxy only; the same lines from anybody else are not even looked at."""
    assert asked(service(header=header, proxies=TRUSTED)[0], lines).status == 200
    for proxies in ((), ("198.51.100.0/24",)):
        guard, events = service(header=header, proxies=proxies)
        assert (asked(guard, lines).status, causes(events)) == (401, ["missing"])
    guard, events = service(proxies=TRUSTED)  # no header configured
    assert (asked(guard, lines).status, causes(events)) == (401, ["missing"])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(HEADER, escaped(EXPIRED))], ["expired"]),
        ([(HEADER, escaped(STRANGER))], ["untrusted_certificate"]),
        ([(HEADER, "")], ["missing"]),
        ([(HEADER, "(null)")], ["missing"]),
        ([("x-ssl-client-verify", "SUCCESS"), ("x-ssl-client-s-dn", "CN=alice")], ["missing"]),
        ([(HEADER, "SUCCESS")], ["malformed"]),
        ([(HEADER, "%00%ff")], ["malformed"]),
        ([(HEADER, b64encode(b"no certificate").decode())], ["malformed"]),
        ([(HEADER, escaped(ALICE)), (HEADER, escaped(STRANGER))], ["ambiguous"]),
        ([(HEADER, f"{escaped(ALICE)},{escaped(STRANGER)}")], ["ambiguous"]),  # as WSGI joins them
        ([(HEADER, f"{escaped(STRANGER)}, {escaped(ALICE)}")], ["ambiguous"]),
    ],
)
def test_forwarded_and_refused(lines: list[tuple[str, str]], expected: list[str]) -> None:
    """The certificate itself is checked, whatever the proxy says of it; two of them are one too many."""
    guard, events = service(header=HEADER, proxies=TRUSTED)
    assert asked(guard, lines).status in (400, 401)
    assert causes(events)[:1] == expected


def test_joined_by_wsgi() -> None:
    """The same in the form that a WSGI server hands over."""
    guard, events = service(header=HEADER, proxies=TRUSTED)
    app = guard.wsgi(WsgiEndpoint(), {"/*": "cert"})
    assert wsgi_call(app, headers={HEADER: escaped(ALICE)}).status == 200
    wsgi_call(app, headers=[(HEADER, escaped(ALICE)), (HEADER, escaped(STRANGER))])
    assert causes(events) == ["ambiguous"]


@pytest.mark.parametrize(("lines", "user"), [([(HEADER, escaped(ALICE))], "CN=alice"), ([], None)])
def test_a_proxy_with_a_certificate_of_its_own(lines: list[tuple[str, str]], user: str | None) -> None:
    """What a trusted proxy connects with is nobody's: only what it forwards counts."""
    guard, events = service(header=HEADER, proxies=TRUSTED)
    assert (asked(guard, lines, (PROXY,)).status, events[-1].user) == (200 if user else 401, user)
    guard, events = service(header=HEADER)  # from anybody else the connection counts, and the header does not
    assert (asked(guard, lines, (PROXY,)).status, events[-1].user) == (200, "CN=proxy")


def test_a_long_chain_is_refused() -> None:
    """No more is read than can be checked."""
    guard, events = service(header="Client-Cert", proxies=TRUSTED)
    chain = ",".join([item(MIDDLE)] * 40)
    asked(guard, [("client-cert", item(BELOW)), ("client-cert-chain", chain)])
    assert causes(events) == ["malformed"]
    asked(guard, [("client-cert", item(BELOW)), ("client-cert-chain", "x, y")])
    assert causes(events)[0] == "malformed"


@pytest.mark.parametrize("names", [("alice",), ("bob", "ann")])
def test_names(names: tuple[str, ...]) -> None:
    """Only who is named."""
    guard, events = service(names=names)
    assert asked(guard, chain=(ALICE,)).status == (200 if "alice" in names else 401)
    assert asked(guard, chain=(PROXY,)).status == 401
    assert events[-1].user == "CN=proxy"


def test_revocation() -> None:
    """By the application's list, or by serial numbers."""
    store = MemoryRevoked()
    guard, events = service(revoked=store.is_revoked)
    assert asked(guard, chain=(ALICE,)).status == 200
    store.revoke("CN=root", "ab", NOW + 100, NOW)
    assert (asked(guard, chain=(ALICE,)).status, causes(events)) == (401, ["revoked"])
    guard, events = service(revoked_serials=("AB",))
    assert (asked(guard, chain=(ALICE,)).status, causes(events)) == (401, ["revoked"])

    def down(issuer: str, serial: str) -> bool:
        raise ConnectionRefusedError

    guard, events = service(revoked=down)
    assert (asked(guard, chain=(ALICE,)).status, causes(events)) == (503, ["provider_unreachable"])


def test_principal() -> None:
    """Made of the certificate's claims, and may refuse."""
    guard, _ = service(principal=lambda claims: {"serial": claims["serial"]})
    app = guard.asgi(endpoint := Endpoint(), {"/*": "cert"})
    call(app, extensions={"tls": {"client_cert_chain": [pem(ALICE)]}})
    assert endpoint.decisions[0].principal == {"serial": "ab"}
    guard, events = service(principal=lambda claims: deny("policy_blocked"))
    assert (asked(guard, chain=(ALICE,)).status, causes(events)) == (403, ["policy_blocked"])


@pytest.mark.parametrize(
    "roots", ["", b"", (), "/etc/ssl/ca.pem", (b"x",), "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"]
)
def test_roots_that_cannot_work(roots: Any) -> None:
    """Told at the start."""
    with pytest.raises(ConfigurationError, match="roots"):
        Guard(made(roots=roots))


@pytest.mark.parametrize("roots", [pem(ROOT), pem(ROOT).encode(), ROOT.der, [ROOT.der], pem(STRANGER) + pem(ROOT)])
def test_forms_of_roots(roots: Any) -> None:
    """Text, octets, or several."""
    guard, _ = watched(client_certificate(roots=roots), clock=lambda: float(NOW))
    assert asked(guard, chain=(ALICE,)).status == 200


@settings(deadline=None)
@given(
    st.sampled_from(["", escaped(ALICE), item(ALICE), pem(ALICE).replace("\n", " ")]),
    st.integers(0, 900),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=9),
)
def test_no_text_is_an_error(good: str, at: int, text: str) -> None:
    """A certificate with other octets in it is refused, or means the same."""
    for header in (HEADER, "client-cert"):
        guard, events = service(header=header, proxies=TRUSTED)
        sent = good[:at] + text + good[at:]
        assert asked(guard, [(header, sent)]).status in (200, 400, 401)
        assert all(meta(one.cause).kind is not Kind.ERROR for one in events[0].causes)
        assert events[0].causes or events[0].user == "CN=alice"
