"""Row 3: a guard asks nobody but whom its owner named. Requests are counted at real servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.guard.scripted import NOW
from tests.stores.loopback_site import Reply, Site, site
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, b64, signer

from authwhy.causes import Cause, Kind
from authwhy.guard import ConfigurationError, Denied, Guard, View, any_of, jwt, optional
from authwhy.model.event import Event

ONE, EVIL = signer("ES256"), signer("ES256", "evil", 1)
JSON = {"Content-Type": "application/json"}
Make = Callable[..., tuple[Guard, list[Event]]]


@pytest.fixture
def own() -> Iterator[Site]:
    """The provider: its metadata, and its keys at /jwks."""
    with site() as running:
        running.answer = lambda asked: keys() if asked.path == "/jwks" else metadata(running.origin)
        yield running


@pytest.fixture
def other() -> Iterator[Site]:
    """Somebody else, who has a key set too: that of the attacker."""
    with site() as running:
        running.answer = lambda asked: keys(EVIL) if asked.path == "/jwks" else metadata(running.origin)
        yield running


@pytest.fixture
def guard(own: Site) -> Iterator[Make]:
    """Makes guards for `discovery` or an `address`; what still waits at the server ends before they are closed."""
    made: list[Guard] = []

    def build(form: str = "discovery", **settings: Any) -> tuple[Guard, list[Event]]:
        events: list[Event] = []
        given: dict[str, Any] = {"issuer": own.origin, "audience": AUDIENCE, "allow_http": [own.origin]}
        given |= {"keys": f"{own.origin}/jwks"} if form == "address" else {}
        provider = jwt("token", **(given | settings))
        made.append(Guard(provider, events=[events.append], clock=lambda: float(NOW), timeout_s=20))
        return made[-1], events

    yield build
    own.released.set()
    for one in made:
        one.close()


def keys(one: Any = ONE) -> Reply:
    """A key set."""
    return Reply(json.dumps({"keys": [one.jwk]}).encode(), headers=JSON)


def metadata(origin: str, **members: object) -> Reply:
    """An issuer's metadata (RFC 8414)."""
    return Reply(json.dumps({"issuer": origin, "jwks_uri": f"{origin}/jwks", **members}).encode(), headers=JSON)


def ask(guard: Guard, token: str) -> Any:
    """The decision about a bearer token."""
    return guard.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {token}"}))


def good(own: Site, **claims: object) -> str:
    """A token of the provider."""
    return ONE.token(iss=own.origin, **claims)


BOTH = pytest.mark.parametrize("form", ["discovery", "address"])


@BOTH
def test_what_a_token_says_is_never_asked(own: Site, other: Site, guard: Make, form: str) -> None:
    """Unknown issuers, addresses of keys, keys: no request to anybody, neither there nor here."""
    made, events = guard(form)
    assert ask(made, good(own)).accepted
    warm, there = own.count, other.origin
    heads: list[dict[str, Any]] = [
        {}, {"jku": f"{there}/jwks"}, {"x5u": f"{there}/x"}, {"jwk": EVIL.jwk}, {"x5c": [b64(b"der")]}, {"jku": f"{own.origin}/x"},
        {"jku": f"{there}/jwks", "kid": f"{there}/jwks"}, {"iss": there}, {"x5u": "http://169.254.169.254/latest/meta-data"},
        {"jku": "file:///etc/passwd"}, {"jku": f"//{there[7:]}/jwks"}, {"kid": "k1", "jku": f"{there}/jwks", "jwk": EVIL.jwk},
    ]  # fmt: skip
    issuers = [
        there,
        f"{own.origin}/",
        f"{own.origin}@{there[7:]}",
        f"{own.origin}.evil.example",
        "",
        None,
        7,
        [own.origin],
    ]
    for head in heads:
        for issuer in issuers:
            token = EVIL.raw({"alg": "ES256", "kid": "evil", **head}, {**CLAIMS, "iss": issuer})
            found = ask(made, token)
            assert isinstance(found, Denied)
            assert events[-1].kind is not Kind.ERROR
    assert (own.count, other.count) == (warm, 0)


@BOTH
def test_the_first_request_of_all(own: Site, other: Site, guard: Make, form: str) -> None:
    """A cold guard fetches from its own provider, whatever the token says; a foreign one learns nothing else."""
    made, _ = guard(form)
    token = EVIL.raw({"alg": "ES256", "kid": "evil", "jku": f"{other.origin}/jwks"}, {**CLAIMS, "iss": other.origin})
    for _ in range(3):
        assert ask(made, token).cause is Cause.UNKNOWN_KEY
    assert {one.path for one in own.requests} <= {"/.well-known/openid-configuration", "/jwks"}
    assert (own.count, other.count) == (2 if form == "discovery" else 1, 0)


@BOTH
def test_a_known_issuer_with_hostile_key_ids(own: Site, other: Site, guard: Make, form: str) -> None:
    """A key id is no address: for many unknown ones the budget's single fetch, of the same address as ever."""
    made, _ = guard(form)
    assert ask(made, good(own)).accepted
    warm = own.count
    for kid in (f"{other.origin}/jwks", "../../admin", "?kid=1", "%0d%0aHost: evil", "//evil.example", "a" * 300):
        found = ask(made, EVIL.raw({"alg": "ES256", "kid": kid, "jku": kid}, {**CLAIMS, "iss": own.origin}))
        assert found.cause is Cause.UNKNOWN_KEY
    assert [one.path for one in own.requests[warm:]] == ["/jwks"]
    assert other.count == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["metadata", "keys", "address"])
