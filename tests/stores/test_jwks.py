"""The key set of an issuer, from a real key server on loopback that fails in every way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any

import pytest
from tests.stores.loopback_site import Clock, Reply, Request, Site, jwks, site, until
from tests.verify.jose_tokens import ISSUER, NOW, POLICY, signer

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Refused
from authwhy.stores.jwks import JwksStore, StaticKeys, lifetime
from authwhy.verify import jwt
from authwhy.verify.flow import KeyAsk, Unavailable, adrive, drive
from authwhy.verify.jwk import NO_KEYS, KeySet

OUTAGES = {
    "500": Reply(b"", 500),
    "404": Reply(jwks("other"), 404),
    "302": Reply(b"", 302, {"Location": "https://evil.example/"}),
    "304": Reply(b"", 304),
    "204": Reply(b"", 204),
    "empty set": Reply(b'{"keys":[]}'),
    "no key set": Reply(b'{"error":"x"}'),
    "html": Reply(b"<html>", headers={"Content-Type": "text/html"}),
    "cut": Reply(jwks("k1")[:-9]),
    "only unusable keys": Reply(b'{"keys":[{"kty":"RSA","kid":"k1","use":"enc"}]}'),
    "too large": Reply(b" " * 600_000),
    "not http": Reply(raw=b"garbage"),
    "closed": Reply(raw=b""),
    "hang": Reply(hang=True),
    "drip": Reply(b" " * 9_999, drip=True),
}
Make = Callable[..., JwksStore]


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as running:
        running.says(Reply(jwks("k1")))
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(server: Site, clock: Clock) -> Iterator[Make]:
    """A store of the server's keys, closed after the test."""
    with ExitStack() as stack:

        def build(**settings: Any) -> JwksStore:
            settings = {"issuer": ISSUER, "allow_http": (server.origin,), "clock": clock, "timeout_s": 10.0, **settings}
            store = JwksStore(server.origin + "/keys", **settings)
            stack.callback(store.close)
            stack.callback(server.released.set)
            return store

        yield build


def netloc(server: Site) -> str:
    """What is told of where it was asked."""
    return server.origin.removeprefix("http://")


def kids(answer: KeySet | Unavailable) -> list[str | None]:
    assert isinstance(answer, KeySet), answer
    return [key.kid for key in answer.keys]


def outcome(store: JwksStore | StaticKeys, token: str) -> object:
    def world(ask: object) -> object:
        assert isinstance(ask, KeyAsk)
        return store.answer(ask)

    return drive(jwt.verify(token, POLICY, NOW), world)


def test_a_token_checked_with_fetched_keys(server: Site, make: Make) -> None:
    store = make()
    assert (store.current, store.version, store.age_s, server.count) == (None, 0, None, 0)
    token = signer("Ed25519").token()
    for _ in range(3):
        assert isinstance(outcome(store, token), Accepted)
    assert (server.count, store.version, store.age_s) == (1, 1, 0)
    assert isinstance(jwt.check(token, POLICY, NOW, store.current or NO_KEYS), Accepted)


