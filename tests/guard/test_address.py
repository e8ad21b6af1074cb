"""Only listed proxies are believed, and only what they added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.address import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8:ffff::/48"])
FORWARDED = TrustedProxies(["10.0.0.0/8"], header="Forwarded")


def xff(*values: str) -> list[tuple[bytes, bytes]]:
    """X-Forwarded-For lines."""
    return [(b"x-forwarded-for", value.encode("latin-1")) for value in values]


@pytest.mark.parametrize(
    ("peer", "values", "caller"),
    [
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # not a proxy: what it says is its own word
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.66, 203.0.113.9"], "203.0.113.9"),  # the left one was sent by the caller
        ("10.0.0.1", ["198.51.100.66", "203.0.113.9"], "203.0.113.9"),  # in two lines
        ("10.0.0.1", ["203.0.113.9, 10.0.0.7, 10.0.0.8"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.7"], "10.0.0.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, _hidden, 10.0.0.7"], "10.0.0.7"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::9]:4711"], "2001:db8::9"),
        ("10.0.0.1", ["2001:db8::9"], "2001:db8::9"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("2001:db8:ffff::1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9" + ", 10.0.0.7" * 40], "10.0.0.7"),  # longer than any chain: not followed to its end
        (None, ["203.0.113.9"], None),
        ("a socket", ["203.0.113.9"], "a socket"),
    ],
)
def test_caller(peer: str | None, values: list[str], caller: str | None) -> None:
    assert PROXIES.caller(peer, xff(*values)) == caller


@pytest.mark.parametrize(
    ("value", "caller"),
    [
        ("for=203.0.113.9;proto=https", "203.0.113.9"),
        ('proto=https; For="[2001:db8::9]:4711"', "2001:db8::9"),
        ("for=198.51.100.66, for=203.0.113.9", "203.0.113.9"),
        ("for=203.0.113.9, proto=https", "10.0.0.1"),
        ("for=_hidden", "10.0.0.1"),
    ],
)
def test_forwarded(value: str, caller: str) -> None:
    """RFC 7239; X-Forwarded-For is then nobody's."""
    assert FORWARDED.caller("10.0.0.1", [(b"forwarded", value.encode()), *xff("198.51.100.1")]) == caller


def test_nothing_is_believed_without_a_list() -> None:
    assert TrustedProxies().caller("10.0.0.1", xff("203.0.113.9")) == "10.0.0.1"
    assert not TrustedProxies().trusts("10.0.0.1")
    assert PROXIES.trusts("10.9.9.9")
    assert not PROXIES.trusts(None)


def test_no_network() -> None:
    with pytest.raises(ValueError):
        TrustedProxies(["10.0.0.0/99"])


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=60), max_size=4))
def test_what_a_caller_writes_never_counts(forged: list[str]) -> None:
    """Whatever stands left of what the proxy added, the proxy's word decides."""
    raw = [value.replace("\r", "").replace("\n", "") for value in forged]
    assert PROXIES.caller("10.0.0.1", xff(*raw, "203.0.113.9")) == "203.0.113.9"
    assert PROXIES.caller("192.0.2.1", xff(*raw)) == "192.0.2.1"
