"""HTTP Digest: real curl against real servers, one success for each nonce count, and what the events say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard import real_servers
from tests.guard.asgi_client import Endpoint, acall, call
from tests.guard.real_servers import Clock, aecho, curl, echo
from tests.guard.scripted import NOW, watched
from tests.guard.wsgi_client import Endpoint as WsgiEndpoint
from tests.guard.wsgi_client import call as wsgi_call
from tests.verify.digest_client import hashed, header, parameters

from authwhy.causes import Kind, meta
from authwhy.guard import Account, ConfigurationError, DigestSecret, Guard, Throttle, any_of, basic, digest, ha1
from authwhy.guard.answers import Denied
from authwhy.guard.schemes.digest import MAX_BODY, Digest
from authwhy.guard.view import View
from authwhy.stores.memory import MemorySeen
from authwhy.verify.flow import Unavailable

KEYS = (b"k" * 32,)
SECRETS = {"alice": DigestSecret("alice", {"SHA-256": ha1("alice", "ops", "secret", "SHA-256")})}


def provider(**settings: Any) -> Digest:
    """A provider that knows alice."""
    return digest(**{"account": SECRETS, "realm": "ops", "keys": KEYS, **settings})


def nonce_of(answer: Any) -> str:
    """The nonce of the first challenge."""
    found = re.search(r'nonce="([0-9a-f]+)"', answer.lines("www-authenticate")[0])
    assert found is not None
    return found[1]


def answered(nonce: str, **values: Any) -> dict[str, str]:
    """The Authorization header of a good answer to this nonce, or one with other values."""
    return {"authorization": header(parameters(nonce, **{"uri": "/orders", **values}))}


def test_challenge_and_answer() -> None:
    """401 with one line for each algorithm; then 200 with a proof of the server."""
    guard, events = watched(provider(algorithms=("SHA-256", "MD5")))
    app = guard.asgi(endpoint := Endpoint(), {"/*": "digest"})
    refused = call(app, path="/orders")
    lines = refused.lines("www-authenticate")
    assert (refused.status, [re.search(r"algorithm=([^,]+)", line)[1] for line in lines]) == (401, ["SHA-256", "MD5"])  # type: ignore[index]
    assert len({re.search(r'nonce="(\w+)"', line)[1] for line in lines}) == 2  # type: ignore[index]
    sent = answered(nonce_of(refused))
    accepted = call(app, path="/orders", headers=sent)
    assert (accepted.status, endpoint.decisions[0].principal) == (200, "alice")
    ha2 = hashed("SHA-256", ":/orders")
    key = SECRETS["alice"].ha1["SHA-256"]
    proof = hashed("SHA-256", f"{key}:{nonce_of(refused)}:00000001:f2/wE4q74E6zIJEt:auth:{ha2}")
    assert f'rspauth="{proof}"' in accepted.lines("authentication-info")[0]
    assert [(event.outcome, event.user, event.method) for event in events] == [
        ("failure", None, None),
        ("success", "alice", "digest"),
    ]


def test_fifty_at_once_with_one_count() -> None:
    """Exactly one gets in, in an event loop and in threads; the others are told to be replayed."""
    for run in (_in_a_loop, _in_threads):
        guard, events = watched(provider())
        statuses = run(guard)
        assert sorted(statuses) == [200] + [401] * 49
        assert sum(event.causes[0].cause == "replayed" for event in events if event.causes) == 49


def _in_a_loop(guard: Guard) -> list[int]:
    app = guard.asgi(Endpoint(), {"/*": "digest"})
    sent = answered(nonce_of(call(app, path="/orders")))

    async def all_of_them() -> list[int]:
        return [one.status for one in await asyncio.gather(*(acall(app, "GET", "/orders", sent) for _ in range(50)))]

    return asyncio.run(all_of_them())


def _in_threads(guard: Guard) -> list[int]:
    app = guard.wsgi(WsgiEndpoint(), {"/*": "digest"})
    sent = answered(nonce_of(wsgi_call(app, path="/orders")))
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(lambda _: wsgi_call(app, path="/orders", headers=sent).status, range(50)))


def test_counts_go_up() -> None:
    """One nonce serves many requests."""
    app = watched(provider())[0].asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    assert [call(app, path="/orders", headers=answered(nonce, nc=nc)).status for nc in (1, 2, 3, 2)] == [200] * 3 + [
        401
    ]


def test_stale() -> None:
    """An old nonce with a right response: stale=true, and the same request with the new nonce gets in."""
    clock = Clock(NOW)
    app = Guard(provider(nonce_lifetime_s=60), clock=clock).asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    clock.now += 31
    half = call(app, path="/orders", headers=answered(nonce))
    following = re.search(r'nextnonce="(\w+)"', half.lines("authentication-info")[0])
    assert following is not None
    assert call(app, path="/orders", headers=answered(following[1])).status == 200
    clock.now += 30
    old = call(app, path="/orders", headers=answered(nonce, nc=2))
    assert (old.status, "stale=true" in old.lines("www-authenticate")[0]) == (401, True)
    assert call(app, path="/orders", headers=answered(nonce_of(old))).status == 200
    wrong = call(app, path="/orders", headers=answered(nonce, nc=3, password="wrong"))
    assert (wrong.status, "stale=true" in wrong.lines("www-authenticate")[0]) == (401, False)


def test_a_stale_nonce_is_no_guess() -> None:
    """A client that slept must not be locked out."""
    clock = Clock(NOW)
    throttle = Throttle(2, by=("identity",))
    app = Guard(provider(nonce_lifetime_s=60), clock=clock, throttle=throttle).asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    clock.now += 100
    assert {call(app, path="/orders", headers=answered(nonce, nc=nc)).status for nc in range(1, 9)} == {401}
    assert call(app, path="/orders", headers=answered(nonce_of(call(app, path="/orders")))).status == 200
    again = nonce_of(call(app, path="/orders"))
    statuses = [call(app, path="/orders", headers=answered(again, nc=nc, password="x")).status for nc in range(2, 6)]
    assert statuses == [401, 401, 429, 429]


def test_two_instances_share_keys_and_counts() -> None:
    """A nonce of the one is good at the other; a count spent at the one is spent at both."""
    seen = MemorySeen()
    one, two = (watched(provider(seen=seen))[0].asgi(Endpoint(), {"/*": "digest"}) for _ in range(2))
    nonce = nonce_of(call(one, path="/orders"))
    assert call(two, path="/orders", headers=answered(nonce)).status == 200
    assert call(one, path="/orders", headers=answered(nonce)).status == 401
    assert call(one, path="/orders", headers=answered(nonce, nc=2)).status == 200
    stranger = watched(provider(keys=(b"x" * 32,)))[0].asgi(Endpoint(), {"/*": "digest"})
    refused = call(stranger, path="/orders", headers=answered(nonce, nc=3))
    assert (refused.status, "stale=true" in refused.lines("www-authenticate")[0]) == (401, True)


def test_rotated_nonce_keys() -> None:
    """While both keys are there, nonces of the old one are good."""
    old = nonce_of(call(watched(provider())[0].asgi(Endpoint(), {"/*": "digest"}), path="/orders"))
    both = watched(provider(keys=(b"n" * 32, *KEYS)))[0].asgi(Endpoint(), {"/*": "digest"})
    assert call(both, path="/orders", headers=answered(old)).status == 200


@pytest.mark.parametrize("form", ["table", "function"])
def test_userhash(form: str) -> None:
    """A hashed name is looked up by its hash; the event has the name itself, in success and refusal."""
    name = hashed("SHA-256", "alice:ops")
    table = {name: SECRETS["alice"]}
    guard, events = watched(provider(by_hash=table if form == "table" else table.get))
    app = guard.asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    for nc, password in ((1, "secret"), (2, "wrong")):
        values = parameters(nonce, uri="/orders", nc=nc, password=password) | {"username": name, "userhash": "true"}
        call(app, path="/orders", headers={"authorization": header(values)})
    assert [(event.outcome, event.user) for event in events[1:]] == [("success", "alice"), ("failure", "alice")]


def test_names_in_events() -> None:
    """A name that exists is shown; one that does not, or whose account cannot be asked for, never is."""
    nonce = nonce_of(call(watched(provider())[0].asgi(Endpoint(), {"/*": "digest"}), path="/orders"))

    def down(name: str) -> object:
        raise ConnectionRefusedError

    seen = []
    for account in (SECRETS.get, lambda name: None, lambda name: Unavailable(), down):
        guard, events = watched(provider(account=account))
        call(guard.asgi(Endpoint(), {"/*": "digest"}), path="/orders", headers=answered(nonce, password="wrong"))
        seen.append((str(events[0].causes[0].cause), events[0].user, events[0].user_digest is None, events[0].status))
    assert seen == [
        ("wrong_secret", "alice", True, 401),
        ("unknown_identity", None, False, 401),
        ("provider_unreachable", None, False, 503),
        ("provider_unreachable", None, False, 503),
    ]


def test_unknown_and_wrong_look_alike() -> None:
    """Nobody learns which names exist."""
    app = watched(provider())[0].asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    answers = [
        call(app, path="/orders", headers=answered(nonce, username=name, password="x")) for name in ("alice", "bob")
    ]
    told = [
        (one.status, one.problem()["code"], re.sub(r'nonce="\w+"', "", one.lines("www-authenticate")[0]))
        for one in answers
    ]
    assert told[0] == told[1]


def test_states_of_the_account() -> None:
    """Locked, with the right password: refused as locked; the secret alone decides who may know."""
    locked = DigestSecret("alice", SECRETS["alice"].ha1, account=Account("alice", locked=True))
    guard, events = watched(provider(account={"alice": locked}.get))
    app = guard.asgi(Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    call(app, path="/orders", headers=answered(nonce))
    assert [str(one.cause) for one in events[-1].causes] == ["account_locked"]


@pytest.mark.parametrize(
    ("body", "sent", "status"),
    [
        (b"one order", b"one order", 200),
        (b"", b"", 200),
        (b"one order", b"two orders", 401),
        (b"", b"x" * (MAX_BODY + 1), 401),  # signed over nothing, with a body too long to be read
    ],
)
def test_auth_int(body: bytes, sent: bytes, status: int) -> None:
    """The body is covered, and the application can still read it."""
    guard, events = watched(provider(qop=("auth", "auth-int")))
    app = guard.asgi(endpoint := Endpoint(), {"/*": "digest"})
    nonce = nonce_of(call(app, path="/orders"))
    headers = answered(nonce, qop="auth-int", method="POST", body=body)
    answer = call(app, "POST", "/orders", headers, [sent])
    assert answer.status == status
    assert endpoint.bodies == ([sent] if status == 200 else [])
    if len(sent) > MAX_BODY:
        assert dict(events[-1].facts) == {"part": "body", "problem": "too_large", "limit": MAX_BODY}


def test_no_popup_for_a_script() -> None:
    """A call by a script in a page gets another word, which opens no password window."""
    app = watched(provider())[0].asgi(Endpoint(), {"/*": "digest"})
    for headers in ({"sec-fetch-mode": "cors"}, {"x-requested-with": "XMLHttpRequest"}):
        assert call(app, path="/orders", headers=headers).lines("www-authenticate") == ['xDigest realm="ops"']
    assert (
        call(app, path="/orders", headers={"sec-fetch-mode": "navigate"}).lines("www-authenticate")[0][:7] == "Digest "
    )


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"uri": "/other"}, "wrong_binding"),
        ({"uri": "/orders?page=2"}, "wrong_binding"),
        ({"method": "POST"}, "wrong_secret"),
        ({"realm": "elsewhere"}, "wrong_secret"),
        ({"nonce": "f" * 66}, "stale_nonce"),
    ],
)
def test_another_request(values: dict[str, str], cause: str) -> None:
    """The proof is for one target, method and realm."""
    guard, events = watched(provider())
    app = guard.asgi(Endpoint(), {"/*": "digest"})
    nonce = values.pop("nonce", None) or nonce_of(call(app, path="/orders"))
    assert call(app, path="/orders", headers=answered(nonce, **values)).status == 401
    assert str(events[-1].causes[0].cause) == cause


def test_damaged() -> None:
    """Refused where it is found, before any account is asked for."""
    asked: list[str] = []
    guard, events = watched(provider(account=asked.append))
    for value in ("Digest", "Digest x", 'Digest username="a"', "Digest " + "x" * 9_999):
        assert call(guard.asgi(Endpoint(), {"/*": "digest"}), headers={"authorization": value}).status in (400, 401)
    assert asked == []
    assert {str(event.causes[0].cause) for event in events} == {"malformed", "missing_claim"}


def test_beside_basic() -> None:
    """Both are offered, and each takes its own."""
    guard, _ = watched(provider(), basic(verify=lambda pair: pair.username if pair.password == "secret" else None))
    app = guard.asgi(Endpoint(), {"/*": any_of("digest", "basic")})
    refused = call(app, path="/orders")
    assert [line.split(" ")[0] for line in refused.lines("www-authenticate")] == ["Digest", "Basic"]
    assert call(app, path="/orders", headers=answered(nonce_of(refused))).status == 200


def test_principal() -> None:
    """The application's own, which may refuse."""

    async def user(name: str) -> object:
        return {"name": name}

    guard, _ = watched(provider(principal=user))
    nonce = nonce_of(call(guard.asgi(Endpoint(), {"/*": "digest"}), path="/orders"))
    view = View.of("GET", "/orders", answered(nonce))
    assert guard.decide_sync(view).principal == {"name": "alice"}  # type: ignore[union-attr]
    guard, _ = watched(provider(principal=lambda name: None))
    decision = guard.decide_sync(View.of("GET", "/orders", answered(nonce)))
    assert isinstance(decision, Denied)
    assert decision.cause == "misconfigured"


