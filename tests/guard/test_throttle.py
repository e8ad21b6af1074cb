"""Failures are counted before anything is hashed, and nobody is locked out by somebody else."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.causes import Cause, Kind, meta
from authwhy.guard.throttle import GUESSES, Blocked, Reservation, Throttle
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused, refused
from authwhy.stores.interface import Claim, Counter, Full, Held, StoreUnavailable
from authwhy.stores.memory_failures import MemoryFailures

NOW = 1_700_000_000.0
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.1"
WRONG = refused(Cause.WRONG_SECRET)


def attempt(
    throttle: Throttle, address: str | None, identity: str | None, outcome: Outcome | None, now: float = NOW
) -> Blocked | tuple[str, ...]:
    """One attempt from beginning to end: blocked, or the notes."""
    answer = throttle.before(address, identity, now)
    return answer if isinstance(answer, Blocked) else throttle.after(answer, outcome, now)


def attack(throttle: Throttle, victim: str, times: int, now: float = NOW, first: int = 0) -> list[str]:
    """Wrong secrets for one identity, each from an address of its own; the notes."""
    notes: list[str] = []
    for number in range(first, first + times):
        answer = attempt(throttle, f"203.0.113.{number}", victim, WRONG, now)
        notes += () if isinstance(answer, Blocked) else answer
    return notes


def test_the_limit_and_the_growing_wait() -> None:
    """Ten failures; then 30 seconds, 60, 120, up to an hour; then all is forgotten."""
    throttle, now, waits = Throttle(), NOW, []
    for _ in range(9):
        assert attempt(throttle, HOME, None, WRONG, now) == ()
    for _ in range(10):
        assert attempt(throttle, HOME, None, WRONG, now) == ("address_limit_reached",)
        blocked = attempt(throttle, HOME, None, WRONG, now)
        assert isinstance(blocked, Blocked)
        assert (blocked.scope, blocked.busy) == ("address", False)
        waits.append(blocked.retry_after_s)
        assert isinstance(attempt(throttle, HOME, None, WRONG, now + blocked.retry_after_s - 0.5), Blocked)
        now += blocked.retry_after_s
    assert waits == [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]
    later = now + 900
    assert [attempt(throttle, HOME, None, WRONG, later) for _ in range(9)] == [()] * 9


@given(st.lists(st.integers(0, 400), max_size=80))
def test_however_they_come_no_window_holds_more(pauses: list[int]) -> None:
    """A caller who tries at any times fails at most the limit, and once more for each doubling, in any window."""
    throttle, now, failed = Throttle(5, 900, delay=60, max_lock=900), NOW, list[float]()
    for pause in pauses:
        now += pause
        if not isinstance(attempt(throttle, HOME, "alice", WRONG, now), Blocked):
            failed.append(now)
    most = 5 + math.ceil(math.log2(900 / 60))
    assert all(sum(start <= one < start + 900 for one in failed) <= most for start in failed)


def test_waiting_as_told_is_enough() -> None:
    """Retry-After is whole seconds, and after them the right secret is checked."""
    throttle = Throttle(1, delay=1.5, max_lock=10)
    attempt(throttle, HOME, "alice", WRONG, NOW + 0.25)
    blocked = throttle.before(HOME, "alice", NOW + 0.5)
    assert blocked == Blocked(2, "address")
    assert attempt(throttle, HOME, "alice", Accepted(), NOW + 0.5 + blocked.retry_after_s) == ()


def test_fifty_wrong_passwords_at_once() -> None:
    """At most ten reach the hash, whatever the threads do; the others are told that checks are under way or failed."""
    throttle, barrier, lock = Throttle(), threading.Barrier(50), threading.Lock()
    hashed, blocked = [0], list[Blocked]()

    def request() -> None:
        barrier.wait()
        answer = throttle.before(HOME, "alice", NOW)
        if isinstance(answer, Blocked):
            with lock:
                blocked.append(answer)
            return
        with lock:
            hashed[0] += 1
        throttle.after(answer, WRONG, NOW)

    threads = [threading.Thread(target=request) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hashed == [10]
    assert len(blocked) == 40
    final = throttle.before(HOME, "alice", NOW)
    assert isinstance(final, Blocked)
    assert not final.busy


def test_fifty_at_once_after_a_lock() -> None:
    """The end of a wait is not a new allowance: one is checked."""
    throttle = Throttle()
    for _ in range(10):
        attempt(throttle, HOME, "alice", WRONG)
    answers = [throttle.before(HOME, "alice", NOW + 30) for _ in range(50)]
    assert sum(isinstance(answer, Reservation) for answer in answers) == 1


def test_fifty_right_passwords_are_only_busy() -> None:
    """What is full of open checks is free again when they succeed."""
    throttle = Throttle()
    answers = [throttle.before(HOME, "alice", NOW) for _ in range(50)]
    held = [answer for answer in answers if isinstance(answer, Reservation)]
    assert len(held) == 10
    assert [answer for answer in answers if isinstance(answer, Blocked)] == [Blocked(1, "address", busy=True)] * 40
    assert [throttle.after(one, Accepted(), NOW) for one in held] == [()] * 10
    assert isinstance(throttle.before(HOME, "alice", NOW), Reservation)


def test_a_victim_is_not_locked_out_of_her_own_places() -> None:
    """An attack on the name closes it elsewhere, says so, and leaves the known address open."""
    throttle = Throttle()
    assert attempt(throttle, HOME, "alice", Accepted()) == ()
    assert attack(throttle, "alice", 100) == ["identity_limit_reached"]
    assert throttle.before(ELSEWHERE, "alice", NOW) == Blocked(30, "identity")
    assert attempt(throttle, HOME, "ALICE ", WRONG) == ()
    assert attempt(throttle, HOME, "alice", Accepted()) == ()


def test_a_known_device_is_known_elsewhere() -> None:
    """When guard itself has proved which device it is."""
    throttle = Throttle()
    first = throttle.before(HOME, "alice", NOW, device="d1")
    assert isinstance(first, Reservation)
    throttle.after(first, Accepted(), NOW)
    attack(throttle, "alice", 10)
    assert isinstance(throttle.before(ELSEWHERE, "alice", NOW, device="d2"), Blocked)
    assert isinstance(throttle.before(HOME, "alice", NOW), Blocked)
    assert isinstance(throttle.before(ELSEWHERE, "bob", NOW, device="d1"), Reservation)
    assert isinstance(throttle.before(ELSEWHERE, "alice", NOW, device="d1"), Reservation)


@pytest.mark.parametrize(
    ("known", "other"),
    [
        (("alice", "d1"), ("alice", "32:c0000207/32")),
        (("adevice:b", "c"), ("a", "bdevice:c")),
        (("alice", "192.0.2.7"), ("alice", None)),
    ],
)
def test_pairs_are_not_mistaken_for_each_other(known: tuple[str, str], other: tuple[str, str | None]) -> None:
    """Whatever a device or an identity is called."""
    throttle = Throttle()
    if other[1] is not None and other[1].startswith("32:"):
        attempt(throttle, HOME, known[0], Accepted())
    else:
        first = throttle.before(ELSEWHERE, known[0], NOW, device=known[1])
        assert isinstance(first, Reservation)
        throttle.after(first, Accepted(), NOW)
    attack(throttle, other[0], 10)
    assert isinstance(throttle.before(HOME, other[0], NOW, device=other[1]), Blocked)


def test_a_known_pair_has_its_own_limit() -> None:
    """Somebody behind the same router guesses no more often than anybody else."""
    throttle = Throttle(pair=3)
    attempt(throttle, HOME, "alice", Accepted())
    assert [attempt(throttle, HOME, "alice", WRONG) for _ in range(3)] == [(), (), ("pair_limit_reached",)]
    assert throttle.before(HOME, "alice", NOW) == Blocked(30, "pair")
    assert isinstance(throttle.before(HOME, "bob", NOW), Reservation)
    assert isinstance(throttle.before(ELSEWHERE, "alice", NOW), Reservation)


def test_an_address_under_attack_stays_open_for_those_who_use_it() -> None:
    """A broken client behind the company's router locks strangers, not the colleagues."""
    throttle = Throttle()
    attempt(throttle, HOME, "alice", Accepted())
    for number in range(20):
        attempt(throttle, HOME, f"guess {number}", WRONG)
    assert throttle.before(HOME, "bob", NOW) == Blocked(30, "address")
    assert attempt(throttle, HOME, "alice", Accepted()) == ()


