"""The account behind a name, and which of its states refuse a sign-in."""

from __future__ import annotations

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Failure


class Account(Struct, frozen=True):
    """What the world knows about a name. `expires_at` is s since 1970; its text form tells no hash.

    `password_hash` None, empty or an unusable marker means that no password is set. `old_hashes` are the hashes of
    earlier passwords, newest first.
    """

    name: str
    password_hash: str | None = None
    locked: bool = False
    disabled: bool = False
    deleted: bool = False
    password_expired: bool = False
    expires_at: int | None = None
    mfa_required: bool = False
    old_hashes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Account(...)"


def state_failures(account: Account, now: int) -> tuple[Failure, ...]:
    """Every state that refuses, in the fixed order: lifetime, status, rules."""
    failures: list[Failure] = []
    if account.expires_at is not None and now >= account.expires_at:
        facts = {"ends_at": account.expires_at, "late_s": now - account.expires_at}
        failures.append(Failure(Cause.ACCOUNT_DISABLED, "account_expired", facts))
    if account.deleted:
        failures.append(Failure(Cause.ACCOUNT_DISABLED, "deleted"))
    if account.disabled:
        failures.append(Failure(Cause.ACCOUNT_DISABLED, "suspended"))
    if account.locked:
        failures.append(Failure(Cause.ACCOUNT_LOCKED))
    if account.password_expired:
        failures.append(Failure(Cause.PASSWORD_EXPIRED))
    if account.mfa_required:
        failures.append(Failure(Cause.SECOND_FACTOR_REQUIRED))
    return tuple(failures)
