"""The probe: every state gives exactly the cause it is named after, and nothing is left behind."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.observing import call_asgi, scope_of

from authwhy.causes import Cause
from authwhy.guard import Guard, View, any_of, api_key, basic, deny, jwt, need
from authwhy.model.event import Event
from authwhy.model.policy import KNOWN_ALGORITHMS
from authwhy.testing import KID, Headers, Probe, Tokens, signer_for

ISSUER, AUDIENCE = "https://id.example.com", "https://orders.example.com"
STATES = {
    "expired": Cause.EXPIRED,
    "not_yet_valid": Cause.NOT_YET_VALID,
    "wrong_audience": Cause.WRONG_AUDIENCE,
    "wrong_issuer": Cause.WRONG_ISSUER,
    "unknown_key": Cause.UNKNOWN_KEY,
    "bad_signature": Cause.BAD_SIGNATURE,
    "malformed": Cause.MALFORMED,
    "missing_claim": Cause.MISSING_CLAIM,
    "unsupported_algorithm": Cause.UNSUPPORTED_ALGORITHM,
    "wrong_token_type": Cause.WRONG_TOKEN_TYPE,
    "insufficient_scope": Cause.INSUFFICIENT_SCOPE,
}
RULE = need("token", scope="orders:read")


def token_guard(**settings: Any) -> Guard:
    """A guard whose one provider checks everything."""
    usual = {"issuer": ISSUER, "audience": AUDIENCE, "typ": ["at+jwt"], "required": ["exp", "client_id"]}
    return Guard(jwt(**{**usual, "secret": "the service's own secret, 32 bytes", **settings}))


def ask(guard: Guard, headers: Headers, rule: Any = RULE) -> Any:
    """One decision."""
    return guard.decide_sync(View.of("GET", "/orders", headers), rule)


def states_of(tokens: Tokens) -> set[str]:
    """Every method that is named after a cause."""
    return {name for name in dir(tokens) if name in set(Cause)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"leeway_s": 120, "max_age_s": 600},
        {"algorithms": ["RS256"], "secret": None, "issuer": ISSUER},
        {"seen": lambda *_: False, "revoked": lambda *_: False},
        {"cache": 0, "audience": ["first", "second"], "issuer": [ISSUER, "other"]},
    ],
    ids=["plain", "leeway", "discovered keys", "asks", "several names"],
)
def test_every_state_is_refused_for_its_own_cause_alone(state: str, settings: dict[str, Any]) -> None:
    """The good token beside it is accepted, so nothing else is wrong with it."""
    guard = token_guard(**settings)
    with Probe(guard) as probe:
        assert ask(guard, probe.token(scope="orders:read")).accepted
        assert not ask(guard, getattr(probe, state)()).accepted
        assert [weighed.cause for weighed in probe.last.causes] == [STATES[state]]
        assert probe.last.status == (403 if state == "insufficient_scope" else 401)
    guard.close()


def test_the_states_are_all_enumerated() -> None:
    """And each is called like its cause."""
    assert states_of(Probe(token_guard())) == set(STATES)
    assert {name: cause.value for name, cause in STATES.items()} == {name: name for name in STATES}


@pytest.mark.parametrize("algorithm", KNOWN_ALGORITHMS)
def test_every_algorithm_can_be_signed(algorithm: str) -> None:
    """With a key that fits it, and the policy's own algorithm."""
    guard = token_guard(secret=None, algorithms=[algorithm])
    with Probe(guard) as probe:
        assert ask(guard, probe.token(scope="orders:read")).accepted
        assert signer_for(probe.policy).algorithm.name == algorithm
        assert ask(guard, probe.bad_signature()).cause is Cause.BAD_SIGNATURE
    guard.close()


@given(late=st.integers(1, 10**8), leeway=st.integers(0, 10**6))
def test_times_are_seconds_from_now(late: int, leeway: int) -> None:
    """A token is over exactly when its end is not later than now by more than the leeway."""
    guard = token_guard(leeway_s=leeway)
    with Probe(guard) as probe:
        probe.freeze("2026-01-31T14:00:00Z")
        decision = ask(guard, probe.token(exp=-late, iat=-late - 1, scope="orders:read"))
        assert decision.accepted == (late < leeway)
        assert late < leeway or probe.last.facts["late_s"] == late


def test_claims_are_replaced_and_left_out() -> None:
    """By name."""
    guard = token_guard(principal=lambda claims: dict(claims))
    with Probe(guard) as probe:
        decision = ask(guard, probe.token(sub="alice", scope="orders:read", jti=None, level=3))
        assert (decision.claims["sub"], decision.claims["level"]) == ("alice", 3)
        assert "jti" not in decision.claims
        assert ask(guard, probe.missing_claim("client_id")).cause is Cause.MISSING_CLAIM
        assert probe.last.facts == {"claim": "client_id"}


