"""Bearer tokens: what is checked on every request, what is remembered, and who is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.guard.scripted import NOW, decide, watched
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Accepted, ConfigurationError, Denied, Guard, View, deny, jwt
from authwhy.guard.schemes.key_source import Given
from authwhy.model.policy import SAFE_ALGORITHMS, SECRET_ALGORITHMS
from authwhy.verify.flow import Unavailable

ONE, TWO = signer("ES256", "k1"), signer("ES256", "k2", 1)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def provider(**settings: Any) -> Any:
    return jwt(**{"issuer": ISSUER, "audience": AUDIENCE, "keys": ONE.keys, **settings})


def outcome(token: str, **settings: Any) -> Any:
    made, events = watched(provider(**settings))
    return decide(made, bearer(token)), events[0]


class Rotating:
    """A key store of the application whose keys change."""

    fixed = False
    overdue_s: int | None = None

    def __init__(self, *keys: Any) -> None:
        self.sets, self.version, self.asked = list(keys), 1, 0
        self.current: Any = None

    def get(self, kid: str | None) -> Any:
        self.asked += 1
        if self.sets:
            self.turn(self.sets.pop(0))
        return self.current if self.current is not None else Unavailable()

    def turn(self, keys: Any) -> None:
        self.current, self.version = keys, self.version + 1

    def close(self) -> None:
        self.asked = -1


def test_accepted() -> None:
    decision, event = outcome(ONE.token(acr="mfa", roles=["a"]))
    assert isinstance(decision, Accepted)
    assert decision.principal.sub == "alice"
    assert decision.claims["roles"] == ("a",)
    assert decision.scope == frozenset({"orders:read", "orders:write"})
    assert (event.user, event.issuer, event.method) == ("alice", ISSUER, "jwt")
    assert event.facts == {"alg": "ES256", "kid": "k1"}


def test_nobody_can_change_what_the_next_request_gets() -> None:
    made, _ = watched(provider())
    first: Any = decide(made, bearer(ONE.token(roles=["a"], nested={"a": {"b": 1}})))
    changes: list[Any] = [
        lambda: first.principal.update(sub="root"), lambda: first.principal["nested"]["a"].pop("b"),
        lambda: first.principal["roles"].append("admin"), lambda: first.principal.__setitem__("sub", "root"),
    ]  # fmt: skip
    for change in changes:
        with pytest.raises((TypeError, AttributeError)):
            change()
    with pytest.raises(AttributeError):
        first.principal.no_such_claim  # noqa: B018


@pytest.mark.parametrize(
    ("claims", "cause", "user"),
    [
        ({"exp": NOW}, Cause.EXPIRED, "alice"), ({"aud": AUDIENCE + "/"}, Cause.WRONG_AUDIENCE, "alice"),
        ({"iss": ISSUER[:-1]}, Cause.WRONG_ISSUER, "alice"), ({"exp": None}, Cause.MISSING_CLAIM, "alice"),
        ({"sub": 7}, Cause.MALFORMED, None),
    ],
)  # fmt: skip
def test_refused(claims: dict[str, object], cause: Cause, user: str | None) -> None:
    decision, event = outcome(ONE.token(**claims))
    assert isinstance(decision, Denied)
    assert (decision.cause, event.user, event.refusals[0].attested) == (cause, user, True)


def test_the_name_in_a_forged_token_is_no_name() -> None:
    decision, event = outcome(signer("ES256", "k1", 1).token(sub="root"))
    assert (decision.cause, event.user) == (Cause.BAD_SIGNATURE, None)
    assert "root" not in repr(event)


def test_principal() -> None:
    asked: list[str] = []

    async def person(claims: Any) -> object:
        asked.append(claims.sub)
        return {"id": claims.sub} if claims.sub == "alice" else deny(Cause.IDENTITY_NOT_MAPPED)

    made, _ = watched(provider(principal=person))
    good = decide(made, bearer(ONE.token()))
    assert isinstance(good, Accepted)
    assert (good.principal, good.claims["sub"]) == ({"id": "alice"}, "alice")
    assert good.scope == frozenset({"orders:read", "orders:write"})
    assert asked == ["alice"] * 2  # for each request, from the cache or not
    bad = decide(made, bearer(ONE.token(sub="mallory")))
    assert isinstance(bad, Denied)
    assert (bad.cause, bad.status) == (Cause.IDENTITY_NOT_MAPPED, 403)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (False, None), (True, Cause.REVOKED), (None, Cause.MISCONFIGURED), (0, Cause.MISCONFIGURED), ("", Cause.MISCONFIGURED),
        (Unavailable(), Cause.PROVIDER_UNREACHABLE), (ConnectionError(), Cause.PROVIDER_UNREACHABLE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("later", [True, False])
def test_revoked(answer: object, cause: Cause | None, later: bool) -> None:
    """Asked for every request, remembered token or not."""
    answers: list[object] = [False, False, answer, answer]

    def revoked(issuer: str | None, token_id: str) -> object:
        assert (issuer, token_id) == (ISSUER, "f1c5b2a09d")
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def later_revoked(issuer: str | None, token_id: str) -> object:
        return revoked(issuer, token_id)

    made, _ = watched(provider(revoked=later_revoked if later else revoked))
    assert decide(made, bearer(ONE.token())).accepted
    decision = decide(made, bearer(ONE.token()))
    assert getattr(decision, "cause", None) is cause
    assert answers == []
    without = decide(made, bearer(ONE.token(jti=None)))
    assert getattr(without, "cause", None) is Cause.MISSING_CLAIM


def test_one_time_tokens() -> None:
    """Fifty at once: exactly one."""
    spent: set[str] = set()

    async def seen(scope: str, value: str, until: int) -> bool:
        assert (scope, until) == (ISSUER, NOW + 300)
        known = value in spent
        spent.add(value)
        return known

    made, _ = watched(provider(seen=seen))

    async def go() -> list[Any]:
        views = [View.of("GET", "/", bearer(ONE.token())) for _ in range(50)]
        return await asyncio.gather(*(made.decide(view) for view in views))

    decisions = asyncio.run(go())
    assert [decision.accepted for decision in decisions].count(True) == 1
    assert {decision.cause for decision in decisions if not decision.accepted} == {Cause.REPLAYED}


def test_cookie() -> None:
    made, _ = watched(provider(cookie="sid"))
    token = ONE.token()
    assert decide(made, {"Cookie": f"sid={token}"}).accepted
    assert decide(made, bearer(token)).accepted
    for both in ({"Cookie": f"sid={token}", **bearer(token)}, {"Cookie": f"sid={token}; sid=x"}):
        decision = decide(made, both)
        assert getattr(decision, "cause", None) is Cause.AMBIGUOUS


def test_keys_are_fetched_when_first_needed_and_for_an_unknown_one() -> None:
    source = Rotating(ONE.keys, TWO.keys)
    made, _ = watched(provider(keys=source))
    assert decide(made, bearer(ONE.token())).accepted
    assert source.asked == 1
    assert decide(made, bearer(TWO.token())).accepted
    assert source.asked == 2
    assert getattr(decide(made, bearer(ONE.token())), "cause", None) is Cause.UNKNOWN_KEY  # removed, cached or not
    made.close()
    assert source.asked == -1


def test_a_key_that_goes_while_a_token_is_checked() -> None:
    """What old keys accepted must not be remembered for the new ones."""

    class Racing(Rotating):
        _keys: Any = None

        @property
        def current(self) -> Any:
            found, self._keys = self._keys, TWO.keys
            if found is not TWO.keys:
                self.version += 1
            return found

        @current.setter
        def current(self, keys: Any) -> None:
            self._keys = keys

    source = Racing()
    source.current = ONE.keys
    made, _ = watched(provider(keys=source))
    view = [View.of("GET", "/", bearer(ONE.token())) for _ in range(3)]
    made.decide_sync(view[0])
    assert getattr(made.decide_sync(view[1]), "cause", None) is Cause.UNKNOWN_KEY


def test_outage() -> None:
    made, _ = watched(provider(keys=Rotating()))
    decision = decide(made, bearer(ONE.token()))
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.PROVIDER_UNREACHABLE, 503)


def test_old_keys_are_noted() -> None:
    source = Rotating(ONE.keys)
    made, events = watched(provider(keys=source))
    decide(made, bearer(ONE.token()))
    assert not events[-1].notes
    source.overdue_s = 90
    decide(made, bearer(ONE.token()))
    assert (events[-1].notes, events[-1].facts["keys_age_s"]) == (("stale_keys",), 90)


def test_algorithms_by_default() -> None:
    """A shared secret's only where the service holds the secret."""
    assert provider().policy.algorithms == SAFE_ALGORITHMS
    assert jwt(secret="s" * 64).policy.algorithms == SECRET_ALGORITHMS
    mixed = jwt(keys={"keys": [ONE.jwk, signer("HS256", "h").jwk]})
    assert set(mixed.policy.algorithms) == {*SAFE_ALGORITHMS, *SECRET_ALGORITHMS}
    assert provider(algorithms=["ES256"]).policy.algorithms == ("ES256",)


