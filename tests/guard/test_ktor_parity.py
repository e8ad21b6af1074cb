"""ktor's behaviours 1 to 25, numbered as in docs/guard/ktor.md: what guard shares, and what it does otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.guard.asgi_client import Endpoint, call
from tests.guard.scripted import Scripted, authorization, decide, watched

from authwhy.causes import Cause, Kind
from authwhy.guard import (
    NOT_MINE,
    Accept,
    Accepted,
    ConfigurationError,
    Denied,
    Guard,
    Presented,
    View,
    all_of,
    any_of,
    api_key,
    basic,
    custom,
    deny,
    digest,
    jwt,
    optional,
    required,
    skip,
)
from authwhy.model.event import Event

SECRET = "a secret that only these tests know"


def says(value: str) -> object:
    """An answer by the credential's text."""
    if value == "raise":
        raise RuntimeError("a fault of the mechanism")
    return {"good": Accept("mara"), "bad": deny(Cause.WRONG_SECRET), "other": NOT_MINE}.get(value)


class Bearer(Scripted):
    """Finds its credential in the one place that several providers share."""

    def find(self, view: View) -> Presented | None:
        """The whole header."""
        value = view.header(b"authorization")
        return None if value is None else Presented("authorization", value)


def three(**settings: Any) -> tuple[Guard, list[Event]]:
    """Providers a, b and c, each with a header of its own."""
    return watched(*(Scripted(name, says) for name in "abc"), **settings)


def refused(rule: Any, headers: dict[str, str] | None = None, guard: Guard | None = None) -> Denied:
    """A refusal, with the same answer in an event loop and in a thread."""
    decision = decide(guard or three()[0], headers, rule)
    assert isinstance(decision, Denied)
    return decision


def accepted(rule: Any, headers: dict[str, str] | None = None, guard: Guard | None = None) -> Accepted:
    """An acceptance."""
    decision = decide(guard or three()[0], headers, rule)
    assert isinstance(decision, Accepted)
    return decision


def challenges(denied: Denied) -> list[str]:
    """Its header lines."""
    return [value.decode() for name, value in denied.headers if name == b"www-authenticate"]


def test_rule_1_a_cause_has_a_kind() -> None:
    """ktor's three, and `denied` for a good credential that a rule refuses."""
    kinds = {refused("a", {"x-a": value} if value else {}).kind for value in ("", "bad", "raise")}
    assert kinds == {Kind.NO_CREDENTIALS, Kind.INVALID_CREDENTIALS, Kind.ERROR}
    assert refused("a", {"x-a": "x"}, watched(Scripted("a", lambda _: deny(Cause.POLICY_BLOCKED)))[0]).kind == "denied"


def test_rule_2_a_cause_alone_is_an_answer() -> None:
    """A provider that says only why has refused; it needs no challenge for that."""
    denied = refused("quiet", {"x-quiet": "bad"}, watched(Quiet("quiet", says))[0])
    assert (denied.status, denied.cause, challenges(denied)) == (401, Cause.WRONG_SECRET, [])
    assert b'"code":"invalid_credentials"' in denied.body


class Quiet(Scripted):
    """Has no challenge."""

    def challenge(self, asked: Any) -> tuple[str, ...]:
        """None."""
        return ()


def test_rule_3_two_providers_of_one_type_keep_both_causes() -> None:
    """By provider name, in the order of the rule; ktor's map has one entry for each type."""
    guard = watched(jwt("first", secret=SECRET), jwt("second", secret=SECRET, audience="orders"))[0]
    denied = refused(any_of("first", "second"), {"Authorization": "Bearer x.y.z"}, guard)
    assert list(denied.causes) == ["first", "second"]
    assert set(denied.causes.values()) == {Cause.MALFORMED}


def test_rule_4_the_application_reads_all_causes_exactly() -> None:
    denied = refused(all_of("a", "b", "c"), {"x-a": "bad", "x-b": "raise"})
    assert denied.causes == {"a": Cause.WRONG_SECRET, "b": Cause.PROVIDER_ERROR, "c": Cause.MISSING}
    assert [one.cause for one in denied.refusals if one.cause == Cause.PROVIDER_ERROR] == [Cause.PROVIDER_ERROR]


def test_rule_5_the_challenge_of_what_was_presented_comes_first() -> None:
    """Then the order of the rule."""
    assert challenges(refused(any_of("a", "b", "c"), {"x-b": "bad"})) == ['B realm="x"', 'A realm="x"', 'C realm="x"']
    assert challenges(refused(any_of("c", "a"))) == ['C realm="x"', 'A realm="x"']


def test_rule_6_challenges_of_all_providers_are_sent() -> None:
    """One line a scheme (RFC 9110 section 11.6.1); ktor sends the first one's only."""
    guard = watched(
        jwt("token", secret=SECRET), basic("staff", realm="ops", verify=lambda _: "mara"), api_key(lookup=str)
    )[0]
    assert challenges(refused(any_of("token", "staff", "key"), {}, guard)) == [
        "Bearer",
        'Basic realm="ops", charset="UTF-8"',
        'ApiKey realm="key", in="header", name="x-api-key"',
    ]


