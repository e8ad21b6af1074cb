"""Failed attempts are counted per address, per identity and per pair of both, before anything is hashed.

A pair that has signed in before is *known*: it has an allowance of its own, and neither the limit of its identity nor
that of its address stops it. So nobody locks a person out of the places she uses by guessing at her password from
elsewhere; and each failure that reaches a limit gives a note for the event, so that no lock is silent.

A success takes back the failures of its own pair and nobody else's (NIST SP 800-63B, 5.2.2: "from the same IP
address"): one good account does not clear an attacker's address, and the successes of a busy account do not clear what
others tried against it.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from msgspec import Struct

from authwhy.causes import Cause, Kind, meta
from authwhy.guard.throttle_names import network, normal
from authwhy.model.outcome import Accepted, Outcome
from authwhy.stores.interface import Claim, Counter, FailureStore, Full, Held, StoreUnavailable, Window
from authwhy.stores.memory_failures import MemoryFailures

Scope: TypeAlias = Literal["address", "identity"]
UNAVAILABLE = "throttle_unavailable"
"""The note of an attempt that was not counted, because the store could not be asked."""

GUESSES = frozenset(
    (
        Cause.UNKNOWN_IDENTITY,
        Cause.WRONG_SECRET,
        Cause.WRONG_SECOND_FACTOR,
        Cause.EXPIRED_SECOND_FACTOR,
        Cause.DECLINED_BY_USER,
        Cause.REJECTED_BY_APPLICATION,
    )
)
"""The causes that count: each is what one guess at a secret that people can guess looks like.

expired_second_factor, because a guessed code meets one of many past periods more often than the present one;
declined_by_user, because prompts are sent until somebody gives in; rejected_by_application, because the application
does not say that it was anything else. What does not count:
- bad_signature, unknown_key, session_invalid: 128 bits and more are not guessed, but a rotated key, a proxy that
  changes bodies or a new deployment makes every honest caller fail so, and would lock whole networks;
- malformed, ambiguous, missing: nothing was tried;
- expired, revoked, replayed, wrong_audience and the like: the credential was real once, and is old;
- account_disabled, account_locked, password_expired, second_factor_required: told only after a right secret. They
  are no success either, or a stolen password would clear the way to guess at the second factor;
