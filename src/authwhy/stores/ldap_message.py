"""The few messages of LDAPv3 that checking a password needs (RFC 4511), to and from BER.

Reading is strict, linear and capped, and raises LdapMessageError and nothing else. Values are put into requests as
values: there is no filter text, so there is nothing to inject into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

MAX_MESSAGE = 64 * 1024
"""Octets of one message; an entry with a few attributes has some hundred."""
MAX_DIAGNOSTIC = 1_024
"""Characters of a diagnosticMessage that are looked at."""
_MAX_INT = 2**31 - 1  # RFC 4511 4.1.1
_PASSWORD_POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"  # draft-behera-ldap-password-policy-11 section 6
_START_TLS = b"1.3.6.1.4.1.1466.20037"  # RFC 4511 4.14

_BOOLEAN, _INTEGER, _OCTETS, _ENUMERATED, _SEQUENCE, _SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
_CONTROLS = 0xA0
Kind: TypeAlias = Literal["bind", "entry", "done", "reference", "extended"]
_KINDS: Mapping[int, Kind] = {0x61: "bind", 0x64: "entry", 0x65: "done", 0x73: "reference", 0x78: "extended"}


class LdapMessageError(ValueError):
    """Octets that are no message we can use, or text that cannot be sent. `problem` is one word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Equals(Struct, frozen=True):
    """A filter: the attribute has this value (RFC 4511 4.5.1.7.1)."""

    attribute: str
    value: str


class Present(Struct, frozen=True):
    """A filter: the attribute has a value."""

    attribute: str


class And(Struct, frozen=True):
    """A filter: all of these hold."""

    filters: tuple[Equals | Present, ...]


Filter: TypeAlias = "Equals | Present | And"


class PolicyState(Struct, frozen=True):
    """The password policy response control. `error` is its number (passwordExpired 0, accountLocked 1 ...)."""

    error: int | None = None
    grace_left: int | None = None
    expires_in_s: int | None = None


class Result(Struct, frozen=True):
    """An LDAPResult (RFC 4511 4.1.9). The diagnostic message is the server's text and not shown."""

    code: int
    diagnostic: str = ""
    policy: PolicyState | None = None

    def __repr__(self) -> str:
        return f"Result({self.code})"


class Entry(Struct, frozen=True):
    """A search result entry: attribute names in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def __repr__(self) -> str:
        return "Entry(...)"


class Message(Struct, frozen=True):
    """One message from a server. `content` is None for a search reference, which is not followed."""

    id: int
    kind: Kind
    content: Result | Entry | None


# requests


def bind_request(number: int, dn: str, password: str) -> bytes:
    """A simple bind that asks for the state of the password policy. Raises LdapMessageError for an empty password.

    RFC 4513 section 5.1.2: a name without a password is an unauthenticated bind, which servers answer with success.
    """
    if not dn or not password:
        raise LdapMessageError("unauthenticated_bind")
    operation = _tlv(0x60, _integer(_INTEGER, 3), _text(dn), _tlv(0x80, _utf8(password)))
    controls = _tlv(_CONTROLS, _tlv(_SEQUENCE, _tlv(_OCTETS, _PASSWORD_POLICY)))
    return _message(number, operation, controls)


def search_request(
    number: int,
    base: str,
    wanted: Filter,
    attributes: Iterable[str],
    *,
    subtree: bool,
    size_limit: int,
    time_limit_s: int,
) -> bytes:
    """A search of the whole subtree, or of the base alone; aliases are not followed."""
    scope = 2 if subtree else 0
    operation = _tlv(
        0x63,
        _text(base),
        _integer(_ENUMERATED, scope),
        _integer(_ENUMERATED, 0),
        _integer(_INTEGER, size_limit),
        _integer(_INTEGER, time_limit_s),
        _tlv(_BOOLEAN, b"\0"),
        _filter(wanted),
        _tlv(_SEQUENCE, *(_text(name) for name in attributes)),
    )
    return _message(number, operation)


def start_tls_request(number: int) -> bytes:
    """Asks for TLS on this connection (RFC 4511 4.14.1)."""
    return _message(number, _tlv(0x77, _tlv(0x80, _START_TLS)))


def unbind_request(number: int) -> bytes:
    """Says goodbye; it has no answer."""
    return _message(number, _tlv(0x42))


def _message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    return _tlv(_SEQUENCE, _integer(_INTEGER, number), operation, controls)


def _filter(wanted: Filter) -> bytes:
    if isinstance(wanted, And):
        return _tlv(0xA0, *(_filter(one) for one in wanted.filters))
    if isinstance(wanted, Present):
        return _tlv(0x87, _utf8(wanted.attribute))
    return _tlv(0xA3, _text(wanted.attribute), _text(wanted.value))


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def _integer(tag: int, value: int) -> bytes:
    return _tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _text(value: str) -> bytes:
    return _tlv(_OCTETS, _utf8(value))


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise LdapMessageError("not_utf8") from None


# answers


def frame(data: bytes | bytearray) -> int | None:
    """How many octets the first message has, None while too few are there to tell. Raises LdapMessageError."""
    if not data:
        return None
    if data[0] != _SEQUENCE:
        raise LdapMessageError("not_ldap")
    try:
        start, size = _size(data, 1, len(data))
    except LdapMessageError as error:
        if error.problem == "truncated":
            return None
        raise
    if start + size > MAX_MESSAGE:
        raise LdapMessageError("too_large")
    return start + size


def decode(data: bytes) -> Message:
    """Read one whole message. Raises LdapMessageError."""
    if len(data) > MAX_MESSAGE:
        raise LdapMessageError("too_large")
    outer = _Reader(data)
    inner = _Reader(outer.take(_SEQUENCE))
    outer.end()
    number = _number(inner.take(_INTEGER))
    tag, body = inner.next()
    kind = _KINDS.get(tag)
    if kind is None:
        raise LdapMessageError("unexpected_message")
    if kind == "reference":
        return Message(number, kind, None)
    if kind == "entry":
        return Message(number, kind, _entry(body))
    return Message(number, kind, _result(body, _policy_of(inner)))


class _Reader:
    """Elements of definite length, one after the other (RFC 4511 5.1)."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def more(self) -> bool:
        return self._at < len(self._data)

    def next(self) -> tuple[int, bytes]:
        if not self.more():
            raise LdapMessageError("truncated")
        tag = self._data[self._at]
        if tag & 0x1F == 0x1F:
            raise LdapMessageError("bad_tag")
        start, size = _size(self._data, self._at + 1, len(self._data))
        if start + size > len(self._data):
            raise LdapMessageError("truncated")
        self._at = start + size
        return tag, self._data[start : self._at]

    def take(self, wanted: int) -> bytes:
        tag, body = self.next()
        if tag != wanted:
            raise LdapMessageError("bad_tag")
        return body

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """What is left: elements that we do not know are read past (RFC 4511 section 4)."""
        while self.more():
            yield self.next()

    def end(self) -> None:
        if self.more():
            raise LdapMessageError("trailing_octets")


