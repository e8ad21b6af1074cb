"""Checking a name and a password, for every provider that takes them: one place for equal work and bounded hashing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from authwhy.causes import Cause, Kind, meta
from authwhy.guard.answers import Deny, answer_of, unavailable
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.pool import BoundedPool, Job, Overloaded
from authwhy.model.outcome import Accepted, Failure, Refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify import password
from authwhy.verify.basic import judge
from authwhy.verify.basic_account import Account
from authwhy.verify.basic_credential import NameAndPassword
from authwhy.verify.flow import Unavailable

_MOST_HASHES = 8


class PasswordCredential:
    """What a person typed, as the application's own check sees it. Its text form tells nothing."""

    __slots__ = ("hashed", "known", "password", "pool", "username", "work")

    def __init__(self, username: str, password: str, pool: BoundedPool | None = None) -> None:
        self.username, self.password = username, password
        self.pool = pool
        self.known: dict[str, bool] = {}
        self.hashed: str | None = None
        self.work: Job | None = None

    @property
    def name(self) -> str:
        """The same as `username`."""
        return self.username

    def matches(self, stored: str | None) -> Any:
        """Does the password match this stored hash (argon2, bcrypt, scrypt, pbkdf2, in any common text form)?

        True or False; `await` works too, and is the shorter way in an async check. Raises UnusableHash (a ValueError)
        for a hash that cannot be computed: that is the service's fault, not a wrong password.
        """
        text = stored or ""
        if password.STANDARD.problem(text) is None:
            self.hashed = text
        if self.pool is None:
            return _matches(self.password, text)
        return _Match(self, text)

    def __repr__(self) -> str:
        return "PasswordCredential(...)"


class UnusableHash(ValueError):
    """A stored hash that cannot be computed here. Its text names neither hash nor password."""

    cause = Cause.MISCONFIGURED


class _Match:
    """The answer to `matches` inside a coroutine: awaited, or read as a truth value."""

    __slots__ = ("_credential", "_stored")

    def __init__(self, credential: PasswordCredential, stored: str) -> None:
        self._credential, self._stored = credential, stored

    def __await__(self) -> Generator[Any, None, bool]:
        given = self._credential
        if self._stored not in given.known:
            assert given.pool is not None
            given.work = work = given.pool.submit(_matches, given.password, self._stored)
            given.known[self._stored] = yield from asyncio.wrap_future(work).__await__()
        return given.known[self._stored]

    def __bool__(self) -> bool:
        known = self._credential.known
        if self._stored not in known:
            raise _HashWanted(self._stored)
        return known[self._stored]


class _HashWanted(BaseException):
    """A coroutine read the answer without awaiting it: the hash is computed in the pool and the coroutine run again.

    Not an Exception, so that the application's own `except Exception` does not take it for a fault.
    """

    def __init__(self, stored: str) -> None:
        super().__init__()
        self.stored = stored


class PasswordCheck:
    """See `basic` for what each part means."""

    def __init__(
        self,
        verify: Callable[[PasswordCredential], object] | None,
        account: Callable[[str], object] | None,
        principal: Callable[[Any], object] | None,
        rehash: Callable[[str, str], object] | None,
        current_hash: str,
    ) -> None:
        self._verify, self._account, self._principal, self._rehash = verify, account, principal, rehash
        self._current = current_hash
        self._dummy = password.dummy_like(current_hash) if current_hash else None
        self._dummy_of = current_hash
        asynchronous = verify is not None and place_of(verify) == "here"
        self._call = partial(_caught, verify) if verify is not None and asynchronous else verify
        self._asynchronous = asynchronous
        self.pool: BoundedPool | None = None

    def check(self, pair: NameAndPassword, policy: BasicPolicy, now: int) -> Step:
        """Returns an Accept or a Deny."""
        if self._account is not None:
            return (yield from self._by_account(pair, policy, now))
        credential = PasswordCredential(pair.name, pair.password, self._hash_pool() if self._asynchronous else None)
        try:
            value = yield from self._asked(credential)
        except UnusableHash:
            yield from self._same_work(credential)
            raise
        answer = answer_of(value, user=pair.name)
        if credential.hashed is not None:
            self._learn(credential.hashed)
        elif isinstance(answer, Deny) and meta(answer.cause).kind is not Kind.ERROR:
            yield from self._same_work(credential)
        return answer

    def _asked(self, credential: PasswordCredential) -> Step:
        """What the application's check returns, run again for each hash that it reads without awaiting it."""
        assert self._call is not None
        value: object = None
        for _ in range(_MOST_HASHES):
            try:
                value = yield Call(self._call, (credential,), "here" if self._asynchronous else "hash")
            except TimeoutError:
                if credential.work is not None and credential.work.give_up():
                    raise Overloaded("hash") from None  # its hash waited for its turn: load, and no outage
                raise
            if not isinstance(value, _HashWanted):
                break
            credential.known[value.stored] = yield Call(_matches, (credential.password, value.stored), "hash")
        return value

    def _same_work(self, credential: PasswordCredential) -> Step:
        """One hash, where the name has none to compute."""
        if credential.hashed is None and self._dummy is not None:
            yield Call(_matches, (credential.password, self._dummy), "hash")

    def _hash_pool(self) -> BoundedPool:
        assert self.pool is not None, "a guard hands its pool over when it is made"
        return self.pool

    def _learn(self, stored: str) -> None:
        """Remember what a hash of this service costs, for names that have none."""
        if not self._current and stored != self._dummy_of and password.STANDARD.problem(stored) is None:
            if self._dummy is None or password.needs_rehash(self._dummy, stored):
                self._dummy = password.dummy_like(stored)
            self._dummy_of = stored

    def _by_account(self, pair: NameAndPassword, policy: BasicPolicy, now: int) -> Step:
        assert self._account is not None
        found = yield Call(self._account, (pair.name,), place_of(self._account))
        if isinstance(found, Unavailable):
            return unavailable(found)
        if found is not None and not isinstance(found, Account):
            return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", {"returned": type(found).__name__[:64]}),))
        outcome = yield Call(judge, (pair.password, found, policy, now), "hash")
        if isinstance(outcome, Refused):
            return Deny(outcome.failures, known=found is not None)
        assert isinstance(outcome, Accepted)
        notes = yield from self._renewed(pair, outcome)
        principal: object = outcome.claims["sub"]  # the account's name: a look-up may take other spellings for it
        if self._principal is not None:
            principal = yield Call(self._principal, (found,), place_of(self._principal))
        return answer_of(principal, user=str(outcome.claims["sub"]), notes=notes)

    def _renewed(self, pair: NameAndPassword, outcome: Accepted) -> Step:
        """Let the application store a hash of today's strength; its failure changes nothing for the person."""
        if self._rehash is None or not outcome.facts.get("needs_rehash"):
            return ()
        try:
            yield Call(self._rehash, (pair.name, pair.password), place_of(self._rehash, "hash"))
        except Exception:  # noqa: BLE001  the password was right
            return ("rehash_failed",)
        return ("rehashed",)


async def _caught(verify: Callable[[PasswordCredential], Any], credential: PasswordCredential) -> object:
    try:
        return await verify(credential)
    except _HashWanted as wanted:
        return wanted


def _matches(secret: str, stored: str) -> bool:
    """One hash. Raises UnusableHash."""
    problem = password.STANDARD.problem(stored)
    answer = problem if problem is not None else password.STANDARD.check(secret, stored)
    if isinstance(answer, Failure):
        if answer.cause in (Cause.WRONG_SECRET, Cause.MALFORMED):
            return False
        raise UnusableHash(f"the stored hash cannot be used: {answer.cause}")
    return answer
