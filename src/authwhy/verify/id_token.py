"""The checks of an ID token that only the client can make (OpenID Connect Core 3.1.3.7, 3.1.3.8), after verify.jwt.

verify.jwt has checked signature, issuer, that our client id is in the audience, and time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from hmac import compare_digest

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.jws import clip
from authwhy.verify.login_state import LoginState
from authwhy.verify.oauth_login import OauthLoginPolicy
from authwhy.verify.segments import encode

_TEXTS = ("nonce", "azp", "at_hash", "acr")
_LISTED = 16


def id_token_failures(
    claims: Mapping[str, object],
    alg: str,
    access_token: str | None,
    state: LoginState,
    policy: OauthLoginPolicy,
    now: int,
) -> tuple[Failure, ...]:
    """Every check that fails, in the fixed order; claims of a wrong type are the only failure. Never raises.

    `claims` are those of a token that verify.jwt accepted, `alg` is that of its header, `access_token` came with it,
    `state` is the login it answers, `now` is s since 1970.
    """
    wrong = next((name for name in _TEXTS if type(claims.get(name, "")) is not str), None)
    if wrong is None and type(claims.get("auth_time", 0)) not in (int, float):
        wrong = "auth_time"
    if wrong is not None:
        return (Failure(Cause.MALFORMED, None, {"part": "claims", "problem": "wrong_type", "member": wrong}, True),)
    return (
        *_binding(claims, alg, access_token),
        *_nonce(claims, state),
        *_party(claims, policy),
        *_strength(claims, state, policy, now),
    )


def _binding(claims: Mapping[str, object], alg: str, access_token: str | None) -> tuple[Failure, ...]:
    seen = claims.get("at_hash")
    if access_token is None or not isinstance(seen, str):  # optional with a code (Core 3.1.3.6)
        return ()
    wanted = half_hashes(access_token, alg)
    if any(compare_digest(one, seen.encode("utf-8", "surrogatepass")) for one in wanted):
        return ()
    return (Failure(Cause.WRONG_BINDING, None, {"claim": "at_hash"}, True),)


def half_hashes(text: str, alg: str) -> list[bytes]:
    """What `at_hash` or `c_hash` may be: the left half of the hash that belongs to the algorithm, as base64url.

    EdDSA does not say which curve it is, so it has two (OpenID issue 1125: SHA-512, or 114 octets of SHAKE256).
    """
    octets = text.encode("utf-8", "surrogatepass")
    bits = alg[2:5]
    digests = [hashlib.new(f"sha{bits}", octets).digest()] if bits in ("256", "384", "512") else []
    if alg in ("EdDSA", "Ed25519"):
        digests.append(hashlib.sha512(octets).digest())
    if alg in ("EdDSA", "Ed448"):
        digests.append(hashlib.shake_256(octets).digest(114))
    return [encode(digest[: len(digest) // 2]) for digest in digests]


def _nonce(claims: Mapping[str, object], state: LoginState) -> tuple[Failure, ...]:
    seen = claims.get("nonce")
    if not isinstance(seen, str):
        return (Failure(Cause.MISSING_CLAIM, None, {"claim": "nonce"}, True),)
    if compare_digest(seen.encode("utf-8", "surrogatepass"), state.nonce.encode()):
        return ()
    return (Failure(Cause.STATE_MISMATCH, None, {"problem": "other_nonce"}, True),)


def _party(claims: Mapping[str, object], policy: OauthLoginPolicy) -> list[Failure]:
    """Was it made for us, and for nobody we do not trust?"""
    found: list[Failure] = []
    audience = claims.get("aud")
    named = tuple(map(str, audience)) if isinstance(audience, list) else (str(audience),)
    trusted = (policy.client_id, *policy.trusted_audiences)
    if policy.client_id not in named or any(name not in trusted for name in named):
        facts: dict[str, FactValue] = {"expected": trusted, "seen": tuple(clip(name) for name in named[:_LISTED])}
        found.append(Failure(Cause.WRONG_AUDIENCE, None, facts, True))
    party = claims.get("azp")
    if isinstance(party, str) and party != policy.client_id:
        found.append(Failure(Cause.WRONG_CLIENT, None, {"expected": policy.client_id, "seen": clip(party)}, True))
    return found


def _strength(claims: Mapping[str, object], state: LoginState, policy: OauthLoginPolicy, now: int) -> list[Failure]:
    """Was the authentication as recent and as strong as was asked for (Core 3.1.2.1: max_age, acr_values)?"""
    found: list[Failure] = []
    since = claims.get("auth_time")
    if state.max_age_s is not None and not isinstance(since, int | float):
        found.append(Failure(Cause.MISSING_CLAIM, None, {"claim": "auth_time"}, True))
    elif state.max_age_s is not None and isinstance(since, int | float):
        age = now - int(max(-(2**53), min(since, 2**53)))
        if age > state.max_age_s + policy.leeway_s:
            facts: dict[str, FactValue] = {"claim": "auth_time", "age_s": age, "max_age_s": state.max_age_s}
            found.append(Failure(Cause.STRONGER_AUTHENTICATION_REQUIRED, None, facts, True))
    acr = claims.get("acr")
    if state.acr_values and acr not in state.acr_values:
        facts = {"claim": "acr", "expected": state.acr_values, "seen": clip(acr) if isinstance(acr, str) else ""}
        found.append(Failure(Cause.STRONGER_AUTHENTICATION_REQUIRED, None, facts, True))
    return found
