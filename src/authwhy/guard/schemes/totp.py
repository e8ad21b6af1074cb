"""One-time codes (RFC 6238) as a second factor: in a header beside another credential, or on the form's second page."""

from __future__ import annotations

from collections.abc import Callable

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Deny, Presented, denied_by, deny, unavailable
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.respond import challenge
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.asking import Doors, by_function, seen_by, through
from authwhy.guard.schemes.interface import Asked, Base
from authwhy.guard.view import View
from authwhy.model.outcome import Failure, Refused
from authwhy.model.policy import TotpPolicy
from authwhy.stores.interface import SeenStore
from authwhy.stores.memory import MemorySeen
from authwhy.verify import totp as verifier
from authwhy.verify.flow import SeenAsk, Unavailable
from authwhy.verify.totp import TotpAsk, TotpCode, TotpEnrolment

ACR = "mfa"


class Totp(Base):
    """See `totp`."""

    method = "totp"
    guessable = True
    password_like = True
    second_factor = True
    still = True

    def __init__(
        self, name: str, policy: TotpPolicy, enrolment: Callable[[str], object], seen: SeenStore, header: str
    ) -> None:
        super().__init__(name)
        self.policy, self._enrolment, self._seen = policy, enrolment, seen
        self.header = header.lower()
        self._raw_header = self.header.encode("latin-1")
        self.looks_at: frozenset[bytes] | None = frozenset((self._raw_header,))

    def find(self, view: View) -> Presented | Deny | None:
        """The code in the header; two of them are ambiguous."""
        values = view.values(self._raw_header)
        slot = f"header:{self.header}"
        if len(values) > 1:
            return deny(Cause.AMBIGUOUS, seen=(slot, slot))
        return Presented(slot, values[0].decode("latin-1")) if values else None

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """Check the code against the enrolment of the person whose first factor was accepted."""
        if not presented.identity:  # the first factor gave no name: a fault of the set-up, not of the caller
            return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", {"problem": "no_user"}),))
        return (yield from self.verified(presented.value, presented.identity, now))

    def verified(self, code: str, account: str, now: int) -> Step:
        """Returns an Accept or a Deny for this code of this account. Raises what the look-ups raise."""
        lookup = by_function(self._enrolment, "account")
        assert lookup is not None
        doors: Doors = {TotpAsk: lookup, SeenAsk: seen_by(self._seen, now)}
        outcome = yield from through(verifier.verify(TotpCode(code, account), self.policy, now), doors)
        if isinstance(outcome, Refused):
            refused = denied_by(outcome, known=True)
            return Deny(refused.failures, known=True, user=account)
        return Accept(account, user=account, acr=ACR, authenticated_at=now, facts=outcome.facts)

    def enrolled(self, account: str) -> Step:
        """Has this account a second factor in use? Returns a bool, or a Deny where that cannot be told."""
        found = yield Call(self._enrolment, (account,), place_of(self._enrolment))
        if isinstance(found, Unavailable):
            return unavailable(found)
        if found is not None and not isinstance(found, TotpEnrolment):
            return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", {"ask": "TotpAsk"}),))
        return found is not None and found.confirmed

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """`OTP`: no registered scheme, but a 401 names what is wanted (RFC 9110 section 15.5.2)."""
        return (challenge("OTP", {"realm": self.name, "header": self.header}),)


def totp(
    name: str = "code",
    *,
    enrolment: Callable[[str], object],
    header: str = "X-OTP",
    seen: SeenStore | None = None,
    algorithm: str = "SHA1",
    digits: int = 6,
    period_s: int = 30,
    window: int = 1,
) -> Totp:
    """A second factor: one-time codes from an authenticator app.

    For APIs: `all_of("staff", "code")` wants a code in `header` beside the first credential. For browsers: give it to
    `form(totp=...)`. `enrolment(account)` returns a `TotpEnrolment`, None for nobody, may raise and may be async;
    `account` is the name that the first factor accepted. `seen` remembers used codes, by default in this process;
    give a shared store where there are several. `window`: periods accepted on each side.

    Raises ConfigurationError for a set-up that cannot work.
    """
    policy = TotpPolicy(name, algorithm, digits, period_s, window)
    problem = verifier.policy_failure(policy)
    if problem is not None:
        raise ConfigurationError(f"{name}: {problem.facts['setting']} is out of range")
    return Totp(name, policy, enrolment, MemorySeen() if seen is None else seen, header)
