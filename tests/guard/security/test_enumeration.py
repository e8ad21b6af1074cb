"""Row 6: nobody can tell from outside whether a name exists, nor in which state its account is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.guard.scripted import NOW, authorization, hashed, watched

from authwhy.causes import Cause
from authwhy.guard import Denied, Throttle, View, basic, deny
from authwhy.guard.schemes.credential import PasswordCredential
from authwhy.verify import password
from authwhy.verify.basic_account import Account

STORED = hashed("right")
ACCOUNTS = {
    "wrong": Account("wrong", STORED),
    "locked": Account("locked", STORED, locked=True),
    "disabled": Account("disabled", STORED, disabled=True),
    "deleted": Account("deleted", STORED, deleted=True),
    "password_expired": Account("password_expired", STORED, password_expired=True),
    "account_expired": Account("account_expired", STORED, expires_at=NOW - 1),
    "second": Account("second", STORED, mfa_required=True),
    "old": Account("old", hashed("new"), old_hashes=(hashed("guess"), STORED)),
    "no_password": Account("no_password", None),
    "empty": Account("empty", ""),
    "marker": Account("marker", "!"),
    "unusable": Account("unusable", "md5$a$b"),
}
NAMES = ["nobody", "WRONG", "", "x" * 257, *ACCOUNTS]
EARLY = {
    "locked": Cause.ACCOUNT_LOCKED, "disabled": Cause.ACCOUNT_DISABLED, "deleted": Cause.ACCOUNT_DISABLED,
    "password_expired": Cause.PASSWORD_EXPIRED, "account_expired": Cause.EXPIRED, "old": Cause.REVOKED, "second": Cause.INACTIVE,
}  # fmt: skip


def after(credential: PasswordCredential) -> object:
    """A check that looks at the state after the password."""
    account = ACCOUNTS.get(credential.username)
    if account is None:
        return deny(Cause.UNKNOWN_IDENTITY)
    if not credential.matches(account.password_hash):
        return deny(Cause.WRONG_SECRET)
    return deny(EARLY[account.name]) if account.name in EARLY else account.name


def before(credential: PasswordCredential) -> object:
    """A check that looks at the state before the password, as many do."""
    account = ACCOUNTS.get(credential.username)
    if account is None:
        return deny(Cause.UNKNOWN_IDENTITY)
    if account.name in EARLY:
        return deny(EARLY[account.name])
    return account.name if credential.matches(account.password_hash) else deny(Cause.WRONG_SECRET)


async def later(credential: PasswordCredential) -> object:
    """The same in a coroutine, awaited or read."""
    account = ACCOUNTS.get(credential.username)
    if account is None or account.name in EARLY:
        return deny(Cause.UNKNOWN_IDENTITY)
    found = credential.matches(account.password_hash)
    return account.name if (await found if account.name == "wrong" else found) else deny(Cause.WRONG_SECRET)


async def found(name: str) -> Account | None:
    return ACCOUNTS.get(name)


STYLES: dict[str, dict[str, Any]] = {
    "after": {"verify": after}, "before": {"verify": before}, "later": {"verify": later}, "account": {"account": ACCOUNTS.get},
    "found": {"account": found}, "old": {"account": ACCOUNTS.get, "old_passwords": 2},
}  # fmt: skip


class Counted:
    """Every hash that is computed, by its cost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.costs: list[tuple[str, int]] = []
        plain = password.Passwords.check

        def check(scheme: Any, secret: str, stored: str | None) -> Any:
            answer = plain(scheme, secret, stored)
            shape = password.identify(stored)
            assert shape is not None
            if shape.support == "full":
                self.costs.append((shape.scheme, shape.parameters["rounds"]))
            return answer

        monkeypatch.setattr(password.Passwords, "check", check)


def masked(denied: Denied) -> Any:
    return denied.status, denied.headers, denied.body.replace(denied.ref.encode(), b"-"), denied.retry_after


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("world", ["async", "sync"])
def test_same_bytes_and_same_work(style: str, strict: bool, world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = watched(basic(current_hash=STORED, **STYLES[style]), strict=strict)
    counted, answers, work = Counted(monkeypatch), set(), set()
    for name in NAMES:
        if name in ("", "x" * 257):  # cannot be read, whoever it may be
            continue
        view = View.of("GET", "/", authorization(name, "guess"), peer="192.0.2.1")
        denied = asyncio.run(made.decide(view)) if world == "async" else made.decide_sync(view)
        assert isinstance(denied, Denied)
        answers.add(masked(denied))
        work.add(tuple(counted.costs))
        counted.costs.clear()
    assert len(answers) == 1
    assert work == {(("pbkdf2_sha256", 7),) * (3 if style == "old" else 1)}
    status, headers, body, _ = answers.pop()
    assert status == 401
    assert json.loads(body).get("code") == (None if strict else "invalid_credentials")
    assert (b"www-authenticate", b'Basic realm="restricted", charset="UTF-8"') in headers


@pytest.mark.parametrize("style", ["account", "after"])
def test_the_state_is_told_only_to_those_who_know_the_password(style: str) -> None:
    made, events = watched(basic(current_hash=STORED, **STYLES[style]))
    for name, account in ACCOUNTS.items():
        for typed in ("right", "guess"):
            made.decide_sync(View.of("GET", "/", authorization(name, typed)))
            told = events[-1].causes[0].cause if events[-1].causes else None
            if typed == "guess":
                assert told in (Cause.WRONG_SECRET, Cause.MISCONFIGURED, Cause.UNSUPPORTED_ALGORITHM), account
    assert {event.cause for event in events} >= {None, Cause.WRONG_SECRET}


def test_a_service_that_names_no_hash_learns_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first name with a password on, the others cost the same."""
    made, _ = watched(basic(verify=after))
    counted = Counted(monkeypatch)
    for name in ("wrong", "nobody", "no_password"):
        made.decide_sync(View.of("GET", "/", authorization(name, "guess")))
    assert counted.costs == [("pbkdf2_sha256", 7)] * 3


@pytest.mark.parametrize(
    ("one", "other"), [("Mara", "mara"), ("ｍａｒａ", "mara"), ("MARA", "mArA"), ("straße", "STRASSE")]
)
def test_spellings_share_one_limit(one: str, other: str) -> None:
    made, _ = watched(
        basic(account=lambda name: None, current_hash=STORED), throttle=Throttle(failures=2, per=900, by=("identity",))
    )

    def guess(name: str, peer: str) -> Any:
        return made.decide_sync(View.of("GET", "/", authorization(name, "guess"), peer=peer))

    causes = [guess(name, f"192.0.2.{at}").cause for at, name in enumerate((one, other, one, other))]
    assert causes == [Cause.UNKNOWN_IDENTITY] * 2 + [Cause.RATE_LIMITED] * 2


def test_the_limit_is_the_same_for_names_that_nobody_has() -> None:
    answers = []
    for name in ("wrong", "nobody"):
        made, _ = watched(basic(account=ACCOUNTS.get, current_hash=STORED), throttle=Throttle(failures=2, per=900))
        views = [View.of("GET", "/", authorization(name, "guess"), peer="192.0.2.1") for _ in range(4)]
        answers.append([masked(made.decide_sync(view)) for view in views])  # type: ignore[arg-type]
    assert answers[0] == answers[1]


def test_every_check_is_a_check() -> None:
    """The right password of a plain account is taken by every style: nothing above refuses for another reason."""
    checks: list[Callable[..., object]] = [after, before, later]
    for check in checks:
        made, _ = watched(basic(verify=check, current_hash=STORED))
        assert made.decide_sync(View.of("GET", "/", authorization("wrong", "right"))).accepted
