"""A guarded service under uvicorn behind a real nginx: whose address, which header, which certificate is believed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from tests.e2e.certificates import DAY, Authority, Pair
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, free_port, until
from tests.e2e.nginx_server import Nginx, start_nginx
from tests.e2e.provider import AUDIENCE, ISSUER, Key, key_set
from tests.guard.real_servers import Heard, aecho, asgi, curl
from tests.guard.schemes import test_binding as bindings
from tests.stores.loopback_site import Clock, Reply, Site, site

from authwhy.guard import Dpop, Guard, any_of, client_certificate, jwt
from authwhy.model.event import Event
from authwhy.stores.jwks import JwksStore

pytestmark = pytest.mark.e2e
PROXY, CALLER = "127.0.0.2", "127.0.0.5"  # addresses of loopback: the proxy's own, and that of who calls it
HEADER = "X-SSL-Client-Cert"
FORWARDED = f"""
    proxy_bind {PROXY}; proxy_http_version 1.1;
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header {HEADER} $ssl_client_escaped_cert;
"""


class Running(NamedTuple):
    """nginx, the service behind it, and what guard told."""

    nginx: Nginx
    base: str
    events: list[Event]
    authority: Authority
    keys: Site
    clock: Clock

    def call(self, path: str, *options: str, pair: Pair | None = None) -> Heard:
        """By nginx, from the caller's address."""
        mine = ("--cert", str(pair.certificate), "--key", str(pair.key)) if pair else ()
        base = f"https://{HOST}:{self.nginx.port}{path}"
        return curl(base, "--cacert", str(self.authority.path), "--interface", CALLER, *mine, *options)

    def straight(self, path: str, *options: str) -> Heard:
        """Past nginx, from the address of no proxy."""
        return curl(self.base + path, "--interface", CALLER, *options)

    def said(self) -> tuple[str, str | None]:
        """Cause (or success) and user of the last event."""
        event = self.events[-1]
        return str(event.causes[0].cause) if event.causes else "success", event.user


KEY = Key("k1")


@pytest.fixture(scope="module")
def running(start: Start, home: Path) -> Iterator[Running]:
    """Everything, started once. The key set is fetched through nginx too."""
    authority, events, clock = Authority(home, "Example CA"), list[Event](), Clock()
    own, keys_port = authority.issue("server"), free_port()
    address = f"http://{HOST}:{keys_port}"
    store = JwksStore(f"{address}/jwks", allow_http=(address,), clock=clock)
    guard = Guard(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=store, dpop=Dpop()),
        client_certificate("cert", roots=authority.path.read_bytes(), header=HEADER),
        trusted_proxies=[f"{PROXY}/32"],
        events=[events.append],
    )
    rules = {"/cert": "cert", "/either": any_of("token", "cert"), "/*": "token"}
    with site() as keys, asgi(guard.asgi(aecho, rules)) as base:
        keys.says(Reply(json.dumps(key_set(KEY)).encode()))
        block = f"""
            ssl_certificate "{own.certificate}"; ssl_certificate_key "{own.key}";
            ssl_verify_client optional_no_ca; ssl_client_certificate "{authority.path}";
            error_page 495 = @service;
            location / {{ proxy_pass {base}; {FORWARDED} }}
            location @service {{ proxy_pass {base}; {FORWARDED} }}
            location /stripped {{ proxy_pass {base}; {FORWARDED} proxy_set_header Authorization ""; }}
        """
        http = f"server {{ listen {HOST}:{keys_port}; location / {{ proxy_pass {keys.origin}; }} }}"
        nginx = start_nginx(start, home, block, http=http, tls=True)
        yield Running(nginx, base, events, authority, keys, clock)
    guard.close()


def bearer(text: str) -> tuple[str, str]:
    """curl's option."""
    return "-H", f"Authorization: Bearer {text}"


def test_the_callers_address(running: Running) -> None:
    """What nginx adds is believed; what the caller wrote to the left of it, or sends past nginx, is not."""
    forged = ("-H", "X-Forwarded-For: 203.0.113.9, 10.0.0.1")
    assert running.call("/orders", *bearer(KEY.token()), *forged).status == 200
    assert (running.said(), running.events[-1].address, running.events[-1].via) == (("success", "alice"), CALLER, PROXY)
    running.straight("/orders", *bearer(KEY.token()), *forged)
    assert (running.said()[0], running.events[-1].address, running.events[-1].via) == ("success", CALLER, None)
    running.straight("/orders", *forged)
    assert (running.said()[0], running.events[-1].address) == ("missing", CALLER)


