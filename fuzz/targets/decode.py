"""Bytes to text. The mutated text stands for bytes."""

from authwhy.evidence.decode import decode

SEEDS = (
    "plain text",
    "\xef\xbb\xbfa",
    "\xff\xfea\x00b\x00",
    "\x30\x82\x01\x00" + "\x02" * 256,
    "\x1b[31mred\x1b[0m\x1b]0;t\x07",
    "\x1f\x8b\x08",
)


def check(text: str) -> None:
    """Text has no carriage returns, NULs or escapes; text and bytes are both taken."""
    for data in (text, text.encode("latin-1", "replace"), text.encode("utf-8", "surrogatepass")):
        found = decode(data)
        assert not set(found.text) & set("\r\x00\x1b")
        assert found.text == "" or found.der is None