- denied: the identity is fine. Errors: an outage never counts.
"""


class Blocked(Struct, frozen=True):
    """The attempt must not be checked. `retry_after_s` is whole seconds, at least 1 (RFC 9110 section 10.2.3).

    `busy`: only attempts that are still being checked fill the limit, so that it may pay to ask again in a moment.
    """

    retry_after_s: int
    scope: str
    busy: bool = False

    @property
    def detail(self) -> str:
        """The detail of rate_limited."""
        return "address" if self.scope == "address" else "account"


class Reservation(Struct, frozen=True):
    """The attempt may be checked. To be given to `after` exactly once, also when the check raises."""

    held: Held | None = None
    notes: tuple[str, ...] = ()


class Throttle:
    """After `failures` in `per` seconds an address (or identity) has to wait `delay` seconds; then one attempt at a
    time is let through, and each that fails doubles the wait, up to `max_lock` (NIST SP 800-63B, 5.2.2: from 30
    seconds up to an hour). `per` seconds without a lock, and all is forgotten.

    `by` says what is counted; an identity counts in one spelling (NFKC, case folded), an IPv6 address as its /64.
    `address` is another limit for addresses, for services whose users share few of them; `pair` that of each pair, the
    only one for a known pair. A pair stays known for `remember` seconds after each success. `counts` are the causes
    that count. `per`, `delay`, `max_lock` and `remember` are seconds.

    `when_unavailable` is what happens while the store cannot be asked. "open", the default, checks the attempt with
    the note `throttle_unavailable`: to refuse everybody would make a fault of the counters an outage of the service,
    and the passwords are still hashed in a bounded pool. "closed" lets StoreUnavailable through: an error, 503.

    Raises ValueError for settings that cannot work.
    """

    def __init__(
        self,
        failures: int = 10,
        per: float = 900,
        by: tuple[Scope, ...] = ("address", "identity"),
        *,
        address: int | None = None,
        pair: int | None = None,
        delay: float = 30,
        max_lock: float = 3_600,
        remember: float = 30 * 86_400,
        counts: frozenset[Cause] = GUESSES,
        ipv4_prefix: int = 32,
        ipv6_prefix: int = 64,
        store: FailureStore | None = None,
        when_unavailable: Literal["open", "closed"] = "open",
    ) -> None:
        self._limits = {"address": failures if address is None else address, "identity": failures}
        self._pair = failures if pair is None else pair
        self._by, self._counts, self._remember = tuple(by), frozenset(counts), remember
        self._window = Window(per, delay, max_lock)
        self._prefixes = (ipv4_prefix, ipv6_prefix)
        self._open = when_unavailable == "open"
        self.store: FailureStore = MemoryFailures() if store is None else store
        self._check(when_unavailable)

    def _check(self, when_unavailable: str) -> None:
        if not self._by or not set(self._by) <= set(self._limits):
            raise ValueError("by names at least one of address and identity")
        if min(*self._limits.values(), self._pair) < 1:
            raise ValueError("failures, address and pair must be at least 1")
        if not 1 <= self._window.delay_s <= self._window.max_lock_s or min(self._window.per_s, self._remember) <= 0:
            raise ValueError("per and remember must be positive, and delay between 1 and max_lock")
        if not (0 <= self._prefixes[0] <= 32 and 0 <= self._prefixes[1] <= 128):
            raise ValueError("ipv4_prefix is 0 to 32, ipv6_prefix 0 to 128")
        if any(meta(cause).kind is Kind.ERROR for cause in self._counts):
            raise ValueError("an error cannot count: an outage is nobody's guess")
        if when_unavailable not in ("open", "closed"):
            raise ValueError("when_unavailable is open or closed")

    @property
    def blocking(self) -> bool:
        """Do `before` and `after` wait for another machine?"""
        return self.store.blocking

    def before(
        self, address: str | None, identity: str | None, now: float, *, device: str | None = None
    ) -> Blocked | Reservation:
        """Reserve a place for one attempt, before any secret is looked at. `now` is seconds since 1970.

        `device` names the device by something that guard itself proved (a signed cookie); it then stands for the
        address in the pair, so that a known device stays known elsewhere. Raises StoreUnavailable only when closed.
        """
        claim = self._claim(address, identity, device)
        if not claim.counters:
            return Reservation()
        try:
            answer = self.store.reserve(claim, now)
        except StoreUnavailable:
            if not self._open:
                raise
            return Reservation(notes=(UNAVAILABLE,))
        if isinstance(answer, Full):
            return Blocked(max(math.ceil(answer.wait_s), 1), answer.scope, answer.busy)
        return Reservation(answer)

    def after(self, reservation: Reservation, outcome: Outcome | None, now: float) -> tuple[str, ...]:
        """Settle a reservation: an Accepted forgives, a guess counts, all else (None: no decision) gives it back.

        Returns notes for the event: `address_limit_reached`, `identity_limit_reached`, `pair_limit_reached`,
        `throttle_unavailable`. Never raises StoreUnavailable: the decision is made, and a place that could not be
        given back is given up by the store after a minute.
        """
        held = reservation.held
        if held is None:
            return reservation.notes
        try:
            if isinstance(outcome, Accepted):
                self.store.forgive(held, now + self._remember, now)
            elif outcome is not None and self.is_guess(outcome):
                return tuple(f"{scope}_limit_reached" for scope in self.store.fail(held, now))
            else:
                self.store.release(held, now)
        except StoreUnavailable:
            return (UNAVAILABLE,)
        return ()

    def unlock(self, address: str | None = None, identity: str | None = None, *, device: str | None = None) -> bool:
        """Forget the failures and locks of an address, of an identity, or of both and their pair, as a help desk does.

        Nobody else's counters change: a known pair that is locked itself is named by its identity and its address
        (or `device`). True when there was anything to forget. Waits for another machine where the store is `blocking`.

        Raises ValueError for a call that names nobody, StoreUnavailable while the store cannot be asked.
        """
        counters = self._claim(address, identity, device).counters
        if not counters:
            raise ValueError(f"name what is counted here: {' or '.join(self._by)}")
        return self.store.clear(counters)

    def is_guess(self, outcome: Outcome) -> bool:
        """Does it count? One guess among the failing checks is enough, unless the check itself broke."""
        if isinstance(outcome, Accepted):
            return False
        causes = outcome.causes
        return not self._counts.isdisjoint(causes) and all(meta(cause).kind is not Kind.ERROR for cause in causes)

    def _claim(self, address: str | None, identity: str | None, device: str | None) -> Claim:
        names = {}
        if address is not None:
            names["address"] = network(address, *self._prefixes)
        if identity is not None:
            names["identity"] = normal(identity)
        place = names.get("address") if device is None else f"device:{device}"
        own = None
        if place is not None and identity is not None:
            own = Counter("pair", f"{len(names['identity'])}:{names['identity']}{place}", self._pair)
        shared = tuple(Counter(scope, names[scope], self._limits[scope]) for scope in self._by if scope in names)
        return Claim(self._window, shared, own)