@pytest.mark.parametrize(
    "settings",
    [{"algorithms": ("SHA-1",)}, {"qop": ()}, {"keys": (b"short",)}, {"realm": 'a"b'}, {"nonce_lifetime_s": 0}],
)
def test_set_up_that_cannot_work(settings: dict[str, Any]) -> None:
    """Told at the start."""
    with pytest.raises(ConfigurationError, match="digest: "):
        provider(**settings)


TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
PARTS = st.sampled_from(
    ["username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", "algorithm", "userhash"]
)


@settings(deadline=None)
@given(st.dictionaries(PARTS, TEXT, max_size=10) | TEXT)
def test_no_text_is_an_error_or_gets_in(sent: dict[str, str] | str) -> None:
    """Whatever a caller writes is its own fault."""
    guard, events = watched(provider(qop=("auth", "auth-int"), by_hash={}))
    value = sent if isinstance(sent, str) else ", ".join(f'{name}="{text}"' for name, text in sent.items())
    decision = guard.decide_sync(View.of("GET", "/orders", {"Authorization": f"Digest {value}"}))
    assert not decision.accepted
    assert all(meta(one.cause).kind is not Kind.ERROR for one in events[0].causes)


SERVERS: dict[str, Callable[..., AbstractContextManager[str]]] = {
    "wsgiref": real_servers.wsgi,
    "uvicorn": real_servers.asgi,
}


