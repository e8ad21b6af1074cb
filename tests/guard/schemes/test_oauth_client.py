"""What is asked of a provider directly."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from tests.guard.schemes.browsing import header
from tests.guard.schemes.provider_site import CLIENT, SECRET, FakeProvider, Shop
from tests.stores.loopback_site import Reply, site

from authwhy.causes import Cause
from authwhy.guard.answers import Accepted
from authwhy.guard.schemes.oidc import oauth2


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """One for each test."""
    with site() as running:
        yield FakeProvider(running)


def plain(provider: FakeProvider, **settings: Any) -> Shop:
    """A sign-in without OpenID Connect."""
    at = provider.issuer
    given: dict[str, Any] = {
        "authorize": f"{at}/authorize", "token": f"{at}/token", "userinfo": f"{at}/userinfo", "subject": "id",
        "client_id": CLIENT, "client_secret": SECRET, "redirect_uri": "https://shop.example/callback",
        "allow_http": [at], **settings,
    }  # fmt: skip
    return Shop(provider, oauth2("sso", **given))


def test_the_secret_in_the_header(provider: FakeProvider) -> None:
    """RFC 6749 section 2.3.1: both parts form-encoded, then Basic; the verifier belongs to the challenge."""
    with Shop(provider) as shop:
        assert shop.sign_in().status == 303
    word, _, pair = provider.headers["Authorization"].partition(" ")
    name, secret = b64decode(pair).decode().split(":")
    assert (word, unquote_plus(name), unquote_plus(secret)) == ("Basic", CLIENT, SECRET)
    assert "client_secret" not in provider.asked
    assert provider.asked["grant_type"] == "authorization_code"
    assert provider.asked["code"] == "canary-code"
    assert provider.asked["redirect_uri"] == "https://shop.example/callback"
    assert len(provider.asked["code_verifier"]) == 43


def test_the_secret_in_the_body_or_none(provider: FakeProvider) -> None:
    """client_secret_post, and a public client."""
    with Shop(provider, client_method="client_secret_post") as shop:
        assert shop.sign_in().status == 303
    assert (provider.asked["client_id"], provider.asked["client_secret"]) == (CLIENT, SECRET)
    assert "Authorization" not in provider.headers
    with Shop(provider, client_secret=None) as shop:
        assert shop.sign_in().status == 303
    assert (provider.asked["client_id"], "client_secret" in provider.asked) == (CLIENT, False)


def test_who_the_token_is_about(provider: FakeProvider) -> None:
    """The member that names the account for good is the subject, as text."""
    provider.extra = {"id_token": None}
    with plain(provider) as shop:
        asked = shop.begin("/login?return=/a")
        assert not {"nonce", "scope"} & set(asked)
        reply = shop.back(asked, iss="https://id.example")  # not compared: nobody said what it calls itself
        assert header(reply.headers, "location") == "/a"
        decision = shop.browser.open("/me", "web")
        assert isinstance(decision, Accepted)
        assert (decision.principal.sub, decision.principal.login) == ("7", "alice")
        assert provider.headers["authorization"] == "Bearer canary-access"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Reply(b"", 401), Cause.REJECTED_BY_APPLICATION),
        (Reply(b"", 403), Cause.REJECTED_BY_APPLICATION),
        (Reply(b"", 500), Cause.PROVIDER_ERROR),
        (Reply(b"", 503), Cause.PROVIDER_UNREACHABLE),
        (Reply(b"<html>"), Cause.PROVIDER_ERROR),
        (Reply(b"[]"), Cause.PROVIDER_ERROR),
        (Reply(b"{}"), Cause.MISSING_CLAIM),
        (Reply(b'{"id":null}'), Cause.MISSING_CLAIM),
        (Reply(b'{"id":true}'), Cause.MISSING_CLAIM),
        (Reply(b'{"id":""}'), Cause.MISSING_CLAIM),
    ],
)
def test_answers_that_name_nobody(provider: FakeProvider, answer: Reply, cause: Cause) -> None:
    """What the person can bring about by asking for less is no outage; what the provider does may be."""
    provider.extra, provider.userinfo = {"id_token": None}, answer
    with plain(provider) as shop:
        shop.sign_in()
        assert shop.browser.last.cause is cause
        assert "__Host-session" not in shop.browser.cookies


def test_an_issuer_that_is_known_is_compared(provider: FakeProvider) -> None:
    """RFC 9207."""
    with plain(provider, issuer="https://id.example") as shop:
        shop.sign_in(iss="https://evil.example")
        assert shop.browser.last.cause is Cause.WRONG_ISSUER


def test_metadata_without_a_token_endpoint(provider: FakeProvider) -> None:
    """A fault of the set-up, and the event says which."""
    provider.metadata = {"token_endpoint": None}
    with Shop(provider) as shop:
        assert shop.sign_in().status == 500
        assert shop.browser.last.facts["setting"] == "token_endpoint"
