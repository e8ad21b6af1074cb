"""API keys: where they are looked for, who is asked, and what is never said."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import pytest
from tests.guard.scripted import NOW, decide, watched

from authwhy.causes import Cause
from authwhy.guard import Accepted, ConfigurationError, Denied, View, api_key, deny
from authwhy.guard.schemes.api_key import PresentedKey
from authwhy.verify.api_key import ApiKeyRecord, digest_of

KEY = "sk_live_4f9a8b7c6d5e"
RECORD = ApiKeyRecord("k7", digest_of(KEY), "robot", scopes=("orders:read",))


def outcome(provider: Any, headers: dict[str, str] | None = None, path: str = "/") -> Any:
    made, events = watched(provider)
    decision = made.decide_sync(View.of("GET", path, headers or {}))
    return decision, events[0]


@pytest.mark.parametrize(
    ("settings", "headers", "path"),
    [
        ({}, {"X-Api-Key": KEY}, "/"),
        ({"header": "Api-Token"}, {"api-token": KEY}, "/"),
        ({"scheme": "Token"}, {"Authorization": f"token {KEY}"}, "/"),
        ({"query": "key"}, {}, f"/?key={KEY}"),
        ({"cookie": "k"}, {"Cookie": f"a=1; k={KEY}"}, "/"),
    ],
)
def test_places(settings: dict[str, Any], headers: dict[str, str], path: str) -> None:
    decision, event = outcome(api_key(records=[RECORD], **settings), headers, path)
    assert isinstance(decision, Accepted)
    assert (decision.principal, decision.scope) == ("robot", frozenset({"orders:read"}))
    assert (event.user, event.facts) == ("robot", {"key_id": "k7"})
    assert not outcome(api_key(records=[RECORD], header="Other"), headers, path)[0].accepted


def test_not_from_the_query_unless_asked_for() -> None:
    assert outcome(api_key(records=[RECORD]), {}, f"/?X-Api-Key={KEY}&key={KEY}")[0].cause is Cause.MISSING


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ([("X-Api-Key", KEY), ("X-Api-Key", KEY)], "/"), ([("X-Api-Key", f"{KEY},{KEY}")], "/"),
        ([("X-Api-Key", KEY)], f"/?key={KEY}"), ([], "/?key=a&key=b"), ([("Cookie", "k=1; k=2")], "/"),
    ],
)  # fmt: skip
def test_two_are_ambiguous(headers: list[tuple[str, str]], path: str) -> None:
    made, _ = watched(api_key(records=[RECORD], query="key", cookie="k"))
    decision = made.decide_sync(View.of("GET", path, headers))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.AMBIGUOUS, 400)


def test_lookup() -> None:
    asked: list[PresentedKey] = []

    def lookup(key: PresentedKey) -> object:
        asked.append(key)
        return {"name": "robot", "scopes": ["a"]} if key.digest == hashlib.sha256(KEY.encode()).hexdigest() else None

    decision, event = outcome(api_key(lookup=lookup), {"X-Api-Key": KEY})
    assert (decision.principal["name"], decision.scope, event.user) == ("robot", frozenset({"a"}), "robot")
    assert (str(asked[0]), KEY in repr(asked[0])) == (KEY, False)
    nobody, _ = outcome(api_key(lookup=lookup), {"X-Api-Key": "other"})
    assert (nobody.cause, nobody.status) == (Cause.MISCONFIGURED, 500)  # None says nothing: deny() says who is refused


@pytest.mark.parametrize("inline", [True, False])
def test_lookups_of_every_kind(inline: bool) -> None:
    async def later(key: str) -> object:
        return "robot"

    for lookup in (later, lambda key: "robot"):
        made, _ = watched(api_key(lookup=lookup, inline=inline))
        assert decide(made, {"X-Api-Key": KEY}).accepted


@pytest.mark.parametrize(
    ("settings", "key", "cause", "problem"),
    [
        ({}, "", Cause.WRONG_SECRET, None),
        ({}, "a b", Cause.MALFORMED, "whitespace_inside"),
        ({}, "ключ".encode().decode("latin-1"), Cause.MALFORMED, "not_printable_ascii"),
        ({}, "k" * 513, Cause.MALFORMED, "too_long"),
        ({"min_length": 8}, "short", Cause.MALFORMED, "too_short"),
        ({"prefix": "sk_live_"}, "abcdef", Cause.WRONG_SECRET, None),
        ({"prefix": "sk_live_"}, "sk_test_abcdef", Cause.WRONG_SECRET, None),
        ({}, "<your-key>", Cause.WRONG_SECRET, None),
    ],
)
def test_what_is_visibly_wrong_is_not_looked_up(settings: Any, key: str, cause: Cause, problem: str | None) -> None:
    asked: list[str] = []
    decision, event = outcome(api_key(lookup=asked.append, **settings), {"X-Api-Key": key})
    assert (decision.cause, event.facts.get("problem"), asked) == (cause, problem, [])


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({"status": "revoked"}, Cause.REVOKED), ({"status": "disabled"}, Cause.ACCOUNT_DISABLED),
        ({"expires_at": NOW}, Cause.EXPIRED), ({"retired_at": NOW}, Cause.REVOKED),
    ],
)  # fmt: skip
def test_records(record: dict[str, Any], cause: Cause) -> None:
    decision, event = outcome(
        api_key(records=[ApiKeyRecord("k7", digest_of(KEY), "robot", **record)]), {"X-Api-Key": KEY}
    )
    assert (decision.cause, event.facts["key_id"]) == (cause, "k7")


def test_a_key_on_its_way_out() -> None:
    record = ApiKeyRecord("k7", digest_of(KEY), "robot", retired_at=NOW + 60)
    decision, event = outcome(api_key(records=[record]), {"X-Api-Key": KEY})
    assert decision.accepted
    assert (event.notes, event.facts["retires_at"]) == (("old_key",), NOW + 60)


def test_records_are_replaced_at_once() -> None:
    provider = api_key(records=[RECORD])
    made, _ = watched(provider)
    assert decide(made, {"X-Api-Key": KEY}).accepted
    provider.replace([])
    assert not decide(made, {"X-Api-Key": KEY}).accepted


def test_challenges() -> None:
    for provider, line in (
        (api_key(lookup=len), b'ApiKey realm="key", in="header", name="x-api-key"'),
        (api_key(lookup=len, scheme="Token", realm="shop"), b'Token realm="shop"'),
        (api_key(lookup=len, header=None, query="k"), b'ApiKey realm="key", in="query", name="k"'),
        (api_key(lookup=len, header=None, cookie="k"), b'ApiKey realm="key", in="cookie", name="k"'),
    ):
        assert (b"www-authenticate", line) in outcome(provider)[0].headers


def test_set_up_that_cannot_work() -> None:
    for wrong in ({}, {"lookup": len, "records": []}):
        with pytest.raises(ConfigurationError):
            api_key(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        watched(api_key(lookup=len, header=None))


def _always(found: object, key: str) -> object:
    return found


def test_names_of_principals() -> None:
    class Person:
        username = "mara"

    for principal, name in ((Person(), "mara"), ({"id": "7"}, "7"), ("robot", "robot"), ({"id": 7}, None)):
        provider = api_key(lookup=partial(_always, principal))
        assert outcome(provider, {"X-Api-Key": KEY})[1].user == name
    refused, event = outcome(api_key(lookup=lambda key: deny(Cause.UNKNOWN_IDENTITY)), {"X-Api-Key": KEY})
    assert (refused.status, event.user) == (401, None)


def test_a_principal_of_the_applications_own() -> None:
    """A table has names; the application makes of a record what it likes, and may still say no."""
    records = [ApiKeyRecord("k1", digest_of("key-one"), "ada", scopes=("read",))]
    guard, events = watched(api_key(records=records, principal=lambda record: {"of": record.owner}))
    accepted = decide(guard, {"X-Api-Key": "key-one"})
    assert isinstance(accepted, Accepted)
    assert (accepted.principal, accepted.scope, events[-1].user) == ({"of": "ada"}, frozenset({"read"}), "ada")
    guard, _ = watched(api_key(records=records, principal=lambda record: deny(Cause.POLICY_BLOCKED)))
    assert isinstance(decide(guard, {"X-Api-Key": "key-one"}), Denied)
    with pytest.raises(ConfigurationError, match="principal goes with records"):
        api_key(lookup=lambda key: "robot", principal=lambda record: "x")
    owner: Any = object()
    with pytest.raises(ConfigurationError, match="owner of 'k1' is no text"):
        api_key(records=[ApiKeyRecord("k1", digest_of("key-one"), owner)])
