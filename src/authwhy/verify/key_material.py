"""Reads one key from a JWK (RFC 7517, RFC 7518 6, RFC 8037 2), PEM text (RFC 7468) or secret octets. Raises nothing."""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from msgspec import Struct
from msgspec.structs import replace

from authwhy.verify.algorithms import ALGORITHMS, NativeKey, fitting
from authwhy.verify.public_text import holds_public_key
from authwhy.verify.segments import octets

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
"""RFC 7518 3.3 asks for 2048 bits; above the upper bound one check costs too much."""
MAX_DOCUMENT = 1_048_576
"""Characters of a key set or PEM text."""

ProblemCode = Literal[
    "not_readable",
    "no_keys",
    "too_many",
    "unknown_type",
    "unknown_curve",
    "missing_member",
    "encoding",
    "invalid_key",
    "too_small",
    "too_large",
    "algorithm_mismatch",
    "not_for_signatures",
    "empty_secret",
    "short_secret",
    "public_key_as_secret",
    "private_key",
]
"""What is wrong with a key. `short_secret` (RFC 7518 3.2) and `private_key` are reported, and the key is used."""

_CURVES = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
    "secp256k1": (ec.SECP256K1(), 32),
}
_CURVE_NAMES = {curve.name: crv for crv, (curve, _) in _CURVES.items()}
_EDWARDS = {
    "Ed25519": (ed25519.Ed25519PublicKey.from_public_bytes, 32),
    "Ed448": (ed448.Ed448PublicKey.from_public_bytes, 57),
}
_ALIASES = {"EdDSA": ("EdDSA", "Ed25519", "Ed448"), "Ed25519": ("EdDSA", "Ed25519"), "Ed448": ("EdDSA", "Ed448")}
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)


class Material(Struct, frozen=True):
    """A key that can be used. `remarks` are problems that do not stand in the way."""

    native: NativeKey
    kty: str
    crv: str | None
    algorithms: tuple[str, ...]
    kid: str | None = None
    bits: int = 0
    remarks: tuple[ProblemCode, ...] = ()

    def __repr__(self) -> str:
        return f"Material(kid={self.kid!r}, kty={self.kty!r}, crv={self.crv!r}, bits={self.bits})"

    def limited_to(self, algorithms: tuple[str, ...]) -> Material:
        """The same key for these algorithms only."""
        return replace(self, algorithms=algorithms)


class Rejected(Struct, frozen=True):
    """A key that cannot be used, and why."""

    code: ProblemCode
    kid: str | None = None
    bits: int | None = None


Read: TypeAlias = Material | Rejected


def read_document(document: Mapping[str, object] | str | bytes) -> list[tuple[str | None, object]] | Rejected:
    """Split a JWK Set, a single JWK or an object of key id to PEM text into (outer key id, entry)."""
    if isinstance(document, str | bytes):
        if len(document) > MAX_DOCUMENT:
            return Rejected("too_large")
        try:
            document = msgspec.json.decode(document, type=dict[str, object])
        except (ValueError, RecursionError):
            return Rejected("not_readable")
    keys = document.get("keys")
    if isinstance(keys, list | tuple):
        return [(None, entry) for entry in keys]
    if "kty" in document:
        return [(None, document)]
    if document and all(isinstance(value, str) and "-----BEGIN " in value for value in document.values()):
        return list(document.items())
    return Rejected("not_readable")


def from_entry(entry: object) -> Read:
    """Read one entry of a key set: JWK members, or PEM text with one key."""
    if isinstance(entry, str):
        return next(from_pem_text(entry))
    if not isinstance(entry, Mapping):
        return Rejected("invalid_key")
    kid = entry.get("kid")
    if kid is not None and not isinstance(kid, str):
        return Rejected("invalid_key")
    found = _from_members(entry)
    return replace(found, kid=kid) if kid is not None else found


def _from_members(jwk: Mapping[str, object]) -> Read:
    if not _for_signatures(jwk):
        return Rejected("not_for_signatures")
    kty = jwk.get("kty")
    if kty == "oct":
        secret = _member(jwk, "k")
        found = secret if isinstance(secret, Rejected) else from_secret_octets(secret)
    elif kty == "RSA":
        found = _rsa(jwk)
    elif kty == "EC":
        found = _elliptic(jwk)
    elif kty == "OKP":
        found = _edwards(jwk)
    else:
        return Rejected("unknown_type" if isinstance(kty, str) else "missing_member")
    if isinstance(found, Rejected):
        return found
    if kty != "oct" and "d" in jwk:
        found = replace(found, remarks=(*found.remarks, "private_key"))
    alg = jwk.get("alg")
    return found if alg is None else narrowed(found, (alg,) if isinstance(alg, str) else ())


def narrowed(material: Material, algorithms: tuple[str, ...]) -> Read:
    """The same key bound to these algorithms. EdDSA and Ed25519 are two names of one operation (RFC 9864 2.2)."""
    names = {alias for name in algorithms for alias in _ALIASES.get(name, (name,))}
    kept = tuple(name for name in material.algorithms if name in names)
    if not kept:
        return Rejected("algorithm_mismatch", material.kid)
    return material.limited_to(kept)