def test_pairs_are_forgotten() -> None:
    """After `remember` seconds without a success."""
    throttle = Throttle(remember=1_000)
    attempt(throttle, HOME, "alice", Accepted(), NOW)
    attack(throttle, "alice", 10, NOW + 999)
    assert isinstance(throttle.before(HOME, "alice", NOW + 999), Reservation)
    assert isinstance(throttle.before(HOME, "alice", NOW + 1_000), Blocked)


def test_one_good_account_does_not_clear_an_address() -> None:
    """The attacker signs in between his guesses; only what he got wrong himself is forgiven."""
    throttle = Throttle()
    for _ in range(3):
        attempt(throttle, HOME, "mallory", WRONG)
    for number in range(6):
        attempt(throttle, HOME, f"victim {number}", WRONG)
    attempt(throttle, HOME, "mallory", Accepted())
    notes = [attempt(throttle, HOME, f"other {number}", WRONG) for number in range(4)]
    assert notes == [(), (), (), ("address_limit_reached",)]


def test_successes_of_a_busy_account_do_not_clear_what_others_tried() -> None:
    """A script that signs in every second is no help for a botnet that guesses at its password."""
    throttle = Throttle()
    notes: list[str] = []
    for number in range(10):
        notes += attack(throttle, "robot", 1, NOW + number, number)
        assert attempt(throttle, HOME, "robot", Accepted(), NOW + number) == ()
    assert notes == ["identity_limit_reached"]
    assert isinstance(throttle.before(ELSEWHERE, "robot", NOW + 10), Blocked)


