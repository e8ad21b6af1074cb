"""A verifier is a generator: it yields an Ask for what it needs from the world and returns an Outcome.

Three drivers answer the asks: `drive` (sync), `adrive` (async) and `replay` (recorded answers). A verifier
therefore has no clock, socket, random source or logger in it, and explain can run it again under edits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.model.outcome import Failure, Outcome, Refused


class Ask(Struct, frozen=True, tag=True):
    """A question to the world. Frozen and hashable, so that an answer can be recorded under it."""


class KeyAsk(Ask, frozen=True):
    """The verification keys that may have signed this. Answer: a KeySet (verify.jwk) or Unavailable.

    `issuer` is one that the policy names, never text of an unchecked token; None when it cannot be told which.
    `kid` is text of the token, at most 256 characters: a hint for fetching again, not an address.
    """

    issuer: str | None = None
    kid: str | None = None


class AccountAsk(Ask, frozen=True):
    """The account with this name. Answer: an Account (verify.basic), None when there is none, or Unavailable."""

    name: str


class ApiKeyAsk(Ask, frozen=True):
    """The record stored under this digest of a key. Answer: an ApiKeyRecord (verify.api_key), None or Unavailable."""

    digest: str


class SeenAsk(Ask, frozen=True):
    """Was this one-time value seen before? The driver records it at once. Answer: bool or Unavailable.

    `until` is the time (s since 1970) after which the value may be forgotten.
    """

    scope: str
    value: str
    until: int


class RevokedAsk(Ask, frozen=True):
    """Is this token, session or certificate revoked? Answer: bool or Unavailable."""

    issuer: str | None
    id: str


class Unavailable(Struct, frozen=True):
    """The world could not answer: an outage, never a bad credential."""

    cause: Cause = Cause.PROVIDER_UNREACHABLE
    facts: Mapping[str, str | int] = {}

    def refusal(self) -> Refused:
        """The refusal this outage leads to."""
        return Refused((Failure(self.cause, facts=dict(self.facts)),))


Flow: TypeAlias = Generator[Ask, Any, Outcome]


class Unanswered(LookupError):
    """A replay met an Ask that has no recorded answer; `ask` is the question."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(f"no recorded answer for {type(ask).__name__}")
        self.ask = ask


def drive(flow: Flow, answer: Callable[[Ask], object]) -> Outcome:
    """Run a verifier to its outcome, answering each Ask by a call. Raises what `answer` raises."""
    reply: object = None
    while True:
        try:
            ask = flow.send(reply)
        except StopIteration as stop:  # only the flow's own: one raised by `answer` is no outcome
            outcome: Outcome = stop.value
            return outcome
        reply = answer(ask)


async def adrive(flow: Flow, answer: Callable[[Ask], Awaitable[object]]) -> Outcome:
    """Run a verifier to its outcome, awaiting each answer. Raises what `answer` raises."""
    reply: object = None
    while True:
        try:
            ask = flow.send(reply)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        reply = await answer(ask)


def replay(flow: Flow, answers: Mapping[Ask, object]) -> Outcome:
    """Run a verifier on recorded answers. Raises Unanswered for a question that was never asked before."""

    def recorded(ask: Ask) -> object:
        try:
            return answers[ask]
        except KeyError:
            raise Unanswered(ask) from None

    return drive(flow, recorded)
