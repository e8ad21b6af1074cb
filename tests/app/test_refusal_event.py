"""Events of observed refusals: probabilities, and no secret anywhere."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.app.refusal import Refusal, evidence_of
from authwhy.app.refusal_event import event_of, presented, weighed
from authwhy.causes import Cause, Kind, meta
from authwhy.diagnose.context import Context
from authwhy.diagnose.explain import diagnose
from authwhy.guard.record import Recorder
from authwhy.guard.view import View
from authwhy.model.diagnosis import Certainty, Finding
from authwhy.model.event import Event, from_json

NOW = 1_769_868_000
RECORDER = Recorder((), app="orders", host="h1", version="3", key=b"k" * 32)
CERTAINTIES: tuple[Certainty, ...] = ("proven", "narrowed", "likely", "possible")


def b64(value: Any) -> str:
    """A segment of a token."""
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def token(**claims: Any) -> str:
    """One that nobody signed."""
    return (
        f"{b64({'alg': 'HS256'})}.{b64({'sub': 'canary-subject', **claims})}.{b64(b'canary-signature-bytes-000000000')}"
    )


def event(
    headers: dict[str, str], *, path: str = "/orders", status: int = 401, body: bytes = b"",
    answer: tuple[tuple[bytes, bytes], ...] = ((b"www-authenticate", b"Bearer"),), route: str | None = None,
) -> Event:  # fmt: skip
    """The event of a refusal at NOW."""
    view = View.of("GET", path, headers, peer="192.0.2.7")
    view.address = view.peer
    one = Refusal(view, status, answer, body, float(NOW), 57, route)
    evidence = evidence_of(one)
    return event_of(one, diagnose(evidence, Context(clock=NOW, at=NOW)), evidence, RECORDER)


def test_what_was_seen_is_in_the_event() -> None:
    """Typed, with a source of its own."""
    made = event({"Authorization": f"Bearer {token(exp=NOW - 312)}", "User-Agent": "shop/4"})
    assert (made.time, made.source, made.outcome, made.status) == (
        "2026-01-31T14:00:00.000Z",
        "observe",
        "failure",
        401,
    )
    assert (made.cause, made.kind, made.facts["late_s"]) == (Cause.EXPIRED, Kind.INVALID_CREDENTIALS, 312)
    assert (made.app, made.host, made.version, made.address) == ("orders", "h1", "3", "192.0.2.7")
    assert (made.route, made.verb, made.agent, made.method, made.duration_us) == ("/orders", "GET", "shop/4", "jwt", 57)
    assert from_json(made.to_json()) == made


def test_words_of_the_answer_give_the_reason() -> None:
    """In its own words."""
    made = event({"Authorization": "Bearer x1y2z3"}, body=b'{"detail": "Signature verification failed"}')
    assert made.cause is Cause.BAD_SIGNATURE
    assert "Signature verification failed" in (made.reason or "")


def test_words_of_the_caller_are_no_outage() -> None:
    """No attacker-made input gives an error cause."""
    said = "connection refused; JWKS endpoint unreachable; 503 Service Unavailable; misconfigured"
    made = event({"Authorization": "Bearer x1y2z3", "User-Agent": said, "X-Token": said}, path=f"/{said}?token={said}")
    assert made.kind is not Kind.ERROR
    assert all(meta(one.cause).kind is not Kind.ERROR for one in made.causes)


def test_no_canary_leaves() -> None:
    """Not from a header, a cookie, the address, the agent or the answer."""
    jwt = token(exp=NOW - 5, email="canary-mail@example.com")
    secrets = {
        "Authorization": "Basic " + base64.b64encode(b"canary-user:canary-password").decode(),
        "Cookie": "session=canary-cookie-0123456789abcdef",
        "X-Api-Key": "canary-key-0123456789abcdef",
        "Proxy-Authorization": "Bearer canary-proxy-0123456789",
        "User-Agent": f"curl {jwt}",
        "X-Request-Id": jwt,
    }
    answer = (
        (b"www-authenticate", b'Basic realm="x"'),
        (b"set-cookie", b"session=canary-new-cookie-0123456789"),
        (b"x-request-id", jwt.encode()),
    )
    for name in secrets:
        headers = {key: value for key, value in secrets.items() if key == name or name == "User-Agent"}
        body = f'{{"api_key": "canary-key-0123456789abcdef", "error": "bad token {jwt}"}}'.encode()
        made = event(headers, path=f"/reset/{jwt}?access_token={jwt}&password=canary-query", answer=answer, body=body)
        text = made.to_json().decode()
        assert "canary" not in text
        for part in (*jwt.split("."), *jwt.split(".")[1:2], secrets["Authorization"][6:]):
            assert part == b64({"alg": "HS256"}) or part not in text


@pytest.mark.parametrize(
    ("headers", "path", "value", "method"),
    [
        ({"Authorization": "Bearer abc"}, "/", "abc", "bearer"),
        ({"Authorization": "weird"}, "/", "weird", None),
        ({"Proxy-Authorization": "Basic eA=="}, "/", "eA==", "api_key"),
        ({"X-Api-Key": "k1"}, "/", "k1", "api_key"),
        ({}, "/?access_token=t1", "t1", "api_key"),
        ({}, "/", None, None),
    ],
)
def test_the_fingerprint_is_that_of_guard(
    headers: dict[str, str], path: str, value: str | None, method: str | None
) -> None:
    """With one key, the same credential has one fingerprint in both."""
    made = event(headers, path=path)
    assert made.fingerprint == (None if value is None else RECORDER.fingerprint(value))
    assert presented(Refusal(View.of("GET", path, headers), 401, (), b"", 0.0, 0)) == value
    if "Proxy-Authorization" not in headers:
        assert made.method == method


def test_names_are_digests() -> None:
    """Nobody checked that they exist."""
    made = event({"Authorization": "Basic " + base64.b64encode(b"mara:x").decode()})
    assert (made.user, made.user_digest) == (None, RECORDER.fingerprint("mara"))
    assert event({"Authorization": f"Bearer {token()}"}).user_digest == RECORDER.fingerprint("canary-subject")
    assert event({"Authorization": "Basic %%%"}).user_digest is None


@pytest.mark.parametrize(
    ("header", "ref"),
    [
        ("8f14e45fceea167a", "8f14e45fceea167a"),
        ("req_1.2:3-a", "req_1.2:3-a"),
        ("a b c d", None),
        ("x" * 65, None),
        ("", None),
    ],
)
def test_the_reference_is_the_answers_own(header: str, ref: str | None) -> None:
    """When it is one."""
    assert event({}, answer=((b"X-Request-Id", header.encode()),)).ref == ref


def test_the_frameworks_route_is_preferred() -> None:
    """It has no values in it."""
    assert event({}, path="/orders/17", route="/orders/{number}").route == "/orders/{number}"
    assert event({}, path="/orders/17").route == "/orders/17"


def test_a_refusal_that_nothing_explains_says_so() -> None:
    """The honest set, and a note."""
    made = event({"Authorization": "Bearer x1y2z3"}, status=403, answer=())
    assert made.notes == ("unexplained",)
    assert made.outcome == "failure"
    assert all(one.p < 0.7 for one in made.causes)


@given(st.lists(st.tuples(st.sampled_from(list(Cause)), st.sampled_from(CERTAINTIES)), max_size=5))
def test_probabilities(found: list[tuple[Cause, Certainty]]) -> None:
    """What is proven is certain; the rest share one, so that a dashboard may add them up."""
    causes = weighed([Finding(cause, "x", certainty) for cause, certainty in found])
    if any(certainty == "proven" for _, certainty in found):
        assert [one.cause for one in causes] == [cause for cause, certainty in found if certainty == "proven"]
        assert {one.p for one in causes} == {1.0}
    else:
        assert [one.cause for one in causes] == [cause for cause, _ in found]
        assert sum(one.p for one in causes) == pytest.approx(1.0 if found else 0.0, abs=0.01)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("asked", "answered", "ref"),
    [
        ({"X-Request-Id": "req-7"}, (), "req-7"),
        ({"X-Request-Id": "req-7"}, ((b"x-request-id", b"ours-9"),), "ours-9"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, (), TRACE),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-Id": "req-7"}, (), "req-7"),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, (), None),
        ({"X-Request-Id": "a b", "traceparent": "00-1-2-3"}, (), None),
        ({"X-Request-Id": f"sk_live_{'4eC39HqLyjWDarjtT1zdp7dc'}"}, (), None),
    ],
)
def test_the_requests_reference_where_the_answer_has_none(
    asked: dict[str, str], answered: tuple[tuple[bytes, bytes], ...], ref: str | None
) -> None:
    """Its id, else the trace that it belongs to; never something that looks like a secret."""
    assert event(asked, answer=answered).ref == ref
