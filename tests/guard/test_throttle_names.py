"""One name for one identity, however it is written, and one for each network."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.throttle_names import MAX_NAME, network, normal

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    "spelling",
    ["alice@example.com", " Alice@Example.COM\t", "ＡＬＩＣＥ@example.com", "alice@eⓧample.com", "ALICE@example．com"],
)
def test_spellings_of_one_name(spelling: str) -> None:
    """Case, width, circles and blanks dodge nothing."""
    assert normal(spelling) == "alice@example.com"


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("STRASSE", "straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("e\u0301", "é"),
        ("\u1e9e", "ss"),
        ("\u03b1\u0345\u0301", "\u0391\u0301\u0399"),
    ],
)
def test_letters_that_fold(one: str, two: str) -> None:
    """Full case folding and composition."""
    assert normal(one) == normal(two)


@pytest.mark.parametrize(
    ("one", "two"), [("a.lice", "alice"), ("alice+x", "alice"), ("alice.", "alice"), ("bob", "alice")]
)
def test_other_names_stay_apart(one: str, two: str) -> None:
    """Dots and plus signs mean something."""
    assert normal(one) != normal(two)


@given(ANY)
def test_the_normal_form_of_a_normal_form_is_itself(name: str) -> None:
    """Nothing is left to vary."""
    assert normal(normal(name)) == normal(name)


@given(ANY.filter(lambda name: "\u0345" not in unicodedata.normalize("NFD", name)))
def test_case_never_matters(name: str) -> None:
    """What a lookup without case takes for the same. (An iota subscript folds to a letter, so that its order matters.)"""
    assert normal(name.casefold()) == normal(name)


def test_a_huge_name_is_cut_before_any_work() -> None:
    """And its end does not matter."""
    assert normal("a" * 5_000_000) == "a" * MAX_NAME
    assert len(normal("\ufdfa" * 5_000_000)) <= 18 * MAX_NAME
    assert network("x" * 5_000_000) == "x" * MAX_NAME


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "::ffff:c000:207", True),
        ("2001:db8::1", "2001:DB8:0:0:ffff::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("::1", "0.0.0.1", False),
        ("unix:/run/a", "unix:/run/b", False),
        ("", "0.0.0.0", False),
    ],
)
def test_addresses_of_one_network(one: str, two: str, same: bool) -> None:
    """An IPv6 network is one customer, an IPv4 address one too."""
    assert (network(one) == network(two)) is same


def test_prefixes_can_be_chosen() -> None:
    """Down to one network for all."""
    assert network("192.0.2.7", 24) == network("192.0.2.200", 24) != network("192.0.3.7", 24)
    assert network("2001:db8:1::", 32, 48) == network("2001:db8:1:ffff::", 32, 48) != network("2001:db8:2::", 32, 48)
    assert network("192.0.2.7", 0, 0) == network("198.51.100.1", 0, 0) != network("::2", 0, 0)
    assert network("::2", 32, 128) != network("::3", 32, 128)


@given(ANY)
def test_any_text_is_an_address_of_its_own(text: str) -> None:
    """Nothing raises."""
    assert isinstance(network(text), str)
