"""Names and passwords sent as HTTP Basic (RFC 7617), checked by a directory (RFC 4513 section 5.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, answer_of, unavailable
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.schemes.basic import Basic
from authwhy.guard.schemes.credential import PasswordCheck
from authwhy.model.outcome import Refused
from authwhy.model.policy import BasicPolicy
from authwhy.stores.ldap import Bound, LdapDirectory
from authwhy.verify.basic_credential import NameAndPassword
from authwhy.verify.flow import Unavailable

_SAYS_NOTHING = (Cause.UNKNOWN_IDENTITY, Cause.MALFORMED)


_OF_THE_LINK = frozenset(("service_dn", "start_tls", "url"))
"""Settings whose fault meets every name alike; one of a template may show with a single name only."""


class BindCheck(PasswordCheck):
    """Asks the directory instead of computing a hash."""

    def __init__(self, directory: LdapDirectory, principal: Callable[[Bound], object] | None) -> None:
        super().__init__(None, None, principal, None, "")
        self._directory = directory

    def check(self, pair: NameAndPassword, policy: BasicPolicy, now: int) -> Step:
        """Returns an Accept or a Deny."""
        bound = yield Call(self._directory.bind, (pair.name, pair.password), "thread")
        if isinstance(bound, Unavailable):
            refusal = unavailable(bound)
            return replace(refusal, everyone=bound.facts.get("setting") in _OF_THE_LINK)
        if isinstance(bound, Refused):
            return Deny(bound.failures, known=self._is_known(bound))
        principal: object = bound.name
        if self._principal is not None:
            principal = yield Call(self._principal, (bound,), place_of(self._principal))
        return answer_of(principal, user=bound.name, notes=_notes(bound))

    def _is_known(self, refusal: Refused) -> bool:
        """Did the directory say that there is such an account? Without a search a wrong password does not."""
        failure = refusal.primary
        if failure.cause is Cause.WRONG_SECRET:
            return self._directory.searches and failure.detail != "empty"
        return failure.cause not in _SAYS_NOTHING


def _notes(bound: Bound) -> tuple[str, ...]:
    """What an operator wants to see coming."""
    if bound.grace_left is not None:
        return ("password_grace",)
    return ("password_expires_soon",) if bound.expires_in_s is not None else ()


class Ldap(Basic):
    """See `ldap`."""

    method = "ldap"


def ldap(
    name: str = "ldap",
    *,
    directory: LdapDirectory,
    realm: str = "restricted",
    principal: Callable[[Bound], Any] | None = None,
    charset: bool = True,
    max_name_bytes: int = 256,
    max_password_bytes: int = 1_024,
) -> Ldap:
    """A provider for names and passwords sent as `Authorization: Basic` and checked by a directory.

    Each attempt binds as the person, in a thread and over a connection of its own. `principal(bound)` makes the
    principal from a `Bound` (its name, its distinguished name, the attributes that the directory was told to read) or
    returns `deny(...)`; it may be async. By default the principal is the name. An outage of the directory is 503,
    never a wrong password. `realm` is the protection space (RFC 9110 section 11.5); lengths are bytes.
    """
    policy = BasicPolicy(name, realm, max_name_bytes, max_password_bytes)
    return Ldap(name, policy, BindCheck(directory, principal), charset=charset)
