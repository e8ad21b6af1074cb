"""Client certificates as servers and proxies hand them over: PEM, percent-encoded PEM, or DER in base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import unquote

from authwhy.verify.client_cert import ClientCertificate

MAX_CHARS = 64 * 1024
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,65536})-----END CERTIFICATE-----")


def from_pem_chain(chain: Iterable[str]) -> ClientCertificate | None:
    """The leaf and its intermediates from PEM texts, the leaf first; None when there is none."""
    found = [der for text in chain if len(text) <= MAX_CHARS for der in _ders(text)]
    return ClientCertificate(found[0], tuple(found[1:])) if found else None


def from_header(value: str) -> ClientCertificate | None:
    """A certificate as a proxy forwards it: RFC 9440 `Client-Cert` (base64 DER between colons), or PEM, which nginx
    percent-encodes and others write with blanks for line ends. None for anything else."""
    if len(value) > MAX_CHARS:
        return None
    text = unquote(value) if "%" in value else value
    if "-----BEGIN" in text:
        return from_pem_chain([text])
    octets = _decoded(text.strip().strip(":"))
    return None if octets is None else ClientCertificate(octets)


def _ders(text: str) -> list[bytes]:
    return [octets for match in _PEM.finditer(text) if (octets := _decoded(match[1])) is not None]


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None