def test_rule_7_a_challenge_that_does_nothing_still_answers() -> None:
    """The answer is the guard's; a challenge only adds lines to it."""

    class Broken(Scripted):
        def challenge(self, asked: Any) -> tuple[str, ...]:
            raise RuntimeError

    for provider in (Broken("a", says), Quiet("a", says)):
        denied = refused("a", {}, watched(provider)[0])
        assert (denied.status, denied.code) == (401, "missing")


def test_rule_8_an_error_is_never_a_bare_401() -> None:
    """503 with Retry-After; a client that gets 401 throws a good credential away."""
    denied = refused("a", {"x-a": "raise"})
    assert (denied.status, denied.retry_after, challenges(denied)) == (503, 5, [])


def test_rule_9_nobody_decided_means_closed() -> None:
    """In ktor the handler runs when no provider registered anything."""
    silent = custom("silent", lambda view: NOT_MINE)
    assert refused("silent", {}, watched(silent)[0]).status == 401
    assert refused("forgets", {}, watched(custom("forgets", lambda view: None))[0]).cause is Cause.MISCONFIGURED
    with pytest.raises(ConfigurationError, match="at least one provider"):
        Guard()
    with pytest.raises(ConfigurationError, match="of nothing"):
        decide(three()[0], {}, any_of())


def test_rule_10_the_status_comes_from_the_cause() -> None:
    """No challenge function has to remember to set one."""
    statuses = {
        cause: refused("a", {"x-a": "x"}, watched(Quiet("a", lambda _, cause=cause: deny(cause)))[0]).status  # type: ignore[misc]
        for cause in (Cause.EXPIRED, Cause.INSUFFICIENT_SCOPE, Cause.RATE_LIMITED, Cause.PAYMENT_REQUIRED)
    }
    assert list(statuses.values()) == [401, 403, 429, 402]


def test_rule_11_nothing_in_the_request_skips_the_check() -> None:
    """A principal that somebody else has put there counts for nothing."""
    guard, app = three()[0], Endpoint()
    stranger: Any = {"authwhy": Accepted("root", "a"), "user": "root"}
    assert call(guard.asgi(app, {"/*": "a"}), **stranger).status == 401
    assert app.decisions == []


def test_rule_12_rules_nest() -> None:
    rule = all_of("a", any_of("b", "c"))
    assert accepted(rule, {"x-a": "good", "x-c": "good"}).principals == {"a": "mara", "c": "mara"}
    assert refused(rule, {"x-a": "good"}).causes == {"b": Cause.MISSING, "c": Cause.MISSING}


def test_rule_13_every_required_one_is_asked() -> None:
    """All must accept, as in ktor; but all are asked, so that all reasons are known at once."""
    assert required("a", "b") == all_of("a", "b")
    denied = refused(required("a", "b", "c"), {"x-a": "bad", "x-b": "bad", "x-c": "good"})
    assert denied.causes == {"a": Cause.WRONG_SECRET, "b": Cause.WRONG_SECRET}


def test_rule_14_the_others_are_looked_at_too() -> None:
    """A wrong credential is refused although a required one was good; in ktor nobody looks."""
    rule = all_of("a", optional("b"))
    assert accepted(rule, {"x-a": "good"}).principals == {"a": "mara"}
    assert accepted(rule, {"x-a": "good", "x-b": "good"}).principals == {"a": "mara", "b": "mara"}
    assert refused(rule, {"x-a": "good", "x-b": "bad"}).causes == {"b": Cause.WRONG_SECRET}


def test_rule_15_the_first_that_accepts_ends_it() -> None:
    """With two credentials in two places there is no first: the request is ambiguous (RFC 6750 section 2)."""
    first, second = Bearer("first", says), Bearer("second", says)
    guard = watched(first, second)[0]
    assert accepted(any_of("first", "second"), {"Authorization": "good"}, guard).provider == "first"
    assert (first.asked, second.asked) == (2, 0)
    assert refused(any_of("a", "b"), {"x-a": "good", "x-b": "good"}).status == 400


def test_rule_16_required_wins_over_any() -> None:
    provider = Scripted("a", says)
    guard = watched(provider, Scripted("b", says))[0]
    rule = all_of("a", any_of("a", "b"), optional("a"))
    assert accepted(rule, {"x-a": "good"}, guard).principals == {"a": "mara"}
    assert provider.asked == 2  # once in the event loop, once in the thread
    assert refused(rule, {"x-b": "good"}, guard).causes == {"a": Cause.MISSING}


def test_rule_17_optional_does_not_forgive_an_error() -> None:
    """Nothing presented is anonymous, a wrong credential is refused, a broken mechanism is an outage (not anonymous)."""
    assert accepted(optional("a", "b")).anonymous
    assert refused(optional("a", "b"), {"x-a": "bad"}).status == 401
    assert refused(optional("a", "b"), {"x-a": "raise"}).status == 503


