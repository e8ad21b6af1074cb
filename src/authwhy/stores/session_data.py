"""What a session holds, as bytes: every store gives back a copy, and the same types."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

MAX_BYTES = 65_536
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(dict[str, object])


def pack(data: Mapping[str, object]) -> bytes:
    """Raises ValueError for data that is not plain, or larger than MAX_BYTES; the text names types, no values."""
    try:
        packed = _ENCODER.encode(dict(data))
        _DECODER.decode(packed)
    except (TypeError, msgspec.MsgspecError, OverflowError, RecursionError, UnicodeEncodeError) as error:
        raise ValueError(f"session data is not plain: {type(error).__name__}") from None
    if len(packed) > MAX_BYTES:
        raise ValueError(f"session data is larger than {MAX_BYTES} bytes")
    return packed


def unpack(packed: bytes) -> dict[str, object]:
    """The data that was packed. Raises ValueError for bytes that were not."""
    return _DECODER.decode(packed)
