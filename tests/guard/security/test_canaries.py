"""Row 10: secrets put into every input come out nowhere, and nothing that is sent can end a line."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from tests.guard import asgi_client, wsgi_client
from tests.guard.scripted import NOW, authorization, hashed
from tests.verify.jose_tokens import AUDIENCE, CLAIMS, ISSUER, segment, signer

from authwhy.causes import Cause
from authwhy.guard import Base, Denied, Guard, View, any_of, api_key, basic, custom, deny, jwt, optional
from authwhy.guard.answers import Presented
from authwhy.guard.sinks import jsonl, log
from authwhy.guard.sinks.fields import line_of
from authwhy.model.event import Event
from authwhy.verify.basic_account import Account

CANARY = "c4n4ry"
TAILS = [
    "",
    "\r\nSet-Cookie: x=1",
    '"',
    "\\",
    "\x1b[31m",
    "\u202e",
    "\x00",
    "é😀",
    "'--",
    "${jndi:x}",
    "%0d%0a",
    "<b>",
]
ONE, EVIL = signer("ES256"), signer("ES256", CANARY, 1)
HEADER_VALUE = re.compile(rb"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
SECRETS = (CANARY.encode(), b"Set-Cookie", b"\x1b", b"\x00")


class Careless(Base):
    """A provider whose exceptions, facts and challenges hold what it was sent."""

    def find(self, view: View) -> Presented | None:
        value = view.header(b"x-careless")
        return None if value is None else Presented(f"header:{self.name}", value, value)

    def check(self, presented: Presented, view: View, now: int) -> Any:
        error = ValueError(presented.value)
        error.facts = {"password": presented.value}  # type: ignore[attr-defined]
        error.cause = presented.value  # type: ignore[attr-defined]
        raise error from KeyError(presented.value)


def refusing(credential: Any) -> object:
    if "raise" in credential.password:
        raise RuntimeError(f"{credential.password} of {credential.username}: {credential!r}")
    return deny(Cause.UNKNOWN_IDENTITY)


def guard(events: list[Event], sinks: list[Any], **more: Any) -> Guard:
    def revoked(issuer: str | None, name: str) -> bool:
        raise ConnectionError(f"redis: {issuer} {name}")

    return Guard(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, cookie="sid"),
        jwt("asking", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, revoked=revoked),
        api_key("key", lookup=lambda key: (_ for _ in ()).throw(LookupError(str(key))), query="key"),
        basic("staff", realm='a"\\b', verify=refusing),
        basic(
            "account",
            account=lambda name: Account(name, hashed("other")) if name == "mara" else None,
            current_hash=hashed("other"),
        ),
        custom("mine", lambda view: deny(Cause.WRONG_SECRET)),
        Careless("careless"),
        events=[events.append, *sinks],
        clock=lambda: float(NOW),
        **more,
    )


def inputs() -> Iterator[tuple[dict[str, str], str]]:
    """Headers and a path for each place that a secret can be in."""
    for tail in TAILS:
        text = CANARY + tail
        raw = text.encode().decode("latin-1")
        for password in (text, f"raise{text}"):
            yield authorization("mara", password), "/"
        yield authorization(text, "x"), "/"
        yield {"Authorization": f"Basic {raw}"}, "/"
        yield {"Authorization": f"Bearer {raw}"}, "/"
        yield {"Authorization": raw}, "/"
        yield {"Authorization": f"{raw} x"}, "/"
        for token in (
            EVIL.raw({"alg": "ES256", "kid": "k1", "typ": text, text: text}, CLAIMS),
            EVIL.raw(
                {"alg": "ES256", "kid": "k1", "jku": text},
                {**CLAIMS, "sub": text, "iss": text, "aud": text, text: text},
            ),
            f"{segment({'alg': 'ES256', 'kid': 'k1'})}.{segment({'sub': text})}.{segment(text.encode())}",
            f"{segment(text.encode())}.{segment(text.encode())}.{segment(text.encode())}",
            f"{raw}.{raw}.{raw}",
        ):
            yield {"Authorization": f"Bearer {token}"}, "/"
            yield {"Cookie": f"sid={token}"}, "/"
        yield {"Authorization": f"Bearer {ONE.token(jti='j', custom=text)}"}, "/"
        yield {"X-Api-Key": raw}, "/"
        yield {"Cookie": f"sid={raw}; other={raw}"}, "/"
        yield {"X-Careless": raw}, "/"
        yield {"X-Other": raw, "Referer": raw}, "/"
        yield {}, f"/?key={CANARY}&token={CANARY}"


def scrubbed(text: bytes) -> bytes:
    """Without the fields that hold, escaped, what a caller calls itself or where it goes."""
    found = json.loads(text)
    for name in ("agent", "route", "fingerprint", "user_digest"):
        found.pop(name, None)
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "surrogatepass")


def assert_clean(what: str, text: bytes) -> None:
    for secret in SECRETS:
        assert secret not in text, (what, text)


@pytest.mark.parametrize("strict", [True, False])
def test_nowhere(
    strict: bool, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    events: list[Event] = []
    written = tmp_path / "events.jsonl"
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logger = logging.getLogger("canary-test")
    logger.addHandler(handler)
    sinks = [log(logger), jsonl(str(written))]
    made = guard(events, sinks, strict=strict)
    rules = [
        made.everyone,
        "token",
        "asking",
        "key",
        "staff",
        "account",
        "careless",
        any_of("token", "key"),
        optional("mine"),
    ]
    seen = 0
    with caplog.at_level(logging.DEBUG):
        for headers, path in inputs():
            for rule in rules:
                decision = made.decide_sync(View.of("GET", path, headers), rule)
                if not isinstance(decision, Denied):
                    continue
                seen += 1
                assert_clean("body", decision.body)
                assert_clean("repr", repr(decision).encode("utf-8", "surrogatepass"))
                for name, value in decision.headers:
                    assert HEADER_VALUE.fullmatch(value), value
                    assert_clean(name.decode(), value)
    made.close()
    assert seen > 1_000
    assert_clean("log", logged.getvalue().encode())
    assert_clean("caplog", caplog.text.encode())
    out, err = capsys.readouterr()
    assert_clean("printed", (out + err).encode())
    lines = written.read_bytes().splitlines()
    assert len(lines) == len(events)
    for line in (*lines, *map(line_of, events)):
        assert_clean("event", scrubbed(line))
        assert line.decode().rstrip("\n").isprintable()
    logger.removeHandler(handler)


@pytest.mark.parametrize("tail", TAILS)
def test_over_the_wire(tail: str) -> None:
    """What a server is given to send is legal, whatever the path, the agent and the names were."""
    events: list[Event] = []
    made = guard(events, [])
    raw = (CANARY + tail).encode().decode("latin-1")
    headers = [("user-agent", raw), ("authorization", f"Basic {raw}"), ("host", raw), ("origin", raw)]
    rules = {"/a*": made.everyone}
    path = "/a" + tail.replace("?", "")
    one = asgi_client.call(made.asgi(asgi_client.Endpoint(), rules), "GET", path, headers)
    two = wsgi_client.call(
        made.wsgi(wsgi_client.Endpoint(), rules), "GET", "/", headers, PATH_INFO=path.encode().decode("latin-1")
    )
    for name, value in [*one.headers, *((key.encode(), text.encode("latin-1")) for key, text in two.headers)]:
        assert HEADER_VALUE.fullmatch(value)
        assert_clean(name.decode(), value)
    assert_clean("body", one.body + two.body)
    for event in events:
        line = line_of(event).decode()
        assert line.rstrip("\n").isprintable()
        assert event.route is None or event.route.isprintable()


def test_exceptions_of_the_guard_itself() -> None:
    """What goes wrong inside is reported without the credential, also in a traceback that somebody prints."""
    made = guard([], [])
    made.recorder.references.next = lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    for headers, path in inputs():
        try:
            asyncio.run(made.decide(View.of("GET", path, headers), "staff"))
        except ZeroDivisionError as error:
            assert_clean("traceback", "".join(traceback.format_exception(error)).encode("utf-8", "surrogatepass"))
            continue
        raise AssertionError


def test_text_forms_of_what_holds_a_credential() -> None:
    made = guard([], [])
    view = View.of("GET", "/", authorization(CANARY, CANARY))
    for name, provider in made.providers.items():
        found = provider.find(view)
        assert_clean(name, repr(found).encode())
        assert_clean(name, repr(provider).encode())


def test_comparisons_are_whole() -> None:
    """CVE-2024-53861 and its like: an issuer, audience, scope or key is never part of another."""
    made = Guard(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys), clock=lambda: float(NOW))
    from authwhy.guard import need

    def accepted(rule: Any = "token", **claims: object) -> bool:
        return made.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {ONE.token(**claims)}"}), rule).accepted

    assert accepted()
    assert not any(accepted(iss=ISSUER[:cut]) for cut in (0, 1, 8, -1))
    assert not any(accepted(aud=AUDIENCE[:cut]) for cut in (0, 1, 8, -1))
    assert not accepted(aud=[AUDIENCE[:-1], AUDIENCE + "/"])
    assert not accepted(aud=None)
    assert not accepted(iss=None)
    assert not accepted(aud=[])
    assert not accepted(aud={AUDIENCE: 1})
    assert not accepted(need("token", scope="orders"))
    assert not accepted(need("token", scope="orders:read"), scope="orders:reader xorders:read")
