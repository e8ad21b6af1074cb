"""The signed envelope of a token: header, algorithm, key and signature of a compact JWS (RFC 7515, RFC 8725 3).

Members that bring or point to a key (`jwk`, `jku`, `x5u`, `x5c`) are never read: a token cannot bring its own key.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.algorithms import ALGORITHMS, SignatureCheck
from authwhy.verify.jwk import MAX_CANDIDATES, Key, KeySet
from authwhy.verify.key_material import MIN_RSA_BITS
from authwhy.verify.segments import Damage, is_canonical, json_object, octets

MAX_HEADER = 8_192
"""Characters of a header segment. Certificates in it (x5c) need some thousand."""
MAX_SIGNATURE = 2_048
"""Characters of a signature segment; the longest one needs 1,366 (RSA, 8192 bits)."""
MAX_NAME = 256
"""Characters of attacker-chosen text that a fact may carry."""

_REGISTERED = frozenset(("alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"))
# Octets of complete signatures, to tell a cut one from one by another algorithm.
_COMPLETE = frozenset((32, 48, 64, 96, 114, 132, 256, 384, 512, 768, 1024))
OPENERS = frozenset(b"eICD")  # base64url of `{`, or of JSON blanks


NO_HEADER = Damage("not_json", "header")


class Header(Struct, frozen=True):
    """The members of a JOSE header that decide anything. `typ` is lower case, without `application/`."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: tuple[str, ...] = ()
    b64: bool = True


def never(signed: bytes, signature: bytes) -> bool:
    """The check where no key is left: no signature holds."""
    return False


class Resolution(Struct, frozen=True, eq=False):
    """What follows from a header, a policy and a key set, whatever the claims say. Kept and used again.

    `lengths` are the characters that a complete signature may have: none when there is no key to check it with.
    """

    header: Header
    facts: Mapping[str, FactValue] = {}
    algorithm: tuple[Failure, ...] = ()
    key: tuple[Failure, ...] = ()
    check: SignatureCheck = never
    lengths: frozenset[int] = frozenset()
    bad_signature: tuple[Failure, ...] = ()


def clip(text: str) -> str:
    """Attacker-chosen text, short enough for a fact."""
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…"


def read_header(segment: bytes) -> Header | Damage:
    """Read the first segment. A member of the wrong JSON type is damage (RFC 7515 4.1)."""
    if not segment or segment[0] not in OPENERS:
        return NO_HEADER
    if len(segment) > MAX_HEADER:
        return Damage("too_large", "header")
    members = json_object(segment)
    if isinstance(members, Damage):
        return Damage(members.problem, "header")
    for name, kind in (("alg", str), ("kid", str), ("typ", str), ("crit", list), ("b64", bool)):
        if name in members and type(members[name]) is not kind:
            return Damage("wrong_type", "header", name)
    if "alg" not in members:
        return Damage("missing_member", "header", "alg")
    crit = _critical(members)
    if crit is None:
        return Damage("bad_crit", "header", "crit")
    alg, kid, typ = members["alg"], members.get("kid"), members.get("typ")
    assert isinstance(alg, str)
    return Header(
        alg,
        kid if isinstance(kid, str) else None,
        typ.lower().removeprefix("application/") if isinstance(typ, str) else None,
        crit,
        members.get("b64") is not False,
    )


def _critical(members: Mapping[str, object]) -> tuple[str, ...] | None:
    """The critical extensions, or None when the list itself breaks RFC 7515 4.1.11."""
    listed = members.get("crit")
    if listed is None:
        return ()
    if not isinstance(listed, list) or not listed or any(type(name) is not str for name in listed):
        return None
    names = tuple(listed)
    if len(set(names)) != len(names) or not _REGISTERED.isdisjoint(names) or any(name not in members for name in names):
        return None
    return names


