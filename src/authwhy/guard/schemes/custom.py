"""A provider of your own in a few lines."""

from __future__ import annotations

from collections.abc import Callable

from authwhy.guard.answers import NOT_MINE, Answer, NotMine, Presented, answer_of
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View


class Custom(Base):
    """See `custom`. Ambient: only its check can tell whether something was presented, so nothing contradicts it."""

    ambient = True

    def __init__(self, name: str, check: Callable[[View], object], scheme: str, guessable: bool) -> None:
        super().__init__(name)
        self._check, self._place, self._scheme, self.guessable = check, place_of(check), scheme, guessable
        self.method = "custom"

    def find(self, view: View) -> Presented | None:
        """Only the check itself knows what its credential looks like."""
        return Presented(f"custom:{self.name}", "")

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Ask the application."""
        value = yield Call(self._check, (view,), self._place)
        answer: Answer = NOT_MINE if isinstance(value, NotMine) else answer_of(value)
        return answer

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """The scheme's name."""
        return (challenge(self._scheme, {"realm": self.name}),)


def custom(name: str, check: Callable[[View], object], *, scheme: str = "Custom", guessable: bool = False) -> Custom:
    """A provider whose `check(view)` returns the principal, `deny(...)`, or `NOT_MINE` when nothing was presented.

    It may raise and may be async; any other function runs in a thread. `scheme` names it in challenges, `guessable`
    puts it under the throttle.
    """
    return Custom(name, check, scheme, guessable)