def test_forty_cold_threads_one_fetch(server: Site, make: Make) -> None:
    store = make()
    found: list[list[str | None]] = []
    threads = [Thread(target=lambda: found.append(kids(store.get("k1")))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, server.count) == ([["k1"]] * 40, 1)


def test_forty_cold_tasks_one_fetch(server: Site, make: Make) -> None:
    store = make()

    async def gather() -> list[KeySet | Unavailable]:
        return await asyncio.gather(*(store.aget("k1") for _ in range(40)))

    assert [kids(answer) for answer in asyncio.run(gather())] == [["k1"]] * 40
    assert server.count == 1


def test_two_hundred_unknown_kids_one_fetch(server: Site, make: Make) -> None:
    store = make()
    store.get("k1")
    for number in range(200):
        assert kids(store.get(f"unknown-{number}")) == ["k1"]
    assert server.count == 2


def test_ten_thousand_random_kids_with_the_endpoint_up_then_down(server: Site, make: Make, clock: Clock) -> None:
    """Fetches stay within the budget and a known kid is accepted throughout."""
    store = make(burst=3)
    token = signer("Ed25519").token()
    assert isinstance(outcome(store, token), Accepted)
    for number in range(10_000):
        if number == 5_000:
            server.says(OUTAGES["500"])
            clock.now += 30
        store.get(f"random-{number}")
        if number % 500 == 0:
            assert isinstance(outcome(store, token), Accepted)
    assert server.count <= 1 + 3 + 1


def test_a_rotated_key_is_accepted_after_one_fetch_and_the_removed_one_no_more(server: Site, make: Make) -> None:
    store = make()
    old, new = signer("Ed25519", "k1"), signer("Ed25519", "k2", 1)
    assert isinstance(outcome(store, old.token()), Accepted)
    server.says(Reply(jwks("k2", number=1)))
    assert isinstance(outcome(store, new.token()), Accepted)
    assert (server.count, store.version) == (2, 2)
    refusal = outcome(store, old.token())
    assert isinstance(refusal, Refused)
    assert refusal.causes == (Cause.UNKNOWN_KEY,)


def test_forty_callers_with_a_rotated_key_all_wait_for_one_fetch(server: Site, make: Make) -> None:
    store = make()
    store.get("k1")
    server.says(Reply(jwks("k2", number=1)))

    async def gather() -> list[KeySet | Unavailable]:
        return await asyncio.gather(*(store.aget("k2") for _ in range(40)))

    assert [kids(answer) for answer in asyncio.run(gather())] == [["k2"]] * 40
    assert server.count == 2


def test_the_budget_fills_up_again(server: Site, make: Make, clock: Clock) -> None:
    store = make(burst=2, refill_s=30.0)
    store.get("k1")
    counts = []
    for step, kid in ((0, "a"), (0, "b"), (0, "c"), (29.9, "d"), (0.1, "e"), (0, "f")):
        clock.now += step
        store.get(kid)
        counts.append(server.count - 1)
    assert counts == [1, 2, 2, 2, 3, 3]


def test_a_wrong_kid_that_is_sent_again_and_again_leaves_the_budget_alone(
    server: Site, make: Make, clock: Clock
) -> None:
    """It is looked for after 10, 20, 40 s; a rotated key meanwhile finds the budget full."""
    store = make(longest_s=86_400.0, burst=1, refill_s=10.0)
    server.says(Reply(jwks("k1"), headers={"Cache-Control": "max-age=86400"}))
    store.get("k1")
    asked = []
    for second in range(211):
        before = server.count
        store.get("wrong")
        asked += [second] * (server.count - before)
        clock.now += 1
    assert asked == [0, 10, 30, 70, 150]
    server.says(Reply(jwks("k2", number=1)))
    assert kids(store.get("k2")) == ["k2"]


def test_no_fetch_for_a_key_that_is_there_and_cannot_be_used(server: Site, make: Make) -> None:
    """The set names it, so another fetch tells nothing."""
    keys = json.loads(jwks("k1"))["keys"]
    server.says(Reply(json.dumps({"keys": [*keys, {"kty": "RSA", "kid": "enc", "use": "enc"}]}).encode()))
    store = make()
    store.get("k1")
    assert kids(store.get("enc")) == ["k1"]
    assert kids(store.get(None)) == ["k1"]
    assert server.count == 1


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_never_evicts_good_keys_and_never_makes_them_wait(
    server: Site, make: Make, clock: Clock, name: str
) -> None:
    told: list[int] = []
    store = make(timeout_s=10.0 if name not in ("hang", "drip") else 0.2, on_stale=told.append)
    good = store.get("k1")
    server.says(OUTAGES[name])
    clock.now += 700
    assert store.get("k1") is good
    until(lambda: server.count == 2, "the refresh")
    assert store.get("k1") is good
    assert told == [700, 700]
    for kid in ("k2", "k3", "k4"):  # it may be a new key: an outage is no bad credential
        assert isinstance(store.get(kid), Unavailable)
    assert store.get("k1") is good
    assert store.version == 1
    until(lambda: not store._keys._flight, "the refresh to end")
    server.says(Reply(jwks("k2", number=1)))
    clock.now += 1
    assert store.get("k1") is good
    until(lambda: store.version == 2, "the provider to be back")
    assert kids(store.get("k2")) == ["k2"]
    assert store.age_s == 0


@pytest.mark.parametrize(
    ("name", "cause", "facts"),
    [
        ("500", Cause.PROVIDER_ERROR, {"problem": "status", "status": 500}),
        ("302", Cause.PROVIDER_ERROR, {"problem": "redirect", "status": 302}),
        ("304", Cause.PROVIDER_ERROR, {"problem": "redirect", "status": 304}),
        ("empty set", Cause.PROVIDER_ERROR, {"problem": "no_keys"}),
        ("html", Cause.PROVIDER_ERROR, {"problem": "not_readable"}),
        ("only unusable keys", Cause.PROVIDER_ERROR, {"problem": "not_for_signatures"}),
        ("closed", Cause.PROVIDER_UNREACHABLE, {"problem": "closed"}),
    ],
)
def test_a_cold_start_with_the_provider_down(
    server: Site, make: Make, clock: Clock, name: str, cause: Cause, facts: dict[str, str | int]
) -> None:
    """The reason, for everybody, with one request; and keys as soon as there are some."""
    server.says(OUTAGES[name])
    store = make()
    for kid in ("k1", "k2", None):
        assert store.get(kid) == Unavailable(cause, {"what": "keys", **facts, "host": netloc(server), "retry_s": 1})
    assert server.count == 1
    refusal = outcome(store, signer("Ed25519").token())
    assert isinstance(refusal, Refused)
    assert refusal.causes == (cause,)
    server.says(Reply(jwks("k1")))
    clock.now += 1
    until(lambda: store.current or store.get("k1") is None, "the keys")


def test_a_cold_start_with_a_hanging_provider_waits_once(server: Site, make: Make) -> None:
    server.says(OUTAGES["hang"])
    store = make(timeout_s=0.2)
    first = store.get("k1")
    assert isinstance(first, Unavailable)
    assert (first.cause, first.facts["problem"]) == (Cause.PROVIDER_UNREACHABLE, "timeout")
    until(lambda: store._keys.failure, "the end of the request")
    assert all(isinstance(asyncio.run(store.aget("k1")), Unavailable) for _ in range(200))
    assert server.count == 1


def test_known_keys_answer_inside_the_event_loop_while_the_server_hangs(server: Site, make: Make) -> None:
    """Without giving up the turn once: one step of the coroutine is the whole answer."""
    store = make(timeout_s=0.5)
    store.get("k1")
    server.says(OUTAGES["hang"])

    async def watch() -> tuple[bool, list[str | None]]:
        unknown = asyncio.create_task(store.aget("k2"))
        await asyncio.to_thread(until, lambda: server.count == 2, "the fetch for the unknown key")
        try:
            store.aget("k1").send(None)
        except StopIteration as done:
            known = kids(done.value)
        waiting = not unknown.done()
        assert isinstance(await unknown, Unavailable)
        return waiting, known

    assert asyncio.run(watch()) == (True, ["k1"])


def test_keys_are_not_used_for_ever(server: Site, make: Make, clock: Clock) -> None:
    store = make(stale_s=86_400.0)
    store.get("k1")
    server.says(OUTAGES["closed"])
    clock.now += 600 + 86_399
    assert kids(store.get("k1")) == ["k1"]
    until(lambda: store._keys.failure, "the failure")
    clock.now += 1
    assert store.current is None
    assert isinstance(store.get("k1"), Unavailable)


def test_the_lifetime_of_the_answer_counts_within_bounds(server: Site, make: Make, clock: Clock) -> None:
    for said, first in (("max-age=3600", 2_880), ("max-age=1", 48), ("max-age=9999999", 69_120), ("public", 480)):
        server.says(Reply(jwks("k1"), headers={"Cache-Control": said}))
        store = make()
        store.get("k1")
        before = server.count
        clock.now += first - 1
        store.get("k1")
        assert (server.count, store._keys._flight) == (before, None)
        clock.now += 1
        store.get("k1")
        until(lambda before=before: server.count == before + 1, f"the refresh after {said}")  # type: ignore[misc]
        store.close()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 600),
        ({"cache-control": "public, max-age=300, must-revalidate"}, 300),
        ({"cache-control": 'Max-Age="300"'}, 300),
        ({"cache-control": "s-maxage=300"}, 600),
        ({"cache-control": "max-age=300", "age": "100"}, 200),
        ({"cache-control": "max-age=300", "age": "soon"}, 300),
        ({"cache-control": "max-age=300, no-store"}, 0),
        ({"cache-control": "no-cache"}, 0),
        ({"cache-control": "max-age=-5"}, 600),
        ({"cache-control": "max-age=" + "9" * 4_000}, 9_999_999_999),
    ],
)
def test_lifetime(headers: dict[str, str], expected: float) -> None:
    assert lifetime(headers) == expected


