"""The private record of one sign-in attempt, `authwhy.event/1`: flat, typed, and without any credential.

Guard writes it, logs are read into it, watch collects it. OCSF 3002 and ECS are formats at the edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from authwhy.causes import Cause, Kind, Public
from authwhy.model.outcome import FactValue

SCHEMA = "authwhy.event/1"
EventOutcome = Literal["success", "failure", "interrupt", "unknown"]


class Record(Struct, frozen=True):
    """A struct that can also be read as a mapping of its fields, so that `dict(event)` and `event["user"]` work."""

    def __getitem__(self, name: str) -> Any:
        if name in self.__struct_fields__:
            return getattr(self, name)
        raise KeyError(name)

    def get(self, name: str, default: object = None) -> Any:
        """The field of that name, or `default`."""
        return getattr(self, name) if name in self.__struct_fields__ else default

    def keys(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self.__struct_fields__

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


class Weighed(Record, frozen=True):
    """One possible cause and its probability; guard saw the check fail, so its own have 1."""

    cause: Cause
    p: float = 1.0


class Refusal(Record, frozen=True):
    """Why one provider did not accept: every failing check is a cause, the first leads.

    `detail` and `facts` belong to the first cause. `attested` is true when the facts were read from signed bytes.
    """

    provider: str
    causes: tuple[Cause, ...]
    detail: str | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    attested: bool = False
    claimed: bool = True

    @property
    def cause(self) -> Cause:
        """The first failing check."""
        return self.causes[0]


class Event(Record, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """One attempt. `time` is RFC 3339 in UTC; `duration_us` is microseconds; `line` is the line of a log, from 1.

    `ref` is the reference that the public answer carries too. `user` is a name only where it is known to be one
    (an account that exists, a claim whose signature is good); else `user_digest`, keyed. `provider` is the provider
    that decided, `fingerprint` a keyed digest of the credential. `refusals` keeps every provider's reasons, in order.
    """

    time: str
    outcome: EventOutcome
    causes: tuple[Weighed, ...] = ()
    kind: Kind | None = None
    code: str | None = None
    reason: str | None = None
    user: str | None = None
    app: str | None = None
    provider: str | None = None
    method: str | None = None
    address: str | None = None
    port: int | None = None
    agent: str | None = None
    host: str | None = None
    version: str | None = None
    session: str | None = None
    attempts: int = 1
    source: str | None = None
    line: int | None = None
    ref: str | None = None
    # what guard knows beyond a log line
    status: int | None = None
    public: Public | None = None
    detail: str | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    route: str | None = None
    verb: str | None = None
    path: str | None = None
    via: str | None = None
    issuer: str | None = None
    fingerprint: str | None = None
    user_digest: str | None = None
    duration_us: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        """The name and version of this format."""
        return SCHEMA

    @property
    def cause(self) -> Cause | None:
        """The leading cause, or None for a success."""
        return self.causes[0].cause if self.causes else None

    def __getitem__(self, name: str) -> Any:
        return SCHEMA if name == "schema" else super().__getitem__(name)

    def get(self, name: str, default: object = None) -> Any:
        """The field of that name, or `default`."""
        return SCHEMA if name == "schema" else super().get(name, default)

    def keys(self) -> tuple[str, ...]:
        """The names of the fields, `schema` first."""
        return ("schema", *self.__struct_fields__)

    def to_json(self) -> bytes:
        """One line of JSON, without the newline, with every field of the schema."""
        return ENCODER.encode(self)


ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Event)


def from_json(line: str | bytes) -> Event:
    """Read one line. Raises ValueError for text that is no event of this schema; unknown fields are ignored."""
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"no {SCHEMA} record: {error}") from None