def test_mistakes_before_a_success_are_forgiven() -> None:
    """Nine typing errors a day, every day, on a new device."""
    throttle = Throttle()
    for number in range(5):
        address = f"192.0.2.{number}"
        assert [attempt(throttle, address, "alice", WRONG) for _ in range(9)] == [()] * 9
        assert attempt(throttle, address, "alice", Accepted()) == ()


def test_case_variants_and_neighbouring_addresses_do_not_dodge() -> None:
    """One identity in one spelling, one /64."""
    throttle = Throttle(3)
    for spelling, address in (("alice", "192.0.2.1"), ("ALICE", "192.0.2.2"), (" Ａlice", "192.0.2.3")):
        attempt(throttle, address, spelling, WRONG)
    assert isinstance(throttle.before("192.0.2.4", "aLiCe", NOW), Blocked)
    for number in range(3):
        attempt(throttle, f"2001:db8::{number}", f"name {number}", WRONG)
    assert isinstance(throttle.before("2001:db8::ffff:1", "name", NOW), Blocked)
    assert isinstance(throttle.before("2001:db8:0:1::1", "name", NOW), Reservation)


def test_what_is_counted_can_be_chosen() -> None:
    """Only addresses, only identities, another limit for addresses."""
    by_address = Throttle(by=("address",))
    for number in range(10):
        attempt(by_address, f"203.0.113.{number}", "alice", WRONG)
        attempt(by_address, HOME, f"name {number}", WRONG)
    assert isinstance(by_address.before(ELSEWHERE, "alice", NOW), Reservation)
    assert isinstance(by_address.before(HOME, "bob", NOW), Blocked)
    by_identity = Throttle(by=("identity",), pair=100)
    for _ in range(10):
        attempt(by_identity, HOME, "alice", WRONG)
    assert isinstance(by_identity.before(HOME, "bob", NOW), Reservation)
    assert isinstance(by_identity.before(ELSEWHERE, "alice", NOW), Blocked)
    many = Throttle(2, address=50)
    for number in range(40):
        assert attempt(many, HOME, f"name {number}", WRONG) == ()


def test_nothing_to_count_by() -> None:
    """A credential without a name over a socket without an address."""
    throttle = Throttle(1)
    for _ in range(3):
        assert attempt(throttle, None, None, WRONG) == ()


