"""Names for a bind: escaping, templates, and spellings that a directory takes for the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.stores.ldap_name import NameTemplate, escaped, is_plain, registered

PEOPLE = "ou=people,dc=example"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # the examples of RFC 4514 section 4
        ('James "Jim" Smith, III', 'James \\"Jim\\" Smith\\, III'),
        ("Before\rAfter", "Before\\0dAfter"),
        ("Lučić", "Lučić"),
        # and each rule of section 2.4
        ("#1", "\\#1"),
        ("1#", "1#"),
        (" a b ", "\\ a b\\ "),
        (" ", "\\ "),
        ("a+b;c<d>e\\f=g", "a\\+b\\;c\\<d\\>e\\\\f\\=g"),
        ("a\0b", "a\\00b"),
    ],
)
def test_escaped(value: str, text: str) -> None:
    assert escaped(value) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_nothing_ends_a_value(value: str) -> None:
    """Read as RFC 4514 section 3 says, the text gives the value back."""
    text, read, at = escaped(value), "", 0
    while at < len(text):
        if text[at] == "\\":
            two = text[at + 1 : at + 3]
            pair = len(two) == 2 and all(letter in "0123456789abcdef" for letter in two)
            read, at = read + (chr(int(two, 16)) if pair else text[at + 1]), at + (3 if pair else 2)
        else:
            assert text[at] not in '"+,;<>\0'
            read, at = read + text[at], at + 1
    assert read == value


def test_templates() -> None:
    assert NameTemplate(f"uid={{}},{PEOPLE}").name("a,b") == f"uid=a\\,b,{PEOPLE}"
    assert NameTemplate(f"ou=x+uid={{}},{PEOPLE}").attribute == "uid"
    assert NameTemplate("uid={}").name("alice") == "uid=alice"
    assert NameTemplate("{}@corp.example").name("alice") == "alice@corp.example"
    assert NameTemplate("CORP\\{}").name("alice") == "CORP\\alice"


@pytest.mark.parametrize(
    "template",
    [
        "",
        "uid=alice",
        "uid={},cn={}",
        "{}",
        "uid=x{},dc=y",
        "uid={}x,dc=y",
        "uid={},people",
        "{}@",
        "{}@{}",
        "={},dc=x",
        "a\\b\\{}",
    ],
)
def test_templates_that_cannot_work(template: str) -> None:
    with pytest.raises(ValueError, match="dn_template"):
        NameTemplate(template)


@pytest.mark.parametrize(
    "name", ["alice@other.example", "CORP\\alice", "cn=alice", "a/b", "alice ", "a*", "a b", "a,b", "<x>"]
)
def test_an_account_name_stays_one(name: str) -> None:
    """Active Directory takes several forms of a name: none of them may come from the person."""
    assert NameTemplate("{}@corp.example").name(name) is None
    assert NameTemplate("CORP\\{}").name(name) is None


def test_account_names_know_no_case() -> None:
    assert NameTemplate("{}@corp.example").spelled("Alice") == "alice"
    assert NameTemplate("uid={}").spelled("Alice") == "Alice"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("alice", True),
        ("Alice Doe", True),
        ("Zoë", True),
        ("日本", True),
        (" alice", False),
        ("alice ", False),
        ("a  b", False),
        ("ａｌｉｃｅ", False),
        ("Zoe\u0308", False),
        ("al\u00adice", False),
        ("al\u200bice", False),
        ("al\u00a0ice", False),
        ("é  x", False),
        ("\u202eecila", False),
        ("al\tice", False),
    ],
)
def test_plain(name: str, plain: bool) -> None:
    assert is_plain(name) is plain
    assert (NameTemplate("uid={}").name(name) is not None) is plain


def test_registered() -> None:
    """The directory's own spelling of what was typed; of several names the one that was."""
    assert registered("ALICE", (b"Smith", b"alice")) == "alice"
    assert registered(" a  b", (b"A B",)) == "A B"
    assert registered("other", (b"b", b"a")) == "a"
    assert registered("alice", ()) is None
    assert registered("alice", (b"",)) is None
