"""What a login remembers between its two steps, in a cookie that only its maker can read: `1.<key id>.<AES-256-GCM>`.

The cookie ties the callback to the browser that began (RFC 6749 10.12, RFC 9700 4.7) and keeps the PKCE verifier
(RFC 7636) from whoever reads cookies. Keys rotate as in session_keys: the newest seals, all open.
"""

from __future__ import annotations

import re

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Refused, refused
from authwhy.verify.segments import encode, octets
from authwhy.verify.session_keys import SessionKeys

MAX_COOKIE = 4_000
"""Characters of a cookie value; a browser keeps 4,096 octets of name, value and attributes (RFC 6265 6.1)."""
MAX_PATH = 1_024
IV_BYTES = 12
_PURPOSE = "login state"
_KEY_ID = re.compile("[A-Za-z0-9_-]{1,32}", re.ASCII).fullmatch
_RANDOM = re.compile("[A-Za-z0-9._~-]{22,128}", re.ASCII).fullmatch
_VERIFIER = re.compile("[A-Za-z0-9._~-]{43,128}", re.ASCII).fullmatch
# `//host` and `/\host` lead to another host, and browsers drop tabs and line ends: one slash, no backslash, no blanks.
_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII).fullmatch


class LoginState(Struct, frozen=True):
    """One login under way. Its text form tells nothing.

    `state` and `nonce` are random text of at least 128 bits (22 unreserved characters), `verifier` is a PKCE code
    verifier (RFC 7636 4.1), `issued_at` is s since 1970, `provider` the id of the policy it began with, `max_age_s`
    and `acr_values` what was asked for. `return_path` may be hostile: it is checked where it is used. Raises
    ValueError for random values of another form.
    """

    state: str
    nonce: str
    verifier: str
    issued_at: int
    return_path: str = "/"
    provider: str = "login"
    max_age_s: int | None = None
    acr_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _RANDOM(self.state) or not _RANDOM(self.nonce) or not _VERIFIER(self.verifier):
            raise ValueError("state and nonce need 22 to 128 unreserved characters, the verifier 43 to 128")

    def __repr__(self) -> str:
        return "LoginState(...)"


def is_local(path: str) -> bool:
    """Does this path lead to our own host, whatever a browser makes of it? Printable ASCII, at most MAX_PATH."""
    return len(path) <= MAX_PATH and _LOCAL(path) is not None


def seal_login(state: LoginState, iv: bytes, keys: SessionKeys) -> str:
    """The cookie value. `iv` is 12 fresh random octets; using them twice with one key breaks the encryption.

    Raises ValueError for an `iv` of another length, or a state too large for a cookie.
    """
    if len(iv) != IV_BYTES:
        raise ValueError(f"the iv has {IV_BYTES} octets")
    key_id, key = keys.derive(_PURPOSE)[0]
    head = f"1.{key_id}"
    cookie = f"{head}.{encode(iv + AESGCM(key).encrypt(iv, msgspec.json.encode(state), head.encode())).decode()}"
    if len(cookie) > MAX_COOKIE:
        raise ValueError("the login state is too large for a cookie")
    return cookie


def open_login(cookie: str | None, keys: SessionKeys) -> LoginState | Refused:
    """Read the cookie back. Never raises. No cookie at all is `state_mismatch`: the login was lost on the way."""
    if not cookie:
        return refused(Cause.STATE_MISMATCH, problem="no_cookie")
    if len(cookie) > MAX_COOKIE:
        return _malformed(cookie, "too_large")
    version, key_id, text = (*cookie.split(".", 2), "", "")[:3]
    sealed = octets(text.encode("utf-8", "surrogatepass"))
    if version != "1" or not _KEY_ID(key_id):
        return _malformed(cookie, "version")
    if not isinstance(sealed, bytes):
        return _malformed(cookie, sealed.problem)
    key = dict(keys.derive(_PURPOSE)).get(key_id)
    if key is None:
        return refused(Cause.UNKNOWN_KEY, kid=key_id, known=len(keys))
    try:
        plain = AESGCM(key).decrypt(sealed[:IV_BYTES], sealed[IV_BYTES:], f"1.{key_id}".encode())
        return msgspec.json.decode(plain, type=LoginState)
    except (InvalidTag, ValueError):
        return refused(Cause.BAD_SIGNATURE, kid=key_id, alg="A256GCM", keys_tried=1)


def _malformed(cookie: str, problem: str) -> Refused:
    return refused(Cause.MALFORMED, part="cookie", problem=problem, length=len(cookie), limit=MAX_COOKIE)