@pytest.mark.parametrize(
    "wrong", [{"algorithms": ["none"]}, {"leeway_s": -1}, {"keys": None, "issuer": ()}, {"max_bytes": 0}]
)
def test_set_up_that_cannot_work(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        provider(**wrong)


def test_use_keys() -> None:
    one = provider()
    made = Guard(one, clock=lambda: float(NOW))
    assert decide(made, bearer(ONE.token())).accepted
    before = one.use_keys(Given(TWO.keys))
    assert not decide(made, bearer(ONE.token())).accepted
    one.use_keys(before)
    assert decide(made, bearer(ONE.token())).accepted


def test_nothing_long_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    one = provider(max_bytes=500)
    made = Guard(one, clock=lambda: float(NOW))
    assert one.cache is not None

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(one.cache, "get", never)
    assert getattr(decide(made, bearer("x" * 501)), "cause", None) is Cause.MALFORMED
    assert getattr(decide(made, bearer("x" * 500)), "cause", None) is Cause.PROVIDER_ERROR


@pytest.mark.parametrize("read", [lambda claims: claims.tenant, lambda claims: {"of": claims["tenant"]}])
def test_a_claim_that_the_application_reads_and_the_token_has_not(read: Any) -> None:
    """The token lacks something; the application is not broken, and no outage can be forged."""
    one = signer("ES256")
    events: list[Any]
    guard, events = watched(jwt("token", keys=one.keys, principal=read))
    denied = decide(guard, bearer(one.token(sub="ada", exp=NOW + 60)))
    assert isinstance(denied, Denied)
    assert (denied.cause, denied.status, denied.refusals[0].facts) == (Cause.MISSING_CLAIM, 401, {"claim": "tenant"})
    assert events[-1].user == "ada"
    assert isinstance(decide(guard, bearer(one.token(sub="ada", exp=NOW + 60, tenant="t"))), Accepted)
