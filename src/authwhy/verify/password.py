"""Check a password against a stored hash. Pure: no clock, no random source, a missing library is an answer.

bcrypt reads at most 72 bytes and repeats the password with a zero byte after it, so that two different passwords
can give one hash. A password longer than that, or with a zero byte in it, never matches a plain bcrypt hash
(it costs one hash all the same); `bcrypt_sha256` hashes the password before and has no such limit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
from functools import cache
from typing import Protocol

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import FactValue, Failure
from authwhy.verify.password_format import StoredHash, dummy_like, identify

__all__ = [
    "STANDARD",
    "Limits",
    "Passwords",
    "Scheme",
    "check",
    "default_dummy",
    "dummy_like",
    "identify",
    "needs_rehash",
]

BCRYPT_MAX_BYTES = 72


class Limits(Struct, frozen=True):
    """The dearest hash that is still computed. Memory in KiB; work is memory times passes (times lanes for scrypt).

    A stored hash beyond them is refused as unsupported_algorithm: a hostile row must not stall the service.
    """

    memory_kib: int = 262_144
    work_kib: int = 4_194_304
    bcrypt_cost: int = 16
    pbkdf2_rounds: int = 5_000_000


class Scheme(Protocol):
    """What checks a password; tests and services may put their own in place of `STANDARD`."""

    def problem(self, stored: str | None) -> Failure | None:
        """Why this stored hash cannot be checked, without hashing; None when it can."""

    def check(self, password: str | bytes, stored: str | None) -> bool | Failure:
        """True when the password matches, False when not, a Failure when it cannot be checked."""


class Passwords(Struct, frozen=True):
    """The schemes of this module, within `limits`."""

    limits: Limits = Limits()

    def problem(self, stored: str | None) -> Failure | None:
        """Why this stored hash cannot be checked, without hashing; None when it can. Never raises."""
        return _problem(identify(stored), self.limits)

    def check(self, password: str | bytes, stored: str | None) -> bool | Failure:
        """True when the password matches, False when not, a Failure when it cannot be checked. Never raises."""
        found = identify(stored)
        problem = _problem(found, self.limits)
        if problem or found is None:
            return problem or False
        secret = password.encode("utf-8", "surrogatepass") if isinstance(password, str) else password
        try:
            return _CHECKS[found.family](secret, found)
        except ImportError:
            return _missing_library(found)
        except (ValueError, MemoryError, OverflowError):
            return Failure(Cause.MISCONFIGURED, facts={"scheme": found.scheme, "problem": "hash_not_computable"})


def needs_rehash(stored: str, like: str) -> bool:
    """True when `stored` has another scheme than `like`, or is cheaper in any parameter. Never raises."""
    have, want = identify(stored), identify(like)
    if have is None or want is None or have.scheme != want.scheme:
        return True
    return any(have.parameters.get(name, 0) < value for name, value in want.parameters.items())


@cache
def default_dummy() -> str:
    """The hash that an unknown name is checked against when the policy gives none: argon2-cffi's default cost.

    Without that library it is scrypt with RFC 7914's parameters at 64 MiB.
    """
    if _installed("argon2"):
        return f"$argon2id$v=19$m=65536,t=3,p=4${'A' * 22}${'A' * 43}"
    return f"$scrypt$ln=16,r=8,p=1${'A' * 22}${'A' * 43}"


def _problem(found: StoredHash | None, limits: Limits) -> Failure | None:
    if found is None:
        return Failure(Cause.MISCONFIGURED, facts={"scheme": "unknown", "problem": "unknown_hash_format"})
    if found.support == "unusable":
        return Failure(Cause.WRONG_SECRET, facts={"scheme": "none", "problem": "no_password_set"})
    if found.support != "full":
        return Failure(Cause.UNSUPPORTED_ALGORITHM, found.support, {"seen": found.scheme})
    if found.family in _LIBRARIES and not _installed(_LIBRARIES[found.family]):
        return _missing_library(found)
    over = next((each for each in _costs(found, limits) if each[1] > each[2]), None)
    if over:
        name, seen, limit = over
        facts: dict[str, FactValue] = {"seen": found.scheme, "parameter": name, "value": seen, "limit": limit}
        return Failure(Cause.UNSUPPORTED_ALGORITHM, facts=facts)
    return None


def _costs(found: StoredHash, limits: Limits) -> tuple[tuple[str, int, int], ...]:
    """(parameter, its value, its limit) for the family's costs."""
    cost = found.parameters
    if found.family == "argon2":
        return (
            ("memory_kib", cost["m"], limits.memory_kib),
            ("work_kib", cost["m"] * cost["t"], limits.work_kib),
            ("lanes", cost["p"], 255),
        )
    if found.family == "scrypt":
        memory = cost["n"] * cost["r"] // 8
        return ("memory_kib", memory, limits.memory_kib), ("work_kib", memory * cost["p"], limits.work_kib)
    if found.family == "bcrypt":
        return (("cost", cost["cost"], limits.bcrypt_cost),)
    return (("rounds", cost["rounds"], limits.pbkdf2_rounds),)


