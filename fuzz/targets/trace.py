"""`curl --trace-ascii` and `--trace`."""

from authwhy.evidence.read import read
from authwhy.evidence.trace import unwrap

_BROKEN = f"0000: GET /x HTTP/1.1\n0011: Authorization: Bearer {'a' * 42}\n0051: bcd\n0056: \n"
_HEX = "0000: 47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a GET / HTTP/1.1..\n0010: 41 3a 20 62            A: b\n"
SEEDS = (
    f"=> Send header, 83 bytes (0x53)\n{_BROKEN}<= Recv header, 5 bytes (0x5)\n0000: HTTP/1.1 401 No\n",
    f"=> Send header, 20 bytes\n{_HEX}<= Recv data, 2 bytes\n0000: ok\n== Info: done",
)


def check(text: str) -> None:
    """Unwrapping and reading both take anything."""
    unwrap(text)
    read(text)
