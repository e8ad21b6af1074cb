"""What a provider is: it finds its credential in a request, checks it, and says how to ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Answer, Demand, Denied, Deny, HeaderLines, Presented
from authwhy.guard.effects import Step, World
from authwhy.guard.public import PublicAnswer
from authwhy.guard.view import View
from authwhy.verify.flow import Unavailable

if TYPE_CHECKING:
    from authwhy.guard.decide import Gate


class Asked(Struct, frozen=True):
    """What a challenge is made for. `deny` is this provider's own refusal, None when it was not presented anything.

    `public` is what may be told. `background` is true for a call made by a script in a page (no password popup).
    """

    cause: Cause
    public: PublicAnswer
    deny: Deny | None
    view: View
    demand: Demand
    now: int
    background: bool = False
    resource_metadata: str | None = None


class Reply(Struct, frozen=True):
    """A whole answer, for a provider that serves addresses of its own (a sign-in form, a callback, a logout).

    `answer` is what the event says; without one there is no event. A Deny without a Reply gets the usual answer.
    """

    status: int
    headers: HeaderLines = ()
    body: bytes = b""
    answer: Accept | Deny | None = None
    identity: str | None = None


class TurnedAway(Struct, frozen=True):
    """A refusal at an address of the provider's own. `identity` is the name that was tried.

    `page` makes the answer for a person from the decision, which has status, reference and headers; without it the
    usual answer is sent.
    """

    deny: Deny
    identity: str | None = None
    page: Callable[[Denied], Reply] | None = None


Checked: TypeAlias = "Answer | Step"
"""An answer, or a generator that yields Calls and returns one."""


class Provider(Protocol):
    """One way to sign in. Implementations are immutable after start-up.

    `method` is the word for events (jwt, basic, api_key ...). `ambient` says that browsers send the credential
    unasked (cookie, certificate), so that a second one beside it is no contradiction. `guessable` says that it can be
    guessed, so that failures are throttled. `password_like` says that refusals must all look alike to outsiders.
    `second_factor` says that it proves nothing alone: it is asked after the other members of an `all_of`, and what it
    found is given the name that the first of them accepted as its identity.
    `looks_at` are the headers (lower case) that `find` reads, None when it reads anything else; `still` says that its
    challenge is the same for every request.
    """

    name: str
    method: str
    ambient: bool
    guessable: bool
    password_like: bool
    second_factor: bool
    looks_at: frozenset[bytes] | None
    still: bool

    def find(self, view: View) -> Presented | Deny | None:
        """The presented credential, None when there is none for this provider, or a refusal of how it was sent."""

    def check(self, presented: Presented, view: View, now: int) -> Checked:
        """Decide. May raise: that is an error cause, and the request does not go on."""

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """Values for WWW-Authenticate, one for each line (RFC 9110 section 11.6.1)."""

    def redirect(self, asked: Asked) -> str | None:
        """Where to send a person whose browser opened a page and got 401; None to answer 401."""

    def problems(self) -> tuple[str, ...]:
        """What in the set-up cannot work, as sentences; asked once at start-up."""

    def routes(self) -> Mapping[str, str]:
        """Paths this provider answers itself, each with a name for `serve`; usually none."""

    def serve(self, route: str, view: View, now: int) -> Step:
        """Answer one of `routes`: a generator that returns a Reply, a Deny, or a TurnedAway."""

    def bind(self, world: World) -> None:
        """Told once which guard's threads it may use."""

    def join(self, providers: Mapping[str, Provider], gate: Gate | None) -> None:
        """Told once who else there is, and what stands before guessable credentials. Raises ConfigurationError."""

    def unready(self) -> Unavailable | None:
        """Why it cannot decide now, None when it can. Never waits; begins what has to be fetched."""

    def close(self) -> None:
        """Stop what runs in the background."""


class Base:
    """What most providers have in common; subclass it for your own."""

    method = "custom"
    ambient = False
    guessable = False
    password_like = False
    second_factor = False
    looks_at: frozenset[bytes] | None = None
    still = False

    def __init__(self, name: str) -> None:
        self.name = name

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """No challenge."""
        return ()

    def redirect(self, asked: Asked) -> str | None:
        """No page to send anybody to."""
        return None

    def problems(self) -> tuple[str, ...]:
        """Nothing known to be wrong."""
        return ()

    def routes(self) -> Mapping[str, str]:
        """No addresses of its own."""
        return {}

    def serve(self, route: str, view: View, now: int) -> Step:
        """Nothing to serve."""
        yield from ()
        raise LookupError(route)

    def bind(self, world: World) -> None:
        """No threads needed."""

    def join(self, providers: Mapping[str, Provider], gate: Gate | None) -> None:
        """Nobody else needed."""

    def unready(self) -> Unavailable | None:
        """Ready from the start."""
        return None

    def close(self) -> None:
        """Nothing to stop."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
