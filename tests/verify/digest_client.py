"""A client of HTTP Digest written from RFC 7616 section 3.4 alone: nothing of authwhy is used to answer a challenge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

NAMES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
QUOTED = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")


def hashed(algorithm: str, text: str | bytes) -> str:
    """H(text) in hex."""
    data = text if isinstance(text, bytes) else text.encode()
    return hashlib.new(NAMES[algorithm.removesuffix("-sess")], data).hexdigest()


def parameters(
    nonce: str,
    *,
    username: str = "alice",
    password: str = "secret",
    realm: str = "ops",
    algorithm: str = "SHA-256",
    method: str = "GET",
    uri: str = "/orders?page=2",
    qop: str = "auth",
    nc: int = 1,
    cnonce: str = "f2/wE4q74E6zIJEt",
    body: bytes = b"",
) -> dict[str, str]:
    """The parameters of a good answer, in the order of the RFC's examples."""
    a1 = f"{username}:{realm}:{password}"
    if algorithm.endswith("-sess"):
        a1 = f"{hashed(algorithm, a1)}:{nonce}:{cnonce}"
    a2 = f"{method}:{uri}" + (f":{hashed(algorithm, body)}" if qop == "auth-int" else "")
    secret, data = hashed(algorithm, a1), f"{nonce}:{nc:08x}:{cnonce}:{qop}:{hashed(algorithm, a2)}"
    return {
        "username": username,
        "realm": realm,
        "uri": uri,
        "algorithm": algorithm,
        "nonce": nonce,
        "nc": f"{nc:08x}",
        "cnonce": cnonce,
        "qop": qop,
        "response": hashed(algorithm, f"{secret}:{data}"),
    }


def header(values: Mapping[str, str]) -> str:
    """The value of Authorization; names are UTF-8, one character an octet."""
    parts = (
        f'{name}="{value.encode().decode("latin-1")}"' if name in QUOTED else f"{name}={value}"
        for name, value in values.items()
    )
    return "Digest " + ", ".join(parts)
