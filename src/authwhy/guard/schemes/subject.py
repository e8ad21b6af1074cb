"""The name of the account behind a principal: what a session is about, and what a second factor is looked up under."""

from __future__ import annotations

from collections.abc import Mapping

_MEMBERS = ("username", "sub", "id", "email", "name")


def subject_of(principal: object) -> str | None:
    """The principal itself where it is text, else its first member or attribute of these that is text or a number.

    None where there is none. What a person typed is no substitute: an application that ignores case would be asked
    for the second factor of `Alice`, and have none.
    """
    if isinstance(principal, str):
        return principal or None
    for name in _MEMBERS:
        found = principal.get(name) if isinstance(principal, Mapping) else getattr(principal, name, None)
        if isinstance(found, str | int) and not isinstance(found, bool) and found != "":
            return str(found)
    return None
