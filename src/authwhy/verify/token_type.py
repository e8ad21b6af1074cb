"""Is this the kind of token that was wanted? By its header type (RFC 8725 3.11, RFC 9068 2.1), and by its claims."""

from __future__ import annotations

from collections.abc import Mapping

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.jws import clip

ACCESS_TOKEN = "at+jwt"
"""The header type of an access token (RFC 9068 2.1)."""

# (claim, value in lower case, kind). Keycloak writes `typ`, Amazon Cognito `token_use`, Django Simple JWT
# `token_type`, Flask-JWT-Extended `type`.
_SAID = (
    ("typ", {"id": "id_token", "refresh": "refresh_token", "offline": "refresh_token", "logout": "logout_token"}),
    ("token_use", {"id": "id_token", "refresh": "refresh_token"}),
    ("token_type", {"refresh": "refresh_token"}),
    ("type", {"refresh": "refresh_token"}),
)
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def said_kind(claims: Mapping[str, object]) -> str | None:
    """id_token, refresh_token or logout_token when the claims say so, else None.

    `at_hash` and `c_hash` exist in ID tokens only (OpenID Connect Core 3.1.3.6, 3.3.2.11).
    """
    for claim, kinds in _SAID:
        value = claims.get(claim)
        if type(value) is str and value.lower() in kinds:
            return kinds[value.lower()]
    if "at_hash" in claims or "c_hash" in claims:
        return "id_token"
    events = claims.get("events")
    return "logout_token" if isinstance(events, dict) and _LOGOUT_EVENT in events else None


def type_failure(
    typ: str | None, wanted: tuple[str, ...], claims: Mapping[str, object], attested: bool
) -> Failure | None:
    """Compare with the types that a policy wants (not empty; lower case, without `application/`)."""
    if typ in wanted and (ACCESS_TOKEN not in wanted or said_kind(claims) is None):
        return None
    facts: dict[str, FactValue] = {"expected": wanted, "seen": "" if typ is None else clip(typ)}
    kind = said_kind(claims)
    if kind is not None:
        facts["looks_like"] = kind
    return Failure(Cause.WRONG_TOKEN_TYPE, None, facts, attested)