def _for_signatures(jwk: Mapping[str, object]) -> bool:
    """Does the key allow checking signatures (RFC 7517 4.2, 4.3)? A private JWK may say `sign`."""
    if jwk.get("use", "sig") != "sig":
        return False
    operations = jwk.get("key_ops")
    if operations is None:
        return True
    return isinstance(operations, list | tuple) and ("verify" in operations or ("sign" in operations and "d" in jwk))


def _member(jwk: Mapping[str, object], name: str, size: int = 0) -> bytes | Rejected:
    """The octets of a base64url member, of exactly `size` octets unless that is 0."""
    text = jwk.get(name)
    if not isinstance(text, str):
        return Rejected("missing_member")
    raw = octets(text.encode("utf-8", "replace")) if len(text) <= MAX_DOCUMENT else None
    if not isinstance(raw, bytes) or (size and len(raw) != size):
        return Rejected("encoding")
    return raw


def _rsa(jwk: Mapping[str, object]) -> Read:
    modulus, exponent = _member(jwk, "n"), _member(jwk, "e")
    if isinstance(modulus, Rejected) or isinstance(exponent, Rejected):
        return modulus if isinstance(modulus, Rejected) else Rejected("missing_member")
    n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
    refused = _rsa_size(n.bit_length())
    if refused:
        return refused
    try:
        return from_native(rsa.RSAPublicNumbers(e, n).public_key())
    except _UNREADABLE:
        return Rejected("invalid_key")


def _rsa_size(bits: int) -> Rejected | None:
    if bits < MIN_RSA_BITS:
        return Rejected("too_small", bits=bits)
    return Rejected("too_large", bits=bits) if bits > MAX_RSA_BITS else None


def _elliptic(jwk: Mapping[str, object]) -> Read:
    crv = jwk.get("crv")
    if not isinstance(crv, str) or crv not in _CURVES:
        return Rejected("unknown_curve")
    curve, size = _CURVES[crv]
    x, y = _member(jwk, "x", size), _member(jwk, "y", size)
    if isinstance(x, Rejected) or isinstance(y, Rejected):
        return x if isinstance(x, Rejected) else Rejected("missing_member" if "y" not in jwk else "encoding")
    try:
        return from_native(ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + x + y))
    except _UNREADABLE:  # the point is not on the curve
        return Rejected("invalid_key")


def _edwards(jwk: Mapping[str, object]) -> Read:
    crv = jwk.get("crv")
    if not isinstance(crv, str) or crv not in _EDWARDS:
        return Rejected("unknown_curve")
    load, size = _EDWARDS[crv]
    x = _member(jwk, "x", size)
    if isinstance(x, Rejected):
        return x
    try:
        return from_native(load(x))
    except _UNREADABLE:
        return Rejected("invalid_key")


def from_native(native: object) -> Read:
    """Take a public key of `cryptography`."""
    if isinstance(native, rsa.RSAPublicKey):
        refused = _rsa_size(native.key_size)
        exponent = native.public_numbers().e
        if refused or exponent.bit_length() > 64:  # a huge exponent makes every check slow
            return refused or Rejected("invalid_key")
        return Material(native, "RSA", None, fitting("RSA", None), bits=native.key_size)
    if isinstance(native, ec.EllipticCurvePublicKey):
        crv = _CURVE_NAMES.get(native.curve.name)
        if crv is None:
            return Rejected("unknown_curve")
        return Material(native, "EC", crv, fitting("EC", crv), bits=native.key_size)
    if isinstance(native, ed25519.Ed25519PublicKey):
        return Material(native, "OKP", "Ed25519", fitting("OKP", "Ed25519"), bits=256)
    if isinstance(native, ed448.Ed448PublicKey):
        return Material(native, "OKP", "Ed448", fitting("OKP", "Ed448"), bits=456)
    return Rejected("unknown_type")


def from_secret_octets(secret: bytes) -> Read:
    """Take a shared secret for HS*. A public key in any text form is no secret (RFC 8725 2.1) and refused."""
    if not secret:
        return Rejected("empty_secret")
    if holds_public_key(secret):
        return Rejected("public_key_as_secret")
    short = len(secret) < ALGORITHMS["HS256"].size
    return Material(
        secret, "oct", None, fitting("oct", None), bits=8 * len(secret), remarks=("short_secret",) if short else ()
    )


def from_pem_text(text: str | bytes) -> Iterator[Read]:
    """Read every block of a PEM text; at least one answer."""
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if len(raw) > MAX_DOCUMENT:
        yield Rejected("too_large")
        return
    at, blocks = 0, 0
    while (start := raw.find(b"-----BEGIN ", at)) >= 0:
        label, _, _ = raw[start + 11 : start + 64].partition(b"-----")
        footer = b"-----END " + label + b"-----"
        end = raw.find(footer, start)
        if end < 0:
            break
        at = end + len(footer)
        blocks += 1
        yield _pem_block(label, raw[start:at] + b"\n")
    if not blocks:
        yield Rejected("not_readable")


def _pem_block(label: bytes, block: bytes) -> Read:
    try:
        if b"CERTIFICATE" in label:
            return from_native(x509.load_pem_x509_certificate(block).public_key())
        if label.endswith(b"PUBLIC KEY"):
            return from_native(load_pem_public_key(block))
        if label in (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY"):
            found = from_native(load_pem_private_key(block, None).public_key())
            return replace(found, remarks=("private_key",)) if isinstance(found, Material) else found
    except (*_UNREADABLE, binascii.Error):
        return Rejected("invalid_key")
    return Rejected("unknown_type")
