"""Metadata of a provider, from a real server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stores.loopback_site import Clock, Reply, Request, Site, certificate, site, until

from authwhy.causes import Cause
from authwhy.stores.discovery import Discovery, ProviderMetadata, metadata_urls
from authwhy.stores.reach import FetchFailed
from authwhy.verify.flow import Unavailable

OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        yield running


def document(issuer: str, **members: object) -> bytes:
    return json.dumps({"issuer": issuer, "jwks_uri": issuer + "/keys", **members}).encode()


def discover(issuer: str, server: Site) -> ProviderMetadata | Unavailable:
    with closing(Discovery(issuer, allow_http=(server.origin,))) as discovery:
        return discovery.get()


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("https://id.example.com", (OPENID, OAUTH)),
        ("https://id.example.com/", (OPENID, OAUTH)),
        ("https://id.example.com/realms/shop", ("/realms/shop" + OPENID, OAUTH + "/realms/shop")),
        ("https://id.example.com/realms/shop/", ("/realms/shop" + OPENID, OAUTH + "/realms/shop")),
    ],
)
def test_where_metadata_may_be(issuer: str, expected: tuple[str, ...]) -> None:
    """OpenID Connect Discovery 4.1 appends, RFC 8414 3.1 inserts; both drop a final slash."""
    assert metadata_urls(issuer) == tuple("https://id.example.com" + path for path in expected)


@given(st.lists(st.from_regex(r"[A-Za-z0-9._~%-]{1,8}", fullmatch=True), max_size=4), st.booleans())
def test_every_address_is_on_the_issuers_own_host(parts: list[str], slash: bool) -> None:
    """And keeps the issuer's path whole."""
    path = "".join("/" + part for part in parts)
    for url in metadata_urls(f"https://id.example.com:8443{path}" + "/" * slash):
        assert urlsplit(url).netloc == "id.example.com:8443"
        assert urlsplit(url).path in (path + OPENID, OAUTH + path)


@pytest.mark.parametrize(
    "issuer", ["https://id.example.com?a=b", "https://id.example.com/#x", "id.example.com", "", "https://"]
)
def test_what_is_no_issuer(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        metadata_urls(issuer)


@pytest.mark.parametrize("issuer", ["http://id.example.com", "file:///etc", "https://u:p@id.example.com"])
def test_an_issuer_that_may_not_be_asked(issuer: str) -> None:
    with pytest.raises(ValueError, match=r"issuer|https"):
        Discovery(issuer)


@pytest.mark.parametrize("place", ["openid", "oauth"])
def test_metadata(server: Site, place: str) -> None:
    """Whichever form the provider serves; members that are not known are ignored."""
    issuer = server.origin + "/realms/shop"
    path = urlsplit(metadata_urls(issuer)[place == "oauth"]).path
    body = document(
        issuer,
        token_endpoint="https://id.example.com/token",
        introspection_endpoint="https://id.example.com/introspect",
        end_session_endpoint="https://id.example.com/logout",
        id_token_signing_alg_values_supported=["RS256", "ES256"],
        token_endpoint_auth_methods_supported=["client_secret_basic"],
        claims_supported=["sub"],
    )
    server.answer = lambda asked: Reply(body) if asked.path == path else Reply(b"", 404)
    found = discover(issuer, server)
    assert isinstance(found, ProviderMetadata)
    assert (found.issuer, found.jwks_uri) == (issuer, issuer + "/keys")
    assert found.introspection_endpoint == "https://id.example.com/introspect"
    assert found.algorithms == ("RS256", "ES256")
    assert found.client_methods == ("client_secret_basic",)
    assert found.authorization_endpoint is None


@pytest.mark.parametrize("change", ["/", "x", "/realms/other"])
def test_metadata_of_another_issuer(server: Site, change: str) -> None:
    """Compared whole (RFC 8414 3.3): what it says is not used."""
    server.says(Reply(document(server.origin + change)))
    found = discover(server.origin, server)
    assert isinstance(found, Unavailable)
    assert found.cause is Cause.MISCONFIGURED
    assert dict(found.facts) == {
        "setting": "issuer", "expected": server.origin, "seen": server.origin + change, "retry_s": 1, "what": "metadata",
    }  # fmt: skip


@pytest.mark.parametrize("address", ["http://evil.example/keys", "file:///etc/passwd", "https://u:p@id.example.com/"])
def test_a_key_set_address_that_may_not_be_asked(server: Site, address: str) -> None:
    server.says(Reply(document(server.origin, jwks_uri=address)))
    found = discover(server.origin, server)
    assert isinstance(found, Unavailable)
    assert (found.cause, found.facts["setting"]) == (Cause.MISCONFIGURED, "url")


@pytest.mark.parametrize(
    ("reply", "cause", "problem", "requests"),
    [
        (Reply(b"", 404), Cause.PROVIDER_ERROR, "status", 2),
        (Reply(b"", 503), Cause.PROVIDER_ERROR, "status", 1),
        (Reply(b"", 302, {"Location": "https://evil.example"}), Cause.PROVIDER_ERROR, "redirect", 1),
        (Reply(b"<html>"), Cause.PROVIDER_ERROR, "not_readable", 1),
        (Reply(b'{"jwks_uri":"https://a.example"}'), Cause.PROVIDER_ERROR, "not_readable", 1),
        (Reply(b'{"issuer":["a"]}'), Cause.PROVIDER_ERROR, "not_readable", 1),
        (Reply(b"[" * 100_000), Cause.PROVIDER_ERROR, "not_readable", 1),
        (Reply(b'{"issuer":"\xff"}'), Cause.PROVIDER_ERROR, "not_readable", 1),
        (Reply(raw=b""), Cause.PROVIDER_UNREACHABLE, "closed", 1),
    ],
)
def test_no_metadata(server: Site, reply: Reply, cause: Cause, problem: str, requests: int) -> None:
    server.says(reply)
    found = discover(server.origin, server)
    assert isinstance(found, Unavailable)
    assert (found.cause, found.facts["problem"], server.count) == (cause, problem, requests)
    assert (found.facts["host"], found.facts["what"]) == (server.origin.removeprefix("http://"), "metadata")


def test_lazy_single_flight_daily_and_stale(server: Site) -> None:
    clock, told = Clock(), list[int]()
    body = document(server.origin)
    server.says(Reply(body))
    with closing(Discovery(server.origin, allow_http=(server.origin,), clock=clock, on_stale=told.append)) as discovery:
        assert (discovery.current, server.count) == (None, 0)
        found: list[object] = []
        threads = [Thread(target=lambda: found.append(discovery.get())) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, found))) == server.count == 1
        clock.now += 0.79 * 86_400
        assert discovery.get() is found[0]
        server.says(Reply(b"", 500))
        clock.now += 0.21 * 86_400
        assert discovery.current is found[0]
        until(lambda: server.count == 2, "the daily refresh")
        assert told == [86_400]


