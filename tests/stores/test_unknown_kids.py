"""How often an unknown key id is looked for. With fetches: tests/stores/test_jwks.py."""

from __future__ import annotations

from tests.stores.loopback_site import Clock

from authwhy.stores.unknown_kids import MAX_ABSENT, Absent, Budget


def test_budget() -> None:
    """So many at once, then one every 30 s; what is not used does not add up beyond the burst."""
    clock = Clock()
    budget = Budget(2, 30.0, clock)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.now += 29.5
    assert not budget.take()
    clock.now += 0.5
    assert [budget.take() for _ in range(2)] == [True, False]
    clock.now += 10_000
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.now -= 10_000  # a clock that goes back gives nothing, and takes nothing for ever
    assert not budget.take()
    clock.now += 30
    assert budget.take()


def test_absent_for_longer_each_time() -> None:
    clock = Clock()
    absent = Absent(30.0, clock)
    spans = []
    for _ in range(7):
        absent.add("a")
        start = clock.now
        while "a" in absent:
            clock.now += 1
        spans.append(clock.now - start)
    assert spans == [30, 60, 120, 240, 480, 600, 600]
    assert "b" not in absent
    assert None not in absent


def test_no_more_than_a_fixed_number() -> None:
    """The oldest is forgotten first."""
    absent = Absent(30.0, Clock())
    for number in range(MAX_ABSENT + 5):
        absent.add(str(number))
    assert len(absent) == MAX_ABSENT
    assert "4" not in absent
    assert "5" in absent
