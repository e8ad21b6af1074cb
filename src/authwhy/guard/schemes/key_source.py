"""Where a token provider's keys come from: given at start-up, or fetched and refreshed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from authwhy.guard.rules import ConfigurationError
from authwhy.verify.flow import Unavailable
from authwhy.verify.jwk import KeySet

_SHORTEST_SECRET = 32


class KeySource(Protocol):
    """Keys of one issuer. `current` never waits; `version` grows with every change; `fixed` sources never change.

    `overdue_s` is the age (s) of keys that should have been fetched again and could not be, as of the last look at
    `current`; None when they are fresh.
    """

    fixed: bool
    overdue_s: int | None

    @property
    def current(self) -> KeySet | None:
        """The keys at hand, None when there are none yet."""

    @property
    def version(self) -> int:
        """Grows whenever the keys change."""

    def get(self, kid: str | None) -> KeySet | Unavailable:
        """The keys for a token that names this key; may fetch, so may wait."""

    def close(self) -> None:
        """Stop fetching."""


class Given:
    """Keys that the service was started with."""

    fixed = True
    version = 1
    overdue_s = None

    def __init__(self, keys: KeySet) -> None:
        self.current = keys

    def get(self, kid: str | None) -> KeySet:
        """The keys."""
        return self.current

    def close(self) -> None:
        """Nothing to stop."""


def unready(source: object) -> Unavailable | None:
    """Why a source or store has no keys yet. One that cannot say fetches when a token comes, so it counts as ready."""
    asked = getattr(source, "unready", None)
    found: Unavailable | None = None if asked is None else asked()
    return found


class Handed:
    """A store that the service made itself (authwhy.stores.jwks.JwksStore, or its own)."""

    overdue_s = None

    def __init__(self, store: Any) -> None:
        self._store = store
        self.fixed = bool(getattr(store, "fixed", False))
        self.get, self.close = store.get, store.close

    def unready(self) -> Unavailable | None:
        """Why there are no keys yet."""
        return unready(self._store)

    @property
    def current(self) -> KeySet | None:
        """The keys at hand."""
        found: KeySet | None = self._store.current
        return found

    @property
    def version(self) -> int:
        """Grows whenever the keys change."""
        found: int = self._store.version
        return found


def key_source(
    keys: Mapping[str, object] | str | bytes | KeySet | Any,
    secret: str | bytes | None,
    issuers: tuple[str, ...],
    allow_http: tuple[str, ...],
) -> Any:
    """The source for what `jwt` was given. Raises ConfigurationError when it holds no usable key."""
    if secret is not None:
        if keys is not None:
            raise ConfigurationError("give keys or a secret, not both")
        if len(secret.encode() if isinstance(secret, str) else secret) < _SHORTEST_SECRET:
            raise ConfigurationError(f"secret: at least {_SHORTEST_SECRET} octets (RFC 7518 section 3.2)")
        return _given(KeySet.from_secret(secret))
    if keys is None:
        if len(issuers) != 1:
            raise ConfigurationError("no keys: give keys, a secret, or the one issuer whose metadata names them")
        return _fetched(None, issuers[0], allow_http)
    if isinstance(keys, KeySet):
        return _given(keys)
    if isinstance(keys, str) and keys.startswith(("https://", "http://")):
        return _fetched(keys, "", allow_http)
    if isinstance(keys, str | bytes):
        text = keys.decode("utf-8", "replace") if isinstance(keys, bytes) else keys
        return _given(KeySet.from_pem(text) if "-----BEGIN" in text else KeySet.from_jwks(text))
    if isinstance(keys, Mapping):
        return _given(KeySet.from_jwks(keys))
    if all(hasattr(keys, name) for name in ("current", "version", "get", "close")):
        return keys if hasattr(keys, "overdue_s") else Handed(keys)
    raise ConfigurationError(f"keys: cannot use {type(keys).__name__}")


def _fetched(url: str | None, issuer: str, allow_http: tuple[str, ...]) -> KeySource:
    from authwhy.guard.schemes.fetched_keys import Fetched  # a service with its own keys needs no HTTP client

    try:
        return Fetched(url, issuer, allow_http)
    except ValueError as error:
        raise ConfigurationError(f"keys: {error}") from None


def _given(keys: KeySet) -> Given:
    if not keys.keys:
        codes = ", ".join(dict.fromkeys(problem.code for problem in keys.problems))
        raise ConfigurationError(f"keys: none can be used ({codes})")
    return Given(keys)