def test_an_address_of_the_metadata(server: Site) -> None:
    server.says(Reply(document(server.origin)))
    with closing(Discovery(server.origin, allow_http=(server.origin,))) as discovery:
        assert discovery.address("jwks_uri") == server.origin + "/keys"


def test_over_tls(tmp_path: Path) -> None:
    authority, context = certificate(tmp_path)
    with site(context) as server:

        def answer(_: Request) -> Reply:
            return Reply(document(server.origin))

        server.answer = answer
        with closing(Discovery(server.origin, ca_file=str(authority))) as discovery:
            assert isinstance(discovery.get(), ProviderMetadata)
        with closing(Discovery(server.origin)) as discovery:
            found = discovery.get()
    assert isinstance(found, Unavailable)
    assert (found.cause, found.facts["problem"]) == (Cause.UNTRUSTED_SERVER, "unknown_authority")


def test_awaited(server: Site) -> None:
    server.says(Reply(document(server.origin)))
    with closing(Discovery(server.origin, allow_http=(server.origin,))) as discovery:
        assert isinstance(asyncio.run(discovery.aget()), ProviderMetadata)
        assert asyncio.run(discovery.aget()) is discovery.current


def test_asked_now_whatever_the_pause(server: Site) -> None:
    """Who keeps pauses itself learns at once that the provider is back; everybody else waits for the pause."""
    clock = Clock()
    server.says(Reply(b"", 503))
    with closing(Discovery(server.origin, allow_http=(server.origin,), clock=clock)) as discovery:
        assert isinstance(discovery.get(), Unavailable)
        server.says(Reply(document(server.origin)))
        with pytest.raises(FetchFailed):
            discovery.address("jwks_uri")
        assert discovery.address("jwks_uri", now=True) == server.origin + "/keys"
        assert discovery.address("jwks_uri") == server.origin + "/keys"
        with pytest.raises(FetchFailed) as missing:
            discovery.address("token_endpoint")
    assert missing.value.facts == {"setting": "token_endpoint", "problem": "missing_member", "what": "metadata"}
    assert server.count == 2
