"""The key set of one issuer (RFC 7517 5), fetched from an address that the owner named, and kept fresh.

Known keys never wait: not for a refresh, not for an unknown key id, not for a key server that hangs. A key id that is
not in the set is looked for once, at once, out of a small budget, so a rotated key works after one fetch and a flood
of invented key ids causes no flood of fetches. One store is one issuer: key ids of two issuers never meet.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from hashlib import sha256

from authwhy.causes import Cause
from authwhy.stores.discovery import Discovery
from authwhy.stores.fetch import TIMEOUT_S, Fetcher
from authwhy.stores.reach import FetchFailed
from authwhy.stores.refreshed import Clock, Flight, Loaded, OnStale, Refreshed
from authwhy.stores.unknown_kids import Absent, Budget
from authwhy.verify.flow import KeyAsk, Unavailable
from authwhy.verify.jwk import NO_KEYS, KeySet

LIFETIME_S, SHORTEST_S, LONGEST_S = 600.0, 60.0, 86_400.0
"""How long a set is fresh when the answer does not say, and the bounds of what it may say."""
STALE_S = 86_400.0
"""How long after that a set is used while the provider is down."""
REFILL_S = 10.0
"""How often an unknown key id is worth a fetch: so long a rotated key may wait in a flood of invented ones."""
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})', re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:store|cache)\b", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,10}")


class JwksStore:
    """Answers for the keys of one issuer.

    `url` is the address of its JWK Set. Without an `issuer`, asks for any issuer are answered. `burst` and `refill_s`
    are the budget of fetches for unknown key ids: so many at once, and one more every `refill_s`. `on_stale` is told
    the age (s) of an overdue set each time it is used; it must be quick. `shortest_s` and `longest_s` bound the
    lifetime of a set. Nothing is fetched, and no thread started, before the first ask. Raises ValueError for an
    address that may not be asked, OSError for a `ca_file` that cannot be read.
    """

    fixed = False
    """The keys may change."""

    def __init__(
        self,
        url: str | None,
        *,
        issuer: str | None = None,
        discovery: Discovery | None = None,
        fetcher: Fetcher | None = None,
        allow_http: tuple[str, ...] = (),
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        stale_s: float = STALE_S,
        shortest_s: float = SHORTEST_S,
        longest_s: float = LONGEST_S,
        burst: int = 1,
        refill_s: float = REFILL_S,
        on_stale: OnStale | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        if (url is None) == (discovery is None):
            raise ValueError("a url or a discovery is needed")
        self._fetcher = fetcher or Fetcher(allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s)
        if url is not None:
            self._fetcher.check(url)
        self.issuer = issuer
        self._url, self._discovery = url, discovery
        self._shortest_s, self._longest_s = shortest_s, longest_s
        self._keys = Refreshed(self._load, stale_s=stale_s, timeout_s=timeout_s, on_stale=on_stale, clock=clock)
        self._budget = Budget(burst, refill_s, clock)
        self._absent = Absent(refill_s, clock)

    @staticmethod
    def discovered(
        issuer: str,
        *,
        allow_http: tuple[str, ...] = (),
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = time.monotonic,
        stale_s: float = STALE_S,
        burst: int = 1,
        refill_s: float = REFILL_S,
        on_stale: OnStale | None = None,
    ) -> JwksStore:
        """The store of an issuer that names its key set in its metadata (OIDC Discovery 1.0, RFC 8414).

        Raises ValueError for an issuer that is no https address.
        """
        discovery = Discovery(issuer, allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s, clock=clock)
        return JwksStore(
            None, issuer=issuer, discovery=discovery, allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s,
            stale_s=stale_s, burst=burst, refill_s=refill_s, on_stale=on_stale, clock=clock,
        )  # fmt: skip

    @property
    def current(self) -> KeySet | None:
        """The set to use now, without any waiting; None when there is none, or only one that is too old."""
        return self._keys.current

    @property
    def version(self) -> int:
        """Grows when the set changes; 0 before the first. What was verified under another version must be again."""
        return self._keys.version

    @property
    def age_s(self) -> int | None:
        """Seconds since the provider last confirmed the set; None before the first."""
        return self._keys.age_s

    def get(self, kid: str | None = None) -> KeySet | Unavailable:
        """The set; waits, up to `timeout_s`, for the first one and for one that may hold an unknown `kid`."""
        answer = self._at_once(kid)
        if isinstance(answer, KeySet | Unavailable):
            return answer
        self._keys.wait(answer)
        return self._afterwards(kid, answer)

    async def aget(self, kid: str | None = None) -> KeySet | Unavailable:
        """The same; neither the event loop nor a thread waits."""
        answer = self._at_once(kid)
        if isinstance(answer, KeySet | Unavailable):
            return answer
        await self._keys.wait_async(answer)
        return self._afterwards(kid, answer)

    def answer(self, ask: KeyAsk) -> KeySet | Unavailable:
        """Answer for this issuer; no keys, and no request, for another one."""
        return self.get(ask.kid) if self._is_mine(ask) else NO_KEYS

    async def aanswer(self, ask: KeyAsk) -> KeySet | Unavailable:
        """The same, awaited."""
        return await self.aget(ask.kid) if self._is_mine(ask) else NO_KEYS

    def close(self) -> None:
        """End the thread and close the connection. What was loaded stays usable until it is too old."""
        self._keys.close()
        self._fetcher.close()
        if self._discovery is not None:
            self._discovery.close()

    def _is_mine(self, ask: KeyAsk) -> bool:
        return self.issuer is None or ask.issuer is None or ask.issuer == self.issuer

    def _at_once(self, kid: str | None) -> KeySet | Unavailable | Flight:
        keys = self._keys.current
        if keys is None:
            return self._keys.begin(None)
        if _settles(keys, kid) or kid in self._absent:
            return keys
        # While the provider fails this is the failure: it may be a new key, and an outage is no bad credential.
        return self._keys.begin_if(self._budget.take, keys) or keys

    def _afterwards(self, kid: str | None, flight: Flight) -> KeySet | Unavailable:
        keys = self._keys.current
        if keys is None:
            return self._keys.missing()
        if _settles(keys, kid):
            return keys
        if not flight.done() or self._keys.failure is not None:
            return self._keys.missing()
        if kid is not None:
            self._absent.add(kid)
        return keys

    def unready(self) -> Unavailable | None:
        """Why there are no keys to use now, None when there are; never waits, and begins the first fetch."""
        return self._keys.unready()

    def _load(self) -> Loaded[KeySet]:
        try:
            return self._loaded()
        except FetchFailed as failed:
            raise failed.wanted("keys") from None

    def _loaded(self) -> Loaded[KeySet]:
        url = self._url
        if url is None:
            assert self._discovery is not None  # the constructor wants one of the two
            url = self._discovery.address("jwks_uri", now=True)  # the pauses are those of the keys
        answer = self._fetcher.fetch(url, headers=(("Accept", "application/jwk-set+json, application/json"),))
        if answer.status != 200:
            raise FetchFailed(Cause.PROVIDER_ERROR, problem="status", status=answer.status, host=answer.host)
        keys = KeySet.from_jwks(answer.body)
        if not keys.keys:
            raise FetchFailed(Cause.PROVIDER_ERROR, problem=keys.problems[0].code, host=answer.host)
        lifetime_s = min(max(lifetime(answer.headers), self._shortest_s), self._longest_s)
        return Loaded(keys, sha256(answer.body).digest(), lifetime_s)


class StaticKeys:
    """Keys that never change, with the interface of JwksStore. Raises ValueError for a document without a key."""

    fixed = True

    def __init__(self, document: KeySet | Mapping[str, object] | str | bytes, *, issuer: str | None = None) -> None:
        self.current = document if isinstance(document, KeySet) else KeySet.from_jwks(document)
        if not self.current.keys:
            raise ValueError(f"no key that can be used: {', '.join(found.code for found in self.current.problems)}")
        self.issuer = issuer
        self.version = 1
        self.age_s = 0

    def get(self, kid: str | None = None) -> KeySet:
        """The set."""
        return self.current

    async def aget(self, kid: str | None = None) -> KeySet:
        """The set."""
        return self.current

    def unready(self) -> Unavailable | None:
        """Always ready."""
        return None

    def answer(self, ask: KeyAsk) -> KeySet:
        """The set for this issuer; no keys for another one."""
        return self.current if self.issuer is None or ask.issuer in (None, self.issuer) else NO_KEYS

    async def aanswer(self, ask: KeyAsk) -> KeySet:
        """The same, awaited."""
        return self.answer(ask)

    def close(self) -> None:
        """Nothing to close."""


def lifetime(headers: Mapping[str, str]) -> float:
    """How long (s) an answer is fresh by its Cache-Control and Age (RFC 9111 4.2), not bounded yet."""
    said = headers.get("cache-control", "")
    if _NOT_KEPT.search(said):
        return 0.0
    found = _MAX_AGE.search(said)
    if found is None:
        return LIFETIME_S
    age = _DIGITS.fullmatch(headers.get("age", "").strip())
    return float(int(found[1]) - (int(age[0]) if age else 0))


def _settles(keys: KeySet, kid: str | None) -> bool:
    """Would another fetch tell nothing new: is there a candidate, or a key of this id that cannot be used?"""
    return kid is None or bool(keys.select(kid)) or keys.problem(kid) is not None