def test_a_proxy_that_strips_the_header(running: Running) -> None:
    """Nothing arrived, so nothing is wrong with what was sent: the event says missing."""
    heard = running.call("/stripped", *bearer(KEY.token()))
    assert (heard.status, running.said()[0]) == (401, "missing")
    assert heard.all("www-authenticate")[0].startswith("Bearer")


def test_the_address_that_a_proof_is_for(running: Running) -> None:
    """Scheme and host of the caller's own request, as nginx tells them."""
    token = KEY.token(cnf={"jkt": bindings.JKT})

    def sent(url: str) -> tuple[str, ...]:
        proof = bindings.proof(token, htu=url, iat=int(time.time()))
        return "-H", f"Authorization: DPoP {token}", "-H", f"DPoP: {proof}"

    url = f"https://{HOST}:{running.nginx.port}/orders"
    assert running.call("/orders?page=2", *sent(url)).status == 200
    assert running.call("/orders", *sent(url.replace("https", "http"))).status == 401
    assert running.said() == ("wrong_audience", "alice")
    forged = ("-H", "X-Forwarded-Proto: https")
    assert running.straight("/orders", *sent(running.base.replace("http", "https") + "/orders"), *forged).status == 401


def test_a_forwarded_certificate(running: Running) -> None:
    """Good, expired, of an unknown authority, none: judged by guard, whatever nginx thought of it."""
    stranger = Authority(running.nginx.home, "Another CA")
    rows = [
        (running.authority.issue("alice"), ("success", "CN=alice")),
        (running.authority.issue("carol", ended=3 * DAY), ("expired", "CN=carol")),
        (stranger.issue("mallory"), ("untrusted_certificate", None)),
        (None, ("missing", None)),
    ]
    for pair, expected in rows:
        heard = running.call("/cert", pair=pair)
        assert (running.said(), heard.status) == (expected, 200 if expected[0] == "success" else 401)
        assert running.events[-1].address == CALLER


def test_a_forged_certificate_header(running: Running) -> None:
    """By nginx it is overwritten; straight at the service it is not looked at: certificates are public."""
    alice = running.authority.issue("alice").certificate.read_text()
    forged = ("-H", f"{HEADER}: {quote(alice, safe='')}")
    odd = ("-H", f"X_SSL_Client_Cert: {quote(alice, safe='')}")
    for options in (forged, odd, forged + odd):
        for call in (running.call, running.straight):
            assert call("/cert", *options).status == 401
            assert running.said() == ("missing", None)
    assert running.call("/cert", *forged, pair=running.authority.issue("bob")).status == 200
    assert running.said() == ("success", "CN=bob")


def test_an_outage_of_the_key_set(running: Running) -> None:
    """Known keys go on for as long as it takes; a new one is an outage, not a bad token, until the first fetch."""
    good, later, new = KEY.token(), KEY.token(sub="bob"), Key("k2")
    assert running.call("/orders", *bearer(good)).status == 200
    running.keys.says(Reply(status=503))
    for _ in range(10):
        running.clock.now += 1
        assert [running.call("/orders", *bearer(one)).status for one in (good, later)] == [200, 200]
        rotated = running.call("/orders", *bearer(new.token()))
        assert (rotated.status, running.said()[0]) == (503, "provider_error")
        assert rotated.all("retry-after")
        assert rotated.all("www-authenticate") == []
    running.keys.says(Reply(json.dumps(key_set(KEY, new)).encode()))
    told = running.events[-1].facts["retry_s"]
    assert isinstance(told, int)
    running.clock.now += told
    until(lambda: running.call("/orders", *bearer(new.token())).status == 200, "the new key")
    assert running.call("/orders", *bearer(good)).status == 200


def test_two_ways(running: Running) -> None:
    """A certificate of the browser beside a token is no contradiction."""
    pair = running.authority.issue("alice")
    assert running.call("/either", *bearer(KEY.token()), pair=pair).status == 200
    assert running.events[-1].provider == "token"
    assert running.call("/either", pair=pair).status == 200
    assert running.events[-1].provider == "cert"
