"""Nonces: made with one key, good with several, bound to what they were made for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.verify.digest_nonce import RANDOM_BYTES, DigestNonces

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
NOW = 1_767_622_351
RANDOM = bytes(range(RANDOM_BYTES))


def test_it_says_when_it_was_made_also_to_another_instance() -> None:
    """Two objects with one key: a restart, or a second machine."""
    nonce = DigestNonces((NEW,)).make("ops", "SHA-256", NOW, RANDOM)
    assert len(nonce) == 66
    assert DigestNonces((NEW,)).made_at(nonce, "ops", "SHA-256") == NOW


def test_rotation() -> None:
    """The first key makes, every key verifies, a dropped key does not."""
    before = DigestNonces((OLD,)).make("ops", "SHA-256", NOW, RANDOM)
    both = DigestNonces((NEW, OLD))
    after = both.make("ops", "SHA-256", NOW, RANDOM)
    assert both.made_at(before, "ops", "SHA-256") == NOW
    assert after == DigestNonces((NEW,)).make("ops", "SHA-256", NOW, RANDOM)
    assert DigestNonces((NEW,)).made_at(before, "ops", "SHA-256") is None


def test_it_is_bound() -> None:
    """To realm, algorithm and key."""
    nonces = DigestNonces((NEW,))
    nonce = nonces.make("ops", "SHA-256", NOW, RANDOM)
    assert nonces.made_at(nonce, "shop", "SHA-256") is None
    assert nonces.made_at(nonce, "ops", "MD5") is None
    assert DigestNonces((OTHER,)).made_at(nonce, "ops", "SHA-256") is None


def test_it_has_one_spelling() -> None:
    """Any changed, added, removed or upper-case character makes it unknown: a count cannot be spent under two texts."""
    nonces = DigestNonces((NEW,))
    nonce = nonces.make("ops", "SHA-256", NOW, RANDOM)
    others = {nonce.upper(), nonce + "0", nonce[:-1], " " + nonce[1:], "", nonce + " ", nonce + "="}
    others |= {nonce[:at] + ("0" if nonce[at] != "0" else "1") + nonce[at + 1 :] for at in range(len(nonce))}
    assert {nonces.made_at(other, "ops", "SHA-256") for other in others} == {None}


def test_randomness_tells_two_of_one_second_apart() -> None:
    """And so does the algorithm."""
    nonces = DigestNonces((NEW,))
    made = {nonces.make("ops", name, NOW, bytes([at]) * 12) for name in ("MD5", "SHA-256") for at in range(3)}
    assert len(made) == 6


@given(st.text(max_size=70), st.text(max_size=9), st.text(max_size=9))
def test_never_raises(nonce: str, realm: str, algorithm: str) -> None:
    """Nothing that was not made is known."""
    realm, algorithm = (each.encode("utf-8", "ignore").decode() for each in (realm, algorithm))
    assert DigestNonces((NEW, OLD)).made_at(nonce, realm, algorithm) is None


@pytest.mark.parametrize("keys", [(), (b"short",), (NEW,) * 9, NEW, ("n" * 32,)])
def test_keys_that_cannot_work(keys: tuple[bytes, ...]) -> None:
    """At start-up, not at the first request."""
    with pytest.raises(ValueError):
        DigestNonces(keys)


@pytest.mark.parametrize(("now", "random"), [(NOW, b""), (NOW, b"x" * 13), (-1, RANDOM), (2**40, RANDOM)])
def test_making_needs_randomness_and_a_time(now: int, random: bytes) -> None:
    """Twelve bytes, and a time that fits."""
    with pytest.raises(ValueError):
        DigestNonces((NEW,)).make("ops", "SHA-256", now, random)


def test_text_form_tells_no_key() -> None:
    """A traceback may hold it."""
    assert repr(DigestNonces((b"canary-canary-canary", NEW))) == "DigestNonces(2 keys)"
