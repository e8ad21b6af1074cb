"""What a provider says about itself (OpenID Connect Discovery 1.0 4, RFC 8414 3), for an issuer the owner named."""

from __future__ import annotations

import time
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from authwhy.causes import Cause
from authwhy.stores.fetch import TIMEOUT_S, Fetched, Fetcher
from authwhy.stores.origin import target_of
from authwhy.stores.reach import FetchFailed
from authwhy.stores.refreshed import Clock, Loaded, OnStale, Refreshed
from authwhy.verify.flow import Unavailable
from authwhy.verify.jws import clip

LIFETIME_S = 86_400.0
"""Metadata is fetched again every day."""
STALE_S = 7 * 86_400.0
"""How long after that it is used while the provider is down."""
_WHAT = "metadata"
_OPENID, _OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


class ProviderMetadata(Struct, frozen=True):
    """The members that authwhy uses (RFC 8414 2, OpenID Connect Discovery 1.0 3); others are ignored."""

    issuer: str
    jwks_uri: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    introspection_endpoint: str | None = None
    revocation_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    scopes_supported: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = field(default=(), name="id_token_signing_alg_values_supported")
    client_methods: tuple[str, ...] = field(default=(), name="token_endpoint_auth_methods_supported")
    introspection_methods: tuple[str, ...] = field(default=(), name="introspection_endpoint_auth_methods_supported")
    code_challenge_methods: tuple[str, ...] = field(default=(), name="code_challenge_methods_supported")
    dpop_algorithms: tuple[str, ...] = field(default=(), name="dpop_signing_alg_values_supported")


_DECODER = msgspec.json.Decoder(ProviderMetadata)


def metadata_urls(issuer: str) -> tuple[str, ...]:
    """Where the metadata of an issuer may be: appended (OIDC Discovery 1.0 4.1), then inserted (RFC 8414 3.1).

    Raises ValueError for an issuer with a query or fragment, which neither standard allows.
    """
    parts = urlsplit(issuer)
    if "?" in issuer or "#" in issuer or not parts.netloc:
        raise ValueError("an issuer is an address without query and fragment")
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return f"{base}{path}{_OPENID}", f"{base}{_OAUTH}{path}"


class Discovery:
    """The metadata of one issuer, fetched at the first need, then daily.

    Raises ValueError for an issuer that is no https address (or an origin in `allow_http`).
    """

    def __init__(
        self,
        issuer: str,
        *,
        fetcher: Fetcher | None = None,
        allow_http: tuple[str, ...] = (),
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        stale_s: float = STALE_S,
        on_stale: OnStale | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._urls = metadata_urls(issuer)
        self._allow_http = allow_http
        self._fetcher = fetcher or Fetcher(allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s)
        self._fetcher.check(self._urls[0])
        self._metadata = Refreshed(self._load, stale_s=stale_s, timeout_s=timeout_s, on_stale=on_stale, clock=clock)

    @property
    def current(self) -> ProviderMetadata | None:
        """The metadata to use now, without any waiting."""
        return self._metadata.current

    def get(self) -> ProviderMetadata | Unavailable:
        """The metadata; waits, up to `timeout_s`, for the first."""
        return self._metadata.get()

    async def aget(self) -> ProviderMetadata | Unavailable:
        """The same; neither the event loop nor a thread waits."""
        return await self._metadata.aget()

    def address(self, name: str, *, now: bool = False) -> str:
        """One address of the metadata, such as `jwks_uri`; waits like `get`. Raises FetchFailed.

        With `now` the provider is asked whatever the last answer was: for a caller that keeps pauses itself.
        """
        metadata = self._metadata.get_now() if now else self.get()
        if isinstance(metadata, Unavailable):
            raise FetchFailed(metadata.cause, **metadata.facts).wanted(_WHAT)
        address: str | None = getattr(metadata, name)
        if address is None:
            raise FetchFailed(Cause.MISCONFIGURED, setting=name, problem="missing_member", what=_WHAT)
        return address

    def close(self) -> None:
        """End the thread and close the connection."""
        self._metadata.close()
        self._fetcher.close()

    def _load(self) -> Loaded[ProviderMetadata]:
        try:
            return self._loaded()
        except FetchFailed as failed:
            raise failed.wanted(_WHAT) from None

    def _loaded(self) -> Loaded[ProviderMetadata]:
        answer = self._found()
        try:
            metadata = _DECODER.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="not_readable", host=answer.host) from None
        if metadata.issuer != self.issuer:  # RFC 8414 3.3: it must be identical
            raise FetchFailed(
                Cause.MISCONFIGURED, setting="issuer", expected=clip(self.issuer), seen=clip(metadata.issuer)
            )
        if metadata.jwks_uri is not None:
            target_of(metadata.jwks_uri, self._allow_http)
        return Loaded(metadata, sha256(answer.body).digest(), LIFETIME_S)

    def _found(self) -> Fetched:
        """The first document that is there. A provider that serves one form answers 404, or so, to the other."""
        answer = None
        for url in self._urls:
            answer = self._fetcher.fetch(url)
            if answer.status == 200:
                return answer
            if answer.status >= 500:
                break
        assert answer is not None  # there are two addresses
        raise FetchFailed(Cause.PROVIDER_ERROR, problem="status", status=answer.status, host=answer.host)
