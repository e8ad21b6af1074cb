"""Read DER certificates (RFC 5280) and plain facts from them. A certificate is public, but its text is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from authwhy.causes import Cause
from authwhy.model.outcome import Failure

MAX_DER_BYTES = 32_768
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# what the library raises for hostile bytes; a Warning where the program turns warnings into errors
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    Warning,
)


def read_certificate(der: bytes, which: str = "leaf") -> x509.Certificate | Failure:
    """Parse one DER certificate; `which` says in the facts which one it was. Never raises.

    `settled` must be asked before anything is read from it: much of a certificate is parsed late.
    """
    if len(der) > MAX_DER_BYTES:
        return _malformed(None, "too_long", which)
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE:
        return _damage(der, which)


def settled(certificate: x509.Certificate, which: str = "leaf") -> Failure | None:
    """Parse names, dates and extensions now, so that nothing fails later; the Failure says that one is broken."""
    try:
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except UNREADABLE:
        return _malformed(None, "not_a_certificate", which)
    return None


def _damage(der: bytes, which: str) -> Failure:
    """Why the bytes are no DER certificate."""
    if not der:
        return _malformed("truncated", "empty", which)
    if der.lstrip()[:10] == b"-----BEGIN" or der[:3] == b"MII":
        return _malformed("encoding", "pem_not_der", which)
    length = _outer_length(der)
    if length is None:
        return _malformed(None, "not_der", which)
    if length > len(der):
        return _malformed("truncated", "shorter_than_its_length", which)
    return _malformed(None, "trailing_bytes" if length < len(der) else "not_a_certificate", which)


def _outer_length(der: bytes) -> int | None:
    """The length that the outer SEQUENCE announces, with its header; None when there is none."""
    if len(der) < 2 or der[0] != 0x30:
        return None
    if der[1] < 0x80:
        return 2 + der[1]
    octets = der[1] & 0x7F
    return 2 + octets + int.from_bytes(der[2 : 2 + octets], "big") if 1 <= octets <= 4 else None


def _malformed(detail: str | None, problem: str, which: str) -> Failure:
    return Failure(Cause.MALFORMED, detail, {"problem": problem, "part": which})


def seconds(moment: datetime) -> int:
    """Whole seconds since 1970."""
    return (moment - EPOCH) // timedelta(seconds=1)


def moment(at: int) -> datetime:
    """The time `at` s since 1970, held inside the years that a certificate can name."""
    return EPOCH + timedelta(seconds=min(max(at, -62_135_596_800), 253_402_300_799))


def validity(certificate: x509.Certificate) -> tuple[int, int]:
    """notBefore and notAfter (RFC 5280 section 4.1.2.5), s since 1970, both inclusive."""
    return seconds(certificate.not_valid_before_utc), seconds(certificate.not_valid_after_utc)


def serial(certificate: x509.Certificate) -> str:
    """The serial number in lower-case hex without leading zeros."""
    return format(certificate.serial_number, "x")


def plain_serial(text: str) -> str:
    """A serial as people write it (colons, blanks, 0x, upper case) in the form of `serial`."""
    return "".join(text.replace(":", "").split()).lower().removeprefix("0x").lstrip("0") or "0"


def shown(name: x509.Name) -> str:
    """A distinguished name as RFC 4514 text, at most 200 printable characters."""
    return printable(name.rfc4514_string())


def printable(text: str) -> str:
    """Text from a certificate without control characters, at most 200 characters."""
    text = text[:200]
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Subject alternative names (DNS in lower case, e-mail, URI, IP); the common names where there are none."""
    found: list[str] = []
    for name in _alternative_names(certificate):
        if isinstance(name, x509.DNSName):
            found.append(name.value.lower())
        elif isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
            found.append(name.value)
        elif isinstance(name, x509.IPAddress):
            found.append(str(name.value))
    if found:
        return tuple(found)
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return tuple(each.value for each in common if isinstance(each.value, str))


def _alternative_names(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    try:
        return tuple(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return ()
