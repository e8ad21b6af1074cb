"""What the person handed in beside the text: what a proof needs, and where "now" is."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authwhy.model.evidence import Evidence, Setting


class Context(Struct, frozen=True):
    """Named inputs of explain. `at` is seconds since 1970 (None: not given); `clock` is this machine's time.

    `secret` is the shared secret as typed (never rendered). `retired_keys` are JWKs that were in use before.
    """

    clock: int
    at: int | None = None
    secret: str | None = None
    jwks: Mapping[str, object] | None = None
    retired_jwks: Mapping[str, object] | None = None
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    leeway_s: int = 0

    @property
    def now(self) -> int:
        """The time checks are made at: the given one, else this machine's."""
        return self.clock if self.at is None else self.at


# How the names of settings end that say what a verifier wants: ORDERS_JWT_ISSUER, spring.security...issuer-uri.
_ISSUER = ("issuer", "issueruri", "issuerurl", "authority")
_AUDIENCE = ("audience", "audiences", "expectedaud")
_ALGORITHMS = ("algorithms", "algorithm")
_SECRET = ("secret", "secretkey", "signingkey", "hmackey", "jwtkey", "sharedkey", "secretbase32")
_SCOPE = ("requiredscope", "requiredscopes", "scoperequired")


def bare_key(key: str) -> str:
    """The last part of a setting's name, lower case, without separators: `app.Valid-Audience` gives validaudience."""
    last = key.replace("/", ".").rsplit(".", 1)[-1]
    return "".join(char for char in last.lower() if char.isalnum())


def says_anything(evidence: Evidence) -> bool:
    """True when any setting says what a verifier wants."""
    return any(bare_key(setting.key).endswith(names) for setting in evidence.settings for _, names in _FIELDS)


def complete(context: Context, evidence: Evidence) -> Context:
    """Fill what was not given by name from the settings found in the input."""
    found: dict[str, list[str]] = {"issuers": [], "audiences": [], "algorithms": [], "secret": [], "scope": []}
    for setting in evidence.settings:
        for field, names in _FIELDS:
            if bare_key(setting.key).endswith(names) and not _of_token(setting):
                found[field] += _values(setting.value)
    secret = context.secret
    if secret is None and found["secret"]:
        secret = evidence.vault.reveal(found["secret"][0])
    return Context(
        clock=context.clock,
        at=context.at,
        secret=secret,
        jwks=context.jwks,
        retired_jwks=context.retired_jwks,
        issuers=context.issuers or tuple(found["issuers"]),
        audiences=context.audiences or tuple(found["audiences"]),
        algorithms=context.algorithms or tuple(value for value in found["algorithms"] if value.isalnum()),
        required=context.required,
        scope=context.scope or tuple(found["scope"]),
        leeway_s=context.leeway_s,
    )


_FIELDS = (
    ("issuers", _ISSUER),
    ("audiences", _AUDIENCE),
    ("algorithms", _ALGORITHMS),
    ("secret", _SECRET),
    ("scope", _SCOPE),
)


def _of_token(setting: Setting) -> bool:
    return setting.key.lower().startswith(("claims.", "header.", "payload.", "token."))


def _values(value: str) -> list[str]:
    text = value.strip()
    if text[:1] == "[" and text[-1:] == "]":
        text = text[1:-1]
        return [part.strip().strip("\"'") for part in text.split(",") if part.strip()]
    return [text] if text else []
