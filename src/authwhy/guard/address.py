"""Whose address a request comes from: a forwarded one is believed only from proxies that the service names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_MAX_HOPS = 32
_MAX_BYTES = 4_096


class TrustedProxies:
    """The networks whose X-Forwarded-For (or Forwarded, RFC 7239) is believed. Raises ValueError for no network."""

    def __init__(self, networks: Iterable[str] = (), header: str = "x-forwarded-for") -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(one) for one in networks)
        self._header = header.lower().encode()

    def __bool__(self) -> bool:
        """Is any proxy trusted?"""
        return bool(self._networks)

    def trusts(self, peer: str | None) -> bool:
        """Does this address belong to a trusted proxy? A Unix socket (no address) never does."""
        address = _parse(peer) if peer else None
        return address is not None and any(address in network for network in self._networks)

    def caller(self, peer: str | None, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """The nearest address that is no trusted proxy, read from the right; the peer itself where nothing is said.

        What a caller wrote into the header stands to the left of what the proxies added, so it is never believed.
        """
        if not self._networks or not self.trusts(peer):
            return peer
        hops = self._hops(headers)
        for hop in reversed(hops):
            address = _parse(hop)
            if address is None:  # a proxy wrote `unknown` or an obfuscated name: nothing left of it can be relied on
                return peer
            if not any(address in network for network in self._networks):
                return str(address)
            peer = str(address)
        return peer

    def _hops(self, headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
        joined = b",".join(value for name, value in headers if name == self._header)
        text = joined[-_MAX_BYTES:].decode("latin-1")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if self._header == b"forwarded":
            parts = [_forwarded_for(part) for part in parts]
        return parts[-_MAX_HOPS:]


def _forwarded_for(element: str) -> str:
    """The `for` node of one element of Forwarded (RFC 7239 section 6)."""
    for pair in element.split(";"):
        name, _, value = pair.strip().partition("=")
        if name.lower() == "for":
            return value.strip('"')
    return ""


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address, also with a port or brackets; IPv4 mapped into IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
