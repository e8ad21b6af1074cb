"""The states of an account."""

from __future__ import annotations

from authwhy.causes import Cause
from authwhy.verify.basic_account import Account, state_failures


def test_no_state_refuses_an_ordinary_account() -> None:
    """An account is usable unless something says otherwise; its lifetime ends at expires_at, not before."""
    assert state_failures(Account("alice"), 0) == ()
    assert state_failures(Account("alice", expires_at=11), 10) == ()


def test_every_state_in_order() -> None:
    """Lifetime, status, then rules."""
    account = Account(
        "alice",
        locked=True,
        disabled=True,
        deleted=True,
        password_expired=True,
        expires_at=10,
        mfa_required=True,
    )
    failures = state_failures(account, 12)
    assert [(each.cause, each.detail) for each in failures] == [
        (Cause.ACCOUNT_DISABLED, "account_expired"),
        (Cause.ACCOUNT_DISABLED, "deleted"),
        (Cause.ACCOUNT_DISABLED, "suspended"),
        (Cause.ACCOUNT_LOCKED, None),
        (Cause.PASSWORD_EXPIRED, None),
        (Cause.SECOND_FACTOR_REQUIRED, None),
    ]
    assert failures[0].facts == {"ends_at": 10, "late_s": 2}


def test_text_form_tells_no_hash() -> None:
    """An account may end in a traceback."""
    assert "canary" not in repr(Account("canary-name", "canary-hash", old_hashes=("canary-old",)))