def test_rule_18_a_skipped_provider_lets_nobody_in() -> None:
    """In ktor a wrong password then passes."""
    assert refused(skip("a", lambda view: True), {"x-a": "bad"}).cause is Cause.POLICY_BLOCKED
    assert refused(optional(skip("a", lambda view: True)), {"x-a": "bad"}).status == 403
    assert refused(any_of(skip("a", lambda view: True), "b"), {"x-a": "good"}).causes == {"b": Cause.MISSING}
    assert accepted(any_of(skip("a", lambda view: True), "b"), {"x-b": "good"}).provider == "b"
    assert refused(any_of(skip("a", lambda view: True), "b"), {"x-a": "bad", "x-b": "good"}).status == 400


def test_rule_19_names_are_checked_at_start() -> None:
    with pytest.raises(ConfigurationError, match="two providers"):
        watched(Scripted("a", says), Scripted("a", says))
    with pytest.raises(ConfigurationError, match="no provider is called 'd'"):
        three()[0].asgi(Endpoint(), {"/*": "d"})
    assert not hasattr(Guard, "add")  # none can come later


def test_rule_20_principals_by_name_and_type() -> None:
    """For API keys too."""
    guard = watched(api_key("key", lookup=lambda key: 7.5 if key == "no" else str(key)), Scripted("a", says))[0]
    found = accepted(all_of("key", "a"), {"X-Api-Key": "robot", "x-a": "good"}, guard)
    assert found.principals == {"key": "robot", "a": "mara"}
    assert (found.of(str), found.of(dict)) == ("robot", None)


def test_rule_21_routes_keep_their_order_and_checks_see_the_path() -> None:
    seen: list[str] = []

    def check(view: View) -> object:
        seen.append(view.path)
        return deny(Cause.POLICY_BLOCKED) if view.path == "/orders/8" else "mara"

    guard, app = watched(custom("path", check))[0], FastAPI()
    guard.install(app)
    app.add_api_route("/orders/mine", lambda: "open")
    app.add_api_route("/orders/{number}", lambda number: number, dependencies=[guard.need("path")])
    with TestClient(app) as client:
        answers = [client.get(f"/orders/{word}").status_code for word in ("mine", "7", "8")]
    assert (answers, seen) == ([200, 200, 403], ["/orders/7", "/orders/8"])


def test_rule_22_the_application_learns_every_decision() -> None:
    """The decision has the causes, on every route; ktor's hook gets the call only."""
    (guard, events), app = three(), Endpoint()
    service = guard.asgi(app, {"/open": None, "/maybe": optional("a"), "/*": "a"})
    call(service, path="/open")
    call(service, path="/maybe")
    call(service, path="/x", headers={"x-a": "good"})
    call(service, path="/x", headers={"x-a": "bad"})
    assert [one.anonymous for one in app.decisions] == [True, True, False]
    assert [[one.cause for one in event.causes] for event in events] == [[], [], [Cause.WRONG_SECRET]]


def test_rule_23_the_grammar_of_the_header() -> None:
    """A scheme alone, in any case, with blanks; quoted parameters. Two credentials in one line are ambiguous."""
    guard = watched(basic("basic", verify=lambda one: one.username), digest("digest", account=lambda name: None))[0]
    good = authorization("mara", "x")["Authorization"].removeprefix("Basic ")
    for value in (f"basic {good}", f"BASIC   {good}"):
        assert accepted("basic", {"Authorization": value}, guard).principal == "mara"
    assert refused("basic", {"Authorization": "Basic"}, guard).cause is Cause.MALFORMED
    assert refused("basic", {"Authorization": f"Basic {good}, Basic {good}"}, guard).status == 400
    quoted = 'Digest username = "a \\"b", realm="restricted", nonce="n", uri="/orders", response="0", qop=auth'
    assert refused("digest", {"Authorization": quoted}, guard).cause is Cause.MISSING_CLAIM  # no cnonce, no nc


def test_rule_24_what_cannot_be_read_is_401_or_400() -> None:
    """401 as for every credential that is no good; `malformed_status=400` as in ktor. Another scheme is no mistake."""
    for status in (401, 400):
        guard = watched(jwt("token", secret=SECRET), malformed_status=status)[0]
        assert refused("token", {"Authorization": "Bearer: x"}, guard).status == status
        assert refused("token", {"Authorization": "Bearer x"}, guard).status == status
        assert refused("token", {"Authorization": "Custom x"}, guard).status == 401


@pytest.mark.parametrize("odd", ["can@ary", "can ary", 'can"ary', "canäry", "can\tary"])
def test_rule_25_nothing_of_the_credential_is_told(odd: str) -> None:
    guard, events = watched(jwt("token", secret=SECRET), basic("staff", verify=lambda _: "mara"))
    for scheme in ("Bearer", "Bearer:", "Basic", "Canary"):
        denied = refused(any_of("token", "staff"), {"Authorization": f"{scheme} {odd}"}, guard)
        for text in (denied.body.decode(), *challenges(denied), repr(denied), events[-1].to_json().decode()):
            assert odd not in text