@pytest.mark.parametrize("cause", list(Cause))
def test_which_causes_count(cause: Cause) -> None:
    """Guesses do; nothing of another kind, and no outage, ever does."""
    throttle = Throttle(1)
    attempt(throttle, HOME, "alice", refused(cause))
    blocked = isinstance(throttle.before(HOME, "alice", NOW), Blocked)
    assert blocked is (cause in GUESSES)
    assert not blocked or meta(cause).kind is Kind.INVALID_CREDENTIALS


def test_the_causes_that_count_can_be_chosen() -> None:
    """For a service whose users choose the secret of a signature."""
    throttle = Throttle(1, counts=GUESSES | {Cause.BAD_SIGNATURE})
    attempt(throttle, HOME, "alice", refused(Cause.BAD_SIGNATURE))
    assert isinstance(throttle.before(HOME, "alice", NOW), Blocked)


def test_one_guess_among_several_failing_checks_counts() -> None:
    """Unless the check broke: then nobody knows what the rest is worth."""
    throttle = Throttle()
    assert throttle.is_guess(Refused((Failure(Cause.EXPIRED), Failure(Cause.WRONG_SECRET))))
    assert not throttle.is_guess(Refused((Failure(Cause.WRONG_SECRET), Failure(Cause.PROVIDER_UNREACHABLE))))
    assert not throttle.is_guess(Accepted())


@pytest.mark.parametrize("outcome", [None, refused(Cause.PROVIDER_UNREACHABLE), refused(Cause.INSUFFICIENT_SCOPE)])
def test_no_decision_takes_and_clears_nothing(outcome: Outcome | None) -> None:
    """An exception, an outage or a missing permission leaves the counters as they were."""
    throttle = Throttle(3)
    for _ in range(2):
        attempt(throttle, HOME, "alice", WRONG)
    for _ in range(20):
        assert attempt(throttle, HOME, "alice", outcome) == ()
    assert attempt(throttle, HOME, "alice", WRONG) == (
        "address_limit_reached",
        "identity_limit_reached",
        "pair_limit_reached",
    )


def test_a_first_factor_does_not_clear_guesses_at_the_second() -> None:
    """Who has stolen a password still has ten guesses at the code."""
    throttle = Throttle()
    for _ in range(9):
        attempt(throttle, HOME, "alice", refused(Cause.WRONG_SECOND_FACTOR))
        attempt(throttle, HOME, "alice", refused(Cause.SECOND_FACTOR_REQUIRED))
    assert attempt(throttle, HOME, "alice", refused(Cause.WRONG_SECOND_FACTOR)) != ()


