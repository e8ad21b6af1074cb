"""Key sets for checking signatures (RFC 7517, RFC 7518 6, RFC 8037): read once, immutable, bounded.

A key says itself which algorithms it can be used with, so a token cannot choose (RFC 8725 3.1). A key that cannot
be used is left out and reported in `KeySet.problems`; it never breaks the others. Reading raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from authwhy.verify import key_material
from authwhy.verify.algorithms import ALGORITHMS, NativeKey, SignatureCheck, signature_check, signature_size
from authwhy.verify.key_material import Material, ProblemCode, Read, Rejected

MAX_KEYS = 256
"""Keys kept of one set; a provider has fewer than ten."""
MAX_CANDIDATES = 8
"""Keys tried for one token that does not say which one signed it."""


class KeyProblem(Struct, frozen=True):
    """A key that was left out (or, with `used`, taken all the same), by its place in the set."""

    index: int
    code: ProblemCode
    kid: str | None = None
    used: bool = False
    bits: int | None = None


class Key(Struct, frozen=True, eq=False):
    """One prepared verification key. Its repr shows no key material."""

    native: NativeKey
    kty: str
    crv: str | None
    algorithms: tuple[str, ...]
    kid: str | None = None
    bits: int = 0
    checks: dict[str, SignatureCheck] = field(default_factory=dict)

    def signature_check(self, algorithm: str) -> SignatureCheck:
        """The prepared check for one of `algorithms`. Raises KeyError for any other name."""
        if algorithm not in self.algorithms:
            raise KeyError(algorithm)
        check = self.checks.get(algorithm)
        if check is None:
            check = self.checks[algorithm] = signature_check(ALGORITHMS[algorithm], self.native)
        return check

    def signature_size(self, algorithm: str) -> int:
        """Octets of a complete signature by this key."""
        return signature_size(ALGORITHMS[algorithm], self.native)

    def __repr__(self) -> str:
        return f"Key(kid={self.kid!r}, kty={self.kty!r}, crv={self.crv!r}, bits={self.bits})"


class KeySet(Struct, frozen=True, eq=False):
    """Prepared keys and the problems met while reading them. `memo` is where verifiers keep what they prepare."""

    keys: tuple[Key, ...] = ()
    problems: tuple[KeyProblem, ...] = ()
    by_kid: dict[str, tuple[Key, ...]] = field(default_factory=dict)
    without_kid: tuple[Key, ...] = ()
    memo: dict[Any, Any] = field(default_factory=dict)

    @staticmethod
    def from_jwks(document: Mapping[str, object] | str | bytes) -> KeySet:
        """Read a JWK Set, a single JWK, or an object of key id to PEM text; parsed or as JSON text."""
        entries = key_material.read_document(document)
        if isinstance(entries, Rejected):
            return KeySet(problems=(KeyProblem(0, entries.code),))
        return _gather((kid, key_material.from_entry(entry)) for kid, entry in entries)

    @staticmethod
    def from_pem(text: str | bytes, kid: str | None = None, algorithms: Iterable[str] = ()) -> KeySet:
        """Read every public key and X.509 certificate of a PEM text. `algorithms` narrows what they may be used for.

        The dates of a certificate are not looked at: it only carries the key.
        """
        allowed = tuple(algorithms)
        return _gather((kid, _narrowed(material, allowed)) for material in key_material.from_pem_text(text))

    @staticmethod
    def from_secret(secret: str | bytes, kid: str | None = None, algorithms: Iterable[str] = ()) -> KeySet:
        """A shared secret for HS256, HS384 and HS512. Text is taken as its UTF-8 octets, not decoded any further."""
        octets = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
        return _gather([(kid, _narrowed(key_material.from_secret_octets(octets), tuple(algorithms)))])

    @staticmethod
    def join(*sets: KeySet) -> KeySet:
        """All keys of these sets, in order."""
        problems = tuple(problem for one in sets for problem in one.problems)
        return _key_set([key for one in sets for key in one.keys], problems)

    def select(self, kid: str | None) -> tuple[Key, ...]:
        """The keys that may have made a token with this key id.

        A key without an id may be meant by any; a token without a key id may mean any key.
        """
        if kid is None:
            return self.keys
        return self.by_kid.get(kid) or self.without_kid

    def problem(self, kid: str | None) -> KeyProblem | None:
        """Why the key with this id was left out, or None. Without an id: the first key that was left out."""
        return next((found for found in self.problems if not found.used and kid in (None, found.kid)), None)

    def __repr__(self) -> str:
        return f"KeySet({list(self.keys)!r}, problems={list(self.problems)!r})"


NO_KEYS = KeySet()
"""An empty set."""


def _narrowed(found: Read, algorithms: tuple[str, ...]) -> Read:
    return key_material.narrowed(found, algorithms) if algorithms and isinstance(found, Material) else found


def _gather(entries: Iterable[tuple[str | None, Read]]) -> KeySet:
    keys: list[Key] = []
    problems: list[KeyProblem] = []
    for index, (name, found) in enumerate(entries):
        kid = found.kid if name is None else name
        if index >= MAX_KEYS:
            problems.append(KeyProblem(index, "too_many", kid))
            break
        if isinstance(found, Rejected):
            problems.append(KeyProblem(index, found.code, kid, bits=found.bits))
            continue
        problems.extend(KeyProblem(index, code, kid, used=True) for code in found.remarks)
        keys.append(Key(found.native, found.kty, found.crv, found.algorithms, kid, found.bits))
    if not keys and not problems:
        problems.append(KeyProblem(0, "no_keys"))
    return _key_set(keys, tuple(problems))


def _key_set(keys: list[Key], problems: tuple[KeyProblem, ...]) -> KeySet:
    by_kid: dict[str, tuple[Key, ...]] = {}
    for key in keys[:MAX_KEYS]:
        if key.kid is not None:
            by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
    without = tuple(key for key in keys[:MAX_KEYS] if key.kid is None)
    return KeySet(tuple(keys[:MAX_KEYS]), problems, by_kid, without)