def test_two_issuers_with_one_kid_never_meet(server: Site, make: Make) -> None:
    """Each store has its own keys, and answers for its own issuer only."""
    first = make(issuer="https://a.example")
    first.get("k1")
    server.says(Reply(jwks("k1", number=1)))
    second = make(issuer="https://b.example")
    mine = first.answer(KeyAsk("https://a.example", "k1"))
    theirs = second.answer(KeyAsk("https://b.example", "k1"))
    forged = signer("Ed25519", "k1", 1).token()
    assert isinstance(mine, KeySet)
    assert isinstance(theirs, KeySet)
    assert isinstance(jwt.check(forged, POLICY, NOW, theirs), Accepted)
    assert isinstance(jwt.check(forged, POLICY, NOW, mine), Refused)


def test_no_request_for_an_issuer_that_is_not_ours(server: Site, make: Make) -> None:
    store = make()
    for issuer in ("https://evil.example", ISSUER + "/", ""):
        assert store.answer(KeyAsk(issuer, "k1")) is NO_KEYS
        assert asyncio.run(store.aanswer(KeyAsk(issuer, "k1"))) is NO_KEYS
    assert server.requests == []
    assert isinstance(asyncio.run(store.aanswer(KeyAsk(ISSUER, "k1"))), KeySet)


