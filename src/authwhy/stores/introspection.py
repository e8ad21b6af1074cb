"""Asks an introspection endpoint (RFC 7662) what it says of a token; answers are kept for some seconds.

What is kept is found by the SHA-256 of the token and never longer than the token's own `exp`. A fault of our own
credentials at the endpoint is `misconfigured`, never the caller's; JWT answers (RFC 9701) are refused as such.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from threading import Lock
from typing import Literal, TypeAlias
from urllib.parse import quote, urlencode

import msgspec

from authwhy.causes import Cause
from authwhy.stores.discovery import Discovery
from authwhy.stores.fetch import TIMEOUT_S, Fetched, Fetcher
from authwhy.stores.reach import FetchFailed
from authwhy.verify.flow import Unavailable
from authwhy.verify.introspection import Introspected, IntrospectionAsk

Method: TypeAlias = Literal["client_secret_basic", "client_secret_post", "bearer"]
Answer: TypeAlias = Introspected | Unavailable
KEPT_S, KEPT_INACTIVE_S = 30.0, 10.0
"""How long an answer is used again: a token revoked meanwhile is accepted for that long (RFC 7662 4)."""
_MAX_BYTES = 64 * 1024
_FORM = ("Content-Type", "application/x-www-form-urlencoded")
# OAuth error codes that some endpoints send, with 400, for a token they do not know (RFC 7662 2.2 wants active=false)
_OF_THE_TOKEN = ("invalid_token", "unsupported_token_type", "invalid_grant")
_OF_THE_CLIENT = ("invalid_client", "unauthorized_client")
_DECODER = msgspec.json.Decoder(dict[str, object])


class Introspector:
    """Answers for the tokens of one provider.

    `url` is its introspection endpoint; with None, `discovery` names it. `secret` is the client secret, or the access
    token for method "bearer" (`client_id` is not sent then). `kept` is how many answers are kept. `after_failure_s`
    is how long nobody waits for an endpoint that just failed. `workers` bound the requests that `aget` has under way.
    Raises ValueError for an address that may not be asked or a secret that cannot be sent.
    """

    def __init__(
        self,
        url: str | None,
        *,
        client_id: str = "",
        secret: str,
        method: Method = "client_secret_basic",
        discovery: Discovery | None = None,
        fetcher: Fetcher | None = None,
        allow_http: tuple[str, ...] = (),
        ca_file: str | None = None,
        timeout_s: float = TIMEOUT_S,
        kept: int = 10_000,
        kept_s: float = KEPT_S,
        kept_inactive_s: float = KEPT_INACTIVE_S,
        after_failure_s: float = 1.0,
        workers: int = 16,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        if (url is None) == (discovery is None):
            raise ValueError("a url or a discovery is needed")
        self._fetcher = fetcher or Fetcher(
            allow_http=allow_http, ca_file=ca_file, timeout_s=timeout_s, max_bytes=_MAX_BYTES, keep_idle=True
        )
        if url is not None:
            self._fetcher.check(url)
        self._url, self._discovery = url, discovery
        self._headers, self._form = _credentials(method, client_id, secret)
        self._timeout_s, self._after_failure_s = timeout_s, after_failure_s
        self._kept_s, self._kept_inactive_s = kept_s, kept_inactive_s
        self._clock, self._wall_clock = clock, wall_clock
        self._lock = Lock()
        self._active, self._inactive = _Kept(kept), _Kept(kept)  # invented tokens drive no good one out
        self._asking: dict[bytes, Future[Answer]] = {}
        self._failure: tuple[float, Unavailable] | None = None
        self._workers = workers
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Introspector({self._url or self._discovery!r})"

    def get(self, token: str) -> Answer:
        """What the provider says; waits up to `timeout_s` when no fresh answer is kept. Raises nothing."""
        digest = _digest(token)
        found, asking, mine = self._at_once(digest)
        if asking is None:
            return found
        if mine:
            self._ask(digest, token, asking)
        with suppress(TimeoutError):
            return asking.result(self._timeout_s)
        return _LATE

    async def aget(self, token: str) -> Answer:
        """The same; the event loop never waits for the provider."""
        digest = _digest(token)
        found, asking, mine = self._at_once(digest)
        if asking is None:
            return found
        import asyncio  # here: a program without an event loop does not pay for it

        if mine:
            self._submit(digest, token, asking)
        waiting = asyncio.wrap_future(asking)
        try:
            await asyncio.wait([waiting], timeout=self._timeout_s)
            return waiting.result() if waiting.done() else _LATE
        finally:
            waiting.cancel()  # only this wait: others may wait for the same answer

    def answer(self, ask: IntrospectionAsk) -> Answer:
        """Answer an ask."""
        return self.get(ask.token)

    async def aanswer(self, ask: IntrospectionAsk) -> Answer:
        """The same, awaited."""
        return await self.aget(ask.token)

    def close(self) -> None:
        """End the threads and close the connection; requests under way end by their own time limit."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self._fetcher.close()
        if self._discovery is not None:
            self._discovery.close()

    def _submit(self, digest: bytes, token: str, asking: Future[Answer]) -> None:
        with self._lock:
            if self._pool is None and not self._closed:
                self._pool = ThreadPoolExecutor(self._workers, "authwhy-introspection")
            if self._pool is not None:
                self._pool.submit(self._ask, digest, token, asking)
            else:  # closed a moment ago
                asking.set_result(_CLOSED)

    def _at_once(self, digest: bytes) -> tuple[Answer, Future[Answer] | None, bool]:
        """A kept answer, or the future to wait for and whether the caller has to fulfil it."""
        now = self._clock()
        with self._lock:
            kept = self._active.get(digest, now) or self._inactive.get(digest, now)
            if kept is not None:
                return kept, None, False
            if self._closed:
                return _CLOSED, None, False
            if self._failure is not None and now < self._failure[0]:
                return self._failure[1], None, False
            asking = self._asking.get(digest)
            if asking is not None:
                return _LATE, asking, False
            asking = self._asking[digest] = Future()
            asking.set_running_or_notify_cancel()
            return _LATE, asking, True

    def _ask(self, digest: bytes, token: str, asking: Future[Answer]) -> None:
        answer: Answer = Unavailable(Cause.MISCONFIGURED, {"problem": "internal"})  # should anything raise after all
        try:
            answer = _read(self._request(token))
        except FetchFailed as failed:
            answer = Unavailable(failed.cause, failed.facts)
        finally:
            self._keep(digest, answer)
            asking.set_result(answer)

    def _request(self, token: str) -> Fetched:
        url = self._url
        if url is None:
            assert self._discovery is not None  # the constructor wants one of the two
            url = self._discovery.address("introspection_endpoint")
        form = urlencode((("token", token), ("token_type_hint", "access_token"), *self._form), errors="replace")
        return self._fetcher.fetch(url, method="POST", body=form.encode(), headers=(_FORM, *self._headers))

    def _keep(self, digest: bytes, answer: Answer) -> None:
        now = self._clock()
        with self._lock:
            self._asking.pop(digest, None)
            if isinstance(answer, Unavailable):
                if answer.cause in _OUT_OF_REACH:  # a status may be the doing of one token, and stops nobody else
                    self._failure = now + self._after_failure_s, answer
                return
            if answer.members.get("active") is True:
                exp = answer.members.get("exp")
                left = exp - self._wall_clock() if isinstance(exp, int | float) else self._kept_s
                self._active.put(digest, now + min(self._kept_s, left), answer)
            else:
                self._inactive.put(digest, now + self._kept_inactive_s, answer)