def test_redirects(own: Site, other: Site, guard: Make, status: int, where: str) -> None:
    """Not followed, not even on the same host: an outage, because the token may be good."""
    plain = own.answer
    for target in (f"{other.origin}/jwks", f"{own.origin}/elsewhere", "/jwks2"):
        there = Reply(b"", status, {"Location": target})
        at = "/jwks" if where != "metadata" else "/.well-known/openid-configuration"
        own.answer = lambda asked, at=at, there=there: there if asked.path == at else plain(asked)  # type: ignore[misc]
        made, events = guard("address" if where == "address" else "discovery")
        found = ask(made, good(own))
        assert (found.cause, found.status) == (Cause.PROVIDER_ERROR, 503)
        assert events[-1].facts["problem"] == "redirect"
    assert other.count == 0
    assert not any(one.path in ("/elsewhere", "/jwks2") for one in own.requests)


def test_metadata_that_leads_elsewhere(own: Site, other: Site, guard: Make) -> None:
    """The provider's word is checked too: https, or an origin that is listed. And it must be about itself."""
    targets: list[object] = [
        f"{other.origin}/jwks", other.origin.replace("127.0.0.1", "localhost") + "/jwks", "file:///etc/passwd", "ftp://a/b",
        f"http://user@{other.origin[7:]}/jwks", f"{own.origin}@{other.origin[7:]}/jwks", "//evil.example/jwks", "gopher://x/", "",
        f"{own.origin}\\@{other.origin[7:]}/jwks", f"{own.origin}/a b", f"{own.origin}/x\r\nHost: evil", f"{other.origin}#{own.origin}",
    ]  # fmt: skip
    for target in targets:
        own.says(metadata(own.origin, jwks_uri=target))
        found = ask(guard()[0], good(own))
        assert (found.cause, found.status) == (Cause.MISCONFIGURED, 500), target
    for issuer in (other.origin, own.origin + "/", ""):
        own.says(metadata(own.origin, issuer=issuer))
        assert ask(guard()[0], good(own)).cause is Cause.MISCONFIGURED
    assert other.count == 0
    assert {one.path for one in own.requests} == {"/.well-known/openid-configuration"}


@pytest.mark.parametrize(
    "address",
    [
        "http://{host}/jwks", "HTTP://{host}/jwks", "file:///etc/passwd", "ftp://{host}/jwks", "//{host}/jwks", "{host}/jwks",
        "https://user:pass@{host}/jwks", "https://{host}\\@evil/jwks", "https:///jwks", "https://{host}:0/", "https://a b/",
    ],
)  # fmt: skip
def test_addresses_of_the_set_up(own: Site, address: str) -> None:
    """Found out when the service starts, before anything is asked."""
    text = address.format(host=own.origin[7:])
    for settings in ({"keys": text}, {"issuer": text}):
        with pytest.raises(ConfigurationError):
            jwt("token", audience=AUDIENCE, **settings)  # type: ignore[arg-type]
    assert own.connections == 0


def test_a_listed_origin_is_that_origin_alone(own: Site, other: Site) -> None:
    """Another port, or another spelling of the host, is another origin."""
    for listed in (other.origin, own.origin.replace("127.0.0.1", "localhost"), own.origin + "0", "http://127.0.0.1"):
        with pytest.raises(ConfigurationError):
            jwt("token", audience=AUDIENCE, keys=f"{own.origin}/jwks", allow_http=[listed])
    assert (own.connections, other.connections) == (0, 0)


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 2_000_000
TOO_MUCH: dict[str, tuple[Reply, str]] = {
    "a large body": (Reply(b" " * 600_000), "too_large"),
    "no length, no end": (Reply(raw=ENDLESS), "too_large"),
    "a length that is a lie": (Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}"), "closed"),
    "a head without end": (Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 90_000), "not_http"),
    "many members": (Reply(json.dumps({"keys": [{"kty": "x", "kid": str(n)} for n in range(20_000)]}).encode()), ""),
    "deep": (Reply(b'{"keys":' + b"[" * 250_000), ""),
}


@BOTH
@pytest.mark.parametrize("name", TOO_MUCH)
def test_an_answer_that_is_too_much(own: Site, guard: Make, form: str, name: str) -> None:
    """Bounded, and an outage: 503."""
    reply, problem = TOO_MUCH[name]
    plain = own.answer
    own.answer = lambda asked: reply if asked.path == "/jwks" else plain(asked)
    made, events = guard(form)
    found = ask(made, good(own))
    assert (found.status, found.kind) == (503, Kind.ERROR), events[-1]
    assert problem in ("", events[-1].facts.get("problem"))


@BOTH
@pytest.mark.parametrize(
    "reply", [Reply(hang=True), Reply(b" " * 9_999, headers={"Connection": "close"}, drip=True)], ids=["hang", "drip"]
)
def test_an_answer_that_takes_too_long(own: Site, form: str, reply: Reply) -> None:
    """The caller is told 503 while the provider is still at it, also where the rule is optional; later tokens too."""
    own.says(reply)
    events: list[Event] = []
    where: dict[str, Any] = {"keys": f"{own.origin}/jwks"} if form == "address" else {"issuer": own.origin}
    made = Guard(jwt("token", allow_http=[own.origin], **where), events=[events.append], timeout_s=0.05)
    for rule in (any_of("token"), optional("token")):
        found = made.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {good(own)}"}), rule)
        assert isinstance(found, Denied)
        assert (found.status, found.kind) == (503, Kind.ERROR)
        assert not own.released.is_set()
    assert own.count == 1
    own.released.set()
    made.close()
