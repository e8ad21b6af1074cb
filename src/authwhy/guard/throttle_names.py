"""What failures are counted under: an identity however it is written, and the network an address stands for."""

from __future__ import annotations

import ipaddress
import unicodedata
from functools import lru_cache

MAX_NAME = 1_024
"""Characters of an identity or address that are looked at: names that differ only after that count as one."""


def normal(identity: str) -> str:
    """One spelling for all that people and directories take for the same name: NFKC, case folded, blanks stripped.

    Dots and plus signs stay: what they mean differs from one mail provider to the next.
    """
    name = identity[:MAX_NAME]
    if name.isascii():
        return name.strip().lower()
    folded = unicodedata.normalize("NFD", name).casefold()  # the order of Unicode 3.13, D146
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", folded).casefold()).strip()


@lru_cache(maxsize=4_096)
def network(address: str, ipv4_prefix: int = 32, ipv6_prefix: int = 64) -> str:
    """The network that one person can be expected to move in freely; an IPv4 address inside IPv6 is IPv4.

    Text that is no address (the path of a Unix socket, a name) stands for itself.
    """
    text = address[:MAX_NAME]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return _cut(int(found), 128, ipv6_prefix)
        found = found.ipv4_mapped
    return _cut(int(found), 32, ipv4_prefix)


def _cut(number: int, bits: int, prefix: int) -> str:
    return f"{bits}:{number >> (bits - prefix) << (bits - prefix):x}/{prefix}"
