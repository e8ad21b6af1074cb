"""ktor's behaviours 26 to 42, numbered as in docs/guard/ktor.md: the providers, throttling, equal work, OpenAPI."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.guard.asgi_client import Answer, Endpoint, call
from tests.guard.scripted import NOW, authorization, decide, hashed, watched
from tests.guard.test_ktor_parity import challenges, refused
from tests.verify import digest_client

from authwhy.causes import Cause
from authwhy.guard import (
    Accepted,
    ConfigurationError,
    DigestSecret,
    Guard,
    Throttle,
    any_of,
    api_key,
    basic,
    deny,
    digest,
    jwt,
)
from authwhy.guard.schemes.form import form
from authwhy.guard.schemes.oidc import oauth2
from authwhy.guard.schemes.session import session
from authwhy.verify import password

SECRET = "a secret that only these tests know"
KEYS = ["a session key of 32 octets or more, invented"]


def raising(error: type[Exception]) -> Callable[[Any], object]:
    """A check that breaks."""

    def check(_: Any) -> object:
        raise error

    return check


def causes(guard: Guard, *values: str, name: str = "Authorization") -> list[str]:
    """The cause for each value of a header; nothing is sent for an empty one."""
    return [refused(None, {name: value} if value else {}, guard).cause.value for value in values]


def token(secret: str = SECRET, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A good token, or one with other claims."""
    return pyjwt.encode({"sub": "alice", "exp": NOW + 300, **claims}, secret, "HS256", headers)


def test_rule_26_basic() -> None:
    """Unreadable is malformed (ktor: no credentials), no answer is a fault of the service, a fault is never a 401."""
    pair = authorization("mara", "x")["Authorization"]
    guard = watched(basic("staff", realm='o"ps', verify=lambda _: deny(Cause.WRONG_SECRET)))[0]
    assert causes(guard, "", "Bearer x", "Basic !", "Basic bm8=", pair) == [
        "missing", "unsupported_scheme", "malformed", "malformed", "wrong_secret"
    ]  # fmt: skip
    assert challenges(refused(None, {}, guard)) == ['Basic realm="o\\"ps", charset="UTF-8"']
    assert refused(None, {"Authorization": pair}, watched(basic(verify=lambda _: None))[0]).cause is Cause.MISCONFIGURED
    assert refused(None, {"Authorization": pair}, watched(basic(verify=raising(KeyError)))[0]).status == 503
    plain = watched(basic("staff", verify=lambda _: None, charset=False))[0]
    assert challenges(refused(None, {}, plain)) == ['Basic realm="restricted"']


def test_rule_27_an_opaque_bearer_token() -> None:
    """Another scheme is the same event as for Basic; ktor calls it invalid credentials here."""
    guard = watched(api_key("token", scheme="Bearer", lookup=lambda _: deny(Cause.WRONG_SECRET)))[0]
    assert causes(guard, "", "Basic eDp4", "Bearer a b", "Bearer opaque") == [
        "missing", "unsupported_scheme", "malformed", "wrong_secret"
    ]  # fmt: skip
    assert challenges(refused(None, {}, guard)) == ['Bearer realm="token"']
    assert causes(watched(api_key(scheme="Bearer", lookup=raising(OSError)))[0], "Bearer x") == ["provider_unreachable"]


def test_rule_28_a_token_check_that_raises_is_an_outage() -> None:
    """ktor answers a bare 401, which looks like a bad token. A good token, and 503 without invalid_token."""
    guard = watched(jwt("token", secret=SECRET, principal=raising(RuntimeError)))[0]
    denied = refused(None, {"Authorization": f"Bearer {token()}"}, guard)
    assert (denied.status, denied.cause, challenges(denied)) == (503, Cause.PROVIDER_ERROR, [])
    quiet = watched(jwt("token", secret=SECRET))[0]
    assert challenges(refused(None, {}, quiet)) == ["Bearer"]
    assert causes(quiet, "", "Basic eDp4", "Bearer ???") == ["missing", "unsupported_scheme", "malformed"]


def signing_in(verify: Callable[[Any], object]) -> tuple[Any, list[Any]]:
    """A service with a form."""
    guard, events = watched(form("login", verify=verify), session("web", keys=KEYS, login="/login"))
    return guard.asgi(Endpoint(), {"/*": "web"}), events


def posted(app: Any, body: bytes) -> Answer:
    """A form sent to its address."""
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": "https://a.example", "host": "a.example"}
    return call(app, "POST", "/login", headers, [body])


