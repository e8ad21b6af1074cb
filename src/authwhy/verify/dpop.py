"""DPoP proofs (RFC 9449): a caller shows with each request that it holds the key its access token is bound to.

Every check of section 4.3 but the first (one DPoP header only), which is for whoever reads the headers. The key comes
from the proof itself; what makes it count is that the access token names its thumbprint (RFC 7638). Certificates
bind a token in the same way (RFC 8705).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import force_setattr

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, FactValue, Failure, Refused
from authwhy.model.policy import KNOWN_ALGORITHMS, SAFE_ALGORITHMS, SECRET_ALGORITHMS, JwtPolicy
from authwhy.verify import damaged
from authwhy.verify.claims import ClaimsCheck, claims_check
from authwhy.verify.dpop_key import ProofHeader, read_proof_header
from authwhy.verify.dpop_target import target_failure
from authwhy.verify.flow import Ask, Flow, SeenAsk, Unavailable
from authwhy.verify.jws import clip, signature_failures
from authwhy.verify.segments import Damage, encode, json_object
from authwhy.verify.token_type import type_failure

TYPE = ("dpop+jwt",)
_TEXTS = ("jti", "htm", "htu", "ath", "nonce")
_REQUIRED = ("jti", "htm", "htu", "iat")


class DpopPolicy(Struct, frozen=True):
    """Demands on a proof. It may be `max_age_s` old, and `leeway_s` more or ahead of our clock.

    `require_nonce` asks NonceAsk about the nonce (RFC 9449 9); `check_replay` asks SeenAsk about `jti`. Raises
    ValueError for an algorithm that is unknown or uses a shared secret, and for a number out of range.
    """

    id: str = "dpop"
    algorithms: tuple[str, ...] = SAFE_ALGORITHMS
    max_age_s: int = 60
    leeway_s: int = 10
    require_nonce: bool = False
    check_replay: bool = True
    max_bytes: int = 8_192

    def __post_init__(self) -> None:
        force_setattr(self, "algorithms", tuple(self.algorithms))
        if any(name not in KNOWN_ALGORITHMS or name in SECRET_ALGORITHMS for name in self.algorithms):
            raise ValueError("a DPoP proof is signed with a known asymmetric algorithm")
        if self.max_age_s <= 0 or self.leeway_s < 0 or self.max_bytes <= 0:
            raise ValueError("max_age_s and max_bytes must be positive, leeway_s must not be negative")


class DpopRequest(Struct, frozen=True):
    """The request that the proof came with. `url` is absolute; its query and fragment do not matter.

    `access_token` is what the request carries, None at a token endpoint; `confirmation_jkt` is what
    `confirmation(claims, "jkt")` finds in it. A token without it is not bound and not for this scheme (section 7.1).
    """

    method: str
    url: str
    access_token: str | None = None
    confirmation_jkt: str | None = None

    def __repr__(self) -> str:
        return f"DpopRequest({self.method!r})"


class NonceAsk(Ask, frozen=True):
    """Is this a nonce that we gave out and that is still fresh? Answer: bool or Unavailable."""

    nonce: str


def verify(proof: str | bytes, request: DpopRequest, policy: DpopPolicy, now: int) -> Flow:
    """Check a DPoP proof. `now` is s since 1970. Never raises for any text.

    Order: shape, algorithm and type, key, signature, binding (jkt, ath, htm), target (htu), time and required claims,
    nonce, replay. The world is asked only about a proof that passes all else. Accepted claims: `jkt`, `jti`, `htm`,
    `htu`, `iat`.
    """
    if len(proof) > policy.max_bytes:
        return damaged.refuse_size(len(proof), policy.max_bytes)
    data = proof.encode("utf-8", "surrogatepass") if isinstance(proof, str) else proof
    signed, _, signature = data.rpartition(b".")
    segment, _, body = signed.partition(b".")
    header = read_proof_header(segment, policy.algorithms)
    if isinstance(header, Damage):
        return damaged.refuse(data, header)
    if isinstance(header, Failure):
        return Refused((header,))
    claims = json_object(body)
    if isinstance(claims, Damage):
        return damaged.refuse(data, Damage(claims.problem, "claims"))
    attested = len(signature) in header.resolution.lengths and header.resolution.check(signed, signature)
    envelope = () if attested else signature_failures(header.resolution, signature)
    if isinstance(envelope, Damage):
        return damaged.refuse(data, envelope)
    found = _failures(header, envelope, claims, request, policy, now, attested)
    return Refused(found) if found else (yield from _status(header, claims, policy))


def _failures(
    header: ProofHeader,
    envelope: tuple[Failure, ...],
    claims: Mapping[str, object],
    request: DpopRequest,
    policy: DpopPolicy,
    now: int,
    attested: bool,
) -> tuple[Failure, ...]:
    """Every check that fails without a question to the world; claims of a wrong type are the only failure."""
    timed = _claims_check(policy.max_age_s, policy.leeway_s)(claims, now, attested)
    if timed and timed[0].cause is Cause.MALFORMED:
        return timed
    texts = {name: value for name in _TEXTS if type(value := claims.get(name)) is str}
    for name in _TEXTS:
        if name in claims and name not in texts:
            facts: dict[str, FactValue] = {"part": "claims", "problem": "wrong_type", "member": name}
            return (Failure(Cause.MALFORMED, None, facts, attested),)
    resolution = header.resolution
    kind = type_failure(resolution.header.typ, TYPE, claims, attested)
    target = target_failure(texts["htu"], request.url, attested) if "htu" in texts else None
    nonce = Failure(Cause.STALE_NONCE, None, {"problem": "missing"}, attested)
    return (
        *resolution.algorithm,
        *(() if kind is None else (kind,)),
        *resolution.key,
        *envelope,
        *_bindings(header.thumbprint, texts, request, attested),
        *(() if target is None else (target,)),
        *timed,
        *((nonce,) if policy.require_nonce and "nonce" not in texts else ()),
    )


def _bindings(thumbprint: str, texts: Mapping[str, str], request: DpopRequest, attested: bool) -> list[Failure]:
    """Is this the key of the access token, and was the proof made for that token and this method?"""
    found: list[Failure] = []
    jkt = request.confirmation_jkt
    if jkt is not None and thumbprint and jkt != thumbprint:
        found.append(_wrong_binding("jkt", attested, expected=clip(jkt), seen=thumbprint))
    if request.access_token is not None:
        if jkt is None:
            found.append(Failure(Cause.MISSING_CLAIM, None, {"claim": "cnf"}))
        token = request.access_token.encode("utf-8", "surrogatepass")
        if "ath" not in texts:
            found.append(Failure(Cause.MISSING_CLAIM, None, {"claim": "ath"}, attested))
        elif texts["ath"] != encode(sha256(token).digest()).decode():
            found.append(_wrong_binding("ath", attested))
    if "htm" in texts and texts["htm"] != request.method:
        found.append(_wrong_binding("htm", attested, expected=clip(request.method), seen=clip(texts["htm"])))
    return found


def _wrong_binding(claim: str, attested: bool, **facts: FactValue) -> Failure:
    return Failure(Cause.WRONG_BINDING, None, {"claim": claim, **facts}, attested)


@lru_cache(64)
def _claims_check(max_age_s: int, leeway_s: int) -> ClaimsCheck:
    return claims_check(JwtPolicy(required=_REQUIRED, max_age_s=max_age_s, leeway_s=leeway_s))


def _status(header: ProofHeader, claims: dict[str, object], policy: DpopPolicy) -> Flow:
    """Ask about the nonce, then spend the `jti`."""
    jti, iat = claims["jti"], claims["iat"]
    assert isinstance(jti, str)
    assert isinstance(iat, int | float)
    if policy.require_nonce:
        fresh = yield NonceAsk(str(claims["nonce"]))
        if fresh is not True:
            return _refused(fresh, False, NonceAsk, Failure(Cause.STALE_NONCE, None, {"problem": "old"}, True))
    if policy.check_replay:
        until = math.ceil(iat) + policy.max_age_s + policy.leeway_s
        name = encode(sha256(jti.encode("utf-8", "surrogatepass")).digest()).decode()  # bounded (RFC 9449 11.1)
        seen = yield SeenAsk(f"dpop:{header.thumbprint}", name, until)
        if seen is not False:
            return _refused(seen, True, SeenAsk, Failure(Cause.REPLAYED, None, {"jti": clip(jti)}, True))
    facts: dict[str, FactValue] = {"alg": header.resolution.header.alg}
    return Accepted({"jkt": header.thumbprint, **{name: claims[name] for name in _REQUIRED}}, facts)


def _refused(answer: object, bad: bool, ask: type[Ask], failure: Failure) -> Refused:
    """The refusal for an answer of the world that is not the good one."""
    if isinstance(answer, Unavailable):
        return answer.refusal()
    if answer is not bad:
        failure = Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": ask.__name__})
    return Refused((failure,))


def confirmation(claims: Mapping[str, object], member: str) -> str | Failure | None:
    """The member of `cnf` (RFC 7800 3.1) in the claims of a good access token; None when the token has none."""
    cnf = claims.get("cnf")
    value = cnf.get(member) if isinstance(cnf, Mapping) else cnf
    if value is None or (type(value) is str and isinstance(cnf, Mapping)):
        return value
    return Failure(Cause.MALFORMED, None, {"part": "claims", "problem": "wrong_type", "member": "cnf"}, True)


def mtls_binding(claims: Mapping[str, object], certificate_der: bytes | None) -> Failure | None:
    """Was a token bound to a client certificate sent with that one (RFC 8705 3)? None also when it is not bound.

    `claims` are those of a good access token, `certificate_der` is the certificate of the connection, if any.
    """
    wanted = confirmation(claims, "x5t#S256")
    if not isinstance(wanted, str):
        return wanted
    seen = "" if certificate_der is None else encode(sha256(certificate_der).digest()).decode()
    if certificate_der is not None and wanted == seen:
        return None
    return _wrong_binding("x5t#S256", True, expected=clip(wanted), seen=seen)
