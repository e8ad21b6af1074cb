"""Keys of an identity provider on the network, as a source for token providers."""

from __future__ import annotations

import time
from collections.abc import Callable

from authwhy.stores.jwks import JwksStore
from authwhy.verify.flow import Unavailable
from authwhy.verify.jwk import KeySet


class Fetched:
    """Keys of a provider on the network, fetched and refreshed by a store."""

    fixed = False

    def __init__(
        self, url: str | None, issuer: str, allow_http: tuple[str, ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.overdue_s: int | None = None
        self._store = (
            JwksStore.discovered(issuer, allow_http=allow_http, on_stale=self._note, clock=clock)
            if url is None
            else JwksStore(url, allow_http=allow_http, on_stale=self._note, clock=clock)
        )

    def _note(self, age_s: int) -> None:
        self.overdue_s = age_s

    @property
    def current(self) -> KeySet | None:
        """The keys at hand, None when there are none, or they are too old to be used."""
        self.overdue_s = None
        return self._store.current

    @property
    def version(self) -> int:
        """Grows whenever the keys change."""
        return self._store.version

    def get(self, kid: str | None) -> KeySet | Unavailable:
        """The keys for a token that names this key; may fetch, so may wait."""
        return self._store.get(kid)

    def unready(self) -> Unavailable | None:
        """Why there are no keys yet; begins the first fetch."""
        return self._store.unready()

    def close(self) -> None:
        """Stop fetching."""
        self._store.close()
