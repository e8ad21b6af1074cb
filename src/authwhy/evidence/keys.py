"""Keys in the input: JWKs and JWK Sets (RFC 7517), PEM public keys, and the public part of PEM private keys."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from authwhy.evidence.interface import Found, Material
from authwhy.evidence.redaction.objects import redact_object
from authwhy.model.evidence import KeySetFound
from authwhy.model.secret import Vault

_MAX_SETS = 50
_MAX_KEYS = 500
_MAX_PEM = 65_536
_PUBLIC = ("n", "e", "x", "y", "kid", "x5t", "x5t#S256", "crv", "alg", "use")


def read(material: Material, found: Found) -> None:
    """Find keys in JSON documents and PEM blocks. Private members stay placeholders."""
    sets: list[KeySetFound] = []
    if "kty" in material.text:
        for document in material.documents():
            where = f"line {material.line(document.start)}"
            sets.extend(KeySetFound(keys, where) for keys in _key_sets(document.value, material.vault, 0))
    if " KEY-----" in material.text:
        sets.extend(_pem_keys(material, found))
    if sets:
        found.key_sets.extend(sets[:_MAX_SETS])
        found.kinds.append("jwks")


def _key_sets(value: object, vault: Vault, depth: int) -> Iterator[tuple[Mapping[str, object], ...]]:
    """Sets first, so that their keys are not counted again one by one."""
    if depth > 12:
        return
    if isinstance(value, list):
        for item in value[:_MAX_KEYS]:
            yield from _key_sets(item, vault, depth + 1)
    elif isinstance(value, dict):
        keys = value.get("keys")
        if isinstance(value.get("kty"), str):
            yield (_key(value, vault),)
        elif isinstance(keys, list) and any(isinstance(key, dict) and "kty" in key for key in keys):
            yield tuple(_key(key, vault) for key in keys[:_MAX_KEYS] if isinstance(key, dict))
        else:
            for item in value.values():
                yield from _key_sets(item, vault, depth + 1)


def _key(value: dict[str, Any], vault: Vault) -> Mapping[str, object]:
    """One JWK with its private members hidden and its public ones readable."""
    safe = redact_object(value, vault, is_key=True)
    return {
        name: vault.reveal(item) if name in _PUBLIC and isinstance(item, str) else item for name, item in safe.items()
    }


@cache
def _block() -> re.Pattern[str]:
    return re.compile(
        rf"-----BEGIN ([A-Z0-9 ]{{0,30}}(?:PUBLIC|PRIVATE) KEY)-----([^-]{{1,{_MAX_PEM}}})-----END \1-----"
    )


def _pem_keys(material: Material, found: Found) -> Iterator[KeySetFound]:
    for count, match in enumerate(_block().finditer(material.text)):
        if count >= _MAX_SETS:
            return
        pem = normalised(material.vault.reveal(match[0]), match[1])
        key, problem = public_jwk(pem, private="PRIVATE" in match[1])
        where = f"line {material.line(match.start())}"
        if key is not None:
            yield KeySetFound((key,), where)
        elif problem:
            found.notes.append(f"{where}: {problem}")


def normalised(block: str, label: str) -> bytes:
    """A PEM block (RFC 7468) with line breaks as they should be: JSON's `\\n`, one-liners and indentation undone."""
    content = block.replace("\\r", "").replace("\\n", "\n")
    body = content.split("-----")[2] if content.count("-----") >= 4 else ""
    if ":" in body:
        return content.encode("ascii", "ignore")
    base64 = re.sub(r"[^A-Za-z0-9+/=]", "", body)
    lines = "\n".join(base64[at : at + 64] for at in range(0, len(base64), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def public_jwk(pem: bytes, *, private: bool) -> tuple[dict[str, object] | None, str | None]:
    """The public key of a PEM block as a JWK, or None and why it cannot be read."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        if not private:
            return _jwk(serialization.load_pem_public_key(pem)), None
        if b"BEGIN OPENSSH" in pem:
            return _jwk(serialization.load_ssh_private_key(pem, None).public_key()), None
        loaded: Any = serialization.load_pem_private_key(pem, None)
        return _jwk(loaded.public_key()), None
    except TypeError:
        return None, "the private key is encrypted with a pass phrase"
    except (ValueError, UnsupportedAlgorithm, InternalError):
        kind = "private" if private else "public"
        return None, f"the PEM {kind} key cannot be loaded (not PEM, cut off, or another key type)"


def _jwk(key: Any) -> dict[str, object] | None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        names = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}
        point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
        curve = names.get(key.curve.name, key.curve.name)
        return {"kty": "EC", "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size)}
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519" if len(raw) == 32 else "Ed448", "x": _base64url(raw)}
    return None


def _number(value: int, size: int | None = None) -> str:
    return _base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
