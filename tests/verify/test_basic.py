"""Basic authentication as a whole: causes, equal work, no secret in the facts."""

from __future__ import annotations

import base64

import argon2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify import basic, password
from authwhy.verify.basic import Account
from authwhy.verify.flow import AccountAsk, Ask, Unavailable, drive, replay

HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HASH = HASHER.hash("secret")
OLD = HASHER.hash("old secret")
POLICY = BasicPolicy(dummy_hash=password.dummy_like(HASH))
GOOD = Account("alice", HASH)


class Counting:
    """A scheme that counts the hashes it computes."""

    def __init__(self) -> None:
        self.calls = 0

    def problem(self, stored: str | None) -> Failure | None:
        return password.STANDARD.problem(stored)

    def check(self, secret: str | bytes, stored: str | None) -> bool | Failure:
        if self.problem(stored) is None:
            self.calls += 1
        return password.STANDARD.check(secret, stored)


def value(secret: str, name: str = "alice") -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def check(
    secret: str, account: object, policy: BasicPolicy = POLICY, now: int = 0, scheme: password.Scheme | None = None
) -> Outcome:
    flow = basic.verify(value(secret), policy, now, scheme or password.STANDARD)
    return replay(flow, {AccountAsk("alice"): account})


def test_accepted() -> None:
    """The right password of a usable account."""
    assert check("secret", GOOD) == Accepted({"sub": "alice"}, {"needs_rehash": False})
    assert check("secret", GOOD, BasicPolicy()) == Accepted({"sub": "alice"}, {})
    cheap = BasicPolicy(dummy_hash=password.default_dummy())
    assert check("secret", GOOD, cheap) == Accepted({"sub": "alice"}, {"needs_rehash": True})


LOCKED = Account("alice", HASH, locked=True)
ALL_STATES = Account("alice", HASH, locked=True, disabled=True, password_expired=True, expires_at=0, mfa_required=True)


@pytest.mark.parametrize(
    ("secret", "account", "causes"),
    [
        ("wrong", GOOD, ["wrong_secret"]),
        ("secret", None, ["unknown_identity"]),
        ("secret", Account("alice"), ["wrong_secret"]),
        ("secret", Account("alice", "!"), ["wrong_secret"]),
        ("secret", Account("alice", "$apr1$salt$x"), ["unsupported_algorithm"]),
        ("secret", Account("alice", "noise"), ["misconfigured"]),
        ("secret", LOCKED, ["account_locked"]),
        ("wrong", LOCKED, ["wrong_secret", "account_locked"]),
        ("secret", Account("alice", HASH, mfa_required=True), ["second_factor_required"]),
        (
            "wrong",
            ALL_STATES,
            [
                "wrong_secret",
                "account_disabled",
                "account_disabled",
                "account_locked",
                "password_expired",
                "second_factor_required",
            ],
        ),
        ("secret", Unavailable(), ["provider_unreachable"]),
        ("secret", {"name": "alice"}, ["misconfigured"]),
        ("secret", True, ["misconfigured"]),
    ],
)
def test_causes(secret: str, account: object, causes: list[str]) -> None:
    """All failing checks in order; the state leads only behind a right password."""
    outcome = check(secret, account)
    assert isinstance(outcome, Refused)
    assert list(outcome.causes) == causes


def test_old_password() -> None:
    """An earlier password is a wrong one to the public, and told as revoked to the operator."""
    account = Account("alice", HASH, old_hashes=("$apr1$x", OLD))
    plain = check("old secret", account)
    assert isinstance(plain, Refused)
    assert plain.causes == (Cause.WRONG_SECRET,)
    searched = check("old secret", account, msgspec.structs.replace(POLICY, checked_old_hashes=2))
    assert isinstance(searched, Refused)
    assert searched.causes == (Cause.WRONG_SECRET, Cause.REVOKED)
    assert searched.primary.detail == "stale_source"


@pytest.mark.parametrize("old_checked", [0, 2])
def test_equal_work(old_checked: int) -> None:
    """Every refusal that reaches the account costs the same number of hashes."""
    policy = msgspec.structs.replace(POLICY, checked_old_hashes=old_checked)
    cases: list[tuple[str, Account | None]] = [
        ("wrong", GOOD),
        ("wrong", None),
        ("wrong", Account("alice")),
        ("wrong", Account("alice", "$apr1$x")),
        ("wrong", Account("alice", "noise")),
        ("wrong", LOCKED),
        ("secret", LOCKED),
        ("secret", Account("alice", HASH, disabled=True)),
        ("secret", Account("alice", HASH, mfa_required=True)),
        ("wrong", Account("alice", HASH, old_hashes=(OLD,))),
        ("old secret", Account("alice", HASH, old_hashes=(OLD, OLD, OLD))),
    ]
    for secret, account in cases:
        counting = Counting()
        assert isinstance(check(secret, account, policy, scheme=counting), Refused)
        assert counting.calls == 1 + old_checked, (secret, account)


def test_accepting_costs_one_hash() -> None:
    """Old passwords cost nothing when the current one is right."""
    counting = Counting()
    assert isinstance(
        check("secret", GOOD, msgspec.structs.replace(POLICY, checked_old_hashes=5), scheme=counting), Accepted
    )
    assert counting.calls == 1


def test_a_dummy_that_cannot_be_computed_is_told_for_every_name() -> None:
    """Otherwise an unknown name would answer at once, and differently."""
    outcome = check("secret", None, BasicPolicy(dummy_hash="noise"))
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.MISCONFIGURED, Cause.UNKNOWN_IDENTITY)


def test_malformed_asks_nothing() -> None:
    """What cannot be read bothers neither store nor hash."""

    def no_ask(ask: Ask) -> object:
        raise AssertionError(ask)

    outcome = drive(basic.verify("Basic !!", POLICY, 0), no_ask)
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.MALFORMED,)


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=12),
    st.one_of(
        st.none(), st.builds(Account, st.just("alice"), st.one_of(st.none(), st.just(HASH), st.text(max_size=9)))
    ),
    st.integers(-(2**63), 2**63),
)
def test_no_secret_in_the_outcome_and_no_exception(secret: str, account: Account | None, now: int) -> None:
    """A canary in name, password and hash appears in no refusal."""
    canary = f"canary{secret.encode('utf-8', 'ignore').decode()}"
    sent = value(canary, "canary-name")
    outcome = drive(basic.verify(sent, POLICY, now), lambda _: account)
    assert isinstance(outcome, Refused)
    assert "canary" not in repr(outcome)
    assert HASH not in repr(outcome)
