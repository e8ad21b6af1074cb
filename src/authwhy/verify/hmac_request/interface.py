"""The seam of the verifiers of signed requests: the request as it arrived, the secrets that may have signed it.

Text of a request is its octets, one Latin-1 character each, as ASGI and WSGI hand them over. Verifiers look at
nothing but what is written here: no framework, no clock.
"""

from __future__ import annotations

import re
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct, field
from msgspec.structs import force_setattr

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify.algorithms import NativeKey
from authwhy.verify.flow import Ask, Flow
from authwhy.verify.public_text import holds_public_key

MAX_FIELDS = 256
"""Header lines of a request that is looked at."""
MAX_TARGET = 32_768
"""Characters of path and query together."""
MAX_VALUE = 16_384
"""Characters of a header value that is read or signed."""
MAX_KEY_ID = 256
"""Characters of a key id that is looked up."""
MAX_SECRETS = 8
"""Secrets of one key id that are tried."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", re.ASCII).fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
Fields: TypeAlias = dict[str, str | list[str]]
"""Header values by lower-case name."""
Status = Literal["active", "revoked", "disabled"]


class SignedRequest(Struct, frozen=True):
    """A request as it arrived. Its text form tells only the method.

    `path` is the raw path (percent-encoded, no query), `query` the raw query without `?`. `headers` are
    (lower-case name, value) in order. `body` may be None when only `body_sha256` (lower-case hex) is known.
    `scheme` is that of the address the caller used: http or https. Raises ValueError without either body or hash.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = b""
    body_sha256: str | None = None
    scheme: str = "https"

    def __post_init__(self) -> None:
        if self.body is None and self.body_sha256 is None:
            raise ValueError("a request needs its body or its hash")

    def __repr__(self) -> str:
        return f"SignedRequest({self.method[:16]!r})"


class SecretAsk(Ask, frozen=True):
    """The secrets of a key id, as the caller named it. Answer: SigningSecrets, None for none, or Unavailable.

    `key_id` is at most 256 characters. `session_token` goes with temporary credentials (X-Amz-Security-Token); whoever
    answers checks it. Its text form does not tell it.
    """

    key_id: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"SecretAsk({self.key_id!r})"


class SigningSecret(Struct, frozen=True, eq=False):
    """One secret (text is taken as its UTF-8 octets), or a public key for RFC 9421. Its text form tells neither.

    `retired_at` (s since 1970) is when it was rotated away; it may lie ahead. `algorithm` binds an RSA key to one
    name of RFC 9421. `memo` is where verifiers keep what they derive: it lives and dies with the secret.

    Raises ValueError for an empty secret, or a public key in place of one.
    """

    id: str
    secret: NativeKey | str
    retired_at: int | None = None
    algorithm: str = ""
    memo: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.secret, str):
            force_setattr(self, "secret", self.secret.encode("utf-8", "surrogatepass"))
        if isinstance(self.secret, bytes) and (not self.secret or holds_public_key(self.secret)):
            raise ValueError("a signing secret must not be empty or a public key")

    @property
    def octets(self) -> bytes | None:
        """The shared secret, or None for a public key."""
        return self.secret if isinstance(self.secret, bytes) else None

    def __repr__(self) -> str:
        return f"SigningSecret({self.id!r})"


class SigningSecrets(Struct, frozen=True, eq=False):
    """What is known under a key id: its secrets, newest first, and whose they are."""

    secrets: tuple[SigningSecret, ...]
    owner: str
    status: Status = "active"

    def __repr__(self) -> str:
        return f"SigningSecrets({self.owner!r}, {len(self.secrets)} secrets)"


class SigningPolicy(Protocol):
    """What the policy of every dialect has. Times are seconds.

    A secret is accepted until `overlap_s` after its `retired_at`. A refusal costs at least `secrets_tried`
    signatures, so that a key id that is not known costs what a known one does. `check_replay` asks the world (SeenAsk).
    """

    @property
    def overlap_s(self) -> int: ...
    @property
    def secrets_tried(self) -> int: ...
    @property
    def check_replay(self) -> bool: ...


class Dialect(Protocol):
    """A module of this package that checks one way of signing requests."""

    def verify(self, request: SignedRequest, policy: Any, now: int) -> Flow:
        """Check a request. `now` is s since 1970. Never raises."""

    def string_to_sign(self, request: SignedRequest, policy: Any) -> bytes | None:
        """The octets that the signature must be over, or None when the request says too little. Never raises."""


def check_common(policy: SigningPolicy) -> None:
    """Raises ValueError for a policy whose common settings cannot work."""
    if policy.overlap_s < 0 or not 1 <= policy.secrets_tried <= MAX_SECRETS:
        raise ValueError(f"overlap_s must not be negative, secrets_tried must be 1 to {MAX_SECRETS}")


def shape_failure(request: SignedRequest) -> Failure | None:
    """What of a request no verifier looks at: too much of it, or a method, path or query that HTTP does not have."""
    if len(request.headers) > MAX_FIELDS:
        return beyond("headers", MAX_FIELDS)
    if len(request.path) + len(request.query) > MAX_TARGET:
        return beyond("target", MAX_TARGET)
    method = request.method
    if not (method.isascii() and method.isalpha()) and not _TOKEN(method[:65]):
        return damaged("method", "not_a_token")
    if not (request.path.isprintable() and request.query.isprintable()) and _CONTROL(request.path + request.query):
        return damaged("target", "control_character")
    return None


def beyond(part: str, limit: int) -> Failure:
    """More of a part than is looked at."""
    return Failure(Cause.MALFORMED, None, {"part": part, "problem": "too_large", "limit": limit})


def damaged(part: str, problem: str, detail: str | None = None) -> Failure:
    """Text that cannot be read: which part, and one word of what is wrong with it."""
    return Failure(Cause.MALFORMED, detail, {"part": part, "problem": problem})


def by_name(request: SignedRequest) -> Fields:
    """The header values under their names, each without the blanks around it; a name that comes again has a list."""
    fields: Fields = {}
    for name, value in request.headers:
        clean = value.strip(" \t")
        if name not in fields:
            fields[name] = clean
        else:
            before = fields[name]
            if isinstance(before, list):
                before.append(clean)
            else:
                fields[name] = [before, clean]
    return fields


def values(fields: Fields, name: str) -> list[str]:
    """Every value of a header, in order."""
    found = fields.get(name, [])
    return [found] if isinstance(found, str) else found


def single(fields: Fields, name: str, limit: int = MAX_VALUE) -> str | Failure | None:
    """The one value of a header, None when it is absent; a Failure when it comes twice or is too long."""
    found = fields.get(name)
    if isinstance(found, list):
        return damaged(name, "duplicate")
    return beyond(name, limit) if found is not None and len(found) > limit else found