def test_rule_29_form() -> None:
    """A body that cannot be read says so (ktor: nothing was sent), and a check that raises is an outage."""
    app, events = signing_in(lambda _: deny(Cause.WRONG_SECRET))
    assert [posted(app, body).status for body in (b"x", b"username=mara&password=x")] == [401, 401]
    assert [event.causes[0].cause for event in events] == [Cause.MALFORMED, Cause.WRONG_SECRET]
    assert posted(signing_in(raising(RuntimeError))[0], b"username=mara&password=x").status == 503
    good = posted(signing_in(lambda one: one.username)[0], b"username=mara&password=x")
    assert (good.status, good.lines("location")) == (303, ["/"])


def test_rule_30_session() -> None:
    """A person's browser is sent to the sign-in page; everybody else gets 401 with a challenge."""
    app, _ = signing_in(lambda one: one.username)
    page = call(app, headers={"sec-fetch-mode": "navigate"})
    assert (page.status, page.lines("location")) == (303, ["/login?return=/"])
    assert call(app).status == 401
    assert call(app).lines("www-authenticate")[0].startswith("Session ")
    guard = watched(session("web", keys=KEYS))[0]
    assert causes(guard, "", "__Host-session=invented", name="Cookie") == ["missing", "malformed"]


def test_rule_31_api_key() -> None:
    """Header, scheme, cookie or query; the store gets a digest; 401 has a challenge, and never Basic's."""
    asked: list[str] = []

    def lookup(key: Any) -> object:
        asked.append(key.digest)
        return deny(Cause.WRONG_SECRET)

    for place in ({}, {"header": None, "cookie": "X-Api-Key"}, {"header": None, "scheme": "Token"}):
        guard = watched(api_key("key", lookup=lookup, **place))[0]  # type: ignore[arg-type]
        sent = {"X-Api-Key": "k"} if not place else {"Cookie": "X-Api-Key=k"} if "cookie" in place else {}
        denied = refused(None, sent or {"Authorization": "Token k"}, guard)
        assert denied.cause is Cause.WRONG_SECRET
        assert challenges(denied)[0].split()[0] in ("ApiKey", "Token")
    assert set(asked) == {hashlib.sha256(b"k").hexdigest()}
    assert causes(watched(api_key(lookup=raising(OSError)))[0], "", "k", name="X-Api-Key") == [
        "missing", "provider_unreachable"
    ]  # fmt: skip


def digests(**settings: Any) -> Guard:
    """One account, alice with the password secret."""
    settings.setdefault("account", lambda name: DigestSecret(name, password="secret") if name == "alice" else None)
    return watched(digest("ops", realm="ops", **settings))[0]


def nonces(guard: Guard) -> list[str]:
    """The nonce of each challenge."""
    return [line.split('nonce="')[1].split('"')[0] for line in challenges(refused(None, {}, guard))]


def answered(guard: Guard, **parameters: Any) -> Any:
    """The decision about an answer to the guard's own challenge."""
    from authwhy.guard import View

    nonce = parameters.pop("nonce", None) or nonces(guard)[0]
    values = digest_client.parameters(nonce, uri="/orders", **parameters)
    return guard.decide_sync(View.of("GET", "/orders", {"Authorization": digest_client.header(values)}))


def test_rule_32_digest_refuses_without_failing() -> None:
    """A missing parameter is a refusal (ktor: 500), the scheme has no case, each line has a nonce of its own."""
    guard = digests(algorithms=["SHA-512-256", "SHA-256", "MD5"])
    assert causes(guard, "", "Basic eDp4", "Digest x=1", "digest x=1") == [
        "missing", "unsupported_scheme", "missing_claim", "missing_claim"
    ]  # fmt: skip
    lines = challenges(refused(None, {}, guard))
    assert [line.split("algorithm=")[1].split(",")[0] for line in lines] == ["SHA-512-256", "SHA-256", "MD5"]
    assert len(set(nonces(guard))) == 3


def oauth() -> tuple[Any, list[Any]]:
    """A service whose people sign in elsewhere; the token endpoint is down."""
    there = "http://127.0.0.1:1"
    provider = oauth2(
        "login", authorize="https://id.example/authorize", token=f"{there}/token", userinfo=f"{there}/me",
        client_id="orders", client_secret="invented", redirect_uri="https://a.example/back", scope="read",
        allow_http=[there],
    )  # fmt: skip
    guard, events = watched(provider, session("web", keys=KEYS, login="/login"))
    return guard.asgi(Endpoint(), {"/*": "web"}), events