class _Kept:
    """Answers until a time of the clock, no more than a fixed number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[bytes, tuple[float, Introspected]] = OrderedDict()

    def get(self, digest: bytes, now: float) -> Introspected | None:
        """The answer, when it is still fresh."""
        kept = self._answers.get(digest)
        return kept[1] if kept is not None and now < kept[0] else None

    def put(self, digest: bytes, until: float, answer: Introspected) -> None:
        """Keep it; the oldest goes when there are too many."""
        self._answers.pop(digest, None)
        self._answers[digest] = until, answer
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)


_LATE = Unavailable(facts={"problem": "timeout"})
_CLOSED = Unavailable(facts={"problem": "closed"})
_OUT_OF_REACH = (Cause.PROVIDER_UNREACHABLE, Cause.UNTRUSTED_SERVER, Cause.TLS_FAILURE)


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _credentials(
    method: Method, client_id: str, secret: str
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Header fields and form members that show who asks (RFC 6749 2.3.1, RFC 6750 2.1)."""
    if method == "client_secret_basic":
        pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"  # form-encoded before base64: RFC 6749 2.3.1
        return (("Authorization", f"Basic {b64encode(pair.encode()).decode()}"),), ()
    if method == "client_secret_post":
        return (), (("client_id", client_id), ("client_secret", secret))
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("the access token for the endpoint is not one that can be sent")
    return (("Authorization", f"Bearer {secret}"),), ()


def _read(answer: Fetched) -> Answer:
    """What the endpoint's answer means. Raises FetchFailed for one that is no answer about a token."""
    status = answer.status
    if status == 400:
        return _bad_request(answer)
    if status in (401, 403):  # RFC 7662 2.3: it does not accept us
        raise FetchFailed(Cause.MISCONFIGURED, setting="secret", status=status, host=answer.host)
    if status != 200:
        raise FetchFailed(Cause.PROVIDER_ERROR, problem="status", status=status, host=answer.host)
    if answer.headers.get("content-type", "").lower().startswith("application/token-introspection+jwt"):
        raise FetchFailed(Cause.MISCONFIGURED, setting="introspection", problem="jwt_answer", host=answer.host)
    members = _members(answer.body)
    if members is None:
        raise FetchFailed(Cause.PROVIDER_ERROR, problem="not_readable", host=answer.host)
    return Introspected(members)


def _bad_request(answer: Fetched) -> Introspected:
    error = (_members(answer.body) or {}).get("error")
    if error in _OF_THE_TOKEN:
        return Introspected({"active": False})
    if error in _OF_THE_CLIENT:
        raise FetchFailed(Cause.MISCONFIGURED, setting="secret", status=400, host=answer.host)
    raise FetchFailed(Cause.PROVIDER_ERROR, problem="status", status=400, host=answer.host)


def _members(body: bytes) -> dict[str, object] | None:
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
