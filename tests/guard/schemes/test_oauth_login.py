"""Signing in at another provider: each way to fail has its own cause, and who is to blame is never mistaken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.schemes.browsing import header
from tests.guard.schemes.provider_site import NOW, SECRET, FakeProvider, Shop
from tests.stores.loopback_site import Reply, site
from tests.verify.jose_tokens import signer

from authwhy.causes import Cause, Kind, meta
from authwhy.guard import deny
from authwhy.guard.answers import Accepted, Denied
from authwhy.stores.interface import StoreUnavailable
from authwhy.verify.id_token import half_hashes


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """One for each test."""
    with site() as running:
        yield FakeProvider(running)


@pytest.fixture
def shop(provider: FakeProvider) -> Iterator[Shop]:
    """A service that uses it."""
    with Shop(provider) as made:
        yield made


def refused(shop: Shop, reply: Any, cause: Cause, status: int) -> None:
    """The cause in the event, the status in the answer, no session, and no redirect."""
    assert shop.browser.last.cause is cause, shop.browser.last
    assert reply.status == status
    assert header(reply.headers, "location") is None
    assert "__Host-session" not in shop.browser.cookies


def test_signed_in(shop: Shop) -> None:
    """What the ID token says of the person is in the session; what it says of itself is not."""
    shop.provider.claims = {"acr": "mfa", "amr": ["pwd", "otp"], "roles": ["clerk"], "at_hash": None, "sid": "theirs"}
    reply = shop.sign_in("/login?return=/orders")
    assert (reply.status, header(reply.headers, "location")) == (303, "/orders")
    event = shop.browser.last
    assert (event.outcome, event.user, event.provider, event.issuer) == (
        "success",
        "alice",
        "sso",
        shop.provider.issuer,
    )
    decision = shop.browser.open("/me", "web")
    assert isinstance(decision, Accepted)
    who = decision.principal
    assert (who.sub, who.acr, who.amr, who.auth_time, who.roles) == ("alice", "mfa", ("pwd", "otp"), NOW, ("clerk",))
    assert not {"nonce", "aud", "exp", "iat"} & set(who)
    assert who.sid != "theirs"
    assert list(shop.browser.cookies) == ["__Host-session"]


def test_what_is_asked_for(provider: FakeProvider) -> None:
    """Every parameter that was set up, and nothing twice."""
    with Shop(provider, scope="openid email", acr_values="mfa phr", max_age=60, prompt="login") as shop:
        asked = shop.begin()
        wanted = {"response_type": "code", "client_id": "orders", "scope": "openid email", "acr_values": "mfa phr"}
        assert wanted.items() <= asked.items()
        assert (asked["max_age"], asked["prompt"], asked["code_challenge_method"]) == ("60", "login", "S256")
        assert asked["redirect_uri"] == "https://shop.example/callback"


def test_a_link_cannot_ask_for_less(provider: FakeProvider) -> None:
    """What a route demands is asked for; what is set up stays the least."""
    with Shop(provider, acr_values="mfa phr", max_age=60) as shop:
        assert shop.begin("/login?acr_values=phr&max_age=5").items() >= {"acr_values": "phr", "max_age": "5"}.items()
        assert (
            shop.begin("/login?acr_values=pwd&max_age=9999").items()
            >= {"acr_values": "mfa phr", "max_age": "60"}.items()
        )
    with Shop(provider) as shop:
        assert shop.begin("/login?acr_values=gold%20gold&max_age=5")["acr_values"] == "gold"
        odd = shop.begin("/login?acr_values=%00%22x&max_age=-1")
        assert not {"acr_values", "max_age"} & set(odd)


def test_the_return_path_stays_here(shop: Shop) -> None:
    """Elsewhere is nowhere."""
    for path in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert header(shop.sign_in(f"/login?return={quote(path)}").headers, "location") == "/"


def test_several_tabs_at_once(shop: Shop) -> None:
    """A few sign-ins under way do not disturb each other, and there are never more than a few cookies."""
    tabs = [shop.begin() for _ in range(40)]
    assert len(shop.browser.cookies) <= 4
    newest = {ord(tab["state"][0]) % 4: tab for tab in tabs}
    for tab in newest.values():
        shop.provider.nonce = tab["nonce"]
        assert shop.back(tab).status == 303


CALLBACKS: list[tuple[dict[str, str], Cause]] = [
    ({"state": "x" * 43}, Cause.STATE_MISMATCH),
    ({"state": ""}, Cause.STATE_MISMATCH),
    ({"code": ""}, Cause.MALFORMED),
    ({"code": "x" * 9_000}, Cause.MALFORMED),
    ({"code": "x" * 40_000}, Cause.MALFORMED),
    ({"iss": "https://evil.example"}, Cause.WRONG_ISSUER),
    ({"code": "", "error": "access_denied"}, Cause.DECLINED_BY_USER),
    ({"error": "access_denied"}, Cause.AMBIGUOUS),
    ({"code": "", "error": "server_error"}, Cause.REJECTED_BY_APPLICATION),
    ({"code": "", "error": "temporarily_unavailable"}, Cause.REJECTED_BY_APPLICATION),
    ({"code": "", "error": "invalid_scope"}, Cause.REJECTED_BY_APPLICATION),
]


@pytest.mark.parametrize(("changes", "cause"), CALLBACKS)
def test_what_the_browser_brings_is_nobodys_outage(shop: Shop, changes: dict[str, str], cause: Cause) -> None:
    """Anybody can write into an address; the provider is not even asked."""
    before = shop.provider.site.count
    refused(shop, shop.sign_in(**changes), cause, 400 if cause is Cause.AMBIGUOUS else 401)
    assert meta(cause).kind is not Kind.ERROR
    assert shop.provider.site.count <= before + 1  # its metadata


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["code", "error", "iss", "state"]))
def test_any_callback(value: str, cookie: str, name: str) -> None:
    """Never an error cause, and no redirect, whatever somebody writes into address and cookie."""
    with site() as running:
        provider = FakeProvider(running)
        with Shop(provider) as shop:
            for slot in range(4):
                shop.browser.cookies[f"__Host-login-{slot}"] = quote(cookie)
            reply = shop.browser.get(f"/callback?state=x&{name}={quote(value)}")
            assert reply.status in (400, 401)
            assert shop.browser.last.cause is not None
            assert meta(shop.browser.last.cause).kind is not Kind.ERROR


def test_the_login_cookie(shop: Shop) -> None:
    """Lost, old, broken, sealed by somebody else, or from another sign-in."""
    asked = shop.begin()
    kept = dict(shop.browser.cookies)
    shop.browser.cookies = {}
    refused(shop, shop.back(asked), Cause.STATE_MISMATCH, 401)
    shop.browser.cookies = {name: value[:-4] + "AAAA" for name, value in kept.items()}
    refused(shop, shop.back(asked), Cause.BAD_SIGNATURE, 401)
    shop.browser.cookies = dict.fromkeys(kept, "nonsense")
    refused(shop, shop.back(asked), Cause.MALFORMED, 401)
    shop.browser.cookies = kept
    shop.now += 600
    refused(shop, shop.back(asked), Cause.EXPIRED, 401)
    assert shop.browser.cookies == {}


def test_a_code_works_once_here(shop: Shop) -> None:
    """The cookie is taken away with the first answer, good or bad."""
    asked = shop.begin()
    shop.provider.token = lambda _: Reply(b'{"error":"invalid_grant"}', 400)
    refused(shop, shop.back(asked), Cause.INACTIVE, 401)
    refused(shop, shop.back(asked), Cause.STATE_MISMATCH, 401)


TOKENS: list[tuple[Reply, Cause, int]] = [
    (Reply(b'{"error":"invalid_grant"}', 400), Cause.INACTIVE, 401),
    (Reply(b'{"error":"invalid_client"}', 401), Cause.MISCONFIGURED, 500),
    (Reply(b'{"error":"unauthorized_client"}', 400), Cause.MISCONFIGURED, 500),
    (Reply(b"<html>", 502, {"Content-Type": "text/html"}), Cause.PROVIDER_UNREACHABLE, 503),
    (Reply(b"<html>", 500, {"Content-Type": "text/html"}), Cause.PROVIDER_ERROR, 503),
    (Reply(b"", 302, {"Location": "https://evil.example/"}), Cause.PROVIDER_ERROR, 503),
    (Reply(raw=b""), Cause.PROVIDER_UNREACHABLE, 503),
    (Reply(b"x" * 600_000), Cause.PROVIDER_ERROR, 503),
    (Reply(b'{"error":"slow_down"}', 429), Cause.RATE_LIMITED, 429),
]


@pytest.mark.parametrize(("answer", "cause", "status"), TOKENS)
def test_what_the_token_endpoint_says(shop: Shop, answer: Reply, cause: Cause, status: int) -> None:
    """Our secret, their outage, an old code: each is what it is, and none begins again."""
    shop.provider.token = lambda _: answer
    refused(shop, shop.sign_in(), cause, status)


ID_TOKENS: list[tuple[dict[str, Any], Cause]] = [
    ({"aud": "billing"}, Cause.WRONG_AUDIENCE),
    ({"aud": ["orders", "billing"]}, Cause.WRONG_AUDIENCE),
    ({"iss": "https://evil.example"}, Cause.WRONG_ISSUER),
    ({"exp": NOW - 61}, Cause.EXPIRED),
    ({"iat": NOW + 61, "exp": NOW + 999}, Cause.NOT_YET_VALID),
    ({"nonce": "another"}, Cause.STATE_MISMATCH),
    ({"nonce": None}, Cause.MISSING_CLAIM),
    ({"azp": "billing"}, Cause.WRONG_CLIENT),
    ({"at_hash": "AAAA"}, Cause.WRONG_BINDING),
    ({"sub": None}, Cause.MISSING_CLAIM),
    ({"nonce": 5}, Cause.MALFORMED),
]


@pytest.mark.parametrize(("claims", "cause"), ID_TOKENS)
def test_id_tokens(shop: Shop, claims: dict[str, Any], cause: Cause) -> None:
    """Every check of OpenID Connect Core 3.1.3.7, each with its cause."""
    shop.provider.claims = claims
    refused(shop, shop.sign_in(), cause, 401)


def test_an_id_token_by_another_key(shop: Shop) -> None:
    """A signature that is not the provider's, and one by a key it does not have."""
    shop.provider.signer = signer("Ed25519", "k1", 1)
    refused(shop, shop.sign_in(), Cause.BAD_SIGNATURE, 401)
    shop.provider.signer = signer("Ed25519", "k9", 1)
    refused(shop, shop.sign_in(), Cause.UNKNOWN_KEY, 401)
    shop.provider.signer = signer("HS256", "k1")
    refused(shop, shop.sign_in(), Cause.UNSUPPORTED_ALGORITHM, 401)


