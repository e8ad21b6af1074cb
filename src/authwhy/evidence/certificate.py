"""X.509 certificates (RFC 5280): PEM blocks anywhere in the text, and DER bytes."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from authwhy.evidence.interface import Found, Material
from authwhy.evidence.keys import normalised
from authwhy.model.evidence import CertificateFound

if TYPE_CHECKING:
    from cryptography import x509

_MAX_CERTIFICATES = 200


@cache
def _block() -> re.Pattern[str]:
    return re.compile(
        r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]{1,65536})-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
    )


def read(material: Material, found: Found) -> None:
    """Read every certificate of the text, in order; damaged ones are noted."""
    for count, match in enumerate(_block().finditer(material.text)):
        if count >= _MAX_CERTIFICATES:
            break
        where = f"line {material.line(match.start())}"
        certificate = from_pem(material.vault.reveal(match[0]), where)
        if certificate is None:
            found.notes.append(f"{where}: the certificate cannot be read")
        else:
            found.certificates.append(certificate)
    if found.certificates:
        found.kinds.append("certificate")


def from_pem(block: str, where: str) -> CertificateFound | None:
    """One PEM block, or None when it is damaged."""
    from cryptography import x509
    from cryptography.exceptions import InternalError

    try:
        return _found(x509.load_pem_x509_certificate(normalised(block, "CERTIFICATE")), where)
    except (ValueError, InternalError):
        return None


def from_der(der: bytes, where: str) -> CertificateFound | None:
    """A DER certificate, or None when the bytes are something else."""
    from cryptography import x509
    from cryptography.exceptions import InternalError

    try:
        return _found(x509.load_der_x509_certificate(der), where)
    except (ValueError, InternalError):
        return None


def _found(certificate: x509.Certificate, where: str) -> CertificateFound:
    from cryptography.hazmat.primitives.serialization import Encoding

    return CertificateFound(
        subject=_name(certificate, "subject"),
        issuer=_name(certificate, "issuer"),
        serial=f"{certificate.serial_number:x}",
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
        names=_names(certificate),
        usages=_usages(certificate),
        is_ca=_is_ca(certificate),
        der=certificate.public_bytes(Encoding.DER),
        where=where,
    )


def _name(certificate: x509.Certificate, which: str) -> str:
    try:
        name: x509.Name = getattr(certificate, which)
        return name.rfc4514_string()
    except ValueError:
        return ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Subject alternative names as text (RFC 5280 4.2.1.6); none when the extension is absent or damaged."""
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound):
        return ()
    return tuple(_general_name(name.value) for name in extension.value)


def _general_name(value: object) -> str:
    return getattr(value, "rfc4514_string", lambda: str(value))()


def _usages(certificate: x509.Certificate) -> tuple[str, ...]:
    """Key usages and extended key usages by the names of RFC 5280 4.2.1.3 and 4.2.1.12."""
    from cryptography import x509

    usages: list[str] = []
    try:
        key_usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        usages += [name for attribute, name in _KEY_USAGES if getattr(key_usage, attribute)]
    except (ValueError, x509.ExtensionNotFound):
        pass
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        usages += [_EXTENDED.get(usage.dotted_string, usage.dotted_string) for usage in extended]
    except (ValueError, x509.ExtensionNotFound):
        pass
    return tuple(usages)


_KEY_USAGES = (
    ("digital_signature", "digitalSignature"),
    ("content_commitment", "nonRepudiation"),
    ("key_encipherment", "keyEncipherment"),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", "keyCertSign"),
    ("crl_sign", "cRLSign"),
)
_EXTENDED = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}


def _is_ca(certificate: x509.Certificate) -> bool:
    from cryptography import x509

    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (ValueError, x509.ExtensionNotFound):
        return False
