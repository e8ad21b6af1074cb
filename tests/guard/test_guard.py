"""What joins providers to requests, answers and events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.guard.scripted import NOW, Scripted, decide, watched
from tests.stores.loopback_site import Reply as SiteReply
from tests.stores.loopback_site import jwks, site, until

from authwhy.causes import Cause
from authwhy.guard import (
    Accept,
    Accepted,
    ConfigurationError,
    Denied,
    Guard,
    View,
    any_of,
    api_key,
    deny,
    jwt,
    optional,
)
from authwhy.guard.rules import Rule
from authwhy.guard.schemes.interface import Reply
from authwhy.model.event import Event


def says(value: str) -> object:
    return Accept(value, user="mara", headers=((b"x-rotated", b"1"),)) if value != "bad" else deny(Cause.WRONG_SECRET)


class Page(Scripted):
    """A provider with an address of its own."""

    def routes(self) -> Mapping[str, str]:
        return {"/sign-in": "form"}

    def serve(self, route: str, view: View, now: int) -> Any:
        yield from ()
        answer = self.says(view.header(b"x-page") or "")
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_set_up_that_cannot_work() -> None:
    class Broken(Scripted):
        def problems(self) -> tuple[str, ...]:
            return ("no key",)

    for wrong in ((), (Scripted("a", says), Scripted("a", says)), (Broken("a", says),)):
        with pytest.raises(ConfigurationError):
            Guard(*wrong)
    with pytest.raises(ConfigurationError, match="malformed_status"):
        Guard(Scripted("a", says), malformed_status=418)
    made = Guard(Scripted("a", says))
    with pytest.raises(ConfigurationError, match="no rules"):
        made.paths({})
    with pytest.raises(ConfigurationError):
        made.asgi(None, {"/": "b"})
    with pytest.raises(ConfigurationError, match="both serve"):
        Guard(Page("a", says), Page("b", says)).served()
    with pytest.raises(ValueError, match="appear"):
        Guard(Scripted("a", says), trusted_proxies=["nonsense"])


def test_an_unknown_rule_is_no_open_door() -> None:
    made = Guard(Scripted("a", says))
    for rule in ("b", any_of(), optional()):
        with pytest.raises(ConfigurationError):
            made.decide_sync(View.of("GET", "/"), rule)
        with pytest.raises(ConfigurationError):
            asyncio.run(made.decide(View.of("GET", "/"), rule))


def test_decisions_and_events() -> None:
    made, events = watched(Scripted("a", says), Scripted("b", says), app="orders", version="7", host="h")
    good = decide(made, {"x-b": "token"}, peer="192.0.2.1")
    assert isinstance(good, Accepted)
    assert (good.principal, good.provider, good.headers) == ("token", "b", ((b"x-rotated", b"1"),))
    assert good.event is events[0]
    assert good.ref == events[0].ref
    assert (events[0].outcome, events[0].user, events[0].address, events[0].verb) == (
        "success",
        "mara",
        "192.0.2.1",
        "GET",
    )
    bad = decide(made, {"x-b": "bad"})
    assert isinstance(bad, Denied)
    assert (bad.event, bad.ref) == (events[2], events[2].ref)
    assert bad.ref.encode() in bad.body
    nothing = decide(made)
    assert isinstance(nothing, Denied)
    assert events[4].causes[0].cause is Cause.MISSING  # nothing sent is an event too
    assert events[4].time == "2026-01-05T15:00:00.000Z"
    assert len(events) == 6
    assert len({event.ref for event in events}) == 6


def test_without_anybody_to_tell() -> None:
    made = Guard(Scripted("a", says))
    decision = decide(made, {"x-a": "bad"})
    assert isinstance(decision, Denied)
    assert decision.event is None


def test_a_sink_that_fails_fails_no_request() -> None:
    def sink(event: Event) -> None:
        raise SystemExit

    made = Guard(Scripted("a", says), events=[sink])
    assert decide(made, {"x-a": "good"}).accepted
    made.close()


def test_listen() -> None:
    heard: list[Event] = []
    made = Guard(Scripted("a", says))
    end = made.listen(heard.append)
    decide(made)
    assert len(heard) == 2
    end()
    decide(made)
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "via"),
    [("10.0.0.1", "203.0.113.9", "203.0.113.9", "10.0.0.1"), ("192.0.2.1", "203.0.113.9", "192.0.2.1", None)],
)
def test_address(peer: str, forwarded: str, address: str, via: str | None) -> None:
    made, events = watched(Scripted("a", says), trusted_proxies=["10.0.0.0/8"])
    decide(made, {"X-Forwarded-For": forwarded}, peer=peer)
    assert (events[0].address, events[0].via) == (address, via)


def test_refuse() -> None:
    made, events = watched(Scripted("a", says))
    denied = made.refuse(View.of("GET", "/x"), Cause.POLICY_BLOCKED, "/x", problem="no_rule")
    assert (denied.status, denied.cause, denied.provider) == (403, Cause.POLICY_BLOCKED, None)
    assert events[0].facts == {"problem": "no_rule"}
    assert made.refuse(View.of("GET", "/x"), Cause.MISSING).status == 401


PAGE = Reply(200, ((b"content-type", b"text/html"),), b"<form>")


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        (PAGE, 200, None),
        (Reply(303, answer=Accept("mara", user="mara"), identity="mara"), 303, "success"),
        (Reply(200, body=b"again", answer=deny(Cause.WRONG_SECRET), identity="mara"), 200, "failure"),
        (deny(Cause.CSRF_FAILED), 403, "failure"),
        (ConnectionError("canary"), 503, "failure"),
        (None, 503, "failure"),
        ("<html>", 503, "failure"),
    ],
)
def test_addresses_of_providers(answer: object, status: int, outcome: str | None) -> None:
    made, events = watched(Page("a", lambda value: answer))
    for reply in (
        asyncio.run(made.world.run(made.serving("/sign-in", View.of("GET", "/sign-in")))),
        made.world.run_sync(made.serving("/sign-in", View.of("GET", "/sign-in"))),
    ):
        assert reply.status == status
        assert b"canary" not in reply.body
    assert [event.outcome for event in events] == ([] if outcome is None else [outcome] * 2)


def test_close_stops_what_runs() -> None:
    closed: list[str] = []

    class Closing(Scripted):
        def close(self) -> None:
            closed.append(self.name)

    made = Guard(Closing("a", says), Closing("b", says))
    made.close()
    made.close()
    assert closed == ["a", "b", "a", "b"]


def test_rules_are_checked_when_paths_are_made() -> None:
    rules: dict[str, Rule | None] = {"/health": None, "/*": any_of("a")}
    assert Guard(Scripted("a", says)).paths(rules).rule("/health") is None
    assert NOW


@pytest.mark.parametrize(
    ("told", "peer", "scheme"),
    [
        (["https"], "10.0.0.1", "https"),
        (["http, https"], "10.0.0.1", "https"),
        (["https", "http"], "10.0.0.1", "http"),
        (["https"], "192.0.2.7", "http"),
        (["gopher"], "10.0.0.1", "http"),
    ],
)
def test_the_scheme_that_the_nearest_proxy_saw(told: list[str], peer: str, scheme: str) -> None:
    """What stands before the last value, the caller may have written; from anybody else it is not looked at."""
    guard = Guard(api_key("key", lookup=lambda key: "robot"), trusted_proxies=["10.0.0.0/8"])
    view = View.of("GET", "/", [("X-Forwarded-Proto", value) for value in told], peer=peer)
    guard.place(view)
    assert view.scheme == scheme
    guard.close()


def test_what_an_event_keeps_of_the_path() -> None:
    """The code that the caller was told, to find the event by; the path itself only where the service wants it."""
    for paths, path in ((False, None), (True, "/orders/7")):
        events: list[Event] = []
        guard = Guard(api_key("key", lookup=lambda key: "robot"), events=[events.append], paths=paths)
        guard.decide_sync(View.of("GET", "/orders/7"), route="/orders/*")
        guard.decide_sync(View.of("GET", "/orders/7", {"X-Api-Key": "k"}), route="/orders/*")
        assert [(event.path, event.route) for event in events] == [(path, "/orders/*")] * 2
        assert [event.code for event in events] == ["missing", None]
        guard.close()


@pytest.mark.parametrize("proxies", ["10.0.0.0/8", ["10.0.0.0/99"], ["localhost"]])
def test_proxies_that_are_no_networks(proxies: Any) -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        Guard(api_key("key", lookup=lambda key: "robot"), trusted_proxies=proxies)


def test_a_guard_is_ready_when_every_provider_can_decide() -> None:
    """The probe itself begins the fetch and waits for nothing; an outage is told, with the time of the next try."""
    with site() as provider:
        provider.says(SiteReply(b"", 503))
        guard = Guard(
            jwt("token", issuer=provider.origin, audience="a", allow_http=[provider.origin]),
            jwt("given", secret="x" * 40, audience="a"),
            api_key("key", lookup=lambda key: None),
        )
        assert not guard.ready()
        until(lambda: guard.unready()["token"].facts["problem"] == "status", "the outage")
        why = guard.unready()
        assert list(why) == ["token"]
        assert (why["token"].cause, why["token"].facts["what"]) == (Cause.PROVIDER_ERROR, "metadata")
        provider.answer = lambda asked: SiteReply(
            jwks("k1")
            if asked.path == "/jwks"
            else json.dumps({"issuer": provider.origin, "jwks_uri": provider.origin + "/jwks"}).encode()
        )
        until(guard.ready, "the keys")
        guard.close()