@pytest.fixture(scope="module", params=SERVERS)
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a guarded service under a real server."""
    secret = DigestSecret("Jäsøn Doe", password='pa"ss\\wörd')
    names = {hashed("SHA-256", "Jäsøn Doe:ops"): secret}
    guard = Guard(
        provider(
            account={"Jäsøn Doe": secret}.get, by_hash=names.get, qop=("auth", "auth-int"), algorithms=("SHA-256",)
        )
    )
    rules: dict[str, Any] = {"/*": "digest"}
    app = guard.wsgi(echo, rules) if request.param == "wsgiref" else guard.asgi(aecho, rules)
    with SERVERS[request.param](app) as address:
        yield address
    guard.close()


USER = ("--digest", "-u", 'Jäsøn Doe:pa"ss\\wörd')


@pytest.mark.e2e
@pytest.mark.parametrize(
    "path", ["/orders", "/orders?page=2&x=%2F", "/caf%C3%A9/a%20b", "/a%25b", "/a;b=1,2/@c!$'()*+"]
)
def test_curl(base: str, path: str) -> None:
    """Real curl is challenged, answers, and is believed, whatever the path."""
    heard = curl(base + path, *USER)
    assert (heard.statuses, heard.body) == ([401, 200], "Jäsøn Doe:".encode())
    assert "rspauth=" in heard.all("authentication-info")[0] or "auth-int" in heard.all("authentication-info")[0]


@pytest.mark.e2e
def test_curl_refused(base: str) -> None:
    """A wrong password is refused once; curl does not try for ever."""
    heard = curl(base + "/orders", "--digest", "-u", "Jäsøn Doe:wrong")
    assert (heard.statuses, heard.all("authentication-info")) == ([401, 401], [])


@pytest.mark.e2e
def test_curl_posts(base: str) -> None:
    """An upload reaches the application whole."""
    heard = curl(base + "/orders", *USER, "--data-binary", "@-", body=b"x" * 200_000)
    assert (heard.status, heard.body) == (200, "Jäsøn Doe:".encode() + b"x" * 200_000)
