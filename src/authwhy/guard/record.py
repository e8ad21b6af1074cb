"""Private events: one for every decision, exact, and without anything of a credential but a keyed fingerprint."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from time import gmtime, strftime

from msgspec.structs import replace

from authwhy.causes import Cause, Public, meta
from authwhy.guard.answers import Accept, Deny, Presented
from authwhy.guard.decide import Outcome
from authwhy.guard.view import View
from authwhy.model.event import Event, EventOutcome, Refusal, Weighed
from authwhy.model.outcome import FactValue

Sink = Callable[[Event], object]
_REF_BYTES = 8
_MAX_TEXT = 256
_MOST_AGENTS = 1_024
_MAX_CREDENTIAL = 65_536


class References:
    """Random references, taken from the system in batches. Safe in threads and after a fork."""

    def __init__(self) -> None:
        self._left: list[str] = []
        os.register_at_fork(after_in_child=self._left.clear)

    def next(self) -> str:
        """16 hex digits."""
        try:
            return self._left.pop()
        except IndexError:
            text = os.urandom(_REF_BYTES * 128).hex()
            step = 2 * _REF_BYTES
            self._left += [text[at : at + step] for at in range(0, len(text), step)]
            return self._left.pop()


class Clocked:
    """RFC 3339 times in UTC with milliseconds; the seconds part is kept, because most calls share it."""

    def __init__(self) -> None:
        self._kept = -1, ""

    def text(self, now: float) -> str:
        """The time as text; `now` is s since 1970."""
        second, kept = int(now), self._kept  # one value: another thread may be in here too
        if second != kept[0]:
            kept = self._kept = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{kept[1]}.{int(now * 1000) % 1000:03d}Z"


class Recorder:
    """Makes events and hands them to the sinks. A sink that raises changes nothing for the request."""

    def __init__(
        self,
        sinks: Iterable[Sink],
        *,
        app: str | None,
        host: str | None,
        version: str | None,
        key: bytes | None,
        paths: bool = False,
    ) -> None:
        self.sinks = tuple(sinks)
        self.app, self.host, self.version = app, host, version
        self._key = key or os.urandom(32)
        self._clock = Clocked()
        self._agents: dict[bytes, str] = {}
        self.paths = paths
        self.references = References()

    @property
    def wanted(self) -> bool:
        """Is there anybody to tell?"""
        return bool(self.sinks)

    def fingerprint(self, value: object) -> str:
        """A keyed digest: tells whether two credentials are the same, never what they are. Of a longer text, its
        beginning stands for all: no provider accepts one of that length."""
        if isinstance(value, str):
            octets = value[:_MAX_CREDENTIAL].encode("utf-8", "surrogatepass")
        else:
            octets = bytes(value[:_MAX_CREDENTIAL]) if isinstance(value, bytes | bytearray) else repr(value).encode()
        return hmac.digest(self._key, octets, "sha256")[:12].hex()

    def tell(self, event: Event) -> None:
        """Hand an event to every sink."""
        for sink in self.sinks:
            try:  # noqa: SIM105  suppress() costs a quarter of a microsecond for each request
                sink(event)
            except Exception:  # noqa: BLE001, S110  they count and report that
                pass

    def success(self, view: View, name: str | None, method: str | None, accept: Accept | None, ref: str, now: float,
                route: str | None, started: float, ended: float, presented: Presented | None,
                fingerprint: str | None = None) -> Event:  # fmt: skip
        """The event of an accepted request; `name` is None for an anonymous one."""
        return Event(
            time=self._clock.text(now),
            outcome="success",
            user=None if accept is None or accept.user is None else plain(accept.user),
            app=self.app,
            provider=name,
            method=method,
            address=view.address,
            port=view.port,
            agent=self._agent(view),
            host=self.host,
            version=self.version,
            session=None if accept is None or accept.session is None else plain(accept.session),
            source="guard",
            ref=ref,
            facts={} if accept is None else plain_facts(accept.facts),
            route=None if route is None else plain(route),
            verb=plain(view.method),
            path=self._path(view),
            via=view.peer if view.via_proxy else None,
            issuer=None if accept is None or accept.issuer is None else plain(accept.issuer),
            fingerprint=fingerprint or (self.fingerprint(presented.value) if presented is not None else None),
            duration_us=round((ended - started) * 1e6),
            notes=() if accept is None else accept.notes,
        )

    def failure(self, view: View, outcome: Outcome, method: str | None, ref: str, now: float, route: str | None,
                started: float, ended: float, status: int, public: Public,
                told: str | None = None) -> Event:  # fmt: skip
        """The event of a refused request."""
        name, deny = outcome.leading()
        first = deny.failures[0]
        presented = outcome.asked.get(name) if name is not None else None
        user, digest = self._named(presented, deny)
        refusals = refusals_of(outcome)
        return Event(
            time=self._clock.text(now),
            outcome=_outcome(first.cause),
            causes=tuple([Weighed(failure.cause) for failure in deny.failures]),
            kind=meta(first.cause).kind,
            code=told,
            user=user,
            user_digest=digest,
            app=self.app,
            provider=name,
            method=method,
            address=view.address,
            port=view.port,
            agent=self._agent(view),
            host=self.host,
            version=self.version,
            source="guard",
            ref=ref,
            status=status,
            public=public,
            detail=first.detail,
            facts=refusals[0].facts if len(refusals) == 1 else plain_facts(first.facts),
            refusals=refusals,
            route=None if route is None else plain(route),
            verb=plain(view.method),
            path=self._path(view),
            via=view.peer if view.via_proxy else None,
            fingerprint=self.fingerprint(presented.value) if presented is not None else None,
            duration_us=round((ended - started) * 1e6),
            notes=deny.notes,
        )

    def again(self, event: Event, view: View, ref: str, now: float, started: float, ended: float) -> Event:
        """The event of one more request with the same credential and the same answer, from this recorder's `event`."""
        return replace(
            event,
            time=self._clock.text(now),
            address=view.address,
            port=view.port,
            agent=self._agent(view),
            ref=ref,
            verb=plain(view.method),
            path=self._path(view),
            via=view.peer if view.via_proxy else None,
            duration_us=round((ended - started) * 1e6),
        )

    def _path(self, view: View) -> str | None:
        """The path as asked for, where the service wants it in its events: paths may hold names and one-time links."""
        return plain(view.path) if self.paths else None

    def _agent(self, view: View) -> str | None:
        """The caller's User-Agent as a printable line; the same ones come again and again."""
        for name, value in view.headers:
            if name == b"user-agent":
                text = self._agents.get(value)
                if text is None:
                    if len(self._agents) >= _MOST_AGENTS:
                        self._agents.clear()
                    text = plain(value[:4_096].decode("latin-1"))
                    if len(value) <= _MAX_TEXT:
                        self._agents[value] = text
                return text
        return None

    def _named(self, presented: Presented | None, deny: Deny) -> tuple[str | None, str | None]:
        """A name that exists, or a keyed digest: people type passwords into the field for the name."""
        name = deny.user or (presented.identity if presented is not None else None)
        if name is None:
            return None, None
        return (plain(name), None) if deny.known else (None, self.fingerprint(name))


