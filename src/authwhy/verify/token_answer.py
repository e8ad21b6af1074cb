"""The answer of a token endpoint (RFC 6749 5): tokens, or whose fault it is that there are none.

The provider is one that we chose and reached over TLS, so its answers count as facts. Yet the authorization code in
our question came from a browser: only refusals that a made-up code cannot bring about are called our fault or its.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused
from authwhy.verify.jws import clip

MAX_BODY = 262_144
"""Octets of an answer; ID tokens with groups in them may have some ten thousand."""
_TYPES = ("bearer", "dpop")
_GRANT_REFUSED = ("invalid_grant", "bad_verification_code", "expired_token", "authorization_expired")
# (error code, cause, our setting). GitHub answers 200 with codes of its own; `invalid_client` is our secret, not
# the person's.
_ERRORS: dict[str, tuple[Cause, str | None]] = {
    **dict.fromkeys(_GRANT_REFUSED, (Cause.INACTIVE, None)),
    "invalid_request": (Cause.MALFORMED, None),  # some providers say this of a made-up code
    "invalid_client": (Cause.MISCONFIGURED, "client_secret"),
    "incorrect_client_credentials": (Cause.MISCONFIGURED, "client_secret"),
    "unauthorized_client": (Cause.MISCONFIGURED, "grant_type"),
    "unsupported_grant_type": (Cause.MISCONFIGURED, "grant_type"),
    "redirect_uri_mismatch": (Cause.MISCONFIGURED, "redirect_uri"),
    "invalid_scope": (Cause.MISCONFIGURED, "scope"),
    "invalid_target": (Cause.MISCONFIGURED, "resource"),
    "invalid_dpop_proof": (Cause.MISCONFIGURED, "dpop"),
    "use_dpop_nonce": (Cause.STALE_NONCE, None),
    "interaction_required": (Cause.ACTION_REQUIRED, None),
    "login_required": (Cause.ACTION_REQUIRED, None),
    "consent_required": (Cause.CONSENT_REQUIRED, None),
    "access_denied": (Cause.DECLINED_BY_USER, None),
    "temporarily_unavailable": (Cause.PROVIDER_UNREACHABLE, None),
    "server_error": (Cause.PROVIDER_ERROR, None),
    "slow_down": (Cause.RATE_LIMITED, None),
}
_UNREACHABLE = (502, 503, 504)


class TokenAnswer(Struct, frozen=True):
    """The tokens. `token_type` is bearer or dpop, `expires_in_s` seconds from receipt. Its text form tells none.

    `scope` is None when the provider granted what was asked for (RFC 6749 5.1).
    """

    access_token: str
    token_type: str
    expires_in_s: int | None = None
    refresh_token: str | None = None
    id_token: str | None = None
    scope: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"TokenAnswer(token_type={self.token_type!r})"


def read_token_answer(status: int, content_type: str | None, body: bytes) -> TokenAnswer | Refused:
    """Read an answer. Never raises. `inactive` stands for invalid_grant: the code is used, old or made up.

    None of these is mended by redirecting again. An answer that never came is an Unavailable of whoever asked.
    """
    if 300 <= status < 400 or status in (404, 405, 410):  # redirects are not followed
        return _refused(Cause.MISCONFIGURED, status, setting="token_endpoint")
    members = _members(body)
    error = members.get("error") if members is not None else None
    if type(error) is str and error in _ERRORS:
        cause, setting = _ERRORS[error]
        return _refused(cause, status, seen=error, **({} if setting is None else {"setting": setting}))
    if status >= 500:
        return _refused(Cause.PROVIDER_UNREACHABLE if status in _UNREACHABLE else Cause.PROVIDER_ERROR, status)
    if status == 429:
        return _refused(Cause.RATE_LIMITED, status)
    if type(error) is str and error:
        return _refused(Cause.REJECTED_BY_APPLICATION, status, seen=clip(error))
    if members is None:
        return _refused(Cause.PROVIDER_ERROR, status, problem=_looks(content_type, body))
    if status != 200:
        return _refused(Cause.PROVIDER_ERROR, status, problem="no_error_code")
    return _tokens(members)


def _members(body: bytes) -> dict[str, object] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, object]) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        return None


def _looks(content_type: str | None, body: bytes) -> str:
    """One word for what came instead of a JSON object."""
    if len(body) > MAX_BODY:
        return "too_large"
    kind = (content_type or "").partition(";")[0].strip().lower()
    return {"text/html": "html", "application/x-www-form-urlencoded": "form_encoded"}.get(kind, "not_json")


def _refused(cause: Cause, status: int, **facts: FactValue) -> Refused:
    return Refused((Failure(cause, None, {"status": status, **facts}),))


def _tokens(members: dict[str, object]) -> TokenAnswer | Refused:
    """The members of a successful answer (RFC 6749 5.1, OpenID Core 3.1.3.3)."""
    text: dict[str, str | None] = {}
    for name in ("access_token", "token_type", "refresh_token", "id_token", "scope"):
        value = members.get(name)
        if value is not None and type(value) is not str:
            return _refused(Cause.PROVIDER_ERROR, 200, problem="wrong_type", seen=name)
        text[name] = value if type(value) is str else None
    access_token, token_type = text["access_token"], text["token_type"]
    if not access_token or not token_type:
        return _refused(
            Cause.PROVIDER_ERROR, 200, problem="missing_member", seen="token_type" if access_token else "access_token"
        )
    if token_type.lower() not in _TYPES:  # a token of a type one does not know is not to be used (RFC 6749 7.1)
        return _refused(Cause.PROVIDER_ERROR, 200, problem="token_type", seen=clip(token_type))
    scope = text["scope"]
    return TokenAnswer(
        access_token,
        token_type.lower(),
        _seconds(members.get("expires_in")),
        text["refresh_token"],
        text["id_token"],
        None if scope is None else tuple(scope.split()),
    )


def _seconds(value: object) -> int | None:
    """A lifetime, also where a provider writes it as text; None when it says nothing usable."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    return value if type(value) is int and 0 <= value < 2**40 else None
