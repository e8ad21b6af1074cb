"""Hostile input to evidence: decode, redact, then every reader that can apply. Never raises."""

from __future__ import annotations

from importlib import import_module

from authwhy.evidence.decode import decode
from authwhy.evidence.interface import Found, Material, Reader
from authwhy.evidence.redact import redact
from authwhy.model.evidence import Evidence, Exchange
from authwhy.model.secret import Vault

_METHODS = ("GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "PATCH ", "CONNECT ", "OPTIONS ", "PROPFIND ", "REGISTER ")
READERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("curl_command", ("curl",)),
    ("curl_verbose", ("< HTTP/", "* Connected to", *(f"> {method}" for method in _METHODS))),
    ("http_exchange", ("HTTP/", *_METHODS)),
    ("token", ("\ue000",)),
    ("keys", ("kty", " KEY-----")),
    ("certificate", ("CERTIFICATE-----",)),
    ("settings", ("=", ":")),
)
"""The readers in the order they run, each with literals one of which the safe text must hold for it to apply."""
_OF_ARCHIVES = ("token", "keys", "certificate", "settings")


def read(data: str | bytes, *, name: str = "input") -> Evidence:
    """Read one input, whatever it is. `name` stands before each place (`where`) when it is not "input".

    At most 20 MB of text are read (the first and the last 10 MB of a longer input); a HAR may have 100 MB.
    """
    vault = Vault()
    prefix = "" if name == "input" else f"{name}, "
    if (archive := _archive(data, vault, prefix)) is not None:
        return archive
    decoded = decode(data)
    if decoded.der is not None:
        return _from_der(decoded.der, vault, prefix)
    found = Found()
    found.notes += decoded.notes
    text = _unwrapped(decoded.text)
    material = Material(redact(text, vault), vault)
    _run(material, found, tuple(name for name, _ in READERS))
    _give_commands_their_answers(found)
    if not any(kind != "settings" for kind in found.kinds) and text.strip():
        found.kinds.append("text")
    return _evidence(material, found, prefix)


def _archive(data: str | bytes, vault: Vault, prefix: str) -> Evidence | None:
    head = data[:1]
    if head not in ("{", "[", b"{", b"[", b"\xef", "\ufeff", " ", "\n", b" ", b"\n", b"\r", "\r"):
        return None
    from authwhy.evidence.har import MAX_HAR, is_har, read_har

    if not is_har(data) or len(data) > MAX_HAR:
        return None
    archive = read_har(data, vault)
    if archive is None:
        return None
    found = Found()
    found.kinds.append("har")
    found.notes += archive.notes
    found.exchanges += [(index, exchange) for index, exchange in enumerate(archive.exchanges)]
    found.taken = [(0, len(archive.text))]
    material = Material(archive.text, vault)
    _run(material, found, _OF_ARCHIVES)
    return _evidence(material, found, prefix)


def _from_der(der: bytes, vault: Vault, prefix: str) -> Evidence:
    from authwhy.evidence.certificate import from_der

    certificate = from_der(der, f"{prefix}DER")
    if certificate is None:
        return Evidence(
            notes=("the input is ASN.1 (DER) but no certificate: a key, a PKCS #12 file or a CRL",), vault=vault
        )
    return Evidence(certificates=(certificate,), kinds=("certificate",), vault=vault)


def _unwrapped(text: str) -> str:
    if "0000: " not in text:
        return text
    from authwhy.evidence.trace import is_trace, unwrap

    return unwrap(text) if is_trace(text) else text


def _run(material: Material, found: Found, names: tuple[str, ...]) -> None:
    for name, literals in READERS:
        if name in names and any(literal in material.text for literal in literals):
            reader: Reader = import_module(f"authwhy.evidence.{name}")
            reader.read(material, found)


def _give_commands_their_answers(found: Found) -> None:
    """A response that follows a curl command (`curl -i`) answers it: it gets the command's request."""
    places = sorted([(start, 0, index) for index, (start, _) in enumerate(found.commands)] + [
        (start, 1, index) for index, (start, _) in enumerate(found.exchanges)
    ])  # fmt: skip
    last: int | None = None
    for _, is_exchange, index in places:
        if not is_exchange:
            last = index
            continue
        start, exchange = found.exchanges[index]
        if exchange.request is None and last is not None:
            request = found.commands[last][1].request
            found.exchanges[index] = (start, Exchange(request, exchange.response, exchange.where, exchange.at))
        last = None


def _evidence(material: Material, found: Found, prefix: str) -> Evidence:
    evidence = Evidence(
        text=material.text,
        exchanges=tuple(exchange for _, exchange in sorted(found.exchanges, key=lambda pair: pair[0])),
        commands=tuple(command for _, command in sorted(found.commands, key=lambda pair: pair[0])),
        tokens=tuple(found.tokens),
        key_sets=tuple(found.key_sets),
        certificates=tuple(found.certificates),
        settings=tuple(found.settings),
        kinds=tuple(found.kinds),
        notes=tuple(found.notes),
        vault=material.vault,
    )
    if not prefix:
        return evidence
    from authwhy.evidence.joined import placed

    return placed(evidence, prefix)


def merge(evidences: list[Evidence] | tuple[Evidence, ...]) -> Evidence:
    """Several inputs as one: everything in order, texts joined by a blank line, one vault."""
    if len(evidences) == 1:
        return evidences[0]
    from authwhy.evidence.joined import joined

    return joined(evidences)
