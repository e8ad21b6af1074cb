"""The encodings of password hashes that systems store, read into one shape. Nothing is hashed here.

Read: PHC strings (argon2, scrypt, pbkdf2), passlib's pbkdf2 and bcrypt-sha256, crypt(3) bcrypt, Django, Werkzeug.
Recognised only: schemes too old or not supported, and markers for accounts without a password.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

MAX_STORED_CHARS = 1_024

Support = Literal["full", "too_old", "verifier_mismatch", "unusable"]
Prehash = Literal["none", "hex_sha256", "base64_sha256", "base64_hmac"]


class StoredHash(Struct, frozen=True):
    """A stored hash: scheme, cost parameters and what its algorithm needs. `encoded` is for the library.

    `support` is "full", or why it cannot be checked; `prehash` is what is done to the password before bcrypt.
    """

    scheme: str
    parameters: Mapping[str, int] = {}
    salt: bytes = b""
    digest: bytes = b""
    encoded: str = ""
    support: Support = "full"
    prehash: Prehash = "none"

    @property
    def family(self) -> str:
        """The algorithm: argon2, bcrypt, scrypt, pbkdf2, or the scheme itself."""
        return next((name for name in ("argon2", "bcrypt", "scrypt", "pbkdf2") if self.scheme.startswith(name)), "")

    def __repr__(self) -> str:
        return f"StoredHash({self.scheme!r}, {dict(self.parameters)!r})"


Reader = Callable[[Mapping[str, str]], StoredHash]

_NUMBER = r"[1-9][0-9]{0,9}"
_CRYPT64 = r"[./A-Za-z0-9]"
_BASE64 = r"[A-Za-z0-9+/.]"
_TEXT_SALT = r"(?P<salt>[^$\s]{1,128})"


def _base64(text: str) -> bytes:
    """Decode base64 in the standard or passlib's alphabet, padded or not. Raises binascii.Error."""
    text = text.rstrip("=").replace(".", "+")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _argon2(part: Mapping[str, str]) -> StoredHash:
    cost = {name: int(part[name]) for name in ("m", "t", "p")}
    return StoredHash(part["scheme"], cost, _base64(part["salt"]), _base64(part["digest"]), encoded=part["encoded"])


def _bcrypt(part: Mapping[str, str]) -> StoredHash:
    hashed_before = part["django"] == "bcrypt_sha256"
    return StoredHash(
        "bcrypt_sha256" if hashed_before else "bcrypt",
        {"cost": int(part["cost"])},
        encoded=part["encoded"],
        prehash="hex_sha256" if hashed_before else "none",
    )


def _bcrypt_sha256(part: Mapping[str, str]) -> StoredHash:
    second = part["version"] == "v=2,t=2b,r="
    cost = int(part["cost"])
    return StoredHash(
        "bcrypt_sha256",
        {"cost": cost},
        salt=part["salt"].encode(),
        encoded=f"$2b${cost:02d}${part['salt']}{part['digest']}",
        prehash="base64_hmac" if second else "base64_sha256",
    )


def _scrypt_phc(part: Mapping[str, str]) -> StoredHash:
    cost = {"n": 2 ** int(part["ln"]), "r": int(part["r"]), "p": int(part["p"])}
    return StoredHash("scrypt", cost, _base64(part["salt"]), _base64(part["digest"]))


def _scrypt_text(part: Mapping[str, str]) -> StoredHash:
    cost = {name: int(part[name]) for name in ("n", "r", "p")}
    return StoredHash("scrypt", cost, part["salt"].encode(), _digest(part["digest"]))


def _pbkdf2_phc(part: Mapping[str, str]) -> StoredHash:
    name = f"pbkdf2_{part['hash'] or 'sha1'}"
    return StoredHash(name, {"rounds": int(part["rounds"])}, _base64(part["salt"]), _base64(part["digest"]))


def _pbkdf2_text(part: Mapping[str, str]) -> StoredHash:
    cost = {"rounds": int(part["rounds"])}
    return StoredHash(f"pbkdf2_{part['hash']}", cost, part["salt"].encode(), _digest(part["digest"]))


def _digest(text: str) -> bytes:
    """Werkzeug writes hex, Django padded base64: only base64 has a length that is no digest in hex."""
    is_hex = len(text) in (40, 56, 64, 96, 128) and all(letter in "0123456789abcdefABCDEF" for letter in text)
    return bytes.fromhex(text) if is_hex else _base64(text)


