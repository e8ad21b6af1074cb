"""HTTP Basic authentication (RFC 7617): a name and a password against an account.

Every refusal that reaches the account costs the same number of hashes: 1 + policy.checked_old_hashes, whether the
name is unknown, the password wrong, no password set, or the account locked. The step after the AccountAsk is
answered does that work, so an async driver looks the account up first and runs the flow on a bounded pool.
"""

from __future__ import annotations

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Outcome, Refused, refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify import password
from authwhy.verify.basic_account import Account, state_failures
from authwhy.verify.basic_credential import NameAndPassword, parse
from authwhy.verify.flow import AccountAsk, Flow, Unavailable

__all__ = ["Account", "NameAndPassword", "judge", "parse", "verify"]


def verify(credential: str | bytes, policy: BasicPolicy, now: int, scheme: password.Scheme = password.STANDARD) -> Flow:
    """Check an `Authorization: Basic` value, or its token68 alone. `now` is s since 1970. Never raises.

    Order: shape, scheme, hash algorithm, name and password, account's lifetime, status, second factor. The state of
    an account comes after its password, so it leads a refusal only when the password was right.
    An earlier password is `wrong_secret` (detail `stale_source`) followed by `revoked`: what the public is told
    stays the same as for any wrong password. Accepted claims: `sub`.
    """
    pair = parse(credential, policy)
    if isinstance(pair, Refused):
        return pair
    account = yield AccountAsk(pair.name)
    if isinstance(account, Unavailable):
        return account.refusal()
    if account is not None and not isinstance(account, Account):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="AccountAsk")
    return judge(pair.password, account, policy, now, scheme)


def judge(
    secret: str, account: Account | None, policy: BasicPolicy, now: int, scheme: password.Scheme = password.STANDARD
) -> Outcome:
    """Compare the password and list every check that fails: the step that hashes, for callers that have the account."""
    dummy = policy.dummy_hash or password.default_dummy()
    failures = _secret_failures(secret, account, dummy, scheme)
    if account is not None:
        state = state_failures(account, now)
        if not failures and not state:
            return _accepted(account, policy)
        old = _matches_old(secret, account.old_hashes, policy.checked_old_hashes, dummy, scheme)
        if old and failures and failures[0].cause is Cause.WRONG_SECRET:
            failures = (Failure(Cause.WRONG_SECRET, "stale_source", failures[0].facts), Failure(Cause.REVOKED))
        return Refused(failures + state)
    _matches_old(secret, (), policy.checked_old_hashes, dummy, scheme)
    return Refused(failures)


def _accepted(account: Account, policy: BasicPolicy) -> Accepted:
    stored = account.password_hash or ""
    facts: dict[str, FactValue] = {}
    if policy.dummy_hash:
        facts["needs_rehash"] = password.needs_rehash(stored, policy.dummy_hash)
    return Accepted({"sub": account.name}, facts)


def _secret_failures(secret: str, account: Account | None, dummy: str, scheme: password.Scheme) -> tuple[Failure, ...]:
    """One hash, always: the account's own, or the dummy where there is none to compute."""
    problem = Failure(Cause.UNKNOWN_IDENTITY) if account is None else scheme.problem(account.password_hash)
    stored = dummy if problem or account is None else account.password_hash
    answer = scheme.check(secret, stored)
    if problem:
        broken = isinstance(answer, Failure) and answer.cause is Cause.MISCONFIGURED
        # a dummy that cannot be computed would tell who exists: say so for every name
        return (answer, problem) if broken and isinstance(answer, Failure) else (problem,)
    if isinstance(answer, Failure):
        return (answer,)
    return () if answer is True else (Failure(Cause.WRONG_SECRET),)


def _matches_old(secret: str, old_hashes: tuple[str, ...], count: int, dummy: str, scheme: password.Scheme) -> bool:
    """Compute `count` hashes, of old passwords as far as there are any."""
    known = [stored for stored in old_hashes[: max(count, 0)] if scheme.problem(stored) is None]
    matches = [scheme.check(secret, stored) is True for stored in known]
    for _ in range(count - len(known)):
        scheme.check(secret, dummy)
    return any(matches)
