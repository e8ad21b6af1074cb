"""Bytes to text: encodings, byte order marks, binary formats, size caps, terminal escape codes."""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import NamedTuple

from authwhy.model.secret import without_placeholders

MAX_TEXT = 20_000_000
_SAMPLE = 65_536
_MAGIC = (
    (b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "a zip archive"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstandard"), (b"%PDF", "a PDF"), (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"), (b"\x7fELF", "a program"), (b"MZ\x90\x00", "a program"),
    (b"ElfFile\x00", "a Windows event log"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"), (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"), (b"\xfe\xed\xfe\xed", "a Java key store"),
    (b"\x05\x02", "a Kerberos keytab"), (b"SQLite format 3\x00", "an SQLite database"),
)  # fmt: skip


class Decoded(NamedTuple):
    """Text, or why there is none. `der` is set instead of text when the bytes are ASN.1 (RFC 5280 certificates)."""

    text: str
    notes: tuple[str, ...] = ()
    der: bytes | None = None


def decode(data: str | bytes, limit: int = MAX_TEXT) -> Decoded:
    """Turn input into text. Never raises; at most `limit` characters, the first and the last half of a longer one."""
    if isinstance(data, str):
        return _finish(whole(data), [], limit)
    if data[:1] == b"\x30" and _is_der(data):
        return Decoded("", der=data)
    notes: list[str] = []
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return Decoded("", (f"the input is {name}, not text",))
    text = _decode_text(_cut(data, limit, notes), notes)
    return _finish(text, notes, limit) if text is not None else Decoded("", ("the input is binary, not text",))


def whole(text: str) -> str:
    """The text with lone surrogates replaced: it can be encoded and printed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def without_forgeries(text: str) -> str:
    """Without characters that would be taken for placeholders, also those that JSON or a URL would decode to them."""
    text = without_placeholders(text)
    if "e00" in text or "E00" in text or "%80%8" in text:
        return _forgery().sub("\ufffd", text)
    return text


@cache
def _forgery() -> re.Pattern[str]:
    return re.compile(r"(?<!\\)\\++[uU](?:0000)?[eE]00[01]|%[eE][eE]%80%8[01]")


def _is_der(data: bytes) -> bool:
    """True when the bytes are one ASN.1 SEQUENCE whose length fits (X.690 8.1.3)."""
    if len(data) < 64 or data[1] < 0x81 or data[1] > 0x84:
        return False
    count = data[1] & 0x7F
    length = int.from_bytes(data[2 : 2 + count], "big") + 2 + count
    return length <= len(data) <= length + 2


def _cut(data: bytes, limit: int, notes: list[str]) -> bytes:
    """The first and the last half of too many bytes. UTF-16 keeps whole pairs, since half the limit is even."""
    if len(data) <= limit:
        return data
    notes.append(_cut_note(len(data), limit))
    half = limit // 2
    start = len(data) - half
    return data[:half] + data[start + (start & 1) :]


def _cut_note(size: int, limit: int) -> str:
    return f"only the first and the last {limit // 2:,} characters of {size:,} were read"


def _decode_text(data: bytes, notes: list[str]) -> str | None:
    if data.startswith(codecs.BOM_UTF8):
        notes.append("the input starts with a byte order mark (UTF-8)")
        return data[3:].decode("utf-8", "replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        notes.append("the input is UTF-16 text")
        return data.decode("utf-16", "replace")
    sample = data[:_SAMPLE]
    zeros = sample.count(0)
    if zeros:
        for name, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
            if zeros > len(sample) * 0.3 and sample[odd::2].count(0) > len(sample) * 0.35:
                notes.append("the input is UTF-16 text without a byte order mark")
                return data.decode(name, "replace")
        if zeros > len(sample) * 0.01:
            return None
    if _is_binary(sample):
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        notes.append("some bytes are not UTF-8 and were replaced")
        return data.decode("utf-8", "replace")


def _is_binary(sample: bytes) -> bool:
    """True when more than a tenth of the bytes are control characters."""
    control = len(sample) - len(sample.translate(None, bytes([*range(9), 11, 12, *range(14, 27), *range(28, 32), 127])))
    return control > len(sample) * 0.1


def _finish(text: str, notes: list[str], limit: int) -> Decoded:
    if len(text) > limit:
        notes.append(_cut_note(len(text), limit))
        text = text[: limit // 2] + text[-(limit // 2) :]
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\x1b" in text or "\x9b" in text:
        notes.append("terminal escape codes were removed")
        text = _escape_codes().sub("", text).replace("\x1b", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        notes.append("NUL characters were removed")
        text = text.replace("\x00", "")
    return Decoded(text, tuple(notes))


@cache
def _escape_codes() -> re.Pattern[str]:
    """CSI and OSC sequences (ECMA-48 5.4); bounded, so that a lone escape costs little."""
    return re.compile(
        r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)?"
        r"|\x1b[()#%][0-9A-Za-z]|\x1b[=>78cDEHMNOPVWXZ]"
    )
