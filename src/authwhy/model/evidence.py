"""What explain was given, typed. Every text field is safe: secrets are placeholders of `vault` (model.secret)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from authwhy.model.secret import Vault

Headers = tuple[tuple[str, str], ...]


class HttpRequest(Struct, frozen=True):
    """A request as sent. Header names keep their spelling; `url` may be only a path."""

    method: str
    url: str
    headers: Headers = ()
    body: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        return first_header(self.headers, name)


class HttpResponse(Struct, frozen=True):
    """A response as received."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name (case-insensitive), or None."""
        return first_header(self.headers, name)


class Exchange(Struct, frozen=True):
    """One request and its response, either may be unknown. `at` is the sender's clock, s since 1970, if recorded.

    `where` says where it stood in the input: "curl -v, request 2", "HAR entry 17", "lines 3-20".
    """

    request: HttpRequest | None
    response: HttpResponse | None
    where: str = ""
    at: float | None = None


class Challenge(Struct, frozen=True):
    """One challenge (or credential) of RFC 9110 11.3: a scheme with either a token68 or parameters.

    Parameter names keep their spelling; `start` and `end` are offsets into the field value.
    """

    scheme: str
    token68: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    start: int = 0
    end: int = 0

    def parameter(self, name: str) -> str | None:
        """The first parameter of that name (case-insensitive), or None."""
        return first_header(self.parameters, name)


class Token(Struct, frozen=True):
    """A JWT, JWS or JWE found in the input. `raw` is a placeholder; `problem` says why it could not be read.

    `slot` is where it would be used: "authorization", "cookie", "query", "text", "body".
    """

    raw: str
    header: Mapping[str, object] | None = None
    claims: Mapping[str, object] | None = None
    problem: str | None = None
    where: str = ""
    slot: str = "text"


class KeySetFound(Struct, frozen=True):
    """A JWK or JWK Set. `keys` are the JWKs as objects; private members are placeholders."""

    keys: tuple[Mapping[str, object], ...]
    where: str = ""


class CertificateFound(Struct, frozen=True):
    """An X.509 certificate (RFC 5280). Times are s since 1970; `der` is the certificate itself (public)."""

    subject: str
    issuer: str
    serial: str
    not_before: int
    not_after: int
    names: tuple[str, ...]
    usages: tuple[str, ...]
    is_ca: bool
    der: bytes
    where: str = ""


class Setting(Struct, frozen=True):
    """One key and its value from configuration, environment, JSON, YAML or a `key: value` line."""

    key: str
    value: str
    where: str = ""


class CurlCommand(Struct, frozen=True):
    """A curl command line as typed: the request it would send and the options that matter."""

    request: HttpRequest
    options: tuple[str, ...] = ()
    where: str = ""


class Evidence(Struct, frozen=True):
    """Everything found in the input. `text` is the whole safe text, `kinds` what the sniffing recognised, in order."""

    text: str = ""
    exchanges: tuple[Exchange, ...] = ()
    commands: tuple[CurlCommand, ...] = ()
    tokens: tuple[Token, ...] = ()
    key_sets: tuple[KeySetFound, ...] = ()
    certificates: tuple[CertificateFound, ...] = ()
    settings: tuple[Setting, ...] = ()
    kinds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    vault: Vault = field(default_factory=Vault)


def first_header(headers: Headers, name: str) -> str | None:
    """The first header of that name (case-insensitive), or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
