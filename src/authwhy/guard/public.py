"""What an outsider may learn of a refusal: the one translation from exact causes to public answers.

Total over all causes; tests/guard/test_public.py enumerates them.
"""

from __future__ import annotations

from http import HTTPStatus

from msgspec import Struct

from authwhy.causes import Cause, Public, meta

TOLD_EXACTLY = frozenset(
    (
        Cause.MISSING,
        Cause.UNSUPPORTED_SCHEME,
        Cause.MALFORMED,
        Cause.EXPIRED,
        Cause.NOT_YET_VALID,
        Cause.INSUFFICIENT_SCOPE,
        Cause.SECOND_FACTOR_REQUIRED,
        Cause.RATE_LIMITED,
        Cause.PROVIDER_UNREACHABLE,
    )
)
"""The only causes whose own code is told; any other one is told by its coarse public code."""

_TITLES = {
    Public.MISSING: "Authentication is required",
    Public.INVALID_REQUEST: "The request for authentication cannot be used",
    Public.INVALID_TOKEN: "The token or proof is not accepted",
    Public.INVALID_CREDENTIALS: "The credentials are not accepted",
    Public.INSUFFICIENT_SCOPE: "The credential does not allow this",
    Public.STRONGER_AUTHENTICATION_REQUIRED: "A stronger or more recent sign-in is required",
    Public.DENIED: "Access is denied",
    Public.RATE_LIMITED: "Too many attempts",
    Public.PAYMENT_REQUIRED: "Payment is required",
    Public.UNAVAILABLE: "Authentication is not available now",
    Public.MISCONFIGURED: "Authentication is not working here",
}
_OWN_TITLES = {
    Cause.UNSUPPORTED_SCHEME: "This way to authenticate is not accepted",
    Cause.MALFORMED: "The credential cannot be read",
    Cause.EXPIRED: "The credential has expired",
    Cause.NOT_YET_VALID: "The credential is not valid yet",
    Cause.SECOND_FACTOR_REQUIRED: "A second factor is required",
}
_OF_ONE_ACCOUNT = frozenset(
    cause
    for cause in Cause
    if cause is Cause.MISCONFIGURED or (meta(cause).public is Public.INVALID_TOKEN and cause is not Cause.MALFORMED)
)
"""Of a name with a secret: what would tell that the name exists (a hash that cannot be used, a MAC that differs, an
old password)."""


class PublicAnswer(Struct, frozen=True):
    """Status, coarse class, code and title as they may be told. `code` is None where not even that may be told."""

    status: int
    public: Public
    code: str | None
    title: str


def translate(
    cause: Cause,
    *,
    password_like: bool = False,
    attested: bool = False,
    everyone: bool = False,
    strict: bool = False,
    malformed_status: int = 401,
) -> PublicAnswer:
    """The public answer to a cause.

    `password_like`: the credential is a name and a secret, whose refusals must all look the same; `attested`: but the
    caller has shown that it knows the secret; `everyone`: the fault meets everybody alike, so that it tells nothing of
    one name. `strict`: tell the status only. `malformed_status`: 401, or 400 as ktor
    does for what cannot be parsed.
    """
    row = meta(cause)
    status, public = row.status, row.public
    timed = cause in (Cause.EXPIRED, Cause.NOT_YET_VALID)
    collapsed = password_like and cause in _OF_ONE_ACCOUNT and not (timed and attested) and not everyone
    if collapsed:
        status, public = 401, Public.INVALID_CREDENTIALS
    if cause is Cause.MALFORMED:
        status = malformed_status
    exact = cause in TOLD_EXACTLY and not collapsed
    if strict:
        return PublicAnswer(status, public, None, HTTPStatus(status).phrase)
    title = _OWN_TITLES.get(cause, _TITLES[public]) if exact else _TITLES[public]
    return PublicAnswer(status, public, cause.value if exact else public.value, title)
