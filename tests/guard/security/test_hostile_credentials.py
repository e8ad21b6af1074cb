"""Row 9, the reverse: 2,000 damaged credentials for each provider, and not one looks like an outage.

Each begins as a good one. An error cause that a caller could make would hide a real outage, or cry wolf.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import jwt as pyjwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.schemes import test_ldap as directories
from tests.guard.schemes.browsing import FORM, Browser
from tests.guard.schemes.provider_site import FakeProvider, Shop
from tests.guard.schemes.test_binding import BOUND, HOLDER, ISSUED, proof
from tests.guard.schemes.test_client_certificate import ALICE, BELOW, MIDDLE, ROOT, escaped, item, pem
from tests.guard.scripted import Scripted, authorization, watched
from tests.guard.security.one_time import APP, CODE, KINDS
from tests.stores.loopback_site import Reply, site
from tests.verify.certificate_factory import NOW as CERTIFICATE_NOW
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW

from authwhy.causes import Kind, meta
from authwhy.guard import (
    Accept,
    Dpop,
    Guard,
    Throttle,
    View,
    all_of,
    client_certificate,
    deny,
    form,
    introspection,
    jwt,
    ldap,
    oauth2,
    session,
    totp,
)
from authwhy.guard.sinks.fields import line_of
from authwhy.model.event import Event
from authwhy.stores.ldap import LdapDirectory
from authwhy.stores.memory import MemorySeen, MemorySessions
from authwhy.verify.client_cert import ClientCertificate
from authwhy.verify.session import seal
from authwhy.verify.totp import TotpEnrolment

EXAMPLES, EACH = 50, 40
WAYS = {"ldap": 3, "client_certificate": 3}  # to set such a provider up, which share the examples
SEEDS = st.integers(0, 2**62)
BITS = [
    "", " ", "\t", "\x00", "\r\n", "\x7f", "\x80", "é", "ÿ", '"', "\\", "'", ",", ";", "=", ":", "/", "?", "#", "&", "%", "%00", "%zz", "%ff",
    "..", "-", "+", "*", "(", ")", "[", "{", "}", "[[[[", "null", "true", "NaN", "1e999", "-1", "0", "00", "9" * 30, "9" * 5_000, "18446744073709551616",
    "A" * 300, "A" * 9_000, "ZZZZ", "====", "0x10", "Basic ", "Digest ", "sig1=", "keyid=", "\xc3\x28", "\xed\xa0\x80", "${x}", "username*=UTF-8''%ff",
]  # fmt: skip
THINGS: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 2**63, 2**70, 10**400, "", "x", "\x00", "\ud800", "é😀", "9" * 400, [], [[]], {}, {"a": {}}, ["x"] * 50, [None],
    {"kty": "EC"}, "a" * 5_000, NOW, str(NOW), NOW * 1_000, -NOW,
]  # fmt: skip


def spoilt(choose: Random, text: str) -> str:
    """The text with one to four places damaged."""
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(text) + 1)
        end = min(len(text), at + choose.choice([0, 0, 1, 1, 2, 5, 40]))
        way = choose.randrange(6)
        if way < 3:
            text = text[:at] + choose.choice(BITS) + text[end:]
        elif way == 3:
            text = text[:at] + text[end:]
        elif way == 4:
            text = text[:end] + text[at:end] * 3 + text[end:]
        else:
            text = text[:at] + chr(choose.randrange(256)) + text[at + 1 :]
    return text


def respoilt(choose: Random, octets: bytes) -> bytes:
    """The same for octets."""
    return spoilt(choose, octets.decode("latin-1")).encode("latin-1")


def changed(choose: Random, members: dict[str, Any]) -> dict[str, Any]:
    """Members with other values, or without some, or with more."""
    made = dict(members)
    for _ in range(choose.randint(1, 3)):
        name = choose.choice([*members, "crit", "b64", "x", "cnf", ""])
        if choose.random() < 0.2:
            made.pop(name, None)
        else:
            made[name] = choose.choice(THINGS)
    return made


Send = Callable[[Random], object]
Sender = tuple[Send, list[Event]]


def _sending(guard: Guard, view: Callable[[Random], View], rule: Any = None) -> Sender:
    events: list[Event] = []
    guard.listen(events.append)
    return lambda choose: guard.decide_sync(view(choose), rule), events


def _known(kind: str, *names: bytes) -> Iterator[Sender]:
    """A provider of one_time.py; some of these headers, the target or the body are damaged."""
    sending = KINDS[kind](MemorySeen(10**6))

    def view(choose: Random) -> View:
        made = sending.view()
        what = choose.randrange(10)
        if what == 0:
            made.query = respoilt(choose, made.query)
        elif what == 1:
            made.raw_path = respoilt(choose, made.raw_path or b"/orders")
        elif what == 2:
            body = respoilt(choose, b"{}")
            made.read_body = lambda limit: body
        else:
            wanted = choose.sample(names, choose.randint(1, len(names)))
            made.headers = [(key, respoilt(choose, old) if key in wanted else old) for key, old in made.headers]
        if choose.random() < 0.05:
            made.headers = [*made.headers, *choose.sample(list(made.headers), 1)]
        return made

    yield _sending(sending.guard, view)
    sending.guard.close()


def _dpop() -> Iterator[Sender]:
    """Proofs with odd members, properly signed."""
    keys = {"keys": [ISSUED.jwk]}
    dpop = Dpop(seen=MemorySeen(10**6), require_nonce=True, nonce_keys=[b"k" * 32])
    guard, _ = watched(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=keys, dpop=dpop), clock=lambda: float(NOW))
    claims = pyjwt.decode(proof(), options={"verify_signature": False})

    def view(choose: Random) -> View:
        head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": HOLDER.jwk}
        if choose.random() < 0.3:
            head["jwk"] = changed(choose, HOLDER.jwk)
        body = changed(choose, {**claims, "jti": str(choose.random()), "nonce": dpop.nonce(NOW).decode()})
        sent = HOLDER.raw(changed(choose, head) if choose.random() < 0.4 else head, body)
        sent = spoilt(choose, sent) if choose.random() < 0.1 else sent
        token = spoilt(choose, BOUND) if choose.random() < 0.1 else BOUND
        made = View.of("GET", "/orders", {"host": "a.example", "authorization": f"DPoP {token}", "dpop": sent})
        made.scheme = choose.choice(["https", "http", "ws"])
        return made

    yield _sending(guard, view)
    guard.close()


def _session() -> Iterator[Sender]:
    store = MemorySessions()
    web = session("web", keys=["k" * 32, "l" * 32], store=store)
    kept = {"subject": "alice", "created_at": NOW, "seen_at": NOW}
    store.put("aWlpaWlpaWlpaWlpaWlpaQ", kept, NOW + 9_999, NOW)
    guard, _ = watched(web)

    def view(choose: Random) -> View:
        raw = bytes(choose.choices(range(256), k=16)) if choose.random() < 0.5 else b"i" * 16
        value = seal(raw, choose.choice([0, NOW, NOW - 9, NOW + 10**9, 10**12 - 1]), web.policy.keys)
        value = spoilt(choose, value) if choose.random() < 0.8 else value
        cookie = f"__Host-session={value}"
        headers = {"cookie": spoilt(choose, cookie) if choose.random() < 0.2 else cookie}
        if choose.random() < 0.3:
            headers["origin"] = spoilt(choose, "https://shop.example")
        return View.of(choose.choice(["GET", "POST", "", "Gét"]), "/", headers)

    yield _sending(guard, view)
    guard.close()


def _checked(credential: Any) -> object:
    return credential.username if credential.password == "pw" else deny("wrong_secret")


def _form() -> Iterator[Sender]:
    """Both pages, as forms and as JSON."""
    guard = Guard(
        form("login", verify=_checked, totp="code", page=True),
        session("web", keys=["k" * 32]),
        totp("code", enrolment=lambda name: TotpEnrolment(name, APP, True)),
        throttle=Throttle(failures=10**6, address=10**6),
        clock=lambda: float(NOW),
    )
    browser = Browser(guard)
    browser.post("/login", {"username": "alice", "password": "pw"})
    owed = dict(browser.cookies)

    def send(choose: Random) -> object:
        browser.cookies = {name: spoilt(choose, text) if choose.random() < 0.1 else text for name, text in owed.items()}
        path = choose.choice(["/login", "/login/code"])
        fields = {"username": "alice", "password": "pW"} if path == "/login" else {"code": CODE[:-1]}
        if choose.random() < 0.5:
            body, kind = urlencode(fields).encode(), FORM
        else:
            body, kind = json.dumps(changed(choose, fields)).encode(), "application/json"
        kind = spoilt(choose, kind) if choose.random() < 0.1 else kind
        more = {"sec_fetch_site": spoilt(choose, "same-origin")} if choose.random() < 0.1 else {}
        return browser.post(path, respoilt(choose, body), content_type=kind, **more)

    yield send, browser.events
    guard.close()


def _totp() -> Iterator[Sender]:
    guard, _ = watched(
        Scripted("fine", lambda value: Accept("f", user=value or "alice")),
        totp("code", enrolment=lambda name: TotpEnrolment(name, APP, len(name) > 2)),
        clock=lambda: float(NOW),
    )

    def view(choose: Random) -> View:
        user = spoilt(choose, "alice") if choose.random() < 0.3 else "alice"
        return View.of("GET", "/", {"x-fine": user, "x-otp": spoilt(choose, CODE)})

    yield _sending(guard, view, all_of("fine", "code"))
    guard.close()


def _ldap() -> Iterator[Sender]:
    """A directory on loopback that knows alice; names and passwords become filters and distinguished names."""
    with contextmanager(directories.script.__wrapped__)() as script:  # type: ignore[attr-defined]
        ways: list[dict[str, Any]] = [
            {"base": "dc=example"},
            {"dn_template": "uid={},dc=example"},
            {"dn_template": "{}@corp.example"},
        ]
        for given in ways:
            directory = LdapDirectory(script.url, timeout_s=20.0, **given)
            guard = Guard(ldap("staff", directory=directory), timeout_s=20)

            def view(choose: Random) -> View:
                pair = authorization(spoilt(choose, "alice"), spoilt(choose, "gooD"))
                raw = base64.b64encode(respoilt(choose, b"alice:gooD")).decode()
                headers = choose.choice([pair, {"authorization": f"Basic {raw}"}])
                if choose.random() < 0.1:
                    headers = {"authorization": spoilt(choose, headers.popitem()[1])}
                return View.of("GET", "/", headers)

            yield _sending(guard, view)
            guard.close()


def _introspection() -> Iterator[Sender]:
    with site() as running:
        running.says(Reply(b'{"active":false}'))
        origin = running.origin
        guard = Guard(introspection("opaque", url=f"{origin}/x", client_secret="c", allow_http=[origin]), timeout_s=20)

        def view(choose: Random) -> View:
            text = spoilt(choose, "Bearer 2YotnFZFEjr1zCsicMWpAA")
            plain = "".join(filter(str.isalnum, text))
            return View.of("GET", "/", {"authorization": choose.choice([text, text, f"Bearer {plain}"])})

        yield _sending(guard, view)
        guard.close()


def _certificate() -> Iterator[Sender]:
    """On the connection, and in both kinds of header."""
    for header in (None, "x-ssl-client-cert", "client-cert"):
        provider = client_certificate("cert", roots=pem(ROOT), header=header)
        clock = float(CERTIFICATE_NOW)
        guard, _ = watched(provider, trusted_proxies=["192.0.2.0/24"], clock=lambda at=clock: at)

        def view(choose: Random, header: str | None = header) -> View:
            if header is None:
                leaf, others = choose.choice([(ALICE.der, ()), (BELOW.der, (MIDDLE.der,))])
                made = View.of("GET", "/")
                chain = tuple(respoilt(choose, one) for one in others)
                made.client_certificate = ClientCertificate(respoilt(choose, leaf), chain)
                return made
            whole = escaped(BELOW) if header != "client-cert" else item(BELOW)
            if choose.random() < 0.3:
                damaged = base64.b64encode(respoilt(choose, BELOW.der)).decode()
                lines = f"-----BEGIN CERTIFICATE-----\n{damaged}\n-----END CERTIFICATE-----\n"
                whole = quote(lines, safe="") if header != "client-cert" else f":{damaged}:"
            chain_text = spoilt(choose, f"{item(MIDDLE)}, {item(ROOT)}")
            headers = {header: spoilt(choose, whole), "client-cert-chain": chain_text}
            return View.of("GET", "/", headers, peer="192.0.2.1")

        yield _sending(guard, view)
        guard.close()


def _elsewhere(kind: str) -> Iterator[Sender]:
    """What a browser brings to the addresses of a sign-in at another provider."""
    with site() as running:
        provider = FakeProvider(running)
        at = provider.issuer
        sso = None if kind == "oidc" else oauth2(
            "sso", authorize=f"{at}/authorize", token=f"{at}/token", userinfo=f"{at}/userinfo", subject="id",
            client_id="orders", client_secret="canary", redirect_uri="https://shop.example/callback", allow_http=[at],
        )  # fmt: skip
        with Shop(provider, sso) as shop:
            begun = shop.begin()
            cookies = dict(shop.browser.cookies)

            def send(choose: Random) -> object:
                if choose.random() < 0.1:
                    return shop.browser.get("/login", accept=spoilt(choose, "text/html")).status
                shop.browser.cookies = {
                    name: spoilt(choose, text) if choose.random() < 0.3 else text for name, text in cookies.items()
                }
                pairs = {"code": "canary-code", "state": begun["state"], "iss": at, "error": "access_denied"}
                given = {name: text for name, text in pairs.items() if choose.random() < 0.6}
                view = shop.browser.view("GET", "/callback")
                view.query = urlencode(given).encode()
                if choose.random() < 0.9 or len(given) == 3:
                    view.query = respoilt(choose, view.query)
                return shop.guard.world.run_sync(shop.guard.serving("/callback", view))

            yield send, shop.browser.events


PROVIDERS: dict[str, Callable[[], Iterator[Sender]]] = {
    "digest": lambda: _known("digest nonce count", b"authorization"),
    "dpop text": lambda: _known("dpop proof", b"authorization", b"dpop", b"host"),
    "dpop members": _dpop,
    "sigv4": lambda: _known("sigv4", b"authorization", b"x-amz-date", b"host", b"content-type"),
    "azure": lambda: _known("azure", b"authorization", b"x-ms-date", b"content-length"),
    "rfc 9421": lambda: _known("rfc 9421", b"signature", b"signature-input", b"content-digest"),
    "webhook": lambda: _known("webhook", b"x-hub-signature-256"),
    "session": _session,
    "form": _form,
    "totp": _totp,
    "ldap": _ldap,
    "introspection": _introspection,
    "client_certificate": _certificate,
    "oidc": lambda: _elsewhere("oidc"),
    "oauth2": lambda: _elsewhere("oauth2"),
}


def judged(send: Send, events: list[Event], seed: int) -> Iterator[str]:
    """Send some, and name the causes they were refused for."""
    choose = Random(seed)
    for _ in range(EACH):
        send(choose)
        while events:
            event = events.pop()
            assert not any(meta(one.cause).kind is Kind.ERROR for one in event.causes), (seed, event)
            assert line_of(event)
            yield from (one.cause.value for one in event.causes)


@pytest.mark.parametrize("name", PROVIDERS)
def test_no_caller_can_make_it_look_like_an_outage(name: str) -> None:
    """And every event of it can be written down."""
    told: set[str] = set()
    sender: list[Sender] = []

    @settings(max_examples=-(-EXAMPLES // WAYS.get(name, 1)), deadline=None, database=None)
    @given(SEEDS)
    def damaged(seed: int) -> None:
        told.update(judged(*sender[-1], seed))

    for each in PROVIDERS[name]():
        sender.append(each)
        damaged()
    assert len(sender) == WAYS.get(name, 1)
    assert len(told) > 1, told  # more than one check is met
