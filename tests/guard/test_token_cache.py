"""A hit counts only while the token holds and the keys are those it was checked with."""

from __future__ import annotations

import pytest

from authwhy.guard.answers import Accept
from authwhy.guard.token_cache import Entry, TokenCache


def entry(starts: float = 0, ends: float = 100, version: int = 1) -> Entry:
    return Entry(Accept("mara"), starts, ends, version)


def test_a_hit() -> None:
    cache, kept = TokenCache(8), entry()
    cache.put("a.b.c", kept)
    assert cache.get("a.b.c", 1, 50) is kept
    assert cache.get(b"a.b.c", 1, 50) is kept
    assert cache.get("a.b.d", 1, 50) is None


@pytest.mark.parametrize(("version", "now"), [(2, 50), (0, 50), (1, 100), (1, 101), (1, 9), (1, 1e9)])
def test_misses(version: int, now: float) -> None:
    cache = TokenCache(8)
    cache.put("a.b.c", entry(10, 100))
    assert cache.get("a.b.c", version, now) is None
    assert cache.get("a.b.c", 1, 10) is not None


def test_it_is_bounded_and_drops_the_oldest() -> None:
    cache = TokenCache(4)
    for number in range(100):
        cache.put(f"t{number}", entry())
        assert len(cache) <= 4
        assert cache.get(f"t{number}", 1, 50) is not None
    assert cache.get("t0", 1, 50) is None
    cache.clear()
    assert len(cache) == 0
    with pytest.raises(ValueError, match="at least 2"):
        TokenCache(1)


def test_no_token_is_kept() -> None:
    cache = TokenCache(4)
    cache.put("canary.canary.canary", entry())
    assert "canary" not in repr(cache.entries)
