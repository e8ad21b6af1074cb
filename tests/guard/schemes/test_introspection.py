"""Opaque tokens: a real endpoint on loopback, revocation, outages, and who may use a token that is bound to a key."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import jwt as pyjwt
import pytest
from tests.guard.asgi_client import Endpoint, acall, call
from tests.guard.schemes import test_binding as bindings
from tests.guard.scripted import decide
from tests.stores.loopback_site import Reply, Request, Site, site
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW, SECRET

from authwhy.guard import ConfigurationError, Dpop, Guard, View, any_of, introspection, jwt, need
from authwhy.guard.answers import Accepted, Denied, deny
from authwhy.guard.schemes.introspection import Introspection
from authwhy.model.event import Event

OPAQUE, REVOKED = "2YotnFZFEjr1zCsicMWpAA", "revoked-token"


class Provider:
    """Tokens of a provider, by their text; what is not among them is inactive."""

    def __init__(self, running: Site) -> None:
        self.site = running
        self.tokens: dict[str, dict[str, object]] = {OPAQUE: {"sub": "alice", "scope": "orders:read"}}
        running.answer = self.answer

    def answer(self, asked: Request) -> Reply:
        """The introspection endpoint, and the metadata that names it."""
        if asked.path.startswith("/.well-known/"):
            origin = self.site.origin
            found = {"issuer": origin, "introspection_endpoint": f"{origin}/introspect", "jwks_uri": f"{origin}/jwks"}
            return Reply(json.dumps(found).encode())
        members = self.tokens.get(dict(parse_qsl(asked.body.decode()))["token"])
        said = {"active": False} if members is None else {"active": True, "exp": int(time.time()) + 60, **members}
        return Reply(json.dumps(said).encode())


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A running one."""
    with site() as running:
        yield Provider(running)


def made(provider: Provider, **settings: Any) -> Introspection:
    """Guard's side of it."""
    origin = provider.site.origin
    if "issuer" not in settings:
        settings.setdefault("url", f"{origin}/introspect")
    return introspection(**{"client_secret": "canary-4711", "client_id": "api", "allow_http": (origin,), **settings})


@pytest.fixture
def guards() -> Iterator[Any]:
    """Makes guards, and closes them."""
    running: list[Guard] = []

    def build(*providers: Any, **settings: Any) -> tuple[Guard, list[Event]]:
        events: list[Event] = []
        running.append(Guard(*providers, events=[events.append], **settings))
        return running[-1], events

    yield build
    for guard in running:
        guard.close()


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    """The header."""
    return {"Authorization": f"{scheme} {token}"}


def test_accepted(provider: Provider, guards: Any) -> None:
    """What the provider says of the token is what the application gets; asked once for many requests."""
    guard, events = guards(made(provider))
    for _ in range(3):
        decision = decide(guard, bearer(OPAQUE))
        assert isinstance(decision, Accepted)
        assert (decision.principal.sub, decision.scope) == ("alice", frozenset(("orders:read",)))
    assert (provider.site.count, events[0].user, events[0].method) == (1, "alice", "introspection")
    assert "canary" not in repr(guard.providers)


def test_nothing_of_one_request_reaches_the_next(provider: Provider, guards: Any) -> None:
    """An answer that is kept cannot be changed."""
    provider.tokens[OPAQUE]["roles"] = ["reader"]
    guard, _ = guards(made(provider))
    decision = guard.decide_sync(View.of("GET", "/", bearer(OPAQUE)))
    with pytest.raises(TypeError):
        decision.claims["sub"] = "root"
    with pytest.raises(AttributeError):
        decision.claims["roles"].append("root")


def test_inactive(provider: Provider, guards: Any) -> None:
    """Refused, and told as any other bad token."""
    guard, events = guards(made(provider))
    decision = decide(guard, bearer(REVOKED))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status, decision.code, events[0].user) == ("inactive", 401, "invalid_token", None)


def test_revoked_within_the_time_that_an_answer_is_kept(provider: Provider, guards: Any) -> None:
    """Accepted until the kept answer ends; with nothing kept, at once not any more."""
    keeping, asking = guards(made(provider, kept_s=60))[0], guards(made(provider, kept_s=0))[0]
    assert [decide(guard, bearer(OPAQUE)).accepted for guard in (keeping, asking)] == [True, True]
    del provider.tokens[OPAQUE]
    assert [decide(guard, bearer(OPAQUE)).accepted for guard in (keeping, asking)] == [True, False]


