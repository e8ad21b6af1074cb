"""The end of every dialect: ask for the secrets, try them, list what fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused, refused
from authwhy.verify.flow import Flow, SeenAsk, Unavailable
from authwhy.verify.hmac_request.interface import (
    MAX_SECRETS,
    SecretAsk,
    SigningPolicy,
    SigningSecret,
    SigningSecrets,
)

Check: TypeAlias = Callable[[SigningSecret], bool | None]
"""Did this secret sign the request? None when it is of a form that cannot sign such a request. Never raises."""

_NOBODY = SigningSecret("", b"no secret is known under this name")
UNUSABLE = Failure(Cause.MISCONFIGURED, None, {"setting": "secret", "problem": "secret_not_usable"})
"""The secrets on file are of a form that cannot sign such requests: the verifier's own fault."""


class Signed(Struct, frozen=True, eq=False):
    """What a request says about its signature, and what is already known to be wrong with it.

    `algorithm` failures come before the key, `demands` (components that must be signed, audience, time) after the
    signature; `body_changed` says that the body is not the one that was signed. `replay` is (value, until).
    `dummy` is what is tried when there is no secret, `unusable` why none of the secrets can be.
    """

    key_id: str
    check: Check
    alg: str
    algorithm: tuple[Failure, ...] = ()
    demands: tuple[Failure, ...] = ()
    body_changed: Mapping[str, FactValue] | None = None
    session_token: str | None = None
    replay: tuple[str, int] | None = None
    claims: Mapping[str, object] = {}
    dummy: SigningSecret = _NOBODY
    unusable: Failure = UNUSABLE

    def __repr__(self) -> str:
        return f"Signed({self.key_id!r})"


def settle(signed: Signed, policy: SigningPolicy, now: int) -> Flow:
    """Ask for the secrets and judge. Order: algorithm, key, signature, demands, status, replay. Never raises.

    Accepted claims: `sub` (the owner), `key_id` and those of the dialect; facts `secret_id`, `old_secret`.
    """
    if signed.algorithm:  # no signature is computed by a choice that is not allowed
        return Refused((*signed.algorithm, *signed.demands))
    known = yield SecretAsk(signed.key_id, signed.session_token)
    if type(known) is not SigningSecrets or not known.secrets:
        return _nobody(known, signed, policy)
    match = _try(known.secrets, signed, policy)
    if match is UNUSABLE:
        return Refused((UNUSABLE,))
    failures = _failures(match, known, signed, policy, now)
    if failures or isinstance(match, Failure):
        return Refused(failures)
    if policy.check_replay and signed.replay is not None:
        seen = yield SeenAsk(f"{signed.alg}:{signed.key_id}", *signed.replay)
        if isinstance(seen, Unavailable):
            return seen.refusal()
        if not isinstance(seen, bool):
            return refused(Cause.MISCONFIGURED, "backend_unwired", ask="SeenAsk")
        if seen:
            return refused(Cause.REPLAYED, attested=True, key_id=signed.key_id)
    return Accepted(
        {"sub": known.owner, "key_id": signed.key_id, **signed.claims},
        {"secret_id": match.id, "old_secret": match is not known.secrets[0]},
    )


def _nobody(answer: object, signed: Signed, policy: SigningPolicy) -> Refused:
    """The refusal where there is no secret, for the price of one with a secret."""
    if isinstance(answer, Unavailable):
        return answer.refusal()
    if answer is not None and not isinstance(answer, SigningSecrets):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="SecretAsk")
    _try((), signed, policy)
    return Refused((Failure(Cause.UNKNOWN_IDENTITY), *signed.demands))


def _try(secrets: tuple[SigningSecret, ...], signed: Signed, policy: SigningPolicy) -> SigningSecret | Failure:
    """The secret that signed the request, or why none did. Only a refusal costs a fixed number of signatures."""
    check, tried, unusable = signed.check, 0, 0
    for secret in secrets[:MAX_SECRETS]:
        good = check(secret)
        if good:
            return secret
        tried += 1
        unusable += good is None
    for _ in range(policy.secrets_tried - tried + unusable):
        check(signed.dummy)
    if tried and tried == unusable:
        return signed.unusable
    return Failure(Cause.BAD_SIGNATURE, None, {"alg": signed.alg, "keys_tried": tried - unusable})


def _failures(
    match: SigningSecret | Failure, known: SigningSecrets, signed: Signed, policy: SigningPolicy, now: int
) -> tuple[Failure, ...]:
    """Every check that fails, in order. What follows a signature that held is attested."""
    if (
        not isinstance(match, Failure)
        and match.retired_at is None
        and known.status == "active"
        and not signed.demands
        and signed.body_changed is None
    ):
        return ()
    good = not isinstance(match, Failure)
    found = [match] if isinstance(match, Failure) else []
    if good and signed.body_changed is not None:
        found.append(Failure(Cause.BAD_SIGNATURE, "body_changed", {"alg": signed.alg, **signed.body_changed}, True))
    found += [Failure(each.cause, each.detail, each.facts, good) for each in signed.demands]
    if not isinstance(match, Failure) and match.retired_at is not None:
        ended = match.retired_at + policy.overlap_s
        if now >= ended:
            facts: dict[str, FactValue] = {"revoked_at": match.retired_at, "late_s": now - ended}
            found.append(Failure(Cause.REVOKED, None, {**facts, "key_id": signed.key_id}, good))
    if known.status == "revoked":
        found.append(Failure(Cause.REVOKED, None, {"key_id": signed.key_id}))
    if known.status == "disabled":
        found.append(Failure(Cause.ACCOUNT_DISABLED, "suspended", {"key_id": signed.key_id}))
    return tuple(found)
