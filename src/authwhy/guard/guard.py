"""Guard: the providers of a service, and what joins them to requests, answers and events."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from authwhy.causes import Cause
from authwhy.guard.address import TrustedProxies
from authwhy.guard.answers import Accept, Accepted, Decision, Denied, Deny, Presented
from authwhy.guard.decide import Deciding, Gate, Outcome, failed
from authwhy.guard.effects import Step, World
from authwhy.guard.paths import Paths
from authwhy.guard.record import Recorder, Sink, refusals_of
from authwhy.guard.respond import Manner, answer
from authwhy.guard.rules import AnyOf, ConfigurationError, Rule, check_rule
from authwhy.guard.schemes.interface import Provider, Reply, TurnedAway
from authwhy.guard.view import View
from authwhy.model.outcome import Failure
from authwhy.verify.flow import Unavailable

if TYPE_CHECKING:
    from authwhy.guard.asgi import AsgiGuard
    from authwhy.guard.throttle import Throttle
    from authwhy.guard.wsgi import WsgiGuard

Viewing = TypeVar("Viewing", bound=Callable[..., Any])


class Guard:
    """The authentication of a service, one object for every framework.

    `events`: sinks, or any callable that takes an Event. `throttle`: limits on failed attempts. `trusted_proxies`:
    networks whose X-Forwarded-For is believed. `resource_metadata`: the address of RFC 9728 metadata, named in
    challenges. `strict`: tell outsiders nothing but the status. `malformed_status`: 401, or 400. `timeout_s` bounds
    every look-up, `hash_workers` and `hash_queue` the hashing of passwords. `app`, `version`: named in events.
    `paths`: events have the path as asked for, not only the rule's. `fingerprint_key` makes fingerprints comparable
    over processes and restarts.

    Raises ConfigurationError for no or doubled providers, or one whose set-up cannot work.
    """

    def __init__(
        self,
        *providers: Provider,
        events: Iterable[Sink] = (),
        throttle: Throttle | None = None,
        trusted_proxies: Iterable[str] = (),
        forwarded_header: str = "x-forwarded-for",
        resource_metadata: str | None = None,
        strict: bool = False,
        malformed_status: int = 401,
        popup: bool = False,
        retry_after_s: int = 5,
        timeout_s: float = 10.0,
        hash_workers: int | None = None,
        hash_queue: int = 256,
        app: str | None = None,
        version: str | None = None,
        host: str | None = None,
        fingerprint_key: bytes | None = None,
        paths: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.providers = _by_name(providers)
        if malformed_status not in (400, 401):
            raise ConfigurationError("malformed_status is 401, or 400")
        self.manner = Manner(strict, malformed_status, retry_after_s, resource_metadata, popup)
        self.clock = clock
        if isinstance(trusted_proxies, str):
            raise ConfigurationError("trusted_proxies is a list of networks, not one string")
        try:
            self.proxies = TrustedProxies(trusted_proxies, forwarded_header)
        except ValueError as error:
            raise ConfigurationError(f"trusted_proxies: {error}") from None
        from authwhy.guard.sinks import as_sink

        self._sinks = tuple(as_sink(sink) for sink in events)
        self.recorder = Recorder(
            [sink.put for sink in self._sinks], app=app, host=host, version=version, key=fingerprint_key, paths=paths
        )
        workers = hash_workers or max(1, (os.cpu_count() or 2) // 2)
        self.world = World(timeout_s=timeout_s, hash_workers=workers, hash_queue=hash_queue)
        for provider in self.providers.values():
            provider.bind(self.world)
        self.gate: Gate | None = None
        if throttle is not None:
            from authwhy.guard.throttled import ThrottleGate

            self.gate = ThrottleGate(throttle)
        for provider in self.providers.values():
            provider.join(self.providers, self.gate)
        self.everyone: Rule = AnyOf(tuple(self.providers))

    # deciding

    async def decide(self, view: View, rule: Rule | None = None, *, route: str | None = None) -> Decision:
        """Decide about one request, in an event loop. Without a rule, any provider is enough.

        Raises ConfigurationError for a rule that names no provider of this guard; nothing a provider raised.
        """
        decision: Decision = await self.world.run(self.deciding(view, rule, route))
        return decision

    def decide_sync(self, view: View, rule: Rule | None = None, *, route: str | None = None) -> Decision:
        """The same for a thread that may wait."""
        decision: Decision = self.world.run_sync(self.deciding(view, rule, route))
        return decision

    def deciding(self, view: View, rule: Rule | None = None, route: str | None = None) -> Step:
        """The decision as a generator of Calls; returns a Decision."""
        if rule is None:
            rule = self.everyone
        check_rule(rule, self.providers)
        started, now = time.perf_counter(), self.clock()
        self.place(view)
        outcome: Outcome = yield from Deciding(self.providers, view, int(now), self.gate).decide(rule)
        return self.conclude(outcome, view, now, started, route)

    def place(self, view: View) -> None:
        """Find out where a request comes from."""
        if not self.proxies:
            view.address = view.peer
            return
        view.via_proxy = self.proxies.trusts(view.peer)
        view.address = self.proxies.caller(view.peer, view.headers)
        if view.via_proxy and (told := view.values(b"x-forwarded-proto")):
            scheme = told[-1].rpartition(b",")[2].strip().lower()  # what stands before it, the caller may have written
            view.scheme = scheme.decode() if scheme in (b"http", b"https") else view.scheme

    def refuse(self, view: View, cause: Cause, route: str | None = None, **facts: str) -> Denied:
        """Refuse a request that no provider is asked about, such as one to a path that no rule names."""
        started, now = time.perf_counter(), self.clock()
        self.place(view)
        deny = Deny((Failure(cause, None, facts),))
        decision = self.conclude(Outcome(None, {"": deny}, {}), view, now, started, route)
        assert isinstance(decision, Denied)
        return decision

    def conclude(self, outcome: Outcome, view: View, now: float, started: float, route: str | None) -> Decision:
        """Turn what the providers said into the answer and the event."""
        ref = self.recorder.references.next()
        if outcome.good is None:
            return self.denied(outcome, view, now, started, route, ref)
        return self._accepted(outcome.good, outcome, view, now, started, route, ref)

    def denied(self, outcome: Outcome, view: View, now: float, started: float, route: str | None, ref: str) -> Denied:
        """The refusal with its answer; tells the sinks."""
        name, deny = outcome.leading()
        made = answer(outcome, self.providers, view, int(now), self.manner, ref)
        event = None
        if self.recorder.wanted:
            method = self.providers[name].method if name else None
            ended = time.perf_counter()
            event = self.recorder.failure(
                view, outcome, method, ref, now, route, started, ended, made.status, made.public, made.code
            )
            self.recorder.tell(event)
        return Denied(
            deny.cause, name, refusals_of(outcome), made.status, made.headers, made.body, ref, made.code,
            made.retry_after, event,
        )  # fmt: skip

    def _accepted(
        self, good: dict[str, Accept], outcome: Outcome, view: View, now: float, started: float, route: str | None,
        ref: str,
    ) -> Accepted:  # fmt: skip
        name = next(iter(good), None)
        first = good[name] if name is not None else None
        event = None
        if self.recorder.wanted:
            presented = outcome.asked.get(name) if name is not None else None
            method = self.providers[name].method if name is not None else None
            event = self.recorder.success(
                view, name, method, first, ref, now, route, started, time.perf_counter(), presented
            )
            self.recorder.tell(event)
        if first is None or name is None:
            return Accepted(ref=ref, event=event)
        principals = {one: accept.principal for one, accept in good.items()}
        headers = tuple(line for accept in good.values() for line in accept.headers)
        return Accepted(first.principal, name, principals, first.claims, first.scope, ref, headers, event)

    # frameworks

    def asgi(self, app: Any, rules: Mapping[str, Rule | None]) -> AsgiGuard:
        """Put the guard before an ASGI application: path -> rule, None for open. Other paths are closed."""
        from authwhy.guard.asgi import AsgiGuard

        return AsgiGuard(self, app, self.paths(rules))

    def wsgi(self, app: Any, rules: Mapping[str, Rule | None]) -> WsgiGuard:
        """Put the guard before a WSGI application: path -> rule, None for open. Other paths are closed."""
        from authwhy.guard.wsgi import WsgiGuard

        return WsgiGuard(self, app, self.paths(rules))

    def install(self, app: Any, rules: Mapping[str, Rule | None] | None = None) -> None:
        """Put the guard into a Starlette, FastAPI or Flask application, inside its CORS. Raises ConfigurationError."""
        from authwhy.guard.integrations import install

        install(self, app, rules)

    def need(self, rule: Rule | None = None, **demand: Any) -> Any:
        """A FastAPI dependency: `who: Annotated[User, guard.need("token", scope="orders:read")]`."""
        from authwhy.guard.integrations.fastapi import need

        return need(self, rule, **demand)

    async def require(self, connection: Any, rule: Rule | None = None, **demand: Any) -> Accepted:
        """In a Starlette (or FastAPI) endpoint: `decision = await guard.require(request, "token")`."""
        from authwhy.guard.integrations.starlette import require

        return await require(self, connection, rule, **demand)

    def view(self, rule: Rule | None = None, **demand: Any) -> Callable[[Viewing], Viewing]:
        """A decorator for Django views: `request.who`, `request.authwhy`."""
        from authwhy.guard.integrations.django import view

        return view(self, rule, **demand)

    def rest(self, rule: Rule | None = None, **demand: Any) -> Any:
        """An authentication class for Django REST framework."""
        from authwhy.guard.integrations.django_rest import rest

        return rest(self, rule, **demand)

    def flask(self, rule: Rule | None = None, **demand: Any) -> Callable[[Viewing], Viewing]:
        """A decorator for Flask views: `g.who`, `g.authwhy`."""
        from authwhy.guard.integrations.flask import protect

        return protect(self, rule, **demand)

    def paths(self, rules: Mapping[str, Rule | None]) -> Paths:
        """Rules by path, checked. Raises ConfigurationError."""
        if not rules:
            raise ConfigurationError("no rules: every path would be closed")
        for rule in rules.values():
            if rule is not None:
                check_rule(rule, self.providers)
        return Paths(rules)

    def listen(self, sink: Sink) -> Callable[[], None]:
        """Tell one more function every event, in the request itself; what is returned ends that. Meant for tests."""
        recorder = self.recorder
        recorder.sinks = (*recorder.sinks, sink)

        def end() -> None:
            recorder.sinks = tuple(one for one in recorder.sinks if one is not sink)

        return end

    # addresses that providers answer themselves

    def served(self) -> dict[str, tuple[str, str]]:
        """Path -> provider and its route. Raises ConfigurationError when two providers want one path."""
        found: dict[str, tuple[str, str]] = {}
        for name, provider in self.providers.items():
            for path, route in provider.routes().items():
                if path in found:
                    raise ConfigurationError(f"{name} and {found[path][0]} both serve {path}")
                found[path] = name, route
        return found

    def serving(self, path: str, view: View) -> Step:
        """Let a provider answer its own address; a generator of Calls that returns a Reply."""
        started, now = time.perf_counter(), self.clock()
        self.place(view)
        name, route = self.served()[path]
        try:
            made = yield from self.providers[name].serve(route, view, int(now))
        except Exception as error:  # noqa: BLE001  a sign-in page that fails is an outage, not an open door
            made = failed(error)
        if not isinstance(made, Reply | Deny | TurnedAway):
            made = failed(TypeError(type(made).__name__))
        if isinstance(made, Deny):
            made = TurnedAway(made)
        said = made.answer if isinstance(made, Reply) else made.deny
        if said is None:
            return made
        identity = made.identity
        asked = {} if identity is None else {name: Presented(f"route:{route}", identity, identity)}
        if isinstance(said, Accept):
            self.conclude(Outcome({name: said}, {}, asked), view, now, started, path)
            return made
        decision = self.conclude(Outcome(None, {name: said}, asked), view, now, started, path)
        assert isinstance(decision, Denied)
        if isinstance(made, Reply):
            return made
        if made.page is not None:
            try:
                return made.page(decision)
            except Exception as error:  # noqa: BLE001  the application's own page is broken: one more event, and no page
                decision = self.conclude(Outcome(None, {name: failed(error)}, asked), view, now, started, path)
                assert isinstance(decision, Denied)
        return Reply(decision.status, decision.headers, decision.body)

    def unready(self) -> dict[str, Unavailable]:
        """The providers that cannot decide now, each with why: for a readiness probe. Never waits.

        The first call begins to fetch what has to be fetched, so a service asks before its first request.
        """
        found = {name: provider.unready() for name, provider in self.providers.items()}
        return {name: why for name, why in found.items() if why is not None}

    def ready(self) -> bool:
        """Can every provider decide?"""
        return not self.unready()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop background work and let the sinks write what they hold."""
        for provider in self.providers.values():
            provider.close()
        for sink in self._sinks:
            sink.close(timeout_s)
        self.world.close()


def _by_name(providers: tuple[Provider, ...]) -> dict[str, Provider]:
    if not providers:
        raise ConfigurationError("a guard needs at least one provider")
    found: dict[str, Provider] = {}
    for provider in providers:
        name = getattr(provider, "name", None)
        if not isinstance(name, str) or not name:
            raise ConfigurationError(f"{type(provider).__name__} is no provider, or it has no name")
        if name in found:
            raise ConfigurationError(f"two providers are called {name!r}")
        if problems := provider.problems():
            raise ConfigurationError(f"{name}: {'; '.join(problems)}")
        found[name] = provider
    return found
