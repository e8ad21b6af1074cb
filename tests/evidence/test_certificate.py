"""Certificates, PEM and DER."""

from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from authwhy.evidence.read import read

KEY = ec.generate_private_key(ec.SECP256R1())
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def certificate(*, ca: bool = False) -> x509.Certificate:
    """A self-signed certificate with names and usages."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice")])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 0xABC, BEGIN, BEGIN + datetime.timedelta(days=1))
    names = [
        x509.DNSName("a.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.RFC822Name("alice@a.example"),
    ]
    usage = x509.KeyUsage(True, False, False, False, False, ca, False, False, False)
    return (
        builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(KEY, hashes.SHA256())
    )


def pem(one: x509.Certificate) -> str:
    """As text."""
    return one.public_bytes(serialization.Encoding.PEM).decode()


def test_pem_anywhere() -> None:
    """Names, times, usages of each certificate, in order."""
    evidence = read(f"my chain:\n{pem(certificate())}\n{pem(certificate(ca=True))}the end")
    leaf, root = evidence.certificates
    assert (leaf.subject, leaf.issuer, leaf.serial) == ("CN=alice", "CN=alice", "abc")
    assert (leaf.not_before, leaf.not_after - leaf.not_before) == (int(BEGIN.timestamp()), 86_400)
    assert leaf.names == ("a.example", "192.0.2.1", "alice@a.example")
    assert (leaf.usages, leaf.is_ca, leaf.where) == (("digitalSignature", "clientAuth"), False, "line 2")
    assert (root.usages, root.is_ca) == (("digitalSignature", "keyCertSign", "clientAuth"), True)


def test_der() -> None:
    """The same from bytes."""
    one = certificate()
    der = one.public_bytes(serialization.Encoding.DER)
    evidence = read(der, name="client.crt")
    assert (evidence.certificates[0].der, evidence.certificates[0].where) == (der, "client.crt, DER")
    assert evidence.kinds == ("certificate",)


def test_json_escaped_pem() -> None:
    """`\\n` in a string."""
    assert len(read('{"cert": "' + pem(certificate()).replace("\n", "\\n") + '"}').certificates) == 1


def test_other_asn1_and_damaged_pem_are_noted() -> None:
    """No exception, a note."""
    key = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert "no certificate" in read(key).notes[0]
    assert "cannot be read" in read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").notes[0]