def _outcome(cause: Cause) -> EventOutcome:
    return "interrupt" if cause is Cause.SECOND_FACTOR_REQUIRED else "failure"


def refusals_of(outcome: Outcome) -> tuple[Refusal, ...]:
    """Every provider's reasons, in the order of the rule."""
    return tuple([refusal_of(name, deny) for name, deny in outcome.refused.items()])


def refusal_of(name: str, deny: Deny) -> Refusal:
    """One provider's reasons; the facts are those of the first failing check."""
    first = deny.failures[0]
    causes = tuple([failure.cause for failure in deny.failures])
    return Refusal(name, causes, first.detail, plain_facts(first.facts), first.attested, deny.claimed)


def plain_facts(facts: Mapping[str, FactValue]) -> Mapping[str, FactValue]:
    """The same facts, texts of a caller among them as by `plain`."""
    return {name: _plain_fact(value) for name, value in facts.items()} if facts else facts


def _plain_fact(value: FactValue) -> FactValue:
    if isinstance(value, str):
        return plain(value)
    return tuple(plain(one) for one in value) if isinstance(value, tuple) else value


def plain(text: str) -> str:
    """Text of a caller as one printable line: what has no shape of its own (control and direction characters, other
    blanks) is escaped; at most 256 characters are looked at."""
    short = text[:_MAX_TEXT] + "…" if len(text) > _MAX_TEXT else text if type(text) is str else text[:]
    if short.isprintable():
        return short
    return "".join(letter if letter.isprintable() else _escaped(ord(letter)) for letter in short)


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