def _check_argon2(secret: bytes, found: StoredHash) -> bool | Failure:
    from argon2 import exceptions, low_level

    kind = {"argon2id": low_level.Type.ID, "argon2i": low_level.Type.I, "argon2d": low_level.Type.D}[found.scheme]
    try:
        return low_level.verify_secret(found.encoded.encode(), secret, kind)
    except exceptions.VerifyMismatchError:
        return False
    except exceptions.Argon2Error as error:
        raise ValueError("argon2 could not compute it") from error


def _check_bcrypt(secret: bytes, found: StoredHash) -> bool | Failure:
    import bcrypt

    stored = found.encoded.encode()
    if found.prehash == "none":
        fits = len(secret) <= BCRYPT_MAX_BYTES and b"\0" not in secret
        same = hmac.compare_digest(bcrypt.hashpw(secret[:BCRYPT_MAX_BYTES], stored), stored)
        if len(secret) > BCRYPT_MAX_BYTES:
            facts: dict[str, FactValue] = {
                "scheme": "bcrypt",
                "problem": "password_too_long",
                "limit": BCRYPT_MAX_BYTES,
            }
            return Failure(Cause.WRONG_SECRET, facts=facts)
        return same and fits
    return hmac.compare_digest(bcrypt.hashpw(_prehashed(secret, found), stored), stored)


def _prehashed(secret: bytes, found: StoredHash) -> bytes:
    """Django: hex of SHA-256. passlib: base64 of SHA-256, since version 2 of HMAC-SHA-256 keyed by the salt."""
    if found.prehash == "hex_sha256":
        return hashlib.sha256(secret).hexdigest().encode()
    if found.prehash == "base64_sha256":
        return base64.b64encode(hashlib.sha256(secret).digest())
    return base64.b64encode(hmac.digest(found.salt, secret, "sha256"))


def _check_scrypt(secret: bytes, found: StoredHash) -> bool | Failure:
    n, r, p = (found.parameters[name] for name in ("n", "r", "p"))
    memory = 128 * r * (n + p + 2) + 1_024
    computed = hashlib.scrypt(secret, salt=found.salt, n=n, r=r, p=p, maxmem=memory, dklen=len(found.digest))
    return hmac.compare_digest(computed, found.digest)


def _check_pbkdf2(secret: bytes, found: StoredHash) -> bool | Failure:
    name = found.scheme.removeprefix("pbkdf2_")
    computed = hashlib.pbkdf2_hmac(name, secret, found.salt, found.parameters["rounds"], len(found.digest))
    return hmac.compare_digest(computed, found.digest)


_CHECKS = {"argon2": _check_argon2, "bcrypt": _check_bcrypt, "scrypt": _check_scrypt, "pbkdf2": _check_pbkdf2}
_LIBRARIES = {"argon2": "argon2", "bcrypt": "bcrypt"}


def _missing_library(found: StoredHash) -> Failure:
    facts = {"scheme": found.scheme, "setting": "authwhy[passwords]"}
    return Failure(Cause.MISCONFIGURED, "missing_setting", facts)


@cache
def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


STANDARD = Passwords()
check = STANDARD.check