def test_no_id_token(shop: Shop) -> None:
    """The person can take `openid` out of the request: refused, and not an outage."""
    shop.provider.extra = {"id_token": None}
    refused(shop, shop.sign_in(), Cause.MISSING_CLAIM, 401)


def test_the_access_token_that_belongs_to_it(shop: Shop) -> None:
    """at_hash is compared where it is there (EdDSA: SHA-512)."""
    shop.provider.claims = {"at_hash": half_hashes("canary-access", "EdDSA")[0].decode()}
    assert shop.sign_in().status == 303


def test_step_up(shop: Shop) -> None:
    """What was asked for has to be in the ID token, to the second: a route would send the person round otherwise."""
    shop.provider.claims = {"acr": "pwd"}
    refused(shop, shop.sign_in("/login?acr_values=mfa"), Cause.STRONGER_AUTHENTICATION_REQUIRED, 401)
    shop.provider.claims = {"auth_time": NOW - 301}
    refused(shop, shop.sign_in("/login?max_age=300"), Cause.STRONGER_AUTHENTICATION_REQUIRED, 401)
    shop.provider.claims = {"acr": "mfa", "auth_time": NOW - 300}
    assert shop.sign_in("/login?acr_values=mfa&max_age=300").status == 303


def test_the_provider_is_down(provider: FakeProvider) -> None:
    """503 before anybody is sent anywhere; and what a browser makes up is still no outage."""
    provider.site.says(Reply(b"", 503))
    with Shop(provider) as shop:
        reply = shop.browser.get("/login")
        refused(shop, reply, Cause.PROVIDER_ERROR, 503)
        assert header(reply.headers, "retry-after") == "1"  # as long as the metadata are not asked for again
        refused(shop, shop.browser.get("/callback?code=x&state=y"), Cause.STATE_MISMATCH, 401)


