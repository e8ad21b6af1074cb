"""HTTP Basic, by a check of the application or by an account."""

from __future__ import annotations

from typing import Any

import pytest
from tests.guard.scripted import NOW, authorization, decide, hashed, watched

from authwhy.causes import Cause
from authwhy.guard import Accepted, ConfigurationError, Denied, basic, deny
from authwhy.verify.basic_account import Account

STORED = hashed("right")
ACCOUNTS = {
    "mara": Account("mara", STORED),
    "locked": Account("locked", STORED, locked=True),
    "old": Account("old", hashed("new"), old_hashes=(STORED,)),
    "weak": Account("weak", hashed("right", 5)),
    "second": Account("second", STORED, mfa_required=True),
}


def guard(**settings: Any) -> Any:
    return watched(basic(realm="ops", **settings))


@pytest.mark.parametrize(
    ("name", "password", "cause", "code"),
    [
        ("mara", "right", None, None),
        ("mara", "wrong", Cause.WRONG_SECRET, "invalid_credentials"),
        ("nobody", "right", Cause.UNKNOWN_IDENTITY, "invalid_credentials"),
        ("locked", "right", Cause.ACCOUNT_LOCKED, "invalid_credentials"),
        ("locked", "wrong", Cause.WRONG_SECRET, "invalid_credentials"),
        ("old", "right", Cause.WRONG_SECRET, "invalid_credentials"),
        ("second", "right", Cause.SECOND_FACTOR_REQUIRED, "second_factor_required"),
        ("second", "wrong", Cause.WRONG_SECRET, "invalid_credentials"),
    ],
)
def test_account(name: str, password: str, cause: Cause | None, code: str | None) -> None:
    made, events = guard(account=ACCOUNTS.get, current_hash=STORED, old_passwords=1)
    decision = decide(made, authorization(name, password))
    if cause is None:
        assert isinstance(decision, Accepted)
        assert (decision.principal, events[0].user) == (name, name)
    else:
        assert isinstance(decision, Denied)
        assert (decision.cause, decision.code) == (cause, code)
        assert events[0].user == (None if name == "nobody" else name)
    assert made.world.hashes is not None


def test_the_accounts_own_name_is_the_principal() -> None:
    """A look-up that takes other spellings must not hand them on as other people."""
    made, events = guard(account=lambda name: ACCOUNTS.get(name.lower()))
    decision = decide(made, authorization("MARA", "right"))
    assert isinstance(decision, Accepted)
    assert (decision.principal, events[0].user) == ("mara", "mara")


def test_principal_and_rehash() -> None:
    renewed: list[tuple[str, str]] = []
    made, events = guard(
        account=ACCOUNTS.get, current_hash=STORED, principal=lambda account: {"id": account.name},
        rehash=lambda name, password: renewed.append((name, password)),
    )  # fmt: skip
    decision = decide(made, authorization("weak", "right"))
    assert isinstance(decision, Accepted)
    assert decision.principal == {"id": "weak"}
    assert renewed == [("weak", "right")] * 2
    assert events[0].notes == ("rehashed",)
    decide(made, authorization("mara", "right"))
    assert len(renewed) == 2


def test_a_rehash_that_fails_fails_nobody() -> None:
    async def rehash(name: str, password: str) -> None:
        raise OSError

    made, events = guard(account=ACCOUNTS.get, current_hash=STORED, rehash=rehash)
    assert decide(made, authorization("weak", "right")).accepted
    assert events[0].notes == ("rehash_failed",)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("Basic", Cause.MALFORMED), ("Basic ", Cause.MALFORMED), ("Basic !!", Cause.MALFORMED), ("Basic bm9jb2xvbg==", Cause.MALFORMED),
        ("Bearer x", Cause.UNSUPPORTED_SCHEME), ("Basic eDp5, Basic eDp5", Cause.AMBIGUOUS), ("Basic eDo=", Cause.WRONG_SECRET),
    ],
)  # fmt: skip
def test_shapes(value: str, cause: Cause) -> None:
    asked: list[object] = []
    made, _ = guard(verify=asked.append)
    decision = decide(made, {"Authorization": value})
    assert isinstance(decision, Denied)
    assert decision.cause is cause
    assert asked == []


def test_challenge() -> None:
    made, _ = guard(verify=lambda credential: deny(Cause.WRONG_SECRET))
    for headers, line in (
        ({}, b'Basic realm="ops", charset="UTF-8"'),
        ({"Sec-Fetch-Mode": "cors"}, b'xBasic realm="ops", charset="UTF-8"'),
    ):
        assert (b"www-authenticate", line) in decide(made, headers).headers
    plain, _ = watched(basic(verify=lambda credential: 1, charset=False))
    assert (b"www-authenticate", b'Basic realm="restricted"') in decide(plain).headers


def test_set_up_that_cannot_work() -> None:
    for wrong in ({}, {"verify": len, "account": len}):
        with pytest.raises(ConfigurationError):
            basic(**wrong)  # type: ignore[arg-type]
    assert NOW
