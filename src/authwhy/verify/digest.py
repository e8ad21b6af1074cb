"""HTTP Digest authentication (RFC 7616; MD5 as in RFC 2617 when the policy names it).

A `uri` that is not the request's target is `wrong_binding`: the proof is right and is about something else, as with
DPoP's `htu`. (`wrong_endpoint` is for a diagnosis to conclude; with `bad_signature` the proof would not verify.)
Because the response covers `uri`, the fact is attested exactly when the response was right.

An old nonce, one used too often, and one that these keys never made are `stale_nonce`. Each is looked at whatever
the response, but listed behind it: with a wrong response the refusal starts with `wrong_secret` or
`unknown_identity`, so the public is told that, and `is_stale` is false. Saying `stale=true` for an unknown nonce
with a right response is safe (only who knows the secret can make one) and lets clients live through a change of
keys; without a right response it would make clients retry a wrong password for ever (RFC 7616 section 3.3).
A nonce of another realm or algorithm counts as unknown; another `opaque` than ours belongs to an old challenge.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Outcome, Refused, refused
from authwhy.verify.basic_account import Account, state_failures
from authwhy.verify.digest_challenge import ALGORITHMS, Algorithm, DigestPolicy, authentication_info, challenges
from authwhy.verify.digest_credential import DigestCredential, parse
from authwhy.verify.digest_nonce import DigestNonces
from authwhy.verify.flow import Ask, Flow, SeenAsk, Unavailable
from authwhy.verify.jws import clip

__all__ = [
    "DigestAccountAsk",
    "DigestNonces",
    "DigestPolicy",
    "DigestRequest",
    "DigestSecret",
    "authentication_info",
    "challenges",
    "ha1",
    "is_stale",
    "verify",
]

_FORGET_S = 60  # a count is remembered this much longer than its nonce lives: clocks of two instances may differ


class DigestAccountAsk(Ask, frozen=True):
    """The secret of this name in this realm. Answer: a DigestSecret, None when there is none, or Unavailable.

    With `userhash`, `username` is lower-case hex of H(name:realm) by `algorithm` (RFC 7616 section 3.4.4): the
    store keeps that hash beside the name. `algorithm` is without `-sess`: an answer needs the HA1 for it only.
    """

    realm: str
    username: str
    algorithm: str
    userhash: bool = False


class DigestSecret(Struct, frozen=True):
    """What the world keeps of a name: `ha1` by algorithm (without `-sess`, see `ha1`), or else the plain password.

    `account`, when given, adds its states (locked, disabled, ...) to a refusal. Its text form tells no secret.
    """

    name: str
    ha1: Mapping[str, str] = {}
    password: str | None = None
    account: Account | None = None

    def __repr__(self) -> str:
        return "DigestSecret(...)"


class DigestRequest(Struct, frozen=True):
    """What was requested, as on the request line: method and target (RFC 9112 section 3.2), before any rewriting.

    `authority` is host and port of the service; with it, `uri` in absolute form is accepted too. `body` is needed
    for qop auth-int only.
    """

    method: str
    target: str
    authority: str = ""
    body: bytes = b""


def ha1(name: str, realm: str, password: str, algorithm: str) -> str:
    """H(name:realm:password), what a store keeps in place of a password. Raises KeyError for another algorithm."""
    return ALGORITHMS[algorithm].hash(f"{name}:{realm}:{password}".encode("utf-8", "surrogatepass"))


def verify(
    credential: str | bytes, request: DigestRequest, policy: DigestPolicy, nonces: DigestNonces, now: int
) -> Flow:
    """Check an `Authorization: Digest` value. `now` is s since 1970. Never raises.

    Order: shape, algorithm, response, realm, uri, nonce, account's state, replay. Every wrong response costs the
    same hashes, and whether there is such a name is looked at after the compare. The SeenAsk comes only
    for a credential that passes all else, so nobody without the secret can spend a count. Two requests with one
    count are `replayed`: the driver's store decides which was first.

    `-sess`: nonce and cnonce of the request itself are taken (section 3.4.2), not those of a first request.
    Accepted claims: `sub`; facts `algorithm`, `qop`, `nonce`, `nc`, `cnonce`, `nonce_age_s`, `rspauth`.
    """
    sent = parse(credential, policy)
    if isinstance(sent, Refused):
        return sent
    algorithm = ALGORITHMS[sent.algorithm]
    secret = yield DigestAccountAsk(policy.realm, sent.username, algorithm.base, sent.userhash)
    if isinstance(secret, Unavailable):
        return secret.refusal()
    if secret is not None and not isinstance(secret, DigestSecret):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="DigestAccountAsk")
    key, problem = _session_key(sent, request, secret, policy, algorithm)
    made_at = nonces.made_at(sent.nonce, policy.realm, sent.algorithm)
    failures = _failures(sent, request, policy, problem, made_at, now)
    if secret is not None and secret.account is not None:
        failures += state_failures(secret.account, now)
    if failures or secret is None or made_at is None:
        return Refused(failures)
    until = made_at + policy.nonce_lifetime_s + _FORGET_S
    seen = yield SeenAsk(f"digest:{policy.realm}", f"{sent.nonce}:{sent.nc}", until)
    return _spent(seen, sent, key, secret, policy, now - made_at)


def is_stale(outcome: Outcome) -> bool:
    """True when nothing but the nonce is wrong: the new challenges say `stale=true` (RFC 7616 section 3.3)."""
    return isinstance(outcome, Refused) and set(outcome.causes) == {Cause.STALE_NONCE}


def _session_key(
    sent: DigestCredential,
    request: DigestRequest,
    secret: DigestSecret | None,
    policy: DigestPolicy,
    algorithm: Algorithm,
) -> tuple[str, Failure | None]:
    """H(A1) (RFC 7616 section 3.4.2), and why the response is refused.

    An HA1 is computed for a plain password, for a name nobody has, and after a wrong response to a stored one.
    """
    stored = secret.ha1.get(algorithm.base) if secret else None
    name, password = (secret.name, secret.password or "") if secret else (sent.username, "")
    key = stored or ha1(name, policy.realm, password, algorithm.base)
    if algorithm.is_session:
        key = algorithm.hash(f"{key}:{sent.nonce}:{sent.cnonce}".encode("utf-8", "replace"))
    subject = f"{request.method}:{sent.uri}"
    if sent.qop == "auth-int":
        subject += ":" + algorithm.hash(request.body)
    expected = _response(algorithm, key, sent, subject)
    is_right = compare_digest(expected.encode(), sent.response.encode())
    if secret is None:
        return key, Failure(Cause.UNKNOWN_IDENTITY)
    if not stored and not secret.password:
        return key, Failure(Cause.WRONG_SECRET, facts={"problem": "no_password_set"})
    if not is_right:
        if stored:
            ha1(name, policy.realm, password, algorithm.base)
        return key, Failure(Cause.WRONG_SECRET)
    return key, None


def _response(algorithm: Algorithm, key: str, sent: DigestCredential, subject: str) -> str:
    """The request-digest over H(A2) of `subject` (RFC 7616 section 3.4.1)."""
    ha2 = algorithm.hash(subject.encode("utf-8", "replace"))
    return algorithm.hash(f"{key}:{sent.nonce}:{sent.nc}:{sent.cnonce}:{sent.qop}:{ha2}".encode("utf-8", "replace"))


def _failures(
    sent: DigestCredential,
    request: DigestRequest,
    policy: DigestPolicy,
    problem: Failure | None,
    made_at: int | None,
    now: int,
) -> tuple[Failure, ...]:
    """Every check of the credential that fails, in the fixed order."""
    attested = problem is None
    failures = [problem] if problem else []
    if sent.realm != policy.realm:
        realms: dict[str, FactValue] = {"expected": policy.realm, "seen": clip(sent.realm)}
        failures.append(Failure(Cause.WRONG_ISSUER, "realm", realms))
    if sent.uri != request.target and not _same_resource(sent.uri, request):
        failures.append(_other_uri(sent.uri, request.target, attested))
    stale = _stale(sent, policy, made_at, now)
    if stale:
        failures.append(Failure(Cause.STALE_NONCE, facts=stale, attested=attested))
    return tuple(failures)


def _stale(sent: DigestCredential, policy: DigestPolicy, made_at: int | None, now: int) -> dict[str, FactValue]:
    """What makes the challenge an old one; empty when it is good. A nonce far ahead of `now` is a clock's error."""
    if made_at is None:
        return {"problem": "unknown_nonce"}
    if sent.opaque != policy.opaque:
        return {"problem": "opaque"}
    late = now - made_at - policy.nonce_lifetime_s
    if late >= 0:
        return {"problem": "expired", "late_s": late, "expired_at": made_at + policy.nonce_lifetime_s}
    if made_at - now > policy.nonce_lifetime_s:
        return {"problem": "from_the_future"}
    if int(sent.nc, 16) > policy.max_nonce_count:
        return {"problem": "nonce_count", "limit": policy.max_nonce_count}
    return {}