def _size(data: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    """Where an element's contents begin, and their length. A server may write a length longer than needed."""
    if at >= end:
        raise LdapMessageError("truncated")
    first = data[at]
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    if not 1 <= count <= 4:  # indefinite, or more than any message has
        raise LdapMessageError("bad_length")
    start = at + 1 + count
    if start > end:
        raise LdapMessageError("truncated")
    return start, int.from_bytes(data[at + 1 : start], "big")


def _number(body: bytes) -> int:
    if not 1 <= len(body) <= 5:
        raise LdapMessageError("bad_number")
    value = int.from_bytes(body, "big", signed=True)
    if not 0 <= value <= _MAX_INT:
        raise LdapMessageError("bad_number")
    return value


def _string(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise LdapMessageError("not_utf8") from None


def _result(body: bytes, policy: PolicyState | None) -> Result:
    reader = _Reader(body)
    code = _number(reader.take(_ENUMERATED))
    reader.take(_OCTETS)  # matchedDN
    diagnostic = reader.take(_OCTETS)[: 4 * MAX_DIAGNOSTIC].decode("utf-8", "replace")[:MAX_DIAGNOSTIC]
    for _ in reader.rest():  # referral, serverSaslCreds, responseName, responseValue
        pass
    return Result(code, diagnostic, policy)


def _entry(body: bytes) -> Entry:
    reader = _Reader(body)
    dn = _string(reader.take(_OCTETS))
    attributes: dict[str, tuple[bytes, ...]] = {}
    pairs = _Reader(reader.take(_SEQUENCE))
    while pairs.more():
        pair = _Reader(pairs.take(_SEQUENCE))
        name = _string(pair.take(_OCTETS)).lower()
        values = _Reader(pair.take(_SET))
        attributes[name] = tuple(_octets(values))
    return Entry(dn, attributes)


def _octets(reader: _Reader) -> Iterator[bytes]:
    while reader.more():
        yield reader.take(_OCTETS)


def _policy_of(reader: _Reader) -> PolicyState | None:
    """The password policy control among the controls of a message."""
    found = None
    for tag, body in reader.rest():
        if tag != _CONTROLS:
            continue
        controls = _Reader(body)
        while controls.more():
            control = _Reader(controls.take(_SEQUENCE))
            name = control.take(_OCTETS)
            values = [value for kind, value in control.rest() if kind == _OCTETS]
            if name == _PASSWORD_POLICY and values:
                found = _policy(values[0])
    return found


def _policy(value: bytes) -> PolicyState:
    outer = _Reader(value)
    reader = _Reader(outer.take(_SEQUENCE))
    outer.end()
    error = grace_left = expires_in_s = None
    for tag, body in reader.rest():
        if tag == 0x81:
            error = _number(body)
        elif tag == 0xA0:
            warning, number = _Reader(body).next()
            if warning == 0x80:
                expires_in_s = _number(number)
            elif warning == 0x81:
                grace_left = _number(number)
    return PolicyState(error, grace_left, expires_in_s)
