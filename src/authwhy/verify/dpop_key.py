"""The header of a DPoP proof (RFC 9449 4.2): its type, its algorithm, and the public key it brings along."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.jwk import KeySet
from authwhy.verify.jws import Resolution, algorithm_failure, clip, read_header, resolve
from authwhy.verify.segments import Damage, encode, json_object

_KEPT = 512  # headers; a caller sends the same one again and again
_SECRET_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")  # RFC 7518 6.2.2, 6.3.2, 6.4.1, RFC 8037 2
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
# A key that is sound and not wanted; any other problem is damage to the text.
_UNWANTED = frozenset(("unknown_type", "unknown_curve", "too_large", "algorithm_mismatch", "not_for_signatures"))


class ProofHeader(Struct, frozen=True, eq=False):
    """What follows from a header alone. `thumbprint` is empty where the key cannot be used."""

    resolution: Resolution
    thumbprint: str = ""


def thumbprint(jwk: Mapping[str, object]) -> str | None:
    """The SHA-256 thumbprint of a public JWK (RFC 7638 3, RFC 8037 2) in base64url; None for another kind of key."""
    names = _THUMBPRINT.get(str(jwk.get("kty")))
    if names is None or any(type(jwk.get(name)) is not str for name in names):
        return None
    return encode(sha256(msgspec.json.encode({name: jwk[name] for name in names})).digest()).decode()


@lru_cache(_KEPT)
def read_proof_header(segment: bytes, algorithms: tuple[str, ...]) -> ProofHeader | Damage | Failure:
    """Read and judge the first segment: the same text has the same answer, so a part of them is kept."""
    header = read_header(segment)
    if isinstance(header, Damage):
        return header
    members = json_object(segment)
    jwk = members.get("jwk") if isinstance(members, dict) else None
    if not isinstance(jwk, dict):
        return _unusable("missing_member" if jwk is None else "wrong_type")
    if any(name in jwk for name in _SECRET_MEMBERS):
        return _unusable("private_key")
    keys = KeySet.from_jwks({"keys": [jwk]})
    refusal = algorithm_failure(header, algorithms, ())
    problem = next((found.code for found in keys.problems if not found.used), None)
    if problem is not None and problem != "too_small" and problem not in _UNWANTED:
        return _unusable(problem)
    if refusal is None and problem in _UNWANTED:
        seen: dict[str, FactValue] = {"alg": clip(header.alg), "parameter": "jwk", "seen": problem}
        refusal = Failure(Cause.UNSUPPORTED_ALGORITHM, None, seen)
    bare = replace(header, kid=None)  # there is one key, whatever it is called
    return ProofHeader(resolve(bare, refusal, keys), (thumbprint(jwk) or "") if keys.keys else "")


def _unusable(problem: str) -> Failure:
    facts: dict[str, FactValue] = {"part": "header", "member": "jwk", "problem": problem}
    return Failure(Cause.MALFORMED, None, facts)
