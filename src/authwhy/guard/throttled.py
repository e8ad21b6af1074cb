"""The throttle before the providers: a password is not hashed for somebody who has guessed too often."""

from __future__ import annotations

from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Answer, Deny, Presented
from authwhy.guard.decide import Gate
from authwhy.guard.effects import Call, Pause, Place, Step
from authwhy.guard.schemes.interface import Provider
from authwhy.guard.throttle import Blocked, Reservation, Throttle
from authwhy.guard.view import View
from authwhy.model.outcome import Accepted, FactValue, Failure, Outcome, Refused

_PAUSE_S = 0.05
_LONGEST_S = 5.0


class ThrottleGate(Gate):
    """Passwords are counted before they are hashed; keys, which nobody guesses by luck, only when they were wrong.

    So a service that calls with a good key fifty times at once is never held up, and fifty passwords at once are.
    """

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._place: Place = "thread" if throttle.blocking else "here"

    def enter(self, provider: Provider, view: View, found: Presented, now: int) -> Step:
        """Returns a Deny, or a Reservation; waits a little where only attempts still being checked fill the limit."""
        if not provider.password_like:
            return None
        # a right password must not clear the way to guess at the second factor: its failures have a name of their own
        identity = f"{provider.name}:{found.identity}" if provider.second_factor else found.identity
        waited = 0.0
        while True:
            answer = yield Call(self._throttle.before, (view.address, identity, now + waited), self._place)
            if not isinstance(answer, Blocked) or not answer.busy or waited >= _LONGEST_S:
                break
            yield Pause(_PAUSE_S)
            waited += _PAUSE_S
        return _refused(answer) if isinstance(answer, Blocked) else answer

    def leave(self, held: Reservation | None, view: View, found: Presented, answer: Answer, now: int) -> Step:
        """Returns the answer, with notes for the event; or a Deny where wrong keys have come too often."""
        outcome = _outcome(answer)
        if held is None:
            if outcome is None or not self._throttle.is_guess(outcome):
                return answer
            held = yield Call(self._throttle.before, (view.address, found.identity, now), self._place)
            if isinstance(held, Blocked):
                return answer if held.busy else _refused(held)
        notes = yield Call(self._throttle.after, (held, outcome, now), self._place)
        if notes and isinstance(answer, Accept | Deny):
            return replace(answer, notes=(*answer.notes, *notes))
        return answer


def _outcome(answer: Answer) -> Outcome | None:
    if isinstance(answer, Accept):
        return Accepted()
    return Refused(answer.failures) if isinstance(answer, Deny) else None


def _refused(blocked: Blocked) -> Deny:
    facts: dict[str, FactValue] = {"retry_after_s": blocked.retry_after_s}
    return Deny((Failure(Cause.RATE_LIMITED, blocked.detail, facts),), retry_after=blocked.retry_after_s)