@pytest.mark.parametrize(
    ("reply", "cause", "status"),
    [
        (Reply(status=500), "provider_error", 503),
        (Reply(b"<html>"), "provider_error", 503),
        (Reply(b'{"active": "yes"}'), "provider_error", 503),
        (Reply(status=401), "misconfigured", 500),
        (Reply(raw=b""), "provider_unreachable", 503),
    ],
)
def test_an_outage_is_no_bad_token(provider: Provider, guards: Any, reply: Reply, cause: str, status: int) -> None:
    """Whatever the endpoint does: the caller's token is not to blame, and no challenge asks for another one."""
    provider.site.says(reply)
    guard, events = guards(made(provider))
    decision = guard.decide_sync(View.of("GET", "/", bearer(OPAQUE)))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (cause, status) if status != 503 else decision.status in (502, 503)
    assert (str(events[0].causes[0].cause), b"www-authenticate" in dict(decision.headers)) == (cause, False)
    assert "canary" not in repr(events)


def test_an_outage_holds_nobody_else_up(provider: Provider, guards: Any) -> None:
    """Fifty requests wait for an endpoint that says nothing; one with a key of another provider does not."""
    provider.site.says(Reply(hang=True))
    tokens = jwt("jwt", secret=SECRET, issuer=ISSUER, audience=AUDIENCE, revoked=lambda i, j: False)
    guard, _ = guards(made(provider), tokens, timeout_s=5)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "jti": "1", "exp": time.time() + 60}
    good = pyjwt.encode(claims, SECRET, "HS512")
    app = guard.asgi(Endpoint(), {"/opaque": "opaque", "/jwt": "jwt"})

    async def calls() -> int:
        waiting = [
            asyncio.ensure_future(acall(app, "GET", "/opaque", {"authorization": f"Bearer t{n}"})) for n in range(50)
        ]
        answer = await acall(app, "GET", "/jwt", {"authorization": f"Bearer {good}"})
        assert not any(one.done() for one in waiting)
        provider.site.released.set()
        assert {one.status for one in await asyncio.gather(*waiting)} <= {502, 503}
        return answer.status

    assert asyncio.run(calls()) == 200


def test_beside_jwt(provider: Provider, guards: Any) -> None:
    """Each takes its own kind, in either order; the endpoint never sees a token with two dots."""
    tokens = jwt("jwt", secret=SECRET, issuer=ISSUER, audience=AUDIENCE)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bob", "exp": int(time.time()) + 60}
    signed = pyjwt.encode(claims, SECRET, "HS512")
    forged = pyjwt.encode(claims, SECRET[::-1], "HS512")
    for names in (("jwt", "opaque"), ("opaque", "jwt")):
        guard, _ = guards(tokens, made(provider, skip_jwt=True))
        rule = any_of(*names)
        assert decide(guard, bearer(OPAQUE), rule).principal.sub == "alice"  # type: ignore[union-attr]
        assert decide(guard, bearer(signed), rule).principal.sub == "bob"  # type: ignore[union-attr]
        assert decide(guard, bearer(forged), rule).cause == "bad_signature"  # type: ignore[union-attr]
        assert decide(guard, bearer(REVOKED), rule).causes["opaque"] == "inactive"  # type: ignore[union-attr]
        provider.site.says(Reply(status=503))
        down = decide(guard, bearer("another"), rule)
        assert (down.status, down.provider) == (503, "opaque")  # type: ignore[union-attr]
        provider.site.answer = provider.answer
    assert not any(signed.encode() in asked.body for asked in provider.site.requests)


@pytest.mark.parametrize("cnf", [{"jkt": bindings.JKT}, {"x5t#S256": bindings.X5T}, {"jkt": 1}, {"kid": "k"}, "x"])
def test_a_bound_token_is_no_bearer_token(provider: Provider, guards: Any, cnf: object) -> None:
    """Also when the answer is a kept one."""
    provider.tokens[OPAQUE]["cnf"] = cnf
    guard, events = guards(made(provider))
    assert not decide(guard, bearer(OPAQUE)).accepted
    assert {str(event.causes[0].cause) for event in events} <= {"wrong_binding", "malformed"}
    assert {event.user for event in events} == {"alice"}


def test_a_bound_token_on_its_connection(provider: Provider, guards: Any) -> None:
    """RFC 8705 section 3.2."""
    provider.tokens[OPAQUE]["cnf"] = {"x5t#S256": bindings.X5T}
    guard, _ = guards(made(provider))
    view = bindings.view(bindings.CERTIFICATE)
    view.headers = [(b"authorization", f"Bearer {OPAQUE}".encode())]
    assert guard.decide_sync(view).accepted