def test_rule_33_a_sign_in_elsewhere() -> None:
    """A person goes to the provider with all that is needed, PKCE too; a script gets 401, not a page to follow."""
    app, _ = oauth()
    assert call(app).status == 401
    assert call(app, headers={"sec-fetch-mode": "navigate"}).lines("location") == ["/login?return=/"]
    away = call(app, path="/login", headers={"host": "a.example"})
    asked = parse_qs(urlsplit(away.lines("location")[0]).query)
    assert (away.status, asked["response_type"], asked["client_id"]) == (303, ["code"], ["orders"])
    assert {"redirect_uri", "scope", "state", "code_challenge"} <= set(asked)


def test_rule_39_a_failed_way_back_never_begins_again() -> None:
    """No redirect loop: a refusal of the provider, a state of nobody and an outage are three answers."""
    app, events = oauth()
    for query, cause, status in (
        ("code=x&state={}", Cause.PROVIDER_UNREACHABLE, 503),
        ("error=access_denied&state={}", Cause.DECLINED_BY_USER, 401),
        ("code=x&state=other", Cause.STATE_MISMATCH, 401),
    ):
        away = call(app, path="/login", headers={"host": "a.example"})
        state = parse_qs(urlsplit(away.lines("location")[0]).query)["state"][0]
        cookie = away.lines("set-cookie")[0].split(";")[0]
        back = call(app, path=f"/back?{query.format(state)}", headers={"host": "a.example", "cookie": cookie})
        assert (back.status, back.lines("location"), events[-1].causes[0].cause) == (status, [], cause)


def test_rule_34_a_directory_that_is_down_is_no_wrong_password() -> None:
    """An outage is 503, its cause says so, and it counts against nobody."""
    down = [True]

    def verify(_: Any) -> object:
        if down[0]:
            raise ConnectionRefusedError
        return "mara"

    guard = watched(basic("staff", verify=verify), throttle=Throttle(failures=2))[0]
    for _ in range(5):
        denied = refused(None, authorization("mara", "x"), guard)
        assert (denied.status, denied.cause) == (503, Cause.PROVIDER_UNREACHABLE)
    down[0] = False
    assert isinstance(decide(guard, authorization("mara", "x")), Accepted)


