"""Reading DER: what is wrong with the bytes, and what a certificate says."""

from __future__ import annotations

import base64
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from tests.verify.certificate_factory import DAY, NOW, issue, named

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.verify import certificate_read as reading

ALICE = issue("alice")


@pytest.mark.parametrize(
    ("der", "detail", "problem"),
    [
        (b"", "truncated", "empty"),
        (ALICE.der[:-1], "truncated", "shorter_than_its_length"),
        (ALICE.der + b"x", None, "trailing_bytes"),
        (ALICE.certificate.public_bytes(Encoding.PEM), "encoding", "pem_not_der"),
        (base64.b64encode(ALICE.der), "encoding", "pem_not_der"),
        (b"\x30\x00", None, "not_a_certificate"),
        (b"\x30", None, "not_der"),
        (b"\x30\x80", None, "not_der"),
        (b"hello world", None, "not_der"),
        (b"\x30" * 40_000, None, "too_long"),
    ],
)
def test_damage(der: bytes, detail: str | None, problem: str) -> None:
    """Bytes that are no certificate are malformed, and the facts say how."""
    failure = reading.read_certificate(der, "intermediate")
    assert failure == Failure(Cause.MALFORMED, detail, {"problem": problem, "part": "intermediate"})


@given(st.binary(max_size=400))
def test_never_raises_on_noise(der: bytes) -> None:
    """Random bytes are a Failure."""
    assert isinstance(reading.read_certificate(der), Failure)


@given(st.integers(0, len(ALICE.der) - 1), st.integers(0, 255))
def test_never_raises_on_a_changed_byte(at: int, value: int) -> None:
    """One byte changed anywhere gives a certificate or a Failure; a settled certificate can be read."""
    certificate = reading.read_certificate(ALICE.der[:at] + bytes([value]) + ALICE.der[at + 1 :])
    if isinstance(certificate, x509.Certificate) and reading.settled(certificate) is None:
        assert reading.validity(certificate)
        assert isinstance(reading.names(certificate), tuple)
        assert reading.shown(certificate.subject).isprintable()


def test_validity() -> None:
    """Both ends are seconds since 1970."""
    assert reading.validity(ALICE.certificate) == (NOW - 10 * DAY, NOW + 100 * DAY)


@pytest.mark.parametrize("at", [-(10**20), -1, 0, NOW, 10**20])
def test_moment_is_held_in_range(at: int) -> None:
    """No time overflows a datetime."""
    assert 1 <= reading.moment(at).year <= 9999


@pytest.mark.parametrize("text", ["0a:FF:01", "0x0AFF01", "aff01", " A F F 0 1 "])
def test_plain_serial(text: str) -> None:
    """A serial may be written in any common way."""
    assert reading.plain_serial(text) == "aff01"


def test_serial() -> None:
    """Serials are lower-case hex without leading zeros."""
    assert reading.serial(issue("a", serial=0x0AFF01).certificate) == "aff01"


def test_names_prefer_alternative_names() -> None:
    """The common name counts only where there is no alternative name."""
    san = x509.SubjectAlternativeName(
        [
            x509.DNSName("Client.Example.COM"),
            x509.RFC822Name("alice@example.com"),
            x509.UniformResourceIdentifier("spiffe://example.com/alice"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        ]
    )
    with_san = issue("alice", extensions=[(san, False)])
    expected = ("client.example.com", "alice@example.com", "spiffe://example.com/alice", "192.0.2.7")
    assert reading.names(with_san.certificate) == expected
    assert reading.names(ALICE.certificate) == ("alice",)


def test_shown_text_is_printable_and_short() -> None:
    """A hostile name brings no control characters and no flood into the facts."""
    assert reading.printable("a\x1b[31m\nb" + "x" * 500) == ("a?[31m?b" + "x" * 500)[:200]
    assert reading.shown(named("alice")) == "CN=alice"


def test_settled_finds_what_loading_does_not() -> None:
    """A certificate whose extensions are broken is malformed, though it loads."""
    usage = issue("alice", ca=True).der
    broken = usage.replace(bytes.fromhex("30030101ff"), bytes.fromhex("30030101fe"))
    certificate = reading.read_certificate(broken)
    assert isinstance(certificate, x509.Certificate)
    failure = reading.settled(certificate)
    assert failure == Failure(Cause.MALFORMED, None, {"problem": "not_a_certificate", "part": "leaf"})