# pattern, what reads its groups, the letter that fills salt and digest of a dummy
_FORMATS: tuple[tuple[str, Reader, str], ...] = (
    (
        (
            rf"(?:argon2)?(?P<encoded>\$(?P<scheme>argon2(?:id|i|d))(?:\$v=(?:16|19))?\$m=(?P<m>{_NUMBER}),t=(?P<t>{_NUMBER}),"
            rf"p=(?P<p>{_NUMBER})\$(?P<salt>{_BASE64}{{11,86}})\$(?P<digest>{_BASE64}{{22,172}}))"
        ),
        _argon2,
        "A",
    ),
    (
        (
            rf"(?:(?P<django>bcrypt|bcrypt_sha256)\$)?(?P<encoded>\$2[aby]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\$"
            rf"(?P<salt>{_CRYPT64}{{22}})(?P<digest>{_CRYPT64}{{31}}))"
        ),
        _bcrypt,
        ".",
    ),
    (
        (
            rf"\$bcrypt-sha256\$(?P<version>v=2,t=2b,r=|2[ab],)(?P<cost>0?[4-9]|[12][0-9]|3[01])\$"
            rf"(?P<salt>{_CRYPT64}{{22}})\$(?P<digest>{_CRYPT64}{{31}})"
        ),
        _bcrypt_sha256,
        ".",
    ),
    (
        (
            rf"\$scrypt\$ln=(?P<ln>[1-9]|[12][0-9]|3[01]),r=(?P<r>{_NUMBER}),p=(?P<p>{_NUMBER})\$"
            rf"(?P<salt>{_BASE64}{{1,172}})\$(?P<digest>{_BASE64}{{22,172}}=?=?)"
        ),
        _scrypt_phc,
        "A",
    ),
    (
        (
            rf"scrypt\$(?P<n>{_NUMBER})\${_TEXT_SALT}\$(?P<r>{_NUMBER})\$(?P<p>{_NUMBER})\$"
            rf"(?P<digest>[A-Za-z0-9+/]{{22,172}}=?=?)"
        ),
        _scrypt_text,
        "A",
    ),
    (
        rf"scrypt:(?P<n>{_NUMBER}):(?P<r>{_NUMBER}):(?P<p>{_NUMBER})\${_TEXT_SALT}\$(?P<digest>[0-9a-fA-F]{{128}})",
        _scrypt_text,
        "A",
    ),
    (
        (
            rf"\$pbkdf2(?:-(?P<hash>sha1|sha256|sha512))?\$(?:i=)?(?P<rounds>{_NUMBER})(?:,l=[0-9]{{1,3}})?\$"
            rf"(?P<salt>{_BASE64}{{1,172}})\$(?P<digest>{_BASE64}{{22,172}}=?=?)"
        ),
        _pbkdf2_phc,
        "A",
    ),
    (
        rf"pbkdf2_(?P<hash>sha1|sha256)\$(?P<rounds>{_NUMBER})\${_TEXT_SALT}\$(?P<digest>[A-Za-z0-9+/]{{22,172}}=?=?)",
        _pbkdf2_text,
        "A",
    ),
    (
        (
            rf"pbkdf2:(?P<hash>sha1|sha224|sha256|sha384|sha512):(?P<rounds>{_NUMBER})\${_TEXT_SALT}\$"
            rf"(?P<digest>[0-9a-fA-F]{{40,128}})"
        ),
        _pbkdf2_text,
        "A",
    ),
)

# start of the stored text, name of the scheme, why it is not checked
_PREFIXES: tuple[tuple[str, str, Support], ...] = (
    ("$apr1$", "apr1_md5", "too_old"),
    ("$1$", "md5_crypt", "too_old"),
    ("$2x$", "bcrypt_2x", "too_old"),
    ("$3$", "nt_hash", "too_old"),
    ("$md5", "sun_md5", "too_old"),
    ("$sha1$", "sha1_crypt", "too_old"),
    ("{SHA}", "sha1", "too_old"),
    ("{SSHA}", "salted_sha1", "too_old"),
    ("{MD5}", "md5", "too_old"),
    ("{SMD5}", "salted_md5", "too_old"),
    ("{PLAIN}", "plain", "too_old"),
    ("{CLEARTEXT}", "plain", "too_old"),
    ("plain$", "plain", "too_old"),
    ("md5$", "salted_md5", "too_old"),
    ("sha1$", "salted_sha1", "too_old"),
    ("sha256$", "salted_sha256", "too_old"),
    ("sha512$", "salted_sha512", "too_old"),
    ("crypt$", "des_crypt", "too_old"),
    ("$5$", "sha256_crypt", "verifier_mismatch"),
    ("$6$", "sha512_crypt", "verifier_mismatch"),
    ("$7$", "scrypt_crypt", "verifier_mismatch"),
    ("$y$", "yescrypt", "verifier_mismatch"),
    ("$gy$", "gost_yescrypt", "verifier_mismatch"),
    ("!", "unusable", "unusable"),
    ("*LK*", "unusable", "unusable"),
    ("*NP*", "unusable", "unusable"),
)
_BARE_HEX = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], Reader, str], ...]:
    """Compiled at the first use: a program that never checks a password does not pay for it."""
    return tuple((re.compile(pattern, re.ASCII), reader, fill) for pattern, reader, fill in _FORMATS)


def identify(stored: str | None) -> StoredHash | None:
    """Say which scheme and parameters a stored hash has; None when it is none that is known. Never raises."""
    if stored in (None, "", "*", "x"):
        return StoredHash("unusable", support="unusable")
    if not isinstance(stored, str) or len(stored) > MAX_STORED_CHARS:
        return None
    for pattern, reader, _ in _compiled():
        match = pattern.fullmatch(stored)
        if match:
            try:
                return reader(match.groupdict(default=""))
            except (binascii.Error, ValueError):
                return None
    return _unsupported(stored)


def _unsupported(stored: str) -> StoredHash | None:
    for prefix, scheme, support in _PREFIXES:
        if stored.startswith(prefix):
            return StoredHash(scheme, support=support)
    if re.fullmatch(r"\*[0-9A-F]{40}", stored):
        return StoredHash("mysql41", support="too_old")
    if len(stored) in _BARE_HEX and re.fullmatch(r"[0-9a-fA-F]+", stored):
        return StoredHash(_BARE_HEX[len(stored)], support="too_old")
    if re.fullmatch(_CRYPT64 + "{13}", stored):
        return StoredHash("des_crypt", support="too_old")
    return None


def dummy_like(stored: str) -> str:
    """A hash of the same scheme and cost that no password matches. Raises ValueError for an unknown encoding."""
    for pattern, _, fill in _compiled():
        match = pattern.fullmatch(stored)
        if match:
            pieces = list(stored)
            for group in ("salt", "digest"):
                for at in range(*match.span(group)):
                    pieces[at] = "=" if pieces[at] == "=" else fill
            return "".join(pieces)
    raise ValueError("not a stored hash that can be checked")