def _same_resource(uri: str, request: DigestRequest) -> bool:
    """One of the two is in absolute form, of this authority, the other in origin form; compared exactly."""
    if not request.authority:
        return False
    prefixes = (f"http://{request.authority}", f"https://{request.authority}")
    return any(uri == prefix + request.target or prefix + uri == request.target for prefix in prefixes)


def _other_uri(uri: str, target: str, attested: bool) -> Failure:
    """Paths only: a query may carry secrets."""
    seen, expected = uri.partition("?")[0], target.partition("?")[0]
    problem = "query" if seen == expected else "uri"
    return Failure(
        Cause.WRONG_BINDING,
        facts={"problem": problem, "expected": clip(expected), "seen": clip(seen)},
        attested=attested,
    )


def _spent(
    seen: object, sent: DigestCredential, key: str, secret: DigestSecret, policy: DigestPolicy, age_s: int
) -> Outcome:
    if isinstance(seen, Unavailable):
        return seen.refusal()
    if not isinstance(seen, bool):
        return refused(Cause.MISCONFIGURED, "backend_unwired", ask="SeenAsk")
    if seen:
        return refused(Cause.REPLAYED, attested=True, nonce_count=int(sent.nc, 16))
    facts: dict[str, FactValue] = {
        "algorithm": sent.algorithm,
        "qop": sent.qop,
        "nonce": sent.nonce,
        "nc": sent.nc,
        "cnonce": sent.cnonce,
        "nonce_age_s": age_s,
    }
    if policy.rspauth and sent.qop == "auth":
        facts["rspauth"] = _response(ALGORITHMS[sent.algorithm], key, sent, f":{sent.uri}")
    return Accepted({"sub": secret.name}, facts)
