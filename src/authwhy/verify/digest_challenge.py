"""What the server says in HTTP Digest: its policy, its challenges, and its part after success (RFC 7616)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import force_setattr

from authwhy.model.outcome import Accepted
from authwhy.verify.digest_nonce import DigestNonces

_PLAIN = re.compile(r"[ !#-\[\]-~]+").fullmatch  # what a quoted-string can carry without an escape


def _md5(data: bytes) -> str:
    # as the protocol has it; a policy must ask for it by name
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha512_256(data: bytes) -> str:
    return hashlib.new("sha512_256", data).hexdigest()


class Algorithm(Struct, frozen=True):
    """One row of the registry (RFC 7616 section 6.1): its hash to lower-case hex, and that hash's digits.

    `base` is the name under which an HA1 is stored: the one without `-sess`.
    """

    name: str
    base: str
    hash: Callable[[bytes], str]
    digits: int
    is_session: bool


_HASHES = (("MD5", _md5, 32), ("SHA-256", _sha256, 64), ("SHA-512-256", _sha512_256, 64))
ALGORITHMS: Mapping[str, Algorithm] = {
    base + suffix: Algorithm(base + suffix, base, function, digits, bool(suffix))
    for base, function, digits in _HASHES
    for suffix in ("", "-sess")
}
"""By the name of the registry. SHA-512-256 is the FIPS 180-4 function, as in erratum 4897 of RFC 7616."""


class DigestPolicy(Struct, frozen=True):
    """Demands on HTTP Digest credentials (RFC 7616).

    `algorithms` are offered in this order. SHA-256 alone is what every client answers: curl 7.88 and httpx 0.28 take
    the first challenge, and the one computes SHA-256 for SHA-512-256, the other does not know it; requests 2.34 takes
    the last one and knows SHA-256 only. MD5 (RFC 2617) and the `-sess` forms only when named.
    `qop` lists auth, auth-int or both; `userhash` offers hashed names (section 3.4.4). `opaque`, when set, must
    come back. A nonce lives `nonce_lifetime_s` seconds and serves `max_nonce_count` requests, which also bounds
    what a store of used counts must keep. `rspauth` has the server prove itself in Authentication-Info.

    Raises ValueError for unknown or unavailable algorithms, another qop, a number that is not positive, text where
    a list is meant, and a realm or opaque that is not plain ASCII (no quote or backslash: then there
    is no question whether the escaped text is hashed).
    """

    id: str = "digest"
    realm: str = "restricted"
    algorithms: tuple[str, ...] = ("SHA-256",)
    qop: tuple[str, ...] = ("auth",)
    userhash: bool = False
    opaque: str = ""
    nonce_lifetime_s: int = 300
    max_nonce_count: int = 10_000
    rspauth: bool = True
    max_value_chars: int = 4_096
    max_name_bytes: int = 256

    def __post_init__(self) -> None:
        for name, known in (("algorithms", tuple(ALGORITHMS)), ("qop", ("auth", "auth-int"))):
            value = getattr(self, name)
            if isinstance(value, str):
                raise ValueError(f"{name} must be a list of strings, not one string")
            force_setattr(self, name, tuple(value))
            if not value or not set(value) <= set(known):
                raise ValueError(f"{name} must name some of {', '.join(known)}")
        for name in self.algorithms:
            ALGORITHMS[name].hash(b"")  # a ValueError where OpenSSL was built without it
        if not _PLAIN(self.realm) or not (self.opaque == "" or _PLAIN(self.opaque)):
            raise ValueError("realm and opaque must be printable ASCII without quote and backslash")
        for name in ("nonce_lifetime_s", "max_nonce_count", "max_value_chars", "max_name_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive")


def challenges(
    policy: DigestPolicy, nonces: DigestNonces, now: int, random: bytes, *, stale: bool = False
) -> tuple[str, ...]:
    """The values of the WWW-Authenticate lines, one an algorithm, each with its own nonce (RFC 7616 section 3.3).

    `now` is s since 1970, `random` 12 unforeseeable bytes; set `stale` as `verify.digest.is_stale` says of a
    refusal. Raises ValueError as DigestNonces.make does.
    """
    rest = f', opaque="{policy.opaque}"' if policy.opaque else ""
    rest += ", charset=UTF-8"
    rest += ", userhash=true" if policy.userhash else ""
    rest += ", stale=true" if stale else ""
    qop = ", ".join(policy.qop)
    return tuple(
        f'Digest realm="{policy.realm}", qop="{qop}", algorithm={name}, '
        f'nonce="{nonces.make(policy.realm, name, now, random)}"{rest}'
        for name in policy.algorithms
    )


def authentication_info(accepted: Accepted, next_nonce: str = "") -> str:
    """The value of Authentication-Info (RFC 7616 section 3.5) for a request that verify.digest accepted.

    `next_nonce`, made by DigestNonces.make for the fact `algorithm`, moves the client on before its nonce gets
    stale: the fact `nonce_age_s` (s) says how old it is. rspauth is left out for auth-int, whose hash is over the
    body of an answer that does not exist yet. Empty when `accepted` is of another verifier.
    """
    facts = accepted.facts
    if "cnonce" not in facts:
        return ""
    parts = [f'nextnonce="{next_nonce}"'] if next_nonce else []
    if "rspauth" in facts:
        parts.append(f'rspauth="{facts["rspauth"]}"')
    cnonce = re.sub(r'(["\\])', r"\\\1", str(facts["cnonce"]))
    return ", ".join((*parts, f"qop={facts['qop']}", f'cnonce="{cnonce}"', f"nc={facts['nc']}"))