def algorithm_failure(header: Header, allowed: tuple[str, ...], understood_crit: tuple[str, ...]) -> Failure | None:
    """Is the cryptographic choice of this header acceptable? `none` never is (RFC 8725 3.2).

    An extension that must be understood and is not counts as such a choice: the way of signing is not the one
    this verifier knows. So does an unencoded payload (RFC 7797 7: not in a JWT).
    """
    facts: dict[str, FactValue] = {"alg": clip(header.alg), "expected": allowed}
    if header.alg not in ALGORITHMS:
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, facts)
    if header.alg not in allowed:
        return Failure(Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", facts)
    strange = tuple(clip(name) for name in header.crit[:16] if name not in understood_crit)
    if strange or not header.b64:
        return Failure(Cause.UNSUPPORTED_ALGORITHM, None, {**facts, "crit": strange or ("b64",)})
    return None


def resolve(header: Header, refusal: Failure | None, keys: KeySet) -> Resolution:
    """Choose the keys for a header. Without an acceptable algorithm there is no key to choose."""
    if refusal is not None:
        return Resolution(header, algorithm=(refusal,))
    selected = keys.select(header.kid)
    chosen = [key for key in selected if header.alg in key.algorithms][:MAX_CANDIDATES]
    if not chosen:
        return Resolution(header, key=(_no_key(header, keys, selected),))
    facts: dict[str, FactValue] = {"alg": header.alg, "kid": None if header.kid is None else clip(header.kid)}
    bad = Failure(Cause.BAD_SIGNATURE, None, {**facts, "keys_tried": len(chosen)})
    checks = [key.signature_check(header.alg) for key in chosen]
    sizes = {key.signature_size(header.alg) for key in chosen}
    return Resolution(
        header,
        facts,
        check=checks[0] if len(checks) == 1 else _any_of(checks),
        lengths=frozenset((size * 4 + 2) // 3 for size in sizes),
        bad_signature=(bad,),
    )


def _any_of(checks: list[SignatureCheck]) -> SignatureCheck:
    def check(signed: bytes, signature: bytes) -> bool:
        return any(one(signed, signature) for one in checks)

    return check


def _no_key(header: Header, keys: KeySet, selected: tuple[Key, ...]) -> Failure:
    """Why no key of the set fits: it was left out as too weak, is of another kind, or is not there."""
    facts: dict[str, FactValue] = {
        "alg": header.alg,
        "kid": None if header.kid is None else clip(header.kid),
        "known": len(keys.keys),
    }
    if selected:
        expected = tuple(sorted({name for key in selected for name in key.algorithms}))
        return Failure(Cause.UNSUPPORTED_ALGORITHM, "verifier_mismatch", {**facts, "expected": expected})
    problem = keys.problem(header.kid)
    if problem is None:
        return Failure(Cause.UNKNOWN_KEY, None, facts)
    if problem.code == "too_small":
        weak: dict[str, FactValue] = {"bits": problem.bits, "minimum_bits": MIN_RSA_BITS}
        return Failure(Cause.UNSUPPORTED_ALGORITHM, "too_old", {**facts, **weak})
    return Failure(Cause.UNKNOWN_KEY, None, {**facts, "problem": problem.code})


def signature_failures(resolution: Resolution, signature: bytes) -> tuple[Failure, ...] | Damage:
    """Why the signature did not hold, or Damage when its text is no base64url.

    A signature shorter than any complete one was cut: the text is damaged, and nothing is said about the key.
    """
    if len(signature) in resolution.lengths and is_canonical(signature):
        return resolution.bad_signature
    if len(signature) > MAX_SIGNATURE:
        return Damage("too_large", "signature")
    raw = octets(signature)
    if isinstance(raw, Damage):
        return Damage(raw.problem, "signature")
    if not resolution.lengths:
        return ()
    seen, size = len(raw), max(resolution.lengths) * 3 // 4
    facts: dict[str, FactValue] = {"expected_bytes": size, "seen_bytes": seen}
    if seen < size and seen not in _COMPLETE:
        return (Failure(Cause.MALFORMED, "truncated", {"part": "signature", "problem": "cut", **facts}),)
    return (Failure(Cause.BAD_SIGNATURE, None, {**resolution.bad_signature[0].facts, **facts}),)
