"""`curl --trace-ascii` and `--trace`: rows become lines before anything is hidden."""

from __future__ import annotations

from authwhy.evidence.read import read
from authwhy.evidence.trace import is_trace, unwrap

HEADER = "GET /x HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer " + "Zq7xK2mWv9" * 8 + "\r\nAccept: */*\r\n\r\n"


def ascii_dump(data: str) -> str:
    """The dump of curl's tool_cb_dbg.c: rows of 64, a new row after each line break."""
    rows, at = [], 0
    while at < len(data):
        stop = data.find("\r\n", at, at + 66)
        end = min(at + 64, len(data)) if stop < 0 else stop
        rows.append(f"{at:04x}: {data[at:end]}")
        at = end + 2 if stop >= 0 else end
    return "\n".join(rows)


def hex_dump(data: str) -> str:
    """The same with --trace: 16 bytes a row, in hex and as text."""
    rows = []
    for at in range(0, len(data), 16):
        piece = data[at : at + 16]
        octets = "".join(f"{ord(char):02x} " for char in piece).ljust(48)
        rows.append(f"{at:04x}: {octets}{''.join(char if char.isprintable() else '.' for char in piece)}")
    return "\n".join(rows)


def test_broken_lines_are_whole_again() -> None:
    """The token that the dump broke in three stands in one line."""
    text = f"=> Send header, {len(HEADER)} bytes (0x{len(HEADER):x})\n{ascii_dump(HEADER)}\n== Info: done"
    assert is_trace(text)
    assert f"> Authorization: Bearer {'Zq7xK2mWv9' * 8}\n> Accept: */*" in unwrap(text)
    assert "Zq7x" not in read(text).text


def test_hex_dumps_are_decoded() -> None:
    """--trace gives the same lines."""
    text = f"=> Send header, {len(HEADER)} bytes\n{hex_dump(HEADER)}\n<= Recv header, 4 bytes\n0000: 41 42                                           AB\n"
    assert f"> Authorization: Bearer {'Zq7xK2mWv9' * 8}\n" in unwrap(text)
    assert "Zq7x" not in read(text).text


def test_bodies_are_plain_lines_and_tls_rows_are_left_out() -> None:
    """What curl says about itself stays as information."""
    text = "=> Send SSL data, 5 bytes (0x5)\n0000: .....\n=> Send header, 1 byte\n0000: GET / HTTP/1.1\n<= Recv header, 9 bytes\n0000: HTTP/1.1 401 No\n0010: \n<= Recv data, 5 bytes (0x5)\n0000: hello\n== Info: Closing"
    assert unwrap(text) == "> GET / HTTP/1.1\n< HTTP/1.1 401 No\n<\nhello\n* Closing"


def test_other_texts_are_no_trace() -> None:
    """A hex dump alone is left as it is."""
    assert not is_trace("0000: 41 42 AB")
