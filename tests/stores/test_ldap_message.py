"""LDAP messages to and from BER. Vectors were recorded between OpenLDAP 2.5's slapd and its own clients."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stores.ldap_answers import ber, entry, integer, reference, result, state

from authwhy.stores.ldap_message import (
    MAX_DIAGNOSTIC,
    MAX_MESSAGE,
    And,
    Entry,
    Equals,
    LdapMessageError,
    PolicyState,
    Present,
    Result,
    bind_request,
    decode,
    frame,
    search_request,
    start_tls_request,
    unbind_request,
)

PEOPLE = "ou=people,dc=example,dc=com"
CONTROL = "a01d301b0419312e332e362e312e342e312e34322e322e32372e382e352e31"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def test_bind_request() -> None:
    """The octets of `ldapwhoami -x -e ppolicy -D uid=alice,… -w correct-horse`."""
    octets = (
        "305d020101603902010304257569643d616c6963652c6f753d70656f706c652c64633d6578616d706c652c64633d636f6d"
        "800d636f72726563742d686f727365" + CONTROL
    )
    assert bind_request(1, f"uid=alice,{PEOPLE}", "correct-horse").hex() == octets


def test_search_request() -> None:
    """The octets of `ldapsearch -z 2 -l 4 '(&(uid=alice)(objectClass=person))' uid cn`."""
    wanted = And((Equals("uid", "alice"), Equals("objectClass", "person")))
    made = search_request(2, PEOPLE, wanted, ("uid", "cn"), subtree=True, size_limit=2, time_limit_s=4)
    assert made.hex() == (
        "3063020102635e041b6f753d70656f706c652c64633d6578616d706c652c64633d636f6d0a01020a0100020102020104010100"
        "a025a30c04037569640405616c696365a315040b6f626a656374436c6173730406706572736f6e300904037569640402636e"
    )


def test_other_requests() -> None:
    """The octets of `ldapwhoami -Z`, and of every client that leaves."""
    assert start_tls_request(1).hex() == "301d02010177188016312e332e362e312e342e312e313436362e3230303337"
    assert unbind_request(3).hex() == "30050201034200"
    own = search_request(200, "dc=x", Present("objectClass"), (), subtree=False, size_limit=2, time_limit_s=300)
    assert own.hex() == ("302b020200c86325040464633d780a01000a01000201020202012c010100870b6f626a656374436c6173733000")


@pytest.mark.parametrize("size", [127, 128, 255, 256, 4_096])
def test_lengths_of_a_request(size: int) -> None:
    """One octet, two, three: each as short as it can be."""
    made = bind_request(1, "uid=a", "x" * size)
    assert ber(0x80, b"x" * size) in made
    assert frame(made) == len(made)


@pytest.mark.parametrize(("dn", "password"), [("uid=alice", ""), ("", "secret"), ("", "")])
def test_an_unauthenticated_bind_cannot_be_written(dn: str, password: str) -> None:
    """RFC 4513 5.1.2: a server would answer it with success."""
    with pytest.raises(LdapMessageError, match="unauthenticated_bind"):
        bind_request(1, dn, password)


def test_text_that_has_no_octets() -> None:
    with pytest.raises(LdapMessageError, match="not_utf8"):
        bind_request(1, "uid=alice", "\ud800")


@pytest.mark.parametrize(
    ("octets", "content"),
    [
        ("300c02010161070a010004000400", Result(0)),
        (
            "302f02010161070a010004000400a021301f0419312e332e362e312e342e312e34322e322e32372e382e352e3104023000",
            Result(0, "", PolicyState()),
        ),
        (
            "303202010161070a013104000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810100",
            Result(49, "", PolicyState(error=0)),
        ),
        (
            "303202010161070a013104000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810101",
            Result(49, "", PolicyState(error=1)),
        ),
        (
            "303202010161070a010004000400a02430220419312e332e362e312e342e312e34322e322e32372e382e352e3104053003810102",
            Result(0, "", PolicyState(error=2)),
        ),
        (
            "303402010161070a010004000400a02630240419312e332e362e312e342e312e34322e322e32372e382e352e3104073005a003810162",
            Result(0, "", PolicyState(grace_left=98)),
        ),
    ],
)
def test_bind_response(octets: str, content: Result) -> None:
    """As slapd sent them: no policy, a policy, expired, locked, to be changed, 98 more times."""
    message = decode(bytes.fromhex(octets))
    assert (message.id, message.kind, message.content) == (1, "bind", content)


def test_search_result_entry() -> None:
    """As slapd sent it."""
    message = decode(
        bytes.fromhex(
            "304d020102644804257569643d616c6963652c6f753d70656f706c652c64633d6578616d706c652c64633d636f6d"
            "301f300d0402636e31070405616c696365300e040375696431070405616c696365"
        )
    )
    assert message.content == Entry(f"uid=alice,{PEOPLE}", {"cn": (b"alice",), "uid": (b"alice",)})
    done = decode(bytes.fromhex("300c02010265070a010004000400"))
    assert (done.kind, done.content) == ("done", Result(0))


def test_both_warnings_and_an_error_at_once() -> None:
    message = decode(result(1, 49, policy=state(error=1, expires_in_s=3_600)))
    assert message.content == Result(49, "", PolicyState(1, None, 3_600))


def test_what_is_not_known_is_read_past() -> None:
    """RFC 4511 section 4: later versions may add elements; a referral and SASL credentials are of no use here."""
    extra = ber(0xA3, ber(4, b"ldap://other.example/")) + ber(0x87, b"sasl") + ber(0x8F, b"new")
    message = decode(result(7, 10, "elsewhere", extra=extra, policy=state(error=12)))
    assert message.content == Result(10, "elsewhere", PolicyState(12))
    other = ber(0xA0, ber(0x30, ber(4, b"1.2.3"), ber(1, b"\xff"), ber(4, b"anything")))
    assert decode(ber(0x30, integer(1), ber(0x61, integer(0, 10), ber(4), ber(4)), other)).content == Result(0)
    operation = ber(0x61, integer(0, 10), ber(4), ber(4))
    assert decode(ber(0x30, integer(1), operation, ber(0xAF, b"new"))).content == Result(0)
    assert decode(result(1, 0, policy=ber(0x30, ber(0xA0, ber(0x8F)), ber(0x8F)))).content == Result(
        0, "", PolicyState()
    )
    assert decode(reference(3)).kind == "reference"


def test_lengths_longer_than_needed_are_legal() -> None:
    """Active Directory writes every length in four octets."""
    operation = ber(0x61, ber(10, b"\x31", long=4), ber(4, long=4), ber(4, b"no", long=4), long=4)
    message = ber(0x30, integer(1), operation, long=4)
    assert frame(message) == len(message)
    assert decode(message).content == Result(49, "no")


def test_a_diagnostic_message_is_clipped_and_need_not_be_text() -> None:
    content = decode(ber(0x30, integer(1), ber(0x61, integer(49, 10), ber(4), ber(4, b"\xff" + b"x" * 9_000)))).content
    assert isinstance(content, Result)
    assert content.diagnostic == "\ufffd" + "x" * (MAX_DIAGNOSTIC - 1)


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b"", "truncated"),
        (b"\x30", "truncated"),
        (b"\x30\x80\x00\x00", "bad_length"),
        (b"\x30\x85\x00\x00\x00\x00\x00", "bad_length"),
        (b"\x30\x84\xff\xff\xff\xff", "truncated"),
        (b"\x31\x00", "bad_tag"),
        (b"\x30\x00", "truncated"),
        (b"\x1f\x01\x00", "bad_tag"),
        (result(1, 0) + b"\0", "trailing_octets"),
        (ber(0x30, ber(2), ber(0x61)), "bad_number"),
        (ber(0x30, ber(2, b"\xff"), ber(0x61)), "bad_number"),
        (ber(0x30, ber(2, b"\0" * 6), ber(0x61)), "bad_number"),
        (ber(0x30, ber(2, b"\0\x80\0\0\0"), ber(0x61)), "bad_number"),
        (ber(0x30, integer(1), ber(0x60)), "unexpected_message"),
        (ber(0x30, integer(1), ber(0x79)), "unexpected_message"),
        (ber(0x30, integer(1), ber(0x61)), "truncated"),
        (ber(0x30, integer(1), ber(0x61, integer(0, 10), ber(4))), "truncated"),
        (ber(0x30, integer(1), ber(0x61, integer(0, 2), ber(4), ber(4))), "bad_tag"),
        (ber(0x30, integer(1), ber(0x64, ber(4, b"\xff"), ber(0x30))), "not_utf8"),
        (ber(0x30, integer(1), ber(0x64, ber(4, b"x"), ber(0x30, ber(0x30, ber(4, b"a"))))), "truncated"),
        (result(1, 0, policy=b""), "truncated"),
        (result(1, 0, policy=b"\x30\x03\x81\x05\x00"), "truncated"),
        (result(1, 0, policy=ber(0x30, ber(0xA0))), "truncated"),
        (b"\0" * (MAX_MESSAGE + 1), "too_large"),
    ],
)
def test_refused(octets: bytes, problem: str) -> None:
    with pytest.raises(LdapMessageError) as caught:
        decode(octets)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    ("start", "size"),
    [(b"", None), (b"\x30", None), (b"\x30\x05\x02", 7), (b"\x30\x82\x01", None), (b"\x30\x82\x01\x00", 260)],
)
def test_frame(start: bytes, size: int | None) -> None:
    assert frame(start) == size


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (b"HTTP/1.1 400", "not_ldap"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "not_ldap"),
        (b"\x30\x80", "bad_length"),
        (b"\x30\x88\xff", "bad_length"),
        (b"\x30\x84\x7f\xff\xff\xff", "too_large"),
    ],
)
def test_a_frame_nobody_waits_for(start: bytes, problem: str) -> None:
    """Told from the first octets: nothing of that size is read."""
    with pytest.raises(LdapMessageError) as caught:
        frame(start)
    assert caught.value.problem == problem


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), TEXTS, st.none() | st.integers(0, 2**31 - 1))
def test_results_come_back(number: int, code: int, text: str, error: int | None) -> None:
    octets = result(number, code, text, policy=state(error=error))
    assert frame(octets) == frame(octets + b"more") == len(octets)
    message = decode(octets)
    assert (message.id, message.content) == (number, Result(code, text, PolicyState(error)))


@given(
    TEXTS,
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
        st.lists(st.binary(max_size=300), max_size=4),
        max_size=4,
    ),
)
def test_entries_come_back(dn: str, attributes: dict[str, list[bytes]]) -> None:
    message = decode(entry(9, dn, attributes))
    assert message.content == Entry(dn, {name: tuple(values) for name, values in attributes.items()})


@given(st.binary(max_size=200) | st.builds(lambda body: ber(0x30, integer(1), body), st.binary(max_size=200)))
def test_decode_never_raises_but_its_own(octets: bytes) -> None:
    for read in (decode, frame):
        with suppress(LdapMessageError):
            read(octets)


@given(
    st.sampled_from(
        [result(1, 49, "x" * 200, policy=state(error=1, grace_left=3)), entry(1, "uid=a", {"uid": [b"a"]})]
    ),
    st.data(),
)
def test_damaged_answers_never_raise_but_its_own(octets: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(octets) - 1))
    changed = octets[:at] + bytes([data.draw(st.integers(0, 255))]) + octets[at + data.draw(st.integers(0, 3)) :]
    with suppress(LdapMessageError):
        decode(changed)


@given(TEXTS)
def test_a_value_keeps_to_its_place(value: str) -> None:
    """Whatever a name is: it is one octet string of one equality filter."""
    made = search_request(1, "dc=x", Equals("uid", value), (), subtree=True, size_limit=2, time_limit_s=1)
    assert ber(0xA3, ber(4, b"uid"), ber(4, value.encode())) in made
    assert frame(made) == len(made)


def test_texts_of_messages_tell_nothing() -> None:
    """A diagnostic may repeat a name, an entry is personal."""
    shown = f"{decode(result(1, 49, 'canary'))!r}{decode(entry(1, 'uid=canary', {'uid': [b'canary']}))!r}"
    assert "canary" not in shown
