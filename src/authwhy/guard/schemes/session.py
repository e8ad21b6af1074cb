"""Sessions of browsers: a signed cookie, what it stands for in a store, and protection against forged requests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.guard.answers import Deny, HeaderLines, Presented, answer_of, deny, scope_of
from authwhy.guard.effects import Call, Place, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.asking import Door, through
from authwhy.guard.schemes.claims import Claims, frozen
from authwhy.guard.schemes.cookie import Cookie, host_cookie, keys_from
from authwhy.guard.schemes.forgery import SameOrigin, origin_check
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.schemes.session_kept import KEPT_S, Kept, read
from authwhy.guard.schemes.way_back import not_allowed, path_of, see_other
from authwhy.guard.view import View
from authwhy.model.outcome import Failure, Refused
from authwhy.stores.digest import digest
from authwhy.stores.interface import SessionStore, StoreUnavailable
from authwhy.stores.memory import MemorySessions
from authwhy.verify import session as verifier
from authwhy.verify.login_state import is_local
from authwhy.verify.segments import octets
from authwhy.verify.session import ID_BYTES, SessionAsk, SessionPolicy, SessionRecord
from authwhy.verify.session_keys import SessionKey

_TOUCH_S = 60
_OURS_ONCE = frozenset((Cause.EXPIRED, Cause.REVOKED, Cause.SESSION_INVALID))
"""A cookie refused so was good once; it is taken away. Others may be good at another node."""


class Session(Base):
    """See `session`."""

    method = "session"
    ambient = True
    looks_at: frozenset[bytes] | None = frozenset((b"cookie",))

    def __init__(
        self,
        name: str,
        policy: SessionPolicy,
        store: SessionStore,
        line: Cookie,
        same_origin: SameOrigin | None,
        *,
        principal: Callable[[Claims], object] | None,
        login: str | None,
        logout: str | None,
        after_logout: str,
        realm: str | None,
    ) -> None:
        super().__init__(name)
        assert policy.lifetime_s is not None
        self.policy, self.store, self.cookie, self.login = policy, store, line, login
        self.still = login is None
        self.same_origin = same_origin
        self._lifetime: int = policy.lifetime_s
        self._place: Place = "thread" if store.blocking else "here"
        self._principal, self._realm = principal, realm or name
        self._logout, self._after_logout = logout, after_logout
        self._touch = _TOUCH_S if policy.idle_s is None else min(_TOUCH_S, policy.idle_s // 2)

    # a request

    def find(self, view: View) -> Presented | Deny | None:
        """The session cookie; two different ones are ambiguous."""
        values = view.cookies(self.cookie.name)
        if not values or not any(values):
            return None
        slot = f"cookie:{self.cookie.name}"
        return Presented(slot, values[0]) if len(set(values)) == 1 else deny(Cause.AMBIGUOUS, seen=(slot, slot))

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Verify, refuse what another site's page sent, and keep the session alive."""
        found = yield from self._opened(presented.value, now)
        if isinstance(found, Deny):
            return found
        session_id, kept, old_key = found
        forged = self.forgery(view)
        if forged is not None:
            return Deny((forged,), known=True, user=kept.subject)
        if kept.owed is not None:
            owed = Failure(Cause.SECOND_FACTOR_REQUIRED, None, {}, True)
            return Deny((owed,), known=True, user=kept.subject, challenge={"next": kept.owed})
        kept, notes = yield from self._used(session_id, kept, now)
        if kept is None:
            return self._ended(Deny((Failure(Cause.REVOKED, None, {}, True),), known=True))
        lines: HeaderLines = ()
        if old_key:
            lines, notes = (self._line(session_id, kept.created_at),), (*notes, "old_key")
        claims = frozen({**kept.claims, "sub": kept.subject, "acr": kept.acr, "amr": kept.amr, "sid": session_id,
                         "auth_time": kept.authenticated_at})  # fmt: skip
        principal: object = claims
        if self._principal is not None:
            principal = yield Call(self._principal, (claims,), place_of(self._principal))
        return answer_of(
            principal, claims=claims, scope=scope_of(claims), user=kept.subject, acr=kept.acr,
            until=kept.until(self._lifetime, self.policy.idle_s), authenticated_at=kept.authenticated_at,
            session=short(session_id), notes=notes, headers=lines,
        )  # fmt: skip

    def forgery(self, view: View) -> Failure | None:
        """What speaks against a request that carries this cookie, None when nothing does."""
        return None if self.same_origin is None else self.same_origin.failure(view)

    def _opened(self, value: str, now: int) -> Step:
        """Returns id, what is kept, and whether an old key signed the cookie; or a Deny."""
        read_back: list[Kept] = []

        def get(ask: SessionAsk) -> SessionRecord | None:
            data = self.store.get(ask.id, now)
            if data is None:
                return None
            read_back.append(read(data))
            return read_back[0].record(ask.id)

        outcome = yield from through(verifier.verify(value, self.policy, now), {SessionAsk: Door(get, self._place)})
        if isinstance(outcome, Refused):
            user = read_back[0].subject if read_back else None
            return self._ended(Deny(outcome.failures, known=user is not None, user=user))
        kept = read_back[0]
        if kept.owed_until is not None and now >= kept.owed_until:
            facts = {"expired_at": kept.owed_until, "late_s": now - kept.owed_until, "now": now}
            expired = Failure(Cause.EXPIRED, None, facts, True)
            return self._ended(Deny((expired,), known=True, user=kept.subject))
        return outcome.claims["sid"], kept, outcome.facts["old_key"]

    def _ended(self, refused: Deny) -> Deny:
        if refused.cause not in _OURS_ONCE:
            return refused
        return Deny(refused.failures, refused.known, user=refused.user, headers=(self.cookie.clear(),))

    def _used(self, session_id: str, kept: Kept, now: int) -> Step:
        """Note the use, once in a while. Returns what is kept now (None: revoked meanwhile) and notes for the event."""
        if now - kept.seen_at < self._touch:
            return kept, ()
        used = replace(kept, seen_at=now)
        try:
            stored = yield from self._put(session_id, used, now)
        except StoreUnavailable:  # it was good a moment ago; the next request tries again
            return kept, ("session_not_touched",)
        return (used, ()) if stored else (None, ())

    def _put(self, session_id: str, kept: Kept, now: int) -> Step:
        until = kept.until(self._lifetime, self.policy.idle_s) + KEPT_S
        return _said((yield Call(self.store.put, (session_id, kept.plain(), until, now), self._place)))

    def _line(self, session_id: str, created_at: int) -> tuple[bytes, bytes]:
        raw = octets(session_id.encode())
        assert isinstance(raw, bytes)  # an id of our own
        return self.cookie.set(verifier.seal(raw, created_at, self.policy.keys))

    # signing in and out

    def start(
        self, view: View, now: int, subject: str, *, claims: Mapping[str, Any] | None = None, acr: str | None = None,
        amr: Iterable[str] = (), authenticated_at: int | None = None, owed: str | None = None,
        owed_until: int | None = None, identity: str | None = None,
    ) -> Step:  # fmt: skip
        """Begin a session under a fresh id; one that the request already had ends. Returns the header lines to send.

        `claims` is plain data. `authenticated_at` and `owed_until` are s since 1970; `owed`: the page where a second
        factor is still to be given. A generator of Calls: `await guard.world.run(web.start(...))`. Raises
        StoreUnavailable, and ValueError for claims that are not plain.
        """
        yield from self._revoke(view, now)
        session_id = verifier.id_text(secrets.token_bytes(ID_BYTES))
        since = now if authenticated_at is None else authenticated_at
        kept = Kept(subject, now, now, dict(claims or {}), acr, tuple(amr), since, owed, owed_until, identity)
        yield from self._put(session_id, kept, now)
        return (self._line(session_id, now),)

    def owing(self, view: View, now: int, page: str) -> Step:
        """The Kept session of a person who still owes a second factor at this page; a Deny when there is none."""
        presented = self.find(view)
        if not isinstance(presented, Presented):
            return presented or Deny((Failure(Cause.MISSING),), claimed=False)
        found = yield from self._opened(presented.value, now)
        if isinstance(found, Deny):
            return found
        kept: Kept = found[1]
        return kept if kept.owed == page else Deny((Failure(Cause.MISSING),), claimed=False)

    def end(self, view: View, now: int) -> Step:
        """End the session of this request. Returns the header lines to send. Raises StoreUnavailable."""
        yield from self._revoke(view, now)
        return (self.cookie.clear(),)

    def _revoke(self, view: View, now: int) -> Step:
        for value in set(view.cookies(self.cookie.name)):
            sealed = self.policy.keys.open(value)
            if sealed is not None:
                _said((yield Call(self.store.revoke, (sealed[0], now), self._place)))

    # answers

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`Session`: no registered scheme, but RFC 9110 section 15.5.2 wants a challenge, and it must not be Basic."""
        more = dict(asked.deny.challenge) if asked.deny is not None else {}
        return (challenge("Session", {"realm": self._realm, **more}),)

    def redirect(self, asked: Asked) -> str | None:
        """The page for the second factor that is owed, or the sign-in page; with the way back, and what is demanded."""
        page = asked.deny.challenge.get("next") if asked.deny is not None else None
        page = page or self.login
        if page is None:
            return None
        wanted: dict[str, str] = {"return": path_of(asked.view)}
        if asked.demand.acr:
            wanted["acr_values"] = " ".join(asked.demand.acr)
        if asked.demand.max_age is not None:
            wanted["max_age"] = str(asked.demand.max_age)
        return f"{page}{'&' if '?' in page else '?'}{urlencode(wanted, safe='/')}"

    def routes(self) -> Mapping[str, str]:
        """The address that signs out, where there is one."""
        return {self._logout: "logout"} if self._logout else {}

    def serve(self, route: str, view: View, now: int) -> Step:
        """Sign out: POST only, so that no picture on another page can do it."""
        if view.method != "POST":
            return not_allowed("POST")
        forged = self.forgery(view)
        if forged is not None:
            return Deny((forged,))
        lines = yield from self.end(view, now)
        return see_other(self._after_logout, lines)


def _said(answer: object) -> bool:
    """The answer of a store. Nobody is signed out, or in, by one that is none."""
    if not isinstance(answer, bool):
        raise TypeError(f"a session store returned {type(answer).__name__}")
    return answer


def short(session_id: str) -> str:
    """What an event calls a session: tells two apart, and is no credential."""
    return digest(session_id)[:8].hex()


def session(
    name: str = "web",
    *,
    keys: Iterable[str | bytes | SessionKey],
    store: SessionStore | None = None,
    cookie: str = "session",
    idle_s: int | None = 1_800,
    lifetime_s: int = 12 * 3_600,
    login: str | None = None,
    logout: str | None = None,
    after_logout: str = "/",
    principal: Callable[[Claims], object] | None = None,
    secure: bool = True,
    same_site: str = "Lax",
    path: str = "/",
    domain: str | None = None,
    csrf: str | None = "origin",
    trusted_origins: Iterable[str] = (),
    realm: str | None = None,
) -> Session:
    """A provider for signed-in browsers.

    `keys`: secrets of at least 32 octets, newest first; the newest signs, and a cookie signed with an older one is
    signed anew. `store`: where sessions are kept, by default the memory of this process. `idle_s` after the last
    use and `lifetime_s` after the sign-in a session ends (s). `login`: the sign-in page; a person who opens a page
    is sent there with 303 instead of 401. `logout`: an address that ends the session on POST. `principal(claims)`
    makes the application's principal for each request, may be async, and may `deny(...)`; without it the claims are
    the principal. `secure=False` is for plain http while developing. `csrf=None` switches the origin check off;
    `trusted_origins` are other sites whose pages may send requests with this cookie.

    Raises ConfigurationError for a set-up that cannot work.
    """
    check = origin_check(name, csrf, trusted_origins, secure=secure)
    line = host_cookie(cookie, path=path, domain=domain, secure=secure, same_site=same_site)
    for address in (login, logout, after_logout):
        if address is not None and not is_local(address):
            raise ConfigurationError(f"{name}: {address!r} is no local path")
    try:
        policy = SessionPolicy(keys_from(keys), name, lifetime_s, idle_s)
    except ConfigurationError:
        raise
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return Session(
        name, policy, MemorySessions() if store is None else store, line, check, principal=principal, login=login,
        logout=logout, after_logout=after_logout, realm=realm,
    )  # fmt: skip
