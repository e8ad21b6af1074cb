"""The public functions behind `import authwhy`: wiring of readers, engine and this machine's clock."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from authwhy.diagnose.context import Context, says_anything
from authwhy.diagnose.explain import diagnose
from authwhy.diagnose.times import parse_time
from authwhy.evidence.read import merge, read
from authwhy.model.diagnosis import Diagnosis
from authwhy.model.evidence import Evidence

if TYPE_CHECKING:
    from authwhy.model.event import Event

Input = str | bytes


def explain(
    text: Input | Sequence[Input] = (),
    *,
    event: Event | None = None,
    at: str | float | None = None,
    secret: str | None = None,
    jwks: Mapping[str, object] | str | None = None,
    retired_jwks: Mapping[str, object] | str | None = None,
    issuer: str | Sequence[str] = (),
    audience: str | Sequence[str] = (),
    algorithms: Sequence[str] = (),
    scope: Sequence[str] = (),
    leeway_s: int = 0,
    config: Input | None = None,
) -> Diagnosis:
    """Say why authentication failed: hand in whatever you have, in one piece or several.

    `text` may be an error text, an HTTP exchange, curl output, a HAR, a token, a log line, a key set; bytes are
    decoded. `event` is the record of this failure, with or without a text. `at` fixes now (a time as text or seconds
    since 1970; the event's own otherwise). `secret`, `jwks`, `issuer`, `audience` and `config` are what a proof needs.
    Secrets never appear in the result. Raises ValueError for an `at` or `jwks` that cannot be read, and for a config
    that says nothing; never for the text.
    """
    pieces = [text] if isinstance(text, str | bytes) else list(text)
    evidence = [
        read(piece, name=f"input {number}" if len(pieces) > 1 else "input") for number, piece in enumerate(pieces, 1)
    ]
    if config is not None:
        evidence.append(config_of(config))
    context = context_of(
        at=at, secret=secret, jwks=jwks, retired_jwks=retired_jwks, issuer=issuer, audience=audience,
        algorithms=algorithms, scope=scope, leeway_s=leeway_s,
    )  # fmt: skip
    return diagnose(merge(evidence), context, event)


def context_of(
    *,
    at: str | float | None = None,
    secret: str | None = None,
    jwks: Mapping[str, object] | str | None = None,
    retired_jwks: Mapping[str, object] | str | None = None,
    issuer: str | Sequence[str] = (),
    audience: str | Sequence[str] = (),
    algorithms: Sequence[str] = (),
    scope: Sequence[str] = (),
    leeway_s: int = 0,
) -> Context:
    """What was handed in by name, with this machine's clock. Raises ValueError for `at` or a key set it cannot read."""
    return Context(
        clock=int(time.time()),
        at=_time(at),
        secret=secret,
        jwks=_jwks(jwks),
        retired_jwks=_jwks(retired_jwks),
        issuers=_several(issuer),
        audiences=_several(audience),
        algorithms=tuple(algorithms),
        scope=tuple(scope),
        leeway_s=leeway_s,
    )


def config_of(config: Input) -> Evidence:
    """The verifier's settings. Raises ValueError when nothing in them says what it wants."""
    found = read(config, name="config")
    if not says_anything(found) and not found.key_sets and not found.certificates:
        raise ValueError("config: holds no issuer, audience, algorithms, secret, scope or key that could be read")
    return found


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _time(at: str | float | None) -> int | None:
    if at is None:
        return None
    seconds = parse_time(at) if isinstance(at, str) else float(at)
    if seconds is None or not 0 <= seconds < 1e11:
        raise ValueError(f"at: {str(at)[:40]!r} is no time; write 2026-01-31T14:02:11Z or seconds since 1970")
    return int(seconds)


def _jwks(value: Mapping[str, object] | str | None) -> Mapping[str, object] | None:
    if value is None or not isinstance(value, str):
        return value
    import msgspec

    try:
        decoded: object = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("jwks: not JSON, or nested too deeply") from None
    if not isinstance(decoded, dict):
        raise ValueError("jwks: must be an object with a list `keys`, or one key")
    return decoded