def test_rule_35_jwt_tells_its_reasons_apart() -> None:
    """Unknown key, unreadable and unreachable keys are three causes; an audience is checked where one is set."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # no alg, no kid
    signed = pyjwt.encode({"sub": "alice", "exp": NOW + 300, "aud": "other"}, key, "ES256")
    guard = watched(jwt("token", keys=public, cookie="token"))[0]
    for headers in ({"Authorization": f"Bearer {signed}"}, {"Cookie": f"token={signed}"}):
        assert isinstance(decide(guard, headers), Accepted)
    assert causes(watched(jwt(keys=public, audience="orders"))[0], f"Bearer {signed}") == ["wrong_audience"]
    other = pyjwt.encode(
        {"sub": "x", "exp": NOW + 300}, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "new"}
    )
    named = {"kty": "oct", "kid": "old", "k": "YSBzZWNyZXQgdGhhdCBvbmx5IHRoZXNlIHRlc3RzIGtub3c"}
    assert causes(watched(jwt(keys={"keys": [named]}))[0], f"Bearer {token(headers={'kid': 'new'})}") == ["unknown_key"]
    assert causes(guard, "Bearer a.b.c", f"Bearer {other}") == ["malformed", "bad_signature"]
    late = token(exp=NOW - 5)
    assert causes(watched(jwt(secret=SECRET))[0], f"Bearer {late}") == ["expired"]
    assert isinstance(
        decide(watched(jwt(secret=SECRET, leeway_s=10))[0], {"Authorization": f"Bearer {late}"}), Accepted
    )
    with pytest.raises(ConfigurationError, match="no keys"):
        jwt("token")


def test_rule_36_a_token_without_its_scheme_is_named_as_that() -> None:
    """So a test of another mismatch that forgets the word Bearer fails, and says why."""
    guard = watched(jwt("token", secret=SECRET, audience="orders"))[0]
    bare = refused(None, {"Authorization": token(aud="other")}, guard)
    assert (bare.cause, bare.refusals[0].detail) == (Cause.MALFORMED, "prefix")
    assert causes(guard, f"Bearer {token(aud='other')}") == ["wrong_audience"]


@pytest.mark.parametrize("algorithm", ["SHA-512-256", "SHA-512-256-sess", "SHA-256", "SHA-256-sess", "MD5", "MD5-sess"])
def test_rule_37_digest_as_rfc_7616_has_it(algorithm: str) -> None:
    """With Authentication-Info after a success, and the same hashing for a name that does not exist."""
    guard = digests(algorithms=[algorithm], qop=["auth", "auth-int"])
    good = answered(guard, algorithm=algorithm)
    assert isinstance(good, Accepted)
    info = dict(good.headers)[b"authentication-info"].decode()
    assert all(word in info for word in ("rspauth=", "cnonce=", "nc=00000001", "qop=auth"))
    assert f"algorithm={algorithm}" in challenges(refused(None, {}, guard))[0]
    assert 'qop="auth, auth-int"' in challenges(refused(None, {}, guard))[0].replace("auth,auth-int", "auth, auth-int")
    assert answered(guard, algorithm=algorithm, username="nobody").cause is Cause.UNKNOWN_IDENTITY
    hidden = digests(algorithms=[algorithm], by_hash=lambda name: None)
    assert "userhash=true" in challenges(refused(None, {}, hidden))[0]


def test_rule_38_nonces_are_the_servers_own_and_each_count_works_once() -> None:
    """An invented nonce is stale, a count that was used is replayed, another target is refused; keys may be shared."""
    guard = digests(keys=[b"a nonce key of 32 octets........"])
    nonce = nonces(guard)[0]
    assert isinstance(answered(guard, nonce=nonce), Accepted)
    assert answered(guard, nonce=nonce).cause is Cause.REPLAYED
    assert isinstance(answered(guard, nonce=nonce, nc=2), Accepted)
    assert answered(guard, nonce="invented").cause is Cause.STALE_NONCE
    again = digests(keys=[b"a nonce key of 32 octets........"])  # another instance, or this one after a restart
    assert isinstance(answered(again, nonce=nonce), Accepted)
    late = watched(digest("ops", realm="ops", account=lambda name: DigestSecret(name, password="secret"),
                          keys=[b"a nonce key of 32 octets........"]), clock=lambda: NOW + 4_000.0)[0]  # fmt: skip
    stale = answered(late, nonce=nonce)
    assert "stale=true" in challenges(stale)[0]


def test_rule_40_failed_attempts_are_limited() -> None:
    """Before anything is hashed: 429 with Retry-After."""
    guard = watched(basic("staff", verify=lambda _: deny(Cause.WRONG_SECRET)), throttle=Throttle(failures=4))[0]
    statuses = [
        refused(
            None,
            authorization("mara", "x"),
            guard,
        ).status
        for _ in range(3)
    ]
    denied = refused(None, authorization("mara", "x"), guard)
    assert (statuses, denied.status, denied.retry_after) == ([401, 401, 429], 429, 30)
    assert (b"retry-after", b"30") in denied.headers


def test_rule_41_an_unknown_name_costs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash of the same strength, whether there is such a name or not."""
    computed: list[str] = []
    check = password.STANDARD.check

    class Counting:
        """Counts what is hashed."""

        problem = staticmethod(password.STANDARD.problem)

        def check(self, secret: str, stored: str) -> Any:
            computed.append(stored.split("$")[1])
            return check(secret, stored)

    monkeypatch.setattr(password, "STANDARD", Counting())

    def verify(one: Any) -> object:
        if one.username == "nobody":
            return deny(Cause.UNKNOWN_IDENTITY)
        return "mara" if one.matches(hashed("right", 9)) else deny(Cause.WRONG_SECRET)

    guard = watched(basic("staff", verify=verify, current_hash=hashed("any", 9)))[0]
    known = refused(None, authorization("mara", "wrong"), guard)
    unknown = refused(None, authorization("nobody", "wrong"), guard)
    assert (known.cause, unknown.cause) == (Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY)
    assert computed == ["9"] * 4  # each decision is made twice
    assert (known.status, known.code, challenges(known)) == (unknown.status, unknown.code, challenges(unknown))


def test_rule_42_the_openapi_document_has_the_schemes() -> None:
    guard, app = watched(jwt("token", secret=SECRET), api_key("key", lookup=str))[0], FastAPI()
    guard.install(app)
    app.add_api_route("/orders", lambda: "open", dependencies=[guard.need(any_of("token", "key"))])
    with TestClient(app) as client:
        document = client.get("/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"token", "key"}
    assert document["paths"]["/orders"]["get"]["security"] == [{"token": []}, {"key": []}]
    assert {"401", "403", "429", "503"} <= set(document["paths"]["/orders"]["get"]["responses"])
