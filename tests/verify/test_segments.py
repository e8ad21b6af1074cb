"""Segments: exactly one spelling is read, and JSON means one thing."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from authwhy.verify.segments import MAX_DEPTH, Damage, encode, is_canonical, json_object, octets

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_octets_read_what_encode_wrote(raw: bytes) -> None:
    """And `encode` writes what the standard library writes, without padding."""
    assert encode(raw) == base64.urlsafe_b64encode(raw).rstrip(b"=")
    assert octets(encode(raw)) == raw


@given(st.binary(max_size=40) | st.text(ALPHABET.decode() + "=+/ \n.", max_size=12).map(str.encode))
@example(b"QR")
@example(b"QUI=")
@example(b"AA==AA==")
@example(b'"')
@example(b"\\u0041")
@settings(max_examples=500, deadline=None)
def test_only_the_one_spelling_is_read(segment: bytes) -> None:
    """Whatever is read is written the same way again; anything else is damage."""
    raw = octets(segment)
    if isinstance(raw, Damage):
        assert raw.problem in ("not_base64url", "trailing_bits")
        assert not is_canonical(segment)
    else:
        assert encode(raw) == segment
        assert is_canonical(segment) == bool(segment)


@pytest.mark.parametrize("last", ALPHABET)
@pytest.mark.parametrize("before", [b"A", b"AA"])
def test_unused_bits_must_be_zero(before: bytes, last: int) -> None:
    """Sixteen or four spellings of one octet string: one is right (RFC 4648 3.5)."""
    segment = before + bytes([last])
    decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    right = base64.urlsafe_b64encode(decoded).rstrip(b"=") == segment
    assert octets(segment) == (decoded if right else Damage("trailing_bits"))


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5), st.sampled_from([None, 1, "\t"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_json_is_read_as_the_standard_library_reads_it(
    members: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    """With blanks, escapes and nesting; text with half a character is refused."""
    text = json.dumps(members, indent=indent, ensure_ascii=ascii_only)
    raw = text.encode("utf-8", "surrogatepass")
    found = json_object(encode(raw))
    if any("\ud800" <= char <= "\udfff" for char in json.dumps(members, ensure_ascii=False)):
        assert isinstance(found, Damage)
    else:
        assert found == json.loads(text)


@st.composite
def objects_with_twins(draw: st.DrawFn) -> tuple[bytes, bool]:
    """JSON text, and whether an object in it has a member twice."""
    blank = st.sampled_from(["", "", " ", "\n", " \t"])
    name = st.sampled_from(["a", "b", ":", 'a":', "", "\\u0061", "c d", ":b"])
    value = st.sampled_from(
        ["1", '"x"', '":"', '"a\\":1"', "[]", '["a",{"b":":"}]', '{"a":1,"b":2}', '{"a":1,"a":2}', '{"a" :1}']
    )
    twins = False
    pairs, seen = [], set()
    for _ in range(draw(st.integers(0, 5))):
        key, item = draw(name), draw(value)
        text = key if key == "\\u0061" else json.dumps(key)[1:-1]
        plain = "a" if key == "\\u0061" else key
        twins = twins or plain in seen or item == '{"a":1,"a":2}'
        seen.add(plain)
        pairs.append(f'{draw(blank)}"{text}"{draw(blank)}:{draw(blank)}{item}')
    return ("{" + ",".join(pairs) + "}").encode(), twins


@given(objects_with_twins())
@settings(max_examples=1_000, deadline=None)
def test_a_member_twice_is_always_found(case: tuple[bytes, bool]) -> None:
    """Whatever the strings look like, with or without blanks, at any level."""
    raw, twins = case
    found = json_object(encode(raw))
    assert found == (Damage("duplicate_member") if twins else json.loads(raw))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "not_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"a"', "not_an_object"),
        (b'{"a":1', "cut"),
        (b'{"a":"b', "cut"),
        (b'{"a":1}x', "not_json"),
        (b'{"a":1,}', "not_json"),
        (b"{'a':1}", "not_json"),
        (b'{"a":NaN}', "not_json"),
        (b'{"a":Infinity}', "not_json"),
        (b'{"a":01}', "not_json"),
        (b'{"a":"\x01"}', "not_json"),
        (b'{"a":"\xff"}', "not_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "not_utf8"),
        (b'\xef\xbb\xbf{"a":1}', "not_json"),
        ('{"a":1}'.encode("utf-16"), "not_json"),
        (b'{"a":1e400}', "number_out_of_range"),
        (b'{"a":' + b"9" * 5_000 + b"}", "number_out_of_range"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too_deep"),
        (b'{"a":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "too_deep"),
        (b'{"a":' + b"[" * 5_000, "too_deep"),
    ],
)
def test_what_is_no_strict_json_object_is_named(raw: bytes, problem: str) -> None:
    """RFC 8259, and the bounds of a decoder."""
    assert json_object(encode(raw)) == Damage(problem)  # type: ignore[arg-type]


def test_depth_is_bounded_in_longer_objects() -> None:
    """Up to MAX_DEPTH is fine, one more is not."""
    for depth, fine in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        inner = b"[" * (depth - 1) + b"]" * (depth - 1)
        raw = b'{"a":' + inner + b',"pad":"' + b"x" * 600 + b'"}'
        assert (json_object(encode(raw)) == Damage("too_deep")) is not fine


@pytest.mark.parametrize("blank", ["", " "])
def test_depth_is_not_counted_in_short_objects(blank: str) -> None:
    """It cannot hurt there; a member twice is found all the same."""
    inner = "[" * 80 + '{"b":1}' + "]" * 80
    assert isinstance(json_object(encode(f'{{"a":{blank}{inner}}}'.encode())), dict)
    twins = f'{{"a":{blank}{inner.replace("1", "1," + chr(34) + "b" + chr(34) + ":2")}}}'
    assert json_object(encode(twins.encode())) == Damage("duplicate_member")


@pytest.mark.parametrize(
    "segment", [b"e30=", b"e30 ", b" e30", b"e30\n", b"e3+", b"e3/", b"e3.", b"e\xc3\xbc", b"e", b"e31"]
)
def test_a_segment_in_another_spelling_is_no_object(segment: bytes) -> None:
    """`e30` is `{}`; nothing else is."""
    assert json_object(b"e30") == {}
    assert isinstance(json_object(segment), Damage)


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_nothing_raises(raw: bytes) -> None:
    """Neither text nor octets."""
    json_object(raw)
    json_object(encode(raw))
    json_object(encode(b'{"a":' + raw + b"}"))
