"""Row 10, replay, for every provider with something that is used once: exactly one success, however it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.guard.security.one_time import KINDS, Sending

from authwhy.causes import Cause, Kind
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.memory import MemorySeen

AT_ONCE = 50
EVERY = pytest.mark.parametrize("kind", KINDS)


class Blocking(MemorySeen):
    """The same store, asked in threads as one that does I/O is."""

    blocking = True


class Down(MemorySeen):
    """A store that remembers, and then cannot say what it knew."""

    down = True

    def seen(self, scope: str, value: str, until: float, now: float) -> bool:
        known = super().seen(scope, value, until, now)
        if self.down:
            raise StoreUnavailable("redis", "timeout")
        return known


def assert_one(sending: Sending, found: list[bool]) -> None:
    """One success, told by one event; the others are no outage."""
    assert found.count(True) == 1
    said = [event for event in sending.events if event.outcome == "success"]
    assert (len(said), len(sending.events)) == (1, len(found))
    others = [event for event in sending.events if event.outcome != "success"]
    assert not any(event.kind is Kind.ERROR for event in others)
    sending.guard.close()


@EVERY
def test_one_after_the_other(kind: str) -> None:
    """The first, and never again; the event of the second says why."""
    sending = KINDS[kind](MemorySeen())
    found = sending.in_turn(3)
    assert found == [True, False, False]
    if kind != "code in a form":  # there the session that owed the code is over
        assert [event.cause for event in sending.events] == [None, Cause.REPLAYED, Cause.REPLAYED]
    assert_one(sending, found)


@EVERY
@pytest.mark.parametrize("store", [MemorySeen, Blocking])
def test_fifty_at_once_in_threads(kind: str, store: type[MemorySeen]) -> None:
    sending = KINDS[kind](store())
    assert_one(sending, sending.in_threads(AT_ONCE))


@EVERY
@pytest.mark.parametrize("store", [MemorySeen, Blocking])
def test_fifty_at_once_in_a_loop(kind: str, store: type[MemorySeen]) -> None:
    sending = KINDS[kind](store())
    assert_one(sending, sending.in_a_loop(AT_ONCE))


@EVERY
def test_two_services_with_one_store(kind: str) -> None:
    """What was used at one is used at the other."""
    store = MemorySeen()
    first, second = KINDS[kind](store), KINDS[kind](store)
    assert first.in_turn(1) + second.in_turn(1) == [True, False]
    assert second.events[-1].cause is Cause.REPLAYED
    first.guard.close()
    second.guard.close()


@EVERY
def test_a_store_that_does_not_answer_opens_nothing(kind: str) -> None:
    """What may have been spent meanwhile is refused as an outage, and as a replay after it."""
    store = Down()
    sending = KINDS[kind](store)
    assert sending.in_turn(2) == [False, False]
    assert [event.cause for event in sending.events] == [Cause.PROVIDER_UNREACHABLE] * 2
    store.down = False
    assert sending.in_turn(1) == [False]
    assert sending.events[-1].cause is Cause.REPLAYED
    sending.guard.close()


@EVERY
def test_a_full_store_forgets_nothing(kind: str) -> None:
    store = MemorySeen(1)
    store.seen("somebody", "else", 2**40, 0)
    sending = KINDS[kind](store)
    assert sending.in_turn(2) == [False, False]
    # callers can fill a memory, so it is no outage that they could forge
    assert {event.cause for event in sending.events} == {Cause.RATE_LIMITED}
    sending.guard.close()


def respelt(text: str) -> Iterator[str]:
    """Other ways to write the same octets or the same words."""
    yield text.upper()
    yield text.swapcase()
    yield text.replace(", ", ",")
    yield text.replace(", ", " ,  ")
    yield text.replace("sig=", "other=").replace("sig1=", "other=")
    for at in (-1, -2, -3):  # the last sign of base64 has bits that nobody reads
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_":
            yield text[:at] + letter + (text[at + 1 :] if at != -1 else "")
    yield text.rstrip("=")
    yield f"{text}="
    yield f"{text}, {text}"
    yield f"{text},{text.upper()}"


@pytest.mark.parametrize("kind", ["sigv4", "azure", "rfc 9421", "webhook", "digest nonce count", "dpop proof", "jti"])
def test_other_spellings_are_the_same_value(kind: str) -> None:
    """A captured credential is not new for being written in another way."""
    sending = KINDS[kind](MemorySeen())
    assert sending.in_turn(1) == [True]
    names = [b"authorization", b"signature", b"signature-input", b"x-hub-signature-256", b"dpop"]
    plain = sending.view()
    tried = 0
    for name in names:
        for value in plain.values(name):
            for text in respelt(value.decode("latin-1")):
                view = sending.view()
                view.headers = [(key, text.encode("latin-1") if key == name else old) for key, old in plain.headers]
                assert not sending.guard.decide_sync(view).accepted, text
                tried += 1
    assert tried > 100
    sending.guard.close()
