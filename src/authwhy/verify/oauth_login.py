"""The authorization-code login (RFC 6749 4.1, OpenID Connect Core 3.1.2, PKCE RFC 7636): the way there and back.

A refusal here is an answer for a person, never a reason to redirect again: what was refused once would be refused
again, in a circle. What the provider reports comes through the browser, where the person signing in can write
anything; so it is never attested, and never an outage or a fault of ours, whatever its code says.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlencode, urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure, Refused, refused
from authwhy.verify.jws import clip
from authwhy.verify.likeness import difference
from authwhy.verify.login_state import LoginState, is_local
from authwhy.verify.segments import encode

MAX_PARAMETERS = 64
MAX_VALUE = 8_192
"""Characters of one callback parameter; an authorization code may have some thousand."""
_KNOWN = ("state", "iss", "error", "error_description", "error_uri", "code")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ERRORS = {
    "access_denied": Cause.DECLINED_BY_USER,
    "login_required": Cause.ACTION_REQUIRED,
    "interaction_required": Cause.ACTION_REQUIRED,
    "account_selection_required": Cause.ACTION_REQUIRED,
    "consent_required": Cause.CONSENT_REQUIRED,
    "unmet_authentication_requirements": Cause.STRONGER_AUTHENTICATION_REQUIRED,
}
"""Error code of an authorization server -> cause. Any other one, `server_error` too, is `rejected_by_application`."""


class OauthLoginPolicy(Struct, frozen=True):
    """One provider and our registration with it. `lifetime_s` is how long a person may take to sign in.

    An empty `issuer`: plain OAuth 2.0 with a provider whose issuer is not known, so that `iss` is not compared.

    `require_iss` is for a provider that announces `authorization_response_iss_parameter_supported` (RFC 9207 3).
    `trusted_audiences` may stand in an ID token beside our client id. Raises ValueError for an address that is not
    https (or http on loopback) or has a fragment, and for a number out of range.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    authorization_endpoint: str
    id: str = "login"
    scope: tuple[str, ...] = ("openid",)
    lifetime_s: int = 600
    leeway_s: int = 60
    require_iss: bool = False
    trusted_audiences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("redirect_uri", "authorization_endpoint"):
            parts = urlsplit(getattr(self, name))
            safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            if not safe or not parts.netloc or "#" in getattr(self, name):
                raise ValueError(f"{name} must be an https address without a fragment")
        for name in ("scope", "trusted_audiences"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be a list of strings, not one string")
            force_setattr(self, name, tuple(getattr(self, name)))
        if self.lifetime_s <= 0 or self.leeway_s < 0:
            raise ValueError("lifetime_s must be positive, leeway_s must not be negative")


def authorization_url(state: LoginState, policy: OauthLoginPolicy, prompt: str = "") -> str | Refused:
    """Where to send the browser. Refused when the return path would lead to another host.

    `prompt` is none, login, consent, select_account or several of them with blanks between (OpenID Core 3.1.2.1).
    """
    if not is_local(state.return_path):
        return _foreign_path()
    parameters = {
        "response_type": "code",
        "client_id": policy.client_id,
        "redirect_uri": policy.redirect_uri,
        "scope": " ".join(policy.scope),
        "state": state.state,
        "nonce": state.nonce if "openid" in policy.scope else "",
        "code_challenge": encode(sha256(state.verifier.encode()).digest()).decode(),
        "code_challenge_method": "S256",
        "prompt": prompt,
        "max_age": "" if state.max_age_s is None else str(state.max_age_s),
        "acr_values": " ".join(state.acr_values),
    }
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{policy.authorization_endpoint}{'&' if '?' in policy.authorization_endpoint else '?'}{query}"


def check_callback(
    params: Iterable[tuple[str, str]], state: LoginState | None, now: int, policy: OauthLoginPolicy
) -> str | Refused:
    """The authorization code that came back, or why there is none. `now` is s since 1970. Never raises.

    `params` are the decoded pairs of the query (or the form), all of them; `state` is what the login cookie said,
    None when there was none. Order: shape, state, issuer, time; then what the provider reports, then the code.
    """
    pairs = list(params)
    read = {name: value for name, value in pairs if name in _KNOWN}
    shape = _shape_failure(pairs, read)
    if shape is not None:
        return Refused((shape,))
    failures = (*_state_failures(read, state, policy), *_issuer_failures(read, policy), *_late(state, now, policy))
    if failures:
        return Refused(failures)
    if "error" in read:
        return _reported(read["error"])
    if state is not None and not is_local(state.return_path):
        return _foreign_path()
    code = read.get("code", "")
    if not code:
        return refused(Cause.MALFORMED, part="callback", problem="missing_member", member="code")
    return code


def _foreign_path() -> Refused:
    return refused(Cause.CSRF_FAILED, problem="return_path")


def _shape_failure(pairs: list[tuple[str, str]], read: dict[str, str]) -> Failure | None:
    """Too much text, a parameter twice (RFC 6749 3.1), a code together with an error, characters no code has."""
    if len(pairs) > MAX_PARAMETERS:
        return _malformed("too_many", None, MAX_PARAMETERS)
    for name in _KNOWN:
        if len(read.get(name, "")) > MAX_VALUE:
            return _malformed("too_large", name, MAX_VALUE)
    names = [name for name, _ in pairs]
    doubled = next((name for name in _KNOWN if names.count(name) > 1), None)
    if doubled is None and "code" in read and "error" in read:
        doubled = "code"
    if doubled is not None:
        return Failure(Cause.AMBIGUOUS, None, {"parameter": doubled})
    code = read.get("code", "")
    return None if code.isascii() and code.isprintable() else _malformed("characters", "code")  # RFC 6749 A.11


def _malformed(problem: str, member: str | None, limit: int | None = None) -> Failure:
    facts: dict[str, FactValue] = {"part": "callback", "problem": problem, "member": member, "limit": limit}
    return Failure(Cause.MALFORMED, None, {name: value for name, value in facts.items() if value is not None})


def _state_failures(read: dict[str, str], state: LoginState | None, policy: OauthLoginPolicy) -> tuple[Failure, ...]:
    """Is this the answer to the login that this browser began, with this provider (RFC 6749 10.12)?"""
    problem = None
    if state is None:
        problem = "no_cookie"
    elif not read.get("state"):
        problem = "no_state"
    elif not compare_digest(state.state.encode(), read["state"].encode("utf-8", "surrogatepass")):
        problem = "other_state"
    elif state.provider != policy.id:
        problem = "other_provider"
    return () if problem is None else (Failure(Cause.STATE_MISMATCH, None, {"problem": problem}),)


def _issuer_failures(read: dict[str, str], policy: OauthLoginPolicy) -> tuple[Failure, ...]:
    """RFC 9207 2.4: compared as it stands, against mix-up of two providers."""
    seen = read.get("iss")
    if seen is None:
        return (Failure(Cause.MISSING_CLAIM, None, {"claim": "iss"}),) if policy.require_iss else ()
    if seen == policy.issuer or not policy.issuer:
        return ()
    facts: dict[str, FactValue] = {"expected": policy.issuer, "seen": clip(seen)}
    return (Failure(Cause.WRONG_ISSUER, difference((policy.issuer,), (seen,)), facts),)


def _late(state: LoginState | None, now: int, policy: OauthLoginPolicy) -> tuple[Failure, ...]:
    if state is None or now < state.issued_at + policy.lifetime_s:
        return ()
    end = state.issued_at + policy.lifetime_s
    facts: dict[str, FactValue] = {"expired_at": end, "late_s": now - end, "now": now, "issued_at": state.issued_at}
    return (Failure(Cause.EXPIRED, None, facts, True),)


def _reported(error: str) -> Refused:
    """What the provider says through the browser (RFC 6749 4.1.2.1, OpenID Core 3.1.2.6)."""
    return refused(_ERRORS.get(error, Cause.REJECTED_BY_APPLICATION), seen=clip(error))
