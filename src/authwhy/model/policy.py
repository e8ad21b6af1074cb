"""What a verifier demands. Frozen, with an id, so that an outcome can be tied to the policy that produced it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import force_setattr

SAFE_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
KNOWN_ALGORITHMS = (*SAFE_ALGORITHMS, *SECRET_ALGORITHMS, "ES256K", "Ed448")
"""Every signature algorithm that can be checked (RFC 7518 3.1, RFC 8037, RFC 8812, RFC 9864); `none` is not one."""

_LISTS = ("algorithms", "issuers", "audiences", "typ", "required", "scope", "understood_crit")


class JwtPolicy(Struct, frozen=True, cache_hash=True):
    """Demands on a JSON Web Token (RFC 7519, RFC 8725, RFC 9068).

    Empty `issuers` or `audiences` means: not checked. `leeway_s` and `max_age_s` are seconds.
    `typ` lists accepted header typ values (kept in lower case, without `application/`); empty accepts any. A list
    with `at+jwt` in it also refuses a token whose claims say that it is an ID or refresh token.
    `scope` lists what must all be granted. `understood_crit` lists header extensions the application handles itself.
    `check_revoked` and `check_replay` ask the world about `jti`, which such a policy therefore requires.

    Raises ValueError for an algorithm outside KNOWN_ALGORITHMS, a negative number, or text where a list is meant.
    """

    id: str = "jwt"
    algorithms: tuple[str, ...] = SAFE_ALGORITHMS
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    typ: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    leeway_s: int = 0
    max_age_s: int | None = None
    understood_crit: tuple[str, ...] = ()
    check_revoked: bool = False
    check_replay: bool = False
    max_bytes: int = 16_384

    def __post_init__(self) -> None:
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, str):  # `"a" in "abc"` would turn a comparison into a substring search
                raise ValueError(f"{name} must be a list of strings, not one string")
            if not isinstance(value, tuple):
                force_setattr(self, name, tuple(value))
        force_setattr(self, "typ", tuple(name.lower().removeprefix("application/") for name in self.typ))
        unknown = [name for name in self.algorithms if name not in KNOWN_ALGORITHMS]
        if unknown:
            raise ValueError(f"unknown algorithms: {', '.join(map(str, unknown))}")
        if self.leeway_s < 0 or self.max_bytes <= 0 or (self.max_age_s is not None and self.max_age_s < 0):
            raise ValueError("leeway_s and max_age_s must not be negative, max_bytes must be positive")


class BasicPolicy(Struct, frozen=True):
    """Demands on HTTP Basic credentials (RFC 7617). Lengths are bytes after UTF-8 encoding.

    `dummy_hash` is what an unknown name is checked against, so that it costs the same time as a known one; make
    it with `verify.password.dummy_like(one of your hashes)`. Empty takes the strongest scheme installed.
    `checked_old_hashes` earlier passwords are tried when the current one does not match; every refusal then
    costs that many hashes more, whether the account has old ones or not.
    """

    id: str = "basic"
    realm: str = "restricted"
    max_name_bytes: int = 256
    max_password_bytes: int = 1_024
    dummy_hash: str = ""
    checked_old_hashes: int = 0


class ApiKeyPolicy(Struct, frozen=True):
    """Demands on an API key: its public kind prefix (may be empty) and its length in characters."""

    id: str = "api_key"
    prefix: str = ""
    min_length: int = 16
    max_length: int = 512
    scope: tuple[str, ...] = ()


class TotpPolicy(Struct, frozen=True):
    """Demands on a one-time code (RFC 6238). `algorithm` is SHA1, SHA256 or SHA512, `digits` 6 to 8.

    `window` is the number of periods accepted on each side (RFC 6238 section 5.2), `searched` how many periods
    on each side are tried to name the cause of a refusal.
    """

    id: str = "totp"
    algorithm: str = "SHA1"
    digits: int = 6
    period_s: int = 30
    window: int = 1
    searched: int = 20


class ClientCertPolicy(Struct, frozen=True):
    """Demands on a client certificate (RFC 5280). `roots` are DER certificates, `revoked` hex serials.

    `names` are accepted subject alternative names (whole, DNS without case as in RFC 9525 section 6.3), or common
    names where a certificate has no alternative name; empty accepts any. `check_revoked` also asks the world
    (RevokedAsk: issuer, serial).
    """

    id: str = "client_cert"
    roots: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    check_revoked: bool = False
    max_chain_depth: int = 8