class Broken:
    """A store whose server is gone from its `after`-th call on."""

    blocking = True

    def __init__(self, after: int = 0) -> None:
        self.left = after
        self.inner = MemoryFailures()

    def _call(self, name: str, *arguments: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("redis", "timeout")
        return getattr(self.inner, name)(*arguments)

    def reserve(self, claim: Claim, now: float) -> Held | Full:
        """Reserve, while it can."""
        answer: Held | Full = self._call("reserve", claim, now)
        return answer

    def fail(self, held: Held, now: float) -> tuple[str, ...]:
        """Fail, while it can."""
        locked: tuple[str, ...] = self._call("fail", held, now)
        return locked

    def release(self, held: Held, now: float) -> None:
        """Release, while it can."""
        self._call("release", held, now)

    def forgive(self, held: Held, known_until: float, now: float) -> None:
        """Forgive, while it can."""
        self._call("forgive", held, known_until, now)

    def clear(self, counters: tuple[Counter, ...]) -> bool:
        """Clear, while it can."""
        found: bool = self._call("clear", counters)
        return found


@pytest.mark.parametrize("outcome", [WRONG, Accepted(), None])
def test_without_its_store_it_is_open_and_says_so(outcome: Outcome | None) -> None:
    """Whether the server goes before the check or during it."""
    assert attempt(Throttle(store=Broken()), HOME, "alice", outcome) == ("throttle_unavailable",)
    assert attempt(Throttle(store=Broken(1)), HOME, "alice", outcome) == ("throttle_unavailable",)


def test_without_its_store_it_can_be_closed() -> None:
    """An error cause, so a 503; once a check has begun its decision stands."""
    closed = Throttle(store=Broken(), when_unavailable="closed")
    with pytest.raises(StoreUnavailable) as caught:
        closed.before(HOME, "alice", NOW)
    assert meta(caught.value.cause).kind is Kind.ERROR
    late = Throttle(store=Broken(1), when_unavailable="closed")
    assert attempt(late, HOME, "alice", Accepted()) == ("throttle_unavailable",)


def test_whether_it_blocks_is_the_stores_matter() -> None:
    """So that an event loop knows where to call it."""
    assert not Throttle().blocking
    assert Throttle(store=Broken()).blocking


def test_the_detail_of_the_refusal() -> None:
    """As the page of rate_limited lists it."""
    details = {Blocked(1, scope).detail for scope in ("address", "identity", "pair")}
    assert details <= set(meta(Cause.RATE_LIMITED).details)
    assert Blocked(1, "address").detail == "address"
    assert Blocked(1, "identity").detail == Blocked(1, "pair").detail == "account"


@pytest.mark.parametrize(
    "settings",
    [
        {"failures": 0},
        {"pair": 0},
        {"address": 0},
        {"per": 0},
        {"remember": 0},
        {"by": ()},
        {"by": ("pair",)},
        {"delay": 0.5},
        {"delay": 60, "max_lock": 59},
        {"ipv4_prefix": 33},
        {"ipv6_prefix": -1},
        {"when_unavailable": "perhaps"},
        {"counts": frozenset({Cause.PROVIDER_ERROR})},
    ],
    ids=repr,
)
def test_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    """Said at start-up."""
    with pytest.raises(ValueError):
        Throttle(**settings)


def locked(throttle: Throttle, address: str | None, identity: str | None) -> bool:
    """Does the next attempt have to wait?"""
    answer = throttle.before(address, identity, NOW)
    if isinstance(answer, Reservation):
        throttle.after(answer, None, NOW)
    return isinstance(answer, Blocked)


def test_unlock_forgets_what_is_named_and_nothing_else() -> None:
    """The name in any spelling, the address as its network."""
    throttle = Throttle(failures=2)
    for address, identity in ((HOME, "ann"), (HOME, "ann"), (ELSEWHERE, "bob"), (ELSEWHERE, "bob")):
        attempt(throttle, address, identity, WRONG)
    assert throttle.unlock(identity=" ANN ")
    assert not locked(throttle, None, "ann")
    assert locked(throttle, HOME, None)
    assert throttle.unlock(address=HOME)
    assert not locked(throttle, HOME, None)
    assert locked(throttle, HOME, "ann")  # the pair
    assert throttle.unlock(HOME, "ann")
    assert not locked(throttle, HOME, "ann")
    assert (locked(throttle, ELSEWHERE, None), locked(throttle, None, "bob")) == (True, True)
    assert not throttle.unlock(HOME, "ann")


def test_unlock_a_known_pair() -> None:
    """It counts alone, so it is named whole; it stays known."""
    throttle = Throttle(failures=2)
    attempt(throttle, HOME, "ann", Accepted())
    for _ in range(2):
        attempt(throttle, HOME, "ann", WRONG)
    assert not throttle.unlock(identity="ann")
    assert locked(throttle, HOME, "ann")
    assert throttle.unlock(HOME, "ann")
    attack(throttle, "ann", 2)
    assert (locked(throttle, None, "ann"), locked(throttle, HOME, "ann")) == (True, False)


@pytest.mark.parametrize("when", ["open", "closed"])
def test_nothing_is_unlocked_without_the_store(when: Any) -> None:
    """Whoever unlocks has to know that it did not happen."""
    with pytest.raises(StoreUnavailable):
        Throttle(store=Broken(), when_unavailable=when).unlock(HOME)


def test_unlock_names_something_that_is_counted() -> None:
    with pytest.raises(ValueError, match="address or identity"):
        Throttle().unlock()
    with pytest.raises(ValueError, match="name what is counted here: identity"):
        Throttle(by=("identity",)).unlock(address=HOME)