def test_discovered(server: Site, clock: Clock) -> None:
    """From the issuer alone; a moved key set is followed when the metadata say so."""
    documents = {
        "/realm/.well-known/openid-configuration": json.dumps(
            {"issuer": server.origin + "/realm", "jwks_uri": server.origin + "/certs"}
        ).encode(),
        "/certs": jwks("k1"),
    }

    def answer(asked: Request) -> Reply:
        body = documents.get(asked.path)
        return Reply(b"", 404) if body is None else Reply(body)

    server.answer = answer
    store = JwksStore.discovered(server.origin + "/realm", allow_http=(server.origin,), clock=clock)
    assert kids(store.get("k1")) == ["k1"]
    assert kids(store.get("k1")) == ["k1"]
    assert [asked.path for asked in server.requests] == list(documents)
    store.close()


def test_discovered_after_an_outage(server: Site, clock: Clock) -> None:
    """Each try asks for the metadata, whatever pause they are in, and goes on to the keys in the same try."""
    server.says(Reply(b"", 503))
    store = JwksStore.discovered(server.origin, allow_http=(server.origin,), clock=clock)
    assert store._discovery is not None
    for _ in range(4):
        clock.now += 5
        store.unready()
        until(lambda: store._keys.failure is not None and clock.now < store._keys._due, "a failed try")
    why = store.unready()
    assert why is not None
    assert (why.facts["what"], why.facts["host"], why.facts["status"]) == ("metadata", netloc(server), 503)
    assert isinstance(why.facts["retry_s"], int)
    assert why.facts["retry_s"] <= 5

    def answer(asked: Request) -> Reply:
        if asked.path == "/keys":
            return Reply(jwks("k1"))
        return Reply(json.dumps({"issuer": server.origin, "jwks_uri": server.origin + "/keys"}).encode())

    server.answer = answer
    store._discovery._metadata._due = clock.now + 60  # the metadata alone would wait
    clock.now += 5
    store.unready()
    until(lambda: store.current, "the keys")
    assert store.unready() is None
    store.close()


def test_discovered_without_a_key_set(server: Site) -> None:
    server.says(Reply(json.dumps({"issuer": server.origin}).encode()))
    store = JwksStore.discovered(server.origin, allow_http=(server.origin,))
    answer = store.get("k1")
    store.close()
    assert isinstance(answer, Unavailable)
    assert answer.cause is Cause.MISCONFIGURED
    assert answer.facts["setting"] == "jwks_uri"


def test_settings_that_cannot_work(server: Site) -> None:
    """At start-up, not at the first request."""
    for url in (server.origin, "file:///etc/passwd", "https://u:p@id.example.com/", None):
        with pytest.raises(ValueError, match="needed"):
            JwksStore(url)
    with pytest.raises(ValueError, match="no key that can be used: no_keys"):
        StaticKeys({"keys": []})


def test_static_keys() -> None:
    """The same interface, without a network."""
    for given in (signer("Ed25519").keys, json.loads(jwks("k1")), jwks("k1")):
        store = StaticKeys(given, issuer=ISSUER)
        assert isinstance(outcome(store, signer("Ed25519").token()), Accepted)
        assert store.get("other") is store.current is asyncio.run(store.aget("k1"))
        assert asyncio.run(store.aanswer(KeyAsk(ISSUER, "k1"))) is store.current
        assert store.answer(KeyAsk("https://evil.example", "k1")) is NO_KEYS
        assert (store.version, store.age_s) == (1, 0)
        store.close()


def test_the_flow_awaited(make: Make) -> None:
    store = make()

    async def world(ask: object) -> object:
        assert isinstance(ask, KeyAsk)
        return await store.aanswer(ask)

    assert isinstance(asyncio.run(adrive(jwt.verify(signer("Ed25519").token(), POLICY, NOW), world)), Accepted)


def test_given_keys_are_always_ready() -> None:
    assert StaticKeys(jwks("k1")).unready() is None


def test_a_rotated_key_waits_ten_seconds_at_worst_in_a_flood(server: Site, make: Make, clock: Clock) -> None:
    """Invented key ids take the budget; the next fetch is that of the rotated key, or brings it."""
    store = make()
    store.get("k1")
    store.get("invented")
    server.says(Reply(jwks("k2", number=1)))
    assert kids(store.get("k2")) == ["k1"]
    clock.now += 10
    store.get("another")
    assert kids(store.get("k2")) == ["k2"]
    assert server.count == 3