def test_the_application_is_asked_as_in_service() -> None:
    """Its refusals are events like any other."""
    guard = token_guard(principal=lambda claims: deny(Cause.ACCOUNT_DISABLED))
    with Probe(guard) as probe:
        assert not ask(guard, probe.token()).accepted
        assert probe.last.cause is Cause.ACCOUNT_DISABLED
    guard.close()


def test_a_state_that_cannot_be_refused_is_no_state() -> None:
    """A test that relies on it would pass without testing anything."""
    guard = Guard(jwt(secret="the service's own secret, 32 bytes", required=[]))
    with Probe(guard) as probe:
        for state in ("wrong_audience", "wrong_issuer", "missing_claim", "wrong_token_type"):
            with pytest.raises(ValueError, match="provider 'token'"):
                getattr(probe, state)()
        with pytest.raises(ValueError, match="does not require email"):
            probe.missing_claim("email")


def test_keys_clock_and_sinks_are_given_back() -> None:
    """Also when the test fails; tokens of the probe are worth nothing afterwards, cached or not."""
    guard = token_guard()
    provider: Any = guard.providers["token"]
    keys, clock = provider.keys, guard.clock
    probe = Probe(guard)
    headers: Headers = {}

    def failing_test() -> None:
        with probe:
            headers.update(probe.token(scope="orders:read"))
            assert ask(guard, headers).accepted
            probe.freeze(5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_test()
    assert (provider.keys, guard.clock) == (keys, clock)
    assert ask(guard, headers).cause in (Cause.BAD_SIGNATURE, Cause.UNKNOWN_KEY, Cause.UNSUPPORTED_ALGORITHM)
    assert len(probe.events) == 1
    assert not guard.recorder.wanted


def test_the_guards_own_sinks_hear_nothing_of_a_test() -> None:
    """Of two probes on one guard, the one that was opened last hears; then the first again, then the sinks."""
    heard: list[Event] = []
    guard = Guard(jwt(secret="the service's own secret, 32 bytes"), events=[heard.append])
    with Probe(guard) as outer:
        ask(guard, outer.token(), "token")
        with Probe(guard) as inner:
            ask(guard, inner.token(), "token")
        ask(guard, {}, "token")
    assert [len(outer.events), len(inner.events), len(heard)] == [2, 1, 0]
    ask(guard, {}, "token")
    assert [event.cause for event in heard] == [Cause.MISSING]


def test_real_tokens_are_refused_while_open() -> None:
    """The probe's key replaces the service's own."""
    guard = token_guard()
    provider: Any = guard.providers["token"]
    own = provider.keys
    with Probe(guard):
        assert provider.keys is not own
        assert [key.kid for key in provider.keys.current.keys] == [KID]


def test_the_clock_stops_and_goes_on() -> None:
    """For guard, tokens and events alike."""
    guard = token_guard()
    with Probe(guard) as probe:
        probe.freeze("2026-01-31T14:00:00Z")
        headers = probe.token(exp=60, scope="orders:read")
        assert ask(guard, headers).accepted
        assert probe.last.time == "2026-01-31T14:00:00.000Z"
        probe.advance(60)
        assert ask(guard, headers).cause is Cause.EXPIRED
        assert probe.last.facts["late_s"] == 0
        probe.freeze(datetime(2026, 1, 31, 14, tzinfo=UTC))
        assert (probe.now, ask(guard, headers).accepted) == (1_769_868_000, True)
        probe.freeze()
        assert probe.now == 1_769_868_000
        probe.unfreeze()
        assert probe.now > 1_769_868_000
        for wrong in ("tomorrow", datetime(2026, 1, 31)):
            with pytest.raises(ValueError, match="no time"):
                probe.freeze(wrong)


def test_the_last_event_and_all_of_them() -> None:
    """`last` says so when the guard was never asked."""
    guard = token_guard()
    with Probe(guard) as probe:
        with pytest.raises(LookupError, match="not asked"):
            _ = probe.last
        ask(guard, probe.token(scope="orders:read"))
        ask(guard, {})
        assert [event.outcome for event in probe.events] == ["success", "failure"]
        assert probe.last.cause is Cause.MISSING
        probe.clear()
        assert probe.events == []


@pytest.mark.parametrize(
    ("place", "sent"),
    [
        ({}, {"x-api-key": "k_1"}),
        ({"scheme": "ApiKey"}, {"Authorization": "ApiKey k_1"}),
        ({"header": None, "cookie": "key"}, {"Cookie": "key=k_1"}),
    ],
)
def test_keys_and_passwords_go_where_they_are_read(place: dict[str, Any], sent: Headers) -> None:
    """The guard finds what the probe sends."""
    key = api_key("key", lookup=lambda key: "robot" if key == "k_1" else deny(Cause.UNKNOWN_KEY), **place)
    person = basic(
        "person", verify=lambda typed: typed.name if typed.password == "påss:word" else deny(Cause.WRONG_SECRET)
    )
    guard = Guard(key, person)
    with Probe(guard) as probe:
        assert probe.api_key("k_1") == sent
        assert ask(guard, probe.api_key("k_1"), "key").principal == "robot"
        assert ask(guard, probe.basic("zoë", "påss:word"), "person").principal == "zoë"
        assert ask(guard, probe.basic("zoë", "other"), "person").cause is Cause.WRONG_SECRET
        with pytest.raises(LookupError, match="no jwt provider"):
            probe.token()
    guard.close()


def test_a_key_that_no_header_can_carry_is_said() -> None:
    """And a guard without keys."""
    guard = Guard(api_key("key", header=None, query="key", lookup=lambda key: key))
    with Probe(guard) as probe, pytest.raises(ValueError, match="query string"):
        probe.api_key("k_1")
    with Probe(token_guard()) as probe, pytest.raises(LookupError, match="no api_key provider"):
        probe.api_key("k_1")


def test_another_provider_of_the_same_guard() -> None:
    """By name."""
    guard = Guard(
        jwt("token", issuer=ISSUER, secret="the service's own secret, 32 bytes"),
        jwt("partner", issuer="https://partner.example", audience="p", secret="the partner's own secret, 32 bytes"),
    )
    rule = any_of("token", "partner")
    with Probe(guard) as probe:
        assert ask(guard, probe.of("partner").token(), rule).provider == "partner"
        assert ask(guard, probe.of("partner").wrong_audience(), "partner").cause is Cause.WRONG_AUDIENCE
        with pytest.raises(LookupError, match="token, partner"):
            probe.of("other")


CONFTEST = """
import pytest
from authwhy.guard import Guard, jwt
pytest_plugins = ["authwhy.testing"]
"""
GUARD = """
@pytest.fixture
def guard():
    return Guard(jwt(issuer="https://id.example.com", audience="a", secret="the service's own secret, 32 bytes"))
"""
TEST = """
from authwhy import Cause
from authwhy.guard import View

def test_expired(guard, guard_probe):
    guard.decide_sync(View.of("GET", "/orders", guard_probe.token(exp=-1)))
    assert guard_probe.last.cause is Cause.EXPIRED and guard_probe.last.status == 401
"""


@pytest.mark.parametrize(("fixture", "said"), [(GUARD, "1 passed"), ("", "define a fixture `guard`")])
def test_the_fixture_in_a_pytest_of_its_own(tmp_path: Path, fixture: str, said: str) -> None:
    """As the page has it, with warnings as errors; a missing `guard` is explained."""
    (tmp_path / "conftest.py").write_text(CONFTEST + fixture)
    (tmp_path / "test_orders.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-q", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert said in done.stdout
    assert (done.returncode == 0) == bool(fixture)


def test_importing_it_needs_no_pytest() -> None:
    """A service may use the probe with unittest."""
    program = "import sys, authwhy.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_an_application_that_was_wrapped_before() -> None:
    """As services are: keys, events and clock of the probe count in it, and nothing it accepted outlives the probe."""
    own = "the service's own secret, 32 bytes"
    guard = token_guard(secret=own, required=["exp"], typ=[])

    async def orders(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    application = guard.asgi(orders, {"/*": "token"})

    def get(headers: Headers) -> int:
        status: int = call_asgi(application, scope_of("/orders", headers))[0]["status"]
        return status

    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": 10**10}
    real = {"Authorization": f"Bearer {pyjwt.encode(claims, own)}"}
    assert [get(real), get(real)] == [200, 200]
    with Probe(guard) as probe:
        good = probe.token(exp=60)
        assert [get(good), get(good), get(real)] == [200, 200, 401]
        assert [event.outcome for event in probe.events] == ["success", "success", "failure"]
        probe.freeze()
        probe.advance(61)
        assert get(good) == 401
        assert probe.last.cause is Cause.EXPIRED
        assert get(probe.bad_signature()) == 401
        assert (probe.last.cause, probe.last.status) == (Cause.BAD_SIGNATURE, 401)
        probe.unfreeze()
        assert get(good) == 200
    assert [get(good), get(real)] == [401, 200]
    guard.close()
