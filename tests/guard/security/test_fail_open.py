"""Row 9: nothing missing, broken or optional opens a door; and nothing a caller sends looks like an outage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard import asgi_client, wsgi_client
from tests.guard.scripted import NOW, Scripted, authorization, watched
from tests.verify.jose_generator import SIGNERS, make
from tests.verify.jose_tokens import AUDIENCE, ISSUER, segment, signer

from authwhy.causes import Cause, Kind
from authwhy.guard import (
    Accepted,
    ConfigurationError,
    Denied,
    Guard,
    View,
    all_of,
    any_of,
    api_key,
    basic,
    deny,
    jwt,
    optional,
    skip,
)
from authwhy.guard.rules import Rule

ONE = signer("ES256")


def guard(**more: Any) -> Any:
    return watched(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, cookie="sid"),
        api_key("key", lookup=lambda key: "robot" if key == "good" else deny(Cause.WRONG_SECRET), query="key"),
        basic("staff", verify=lambda c: {"n": 1} if c.password == "right" else deny(Cause.WRONG_SECRET)),
        **more,
    )


BAD: list[dict[str, str]] = [
    {"Authorization": f"Bearer {ONE.token(iss='https://evil.example')}"},  # CVE-2021-21378: wrong issuer is not missing
    {"Authorization": f"Bearer {ONE.token(exp=1)}"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer"},
    {"Authorization": ""},
    {"Authorization": "Bearer x"},
    {"Authorization": "Bearer: x"},
    {"Authorization": ONE.token()},
    {"Authorization": "Basic !"},
    {"Authorization": "Unheard-of x"},
    {"Authorization": "\x00"},
    {"X-Api-Key": ""},
    {"X-Api-Key": "bad"},
    {"Cookie": "sid=x"},
    {"Cookie": "sid="},
    authorization("mara", "wrong"),
]


@pytest.mark.parametrize("headers", BAD, ids=str)
def test_optional_with_anything_presented(headers: dict[str, str]) -> None:
    made, _ = guard()
    for rule in (
        optional("token", "key", "staff"), any_of(optional("token"), optional("key"), optional("staff")),
        all_of(optional("token"), optional("key"), optional("staff")), optional(all_of("token", "key", "staff")),
        optional(optional(any_of("token", all_of("key", "staff")))), all_of(optional(any_of("token", "key", "staff"))),
    ):  # fmt: skip
        assert made.decide_sync(View.of("GET", "/"), rule).accepted
        assert isinstance(made.decide_sync(View.of("GET", "/", headers), rule), Denied)


def test_what_is_closed() -> None:
    """All left out, nothing listed, no such path: closed, and at start-up where it can be known."""
    made, _ = guard()
    always = skip(any_of("token", "key"), lambda view: True)
    for rule in (always, optional(always), all_of(always), any_of(always, always)):
        denied = made.decide_sync(View.of("GET", "/"), rule)
        assert isinstance(denied, Denied)
        assert (denied.cause, denied.status) == (Cause.POLICY_BLOCKED, 403)
    for wrong in (any_of(), all_of(), optional(), "nobody", all_of("token", any_of())):
        with pytest.raises(ConfigurationError):
            made.asgi(None, {"/*": wrong})
        with pytest.raises(ConfigurationError):
            made.wsgi(None, {"/*": wrong})
    with pytest.raises(ConfigurationError):
        Guard()
    assert asgi_client.call(made.asgi(asgi_client.Endpoint(), {"/a": None}), path="/b").status == 403
    assert wsgi_client.call(made.wsgi(wsgi_client.Endpoint(), {"/a": None}), path="/b").status == 403


def test_a_provider_that_says_nothing() -> None:
    """ktor's rule 9: there, a provider that does nothing opens the route."""
    made, events = watched(Scripted("a", lambda value: None))
    assert isinstance(made.decide_sync(View.of("GET", "/", {"x-a": "1"})), Denied)
    assert events[-1].cause is Cause.MISCONFIGURED


def test_an_error_is_no_anonymous_pass() -> None:
    """ktor's rule 17: there, optional with a broken mechanism lets everybody in."""

    def broken(key: str) -> object:
        raise ConnectionError

    made, _ = watched(api_key("key", lookup=broken))
    denied = made.decide_sync(View.of("GET", "/", {"X-Api-Key": "k"}), optional("key"))
    assert isinstance(denied, Denied)
    assert denied.kind is Kind.ERROR


def test_a_preflight_is_no_way_in() -> None:
    made, _ = guard()
    endpoint = asgi_client.Endpoint()
    app = made.asgi(endpoint, {"/*": "token"})
    preflight = {"origin": "https://a", "access-control-request-method": "GET"}
    for method in ("GET", "POST", "HEAD", "TRACE", "options", "PROPFIND"):
        asgi_client.call(app, method, "/", preflight)
    assert endpoint.decisions == []


RULES: list[Rule] = [any_of("token", "key", "staff"), all_of("token", "key"), optional("token", "key", "staff")]


@given(
    st.sampled_from(RULES),
    st.lists(
        st.tuples(
            st.sampled_from(["authorization", "x-api-key", "cookie", "x-forwarded-for", "sec-fetch-mode", "accept"]),
            st.one_of(
                st.text(st.characters(max_codepoint=255), max_size=80),
                st.text(st.characters(max_codepoint=255), max_size=60).map("Bearer {}".format),
                st.text(st.characters(max_codepoint=255), max_size=60).map("Basic {}".format),
                st.binary(max_size=60).map(lambda raw: "Basic " + __import__("base64").b64encode(raw).decode()),
                st.binary(max_size=60).map(lambda raw: f"Bearer {segment(raw)}.{segment(raw)}.AAAA"),
            ),
        ),
        max_size=4,
    ),
    st.text(max_size=30),
)
@settings(max_examples=300)
def test_no_caller_can_raise_the_alarm(rule: Rule, headers: list[tuple[str, str]], query: str) -> None:
    """An error cause is an outage: whoever could forge one could hide a real one."""
    made, events = guard()
    view = View.of("GET", "/", headers)
    view.query = query.encode("utf-8", "surrogatepass")
    decision = made.decide_sync(view, rule)
    assert events[-1].kind is not Kind.ERROR
    assert isinstance(decision, Denied) or decision.anonymous


def test_no_generated_token_can_raise_the_alarm() -> None:
    """Odd bytes, huge numbers, bad unicode, deep JSON: a thousand damaged tokens, properly signed or not."""
    keys = {"keys": [one.jwk for one in SIGNERS.values()]}
    made, events = watched(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=keys, algorithms=list(SIGNERS)))
    for case in (make(seed, NOW) for seed in range(1_000)):
        decision = made.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {case.token}"}))
        assert isinstance(decision, Accepted | Denied)
        assert events[-1].kind is not Kind.ERROR, case.traits
