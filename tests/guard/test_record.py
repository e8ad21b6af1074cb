"""Events are exact, printable, and hold nothing of a credential."""

from __future__ import annotations

import os
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause, Kind, Public
from authwhy.guard import View
from authwhy.guard.answers import Accept, Deny, Presented
from authwhy.guard.decide import Outcome
from authwhy.guard.record import Clocked, Recorder, References, plain, plain_facts, refusal_of
from authwhy.model.event import Event, from_json
from authwhy.model.outcome import Failure

HOSTILE = 'a\r\nSet-Cookie: x=1\x1b[31m"\u202e\u2028' + "x" * 500


def recorder(*sinks: object, key: bytes | None = b"k" * 32) -> Recorder:
    return Recorder(sinks, app="orders", host="h1", version="7", key=key)  # type: ignore[arg-type]


def test_references() -> None:
    references = References()
    made = [references.next() for _ in range(1_000)]
    assert len(set(made)) == 1_000
    assert {len(one) for one in made} == {16}
    assert all(int(one, 16) >= 0 for one in made)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_references_after_a_fork() -> None:
    """Parent and child must not hand out the same ones."""
    references = References()
    references.next()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, references.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(read, 16).decode()
    os.close(read)
    os.close(write)
    assert theirs not in {references.next() for _ in range(200)}


@given(st.floats(0, 4e9))
def test_times(now: float) -> None:
    text = Clocked().text(now)
    assert abs(datetime.fromisoformat(text).timestamp() - now) < 0.002
    assert len(text) == len("2026-03-01T10:00:00.250Z")


def test_the_second_is_kept() -> None:
    clock = Clocked()
    assert [clock.text(now) for now in (0.0, 0.25, 1.0, 0.5)] == [
        "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.250Z", "1970-01-01T00:00:01.000Z", "1970-01-01T00:00:00.500Z",
    ]  # fmt: skip


def test_fingerprints() -> None:
    """Equal for equal credentials, another for another process, and none can be computed from outside."""
    one, two, other = recorder(), recorder(), recorder(key=b"o" * 32)
    assert one.fingerprint("token") == two.fingerprint(b"token") == two.fingerprint(bytearray(b"token"))
    assert one.fingerprint("token") != one.fingerprint("tokem")
    assert one.fingerprint("token") != other.fingerprint("token")
    assert recorder(key=None).fingerprint("token") != recorder(key=None).fingerprint("token")
    assert one.fingerprint("\ud800") == one.fingerprint("\ud800")
    assert one.fingerprint(("a", 1)) != one.fingerprint(("a", 2))


def test_a_failing_sink_fails_nobody_else() -> None:
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise OSError

    kept = recorder(broken, heard.append)
    kept.tell(_success(kept))
    assert len(heard) == 1
    assert kept.wanted
    assert not recorder().wanted


def _success(kept: Recorder, view: View | None = None, accept: Accept | None = None) -> Event:
    return kept.success(
        view or View.of("GET", "/"), "token", "jwt", accept, "r" * 16, 0.0, "/", 1.0, 1.000041,
        Presented("authorization", "canary"),
    )  # fmt: skip


def _failure(kept: Recorder, deny: Deny, presented: Presented | None, view: View | None = None) -> Event:
    asked = {} if presented is None else {"token": presented}
    outcome = Outcome(None, {"token": deny, "key": Deny((Failure(Cause.MISSING),), claimed=False)}, asked)
    return kept.failure(view or View.of("GET", "/"), outcome, "jwt", "r", 0.0, HOSTILE, 0, 1, 401, Public.INVALID_TOKEN)


def test_success() -> None:
    view = View.of("GET", "/", {"User-Agent": HOSTILE}, peer="192.0.2.1")
    view.address, view.via_proxy = "203.0.113.9", True
    event = _success(recorder(), view, Accept("p", user=HOSTILE, issuer="https://id\r\n", session="s", notes=("n",)))
    assert (event.outcome, event.provider, event.method, event.app, event.host) == (
        "success",
        "token",
        "jwt",
        "orders",
        "h1",
    )
    assert (event.address, event.via, event.duration_us, event.notes) == ("203.0.113.9", "192.0.2.1", 41, ("n",))
    assert event.cause is None
    assert event.issuer == "https://id\\x0d\\x0a"
    assert "canary" not in repr(event)
    assert from_json(event.to_json()) == event


def test_failure_keeps_every_reason() -> None:
    deny = Deny(
        (Failure(Cause.EXPIRED, None, {"late_s": 312}, attested=True), Failure(Cause.WRONG_AUDIENCE, "case")), known=True
    )  # fmt: skip
    event = _failure(recorder(), deny, Presented("authorization", "canary", "mara"))
    assert [weighed.cause for weighed in event.causes] == [Cause.EXPIRED, Cause.WRONG_AUDIENCE]
    assert (event.kind, event.facts, event.status, event.user) == (
        Kind.INVALID_CREDENTIALS,
        {"late_s": 312},
        401,
        "mara",
    )
    assert [(one.provider, one.cause, one.claimed) for one in event.refusals] == [
        ("token", Cause.EXPIRED, True), ("key", Cause.MISSING, False),
    ]  # fmt: skip
    assert refusal_of("token", deny).attested


def test_a_name_is_told_only_where_it_is_known_to_be_one() -> None:
    """People type passwords into the field for the name."""
    kept = recorder()
    unknown = _failure(kept, Deny((Failure(Cause.UNKNOWN_IDENTITY),)), Presented("x", "v", "canary-password"))
    assert unknown.user is None
    assert unknown.user_digest == kept.fingerprint("canary-password")
    assert "canary" not in repr(unknown)
    claim = _failure(kept, Deny((Failure(Cause.EXPIRED),), known=True, user="mara"), Presented("x", "v", "other"))
    assert (claim.user, claim.user_digest) == ("mara", None)


def test_a_prompt_is_no_failure() -> None:
    assert _failure(recorder(), Deny((Failure(Cause.SECOND_FACTOR_REQUIRED),)), None).outcome == "interrupt"


def test_everything_a_caller_wrote_is_one_printable_line() -> None:
    deny = Deny((Failure(Cause.UNKNOWN_KEY, None, {"kid": HOSTILE, "seen": (HOSTILE, "b"), "n": 1}),))
    view = View.of("GET\r\n", "/", {"User-Agent": HOSTILE})
    event = _failure(recorder(), deny, None, view)
    texts = [
        event.facts["kid"],
        *event.facts["seen"],
        event.refusals[0].facts["kid"],
        event.route,
        event.verb,
        event.agent,
    ]  # type: ignore[misc]
    for text in texts:
        assert isinstance(text, str)
        assert text.isprintable()
        assert len(text) < 4 * 300
    assert event.facts["n"] == 1
    assert from_json(event.to_json()).facts["kid"] == event.facts["kid"]


@given(st.text())
def test_plain(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    if text.isprintable() and len(text) <= 256:
        assert shown == text


def test_plain_facts() -> None:
    facts = {"a": 1, "b": True, "c": None, "d": ("\n",), "e": 1.5}
    assert plain_facts(facts) == {**facts, "d": ("\\x0a",)}
