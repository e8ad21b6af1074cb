"""What a token says about its bearer, in a form that no request can change for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from authwhy.guard.answers import Accept
from authwhy.model.outcome import FactValue

FAR = 2.0**60
"""A time (s) that no clock reaches; numbers of a token are kept within it."""


class AbsentClaim(AttributeError, KeyError):
    """A claim was read that the token does not have; in `principal=` that refuses the token, as `missing_claim`."""

    __str__ = AttributeError.__str__


class Claims(dict[str, Any]):
    """What a token says about its bearer, as a mapping that nobody can change; `claims.sub` reads a member too.

    Reading a member that is not there, by attribute or by index, raises AbsentClaim; `get` gives None.
    """

    __slots__ = ()  # no attribute can be set either: `claims.sub = ...` would be read in place of the member

    def __getattr__(self, name: str) -> Any:
        if name in self and not name.startswith("__"):  # Python's own protocols are not for a token to answer
            return self[name]
        raise AbsentClaim(name) if not name.startswith("__") else AttributeError(name)

    def __missing__(self, name: str) -> NoReturn:
        raise AbsentClaim(name)

    @property
    def subject(self) -> str | None:
        """Who it is about (RFC 7519 section 4.1.2)."""
        return self.get("sub")

    def __reduce__(self) -> tuple[type[Claims], tuple[dict[str, Any]]]:
        """Copied and pickled whole: both would otherwise set member after member."""
        return Claims, (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("claims cannot be changed")

    __setitem__ = __delitem__ = update = setdefault = pop = popitem = clear = __ior__ = _refuse


def frozen(value: object) -> Any:
    """A decoded JSON value that cannot be changed: one request must not alter what the next one gets."""
    if isinstance(value, Mapping):
        return Claims({name: frozen(one) for name, one in value.items()})
    return tuple(frozen(one) for one in value) if isinstance(value, list) else value


def accepted(claims: Claims, user_claim: str, facts: Mapping[str, FactValue] | None = None) -> Accept:
    """The acceptance of a token with these claims, which are the principal unless the application makes one."""
    user, issuer, acr = claims.get(user_claim), claims.get("iss"), claims.get("acr")
    at, until = claims.get("auth_time"), claims.get("exp")
    return Accept(
        claims,
        claims,
        scope=scope_of(claims),
        user=user if isinstance(user, str) else None,
        issuer=issuer if isinstance(issuer, str) else None,
        until=until if isinstance(until, int | float) else None,
        acr=acr if isinstance(acr, str) else None,
        authenticated_at=int(at) if isinstance(at, int | float) and abs(at) < FAR else None,
        facts=facts or {},
    )


def scope_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """What was granted: `scope` (RFC 8693 section 4.2), else `scp`; text with blanks or names."""
    value = claims.get("scope", claims.get("scp", ""))
    if isinstance(value, str):
        return frozenset(value.split())
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, tuple | list) else frozenset()


def seconds(claims: Mapping[str, Any], name: str, otherwise: float) -> float:
    """A time of the token within bounds; a number that no clock reaches must not overflow."""
    return float(max(-FAR, min(claims.get(name, otherwise), FAR)))