def test_proofs(provider: Provider, guards: Any) -> None:
    """With `dpop`, a bound token is good with a proof, once; the refusal says what is wanted."""
    provider.tokens[OPAQUE] |= {"cnf": {"jkt": bindings.JKT}, "token_type": "DPoP", "exp": NOW + 90}
    dpop = Dpop(require_nonce=True)
    # the guard's clock is that of the proofs; the endpoint's answers are kept by the real one
    guard, _ = guards(made(provider, dpop=dpop, kept_s=0), clock=lambda: NOW)
    app = guard.asgi(Endpoint(), {"/*": "opaque"})
    lines = call(app, path="/orders").lines("www-authenticate")
    assert [line.split(" ")[0] for line in lines] == ["Bearer", "DPoP"]
    asked = bindings.ask(app, bindings.proof(OPAQUE), bearer=OPAQUE)
    assert bindings.said(asked) == (401, "use_dpop_nonce")
    nonce = asked.lines("dpop-nonce")[0]
    sent = bindings.proof(OPAQUE, nonce=nonce)
    assert [bindings.ask(app, sent, bearer=OPAQUE).status for _ in range(2)] == [200, 401]
    stolen = bindings.proof(OPAQUE, by=bindings.THIEF, nonce=nonce)
    assert bindings.said(bindings.ask(app, stolen, bearer=OPAQUE)) == (401, "invalid_token")


def test_demands(provider: Provider, guards: Any) -> None:
    """Scope, and how and when the person signed in (RFC 9470 section 6.2)."""
    now = int(time.time())
    provider.tokens[OPAQUE] |= {"acr": "mfa", "auth_time": now - 100}
    guard, _ = guards(made(provider))
    demands: list[tuple[dict[str, Any], bool]] = [
        ({"scope": "orders:read"}, True),
        ({"scope": "orders:write"}, False),
        ({"acr": "mfa"}, True),
        ({"acr": "hwk"}, False),
        ({"max_age": 200}, True),
        ({"max_age": 50}, False),
    ]
    for demand, accepted in demands:
        assert decide(guard, bearer(OPAQUE), need("opaque", **demand)).accepted is accepted


@pytest.mark.parametrize(("issuer", "accepted"), [("own", True), ("https://other.example", False), (None, False)])
def test_issuer_by_its_metadata(provider: Provider, guards: Any, issuer: str | None, accepted: bool) -> None:
    """The endpoint is found, and the answer must name the issuer; so it must where both are given."""
    origin = provider.site.origin
    provider.tokens[OPAQUE]["iss"] = origin if issuer == "own" else issuer
    if issuer is None:
        del provider.tokens[OPAQUE]["iss"]
    for settings in ({"issuer": origin}, {"issuer": origin, "url": f"{origin}/introspect"}):
        guard, _ = guards(made(provider, **settings))
        assert decide(guard, bearer(OPAQUE)).accepted is accepted


@pytest.mark.parametrize(
    ("principal", "status"),
    [
        (lambda claims: {"name": claims.sub}, None),
        (lambda claims: None, 500),
        (lambda claims: deny("policy_blocked"), 403),
    ],
)
def test_principal(provider: Provider, guards: Any, principal: Any, status: int | None) -> None:
    """The application's own, which may refuse; what was granted stays with it."""
    guard, _ = guards(made(provider, principal=principal))
    decision = decide(guard, bearer(OPAQUE), need("opaque", scope="orders:read"))
    if status is None:
        assert isinstance(decision, Accepted)
        assert (decision.principal, decision.scope) == ({"name": "alice"}, frozenset(("orders:read",)))
    else:
        assert decision.status == status  # type: ignore[union-attr]


def test_damaged_tokens_are_not_sent_on(provider: Provider, guards: Any) -> None:
    """Nothing is asked about a text that cannot be a token."""
    guard, events = guards(made(provider))
    for token in ("", "a b", '"x"', "x" * 9_000, "\x01"):
        assert not decide(guard, bearer(token)).accepted
    assert provider.site.count == 0
    assert {str(event.causes[0].cause) for event in events} <= {"malformed", "ambiguous"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "http://a.example/introspect"},
        {"url": "https://a.example/", "client_secret": "a b", "method": "bearer"},
    ],
)
def test_set_up_that_cannot_work(settings: dict[str, Any]) -> None:
    """Told at the start, without the secret."""
    with pytest.raises(ConfigurationError, match="opaque: ") as problem:
        introspection(**{"client_secret": "canary-4711", **settings})
    assert "canary" not in str(problem.value)