def test_metadata_of_somebody_else(provider: FakeProvider) -> None:
    """The issuer it names is not the one that was set up."""
    provider.metadata = {"issuer": "https://evil.example"}
    with Shop(provider) as shop:
        refused(shop, shop.browser.get("/login"), Cause.MISCONFIGURED, 500)


def test_an_authorization_endpoint_without_tls(provider: FakeProvider) -> None:
    """Nobody is sent to a page that anybody on the way can change."""
    provider.metadata = {"authorization_endpoint": "http://id.example/authorize"}
    with Shop(provider) as shop:
        refused(shop, shop.browser.get("/login"), Cause.PROVIDER_ERROR, 503)


def test_the_session_store_is_down(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything was right, and nobody is signed in: an outage."""

    def put(*_: object) -> bool:
        raise StoreUnavailable("redis", "timeout")

    monkeypatch.setattr(shop.web.store, "put", put)
    refused(shop, shop.sign_in(), Cause.PROVIDER_UNREACHABLE, 503)


def test_the_application_may_refuse_and_choose(provider: FakeProvider) -> None:
    """`claims` says what is kept; the protocol's own members stay. What is no mapping is a fault of ours."""

    async def claims(found: Any) -> object:
        if found.sub == "mallory":
            return deny("identity_not_mapped")
        return {"team": "blue", "sub": "root"} if found.sub == "alice" else 5

    with Shop(provider, claims=claims) as shop:
        shop.sign_in()
        decision = shop.browser.open("/me", "web")
        assert isinstance(decision, Accepted)
        assert (decision.principal.team, decision.principal.sub) == ("blue", "alice")
        shop.browser.cookies = {}
        provider.claims = {"sub": "mallory"}
        shop.sign_in()
        assert shop.browser.last.cause is Cause.IDENTITY_NOT_MAPPED
        provider.claims = {"sub": "bob"}
        refused(shop, shop.sign_in(), Cause.PROVIDER_ERROR, 503)


def test_an_answer_for_a_person_or_a_program(shop: Shop) -> None:
    """A page with a way to begin again, or problem details."""
    page = shop.browser.get("/callback?state=x")
    assert b'role="alert"' in page.body
    assert b'href="/login"' in page.body
    problem = shop.browser.get("/callback?state=x", accept="application/json")
    assert header(problem.headers, "content-type") == "application/problem+json"


def test_methods(shop: Shop) -> None:
    """The way back is a GET; with form_post it is a POST, whose cookie has to come along from another site."""
    assert shop.browser.post("/callback").status == 405
    assert shop.browser.post("/login").status == 405
    with Shop(shop.provider, response_mode="form_post") as other:
        begun = other.browser.get("/login")
        assert "SameSite=None; Secure" in (header(begun.headers, "set-cookie") or "")
        asked = other.begin()
        assert asked["response_mode"] == "form_post"
        assert other.browser.get("/callback").status == 405
        fields = {"code": "c", "state": asked["state"]}
        reply = other.browser.post("/callback", fields, origin=shop.provider.issuer)
        assert (reply.status, other.browser.last.outcome) == (303, "success")


def test_sign_out(shop: Shop) -> None:
    """Here at once; at the provider where it has an address for it."""
    shop.sign_in()
    assert shop.browser.post("/logout", origin="https://evil.example").status == 403
    assert isinstance(shop.browser.open("/me", "web"), Accepted)
    assert header(shop.browser.post("/logout").headers, "location") == "/"
    assert isinstance(shop.browser.open("/me", "web"), Denied)
    shop.provider.metadata = {"end_session_endpoint": f"{shop.provider.issuer}/end"}
    with Shop(shop.provider, after_logout="https://shop.example/bye") as other:
        other.sign_in()
        location = header(other.browser.post("/logout").headers, "location")
        bye = quote("https://shop.example/bye", safe="")
        assert location == f"{shop.provider.issuer}/end?client_id=orders&post_logout_redirect_uri={bye}"
        assert other.browser.get("/logout").status == 405


def test_no_secret_is_told(shop: Shop) -> None:
    """Client secret, code, tokens, state and cookies stand in no event, answer or text form."""
    asked = shop.begin()
    cookies = list(shop.browser.cookies.values())
    shop.provider.claims = {"aud": "billing"}
    reply = shop.back(asked)
    told = repr((shop.sso, shop.sso.client)) + reply.body.decode() + repr(reply.headers)
    told += "".join(event.to_json().decode() for event in shop.browser.events)
    for secret in (SECRET, "canary", asked["state"], asked["nonce"], *cookies):
        assert secret not in told
