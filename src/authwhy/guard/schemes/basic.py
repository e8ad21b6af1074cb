"""HTTP Basic (RFC 7617): a name and a password, checked by the application or against an account it hands over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, Presented
from authwhy.guard.effects import Step, World
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes import authorization
from authwhy.guard.schemes.credential import PasswordCheck, PasswordCredential
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Refused, refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify.basic import parse

Verify = Callable[[PasswordCredential], object]


class Basic(Base):
    """See `basic`."""

    method = "basic"
    guessable = True
    password_like = True
    looks_at: frozenset[bytes] | None = frozenset((b"authorization",))
    still = True

    def __init__(self, name: str, policy: BasicPolicy, passwords: PasswordCheck, *, charset: bool) -> None:
        super().__init__(name)
        self.policy, self._passwords, self._charset = policy, passwords, charset

    def bind(self, world: World) -> None:
        """Hash in this guard's pool."""
        self._passwords.pool = world.hashes

    def find(self, view: View) -> Presented | Deny | None:
        """The name and password of the Authorization header."""
        found = authorization.find(view, "basic")
        if not isinstance(found, Presented):
            return found
        pair = parse(found.value, self.policy) if found.value.strip() else _NO_TOKEN
        if isinstance(pair, Refused):
            return Deny(pair.failures)
        return Presented(found.slot, found.value, pair.name)

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Ask the application, or check against the account it hands over."""
        pair = parse(presented.value, self.policy)
        if isinstance(pair, Refused):
            return Deny(pair.failures)
        return (yield from self._passwords.check(pair, self.policy, now))

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`Basic` (RFC 7617 section 2); under another name for a script's call, so that no password window opens."""
        pairs = {"realm": self.policy.realm, **({"charset": "UTF-8"} if self._charset else {})}
        return (challenge("xBasic" if asked.background else "Basic", pairs),)


_NO_TOKEN = refused(Cause.MALFORMED, "truncated", problem="no_token")


def basic(
    name: str = "basic",
    *,
    realm: str = "restricted",
    verify: Verify | None = None,
    account: Callable[[str], object] | None = None,
    principal: Callable[[Any], object] | None = None,
    rehash: Callable[[str, str], object] | None = None,
    current_hash: str = "",
    old_passwords: int = 0,
    charset: bool = True,
    max_name_bytes: int = 256,
    max_password_bytes: int = 1_024,
) -> Basic:
    """A provider for names and passwords sent as `Authorization: Basic`.

    `verify(credential)` returns the principal or `deny(...)`, may raise and may be async; inside it
    `credential.matches(stored_hash)` checks any common hash in the bounded pool, and a refusal that came without it
    costs the same work. Or `account(name)` returns an `Account` (None for nobody) and all else is done here, with
    `principal(account)` making the principal. `current_hash`: a hash as you make them today; a success with an older
    one calls `rehash(name, password)`. `old_passwords`: how many earlier hashes are tried, to tell people that they
    typed an old one. Lengths are bytes.

    Raises ConfigurationError for a set-up that cannot work.
    """
    if (verify is None) == (account is None):
        raise ConfigurationError(f"{name}: give verify or account")
    policy = BasicPolicy(name, realm, max_name_bytes, max_password_bytes, current_hash, old_passwords)
    passwords = PasswordCheck(verify, account, principal, rehash, current_hash)
    return Basic(name, policy, passwords, charset=charset)
