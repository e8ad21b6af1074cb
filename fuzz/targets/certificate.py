"""X.509, PEM and DER. The mutated text stands for bytes as well."""

from base64 import b64decode

from authwhy.evidence.read import read

PEM = """-----BEGIN CERTIFICATE-----
MIIBJTCBzKADAgECAgIKvDAKBggqhkjOPQQDAjAQMQ4wDAYDVQQDDAVhbGljZTAe
Fw0yNjAxMDEwMDAwMDBaFw0yNjAxMDIwMDAwMDBaMBAxDjAMBgNVBAMMBWFsaWNl
-----END CERTIFICATE-----"""
SEEDS = (PEM, "chain:\n" + PEM + "\n" + PEM, b64decode("".join(PEM.split("\n")[1:-1])).decode("latin-1"))


def check(text: str) -> None:
    """Times are in order where a certificate was read."""
    for data in (text, text.encode("latin-1", "replace")):
        for certificate in read(data).certificates:
            assert certificate.der
