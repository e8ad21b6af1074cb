"""Signing in with a form: name and password, then a one-time code where one is enrolled, and a session at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec.structs import replace

from authwhy.causes import Cause
from authwhy.guard.answers import Accept, Deny, Presented
from authwhy.guard.decide import attempted, failed
from authwhy.guard.effects import Call, Step, World, place_of
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.credential import PasswordCheck, PasswordCredential
from authwhy.guard.schemes.fellow import fellow
from authwhy.guard.schemes.form_body import FORM, fields, media_type, name_and_password
from authwhy.guard.schemes.interface import Asked, Base, Provider, Reply, TurnedAway
from authwhy.guard.schemes.session import Session
from authwhy.guard.schemes.session_kept import Kept
from authwhy.guard.schemes.sign_in_page import Render, SignInPage, refused, reply
from authwhy.guard.schemes.subject import subject_of
from authwhy.guard.schemes.totp import ACR, Totp
from authwhy.guard.schemes.way_back import RETURN, not_allowed, returning, see_other
from authwhy.guard.view import View
from authwhy.model.outcome import Failure
from authwhy.model.policy import BasicPolicy
from authwhy.verify.basic_account import Account
from authwhy.verify.basic_credential import NameAndPassword
from authwhy.verify.login_state import is_local
from authwhy.verify.totp import TotpCode

if TYPE_CHECKING:
    from authwhy.guard.decide import Gate

OWED_S = 300
"""Seconds in which the second factor has to be given."""
_CODE_FIELD = "code"


class _Typed:
    """One attempt: what was typed, and what the check found out. Its text form tells nothing."""

    __slots__ = ("accept", "enrolled", "pair")

    def __init__(self, pair: NameAndPassword) -> None:
        self.pair = pair
        self.accept: Accept | None = None
        self.enrolled = False

    def __repr__(self) -> str:
        return "_Typed(...)"


class Form(Base):
    """See `form`."""

    method = "form"
    guessable = True
    password_like = True
    looks_at: frozenset[bytes] | None = frozenset((b"cookie",))
    still = True

    def __init__(
        self,
        name: str,
        policy: BasicPolicy,
        passwords: PasswordCheck,
        *,
        session: str | Session,
        second: str | Totp | None,
        path: str,
        names: tuple[str, str],
        after: str,
        page: bool,
        render: Render | None,
        claims: Callable[[Any], object] | None,
        subject: Callable[[Any], str | None],
    ) -> None:
        super().__init__(name)
        self.policy, self._passwords = policy, passwords
        self._session_name, self._second_name = session, second
        self._path, self._code_path = path, f"{path.rstrip('/')}/code"
        self._names, self._after = names, after
        self._page, self._render = page, render
        self._claims, self._subject = claims, subject
        self._gate: Gate | None = None

    def bind(self, world: World) -> None:
        """Hash in this guard's pool."""
        self._passwords.pool = world.hashes

    def join(self, providers: Mapping[str, Provider], gate: Gate | None) -> None:
        """Find the session and the second factor. A guard without a throttle gets one for this form."""
        self.session: Session = fellow(providers, self._session_name, Session, self.name)
        wanted = self._second_name
        self.second: Totp | None = None if wanted is None else fellow(providers, wanted, Totp, self.name)
        if gate is None:
            from authwhy.guard.throttle import Throttle
            from authwhy.guard.throttled import ThrottleGate

            gate = ThrottleGate(Throttle())
        self._gate = gate

    def find(self, view: View) -> None:
        """Nothing: a form is sent to its own address, and requests carry the session."""

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """What the session wants."""
        return self.session.challenge(asked)

    def routes(self) -> Mapping[str, str]:
        """The form's address, and the one of the second factor."""
        second = {} if self._second_name is None else {self._code_path: "code"}
        return {self._path: "sign_in", **second}

    def serve(self, route: str, view: View, now: int) -> Step:
        """The pages (GET) and what they send (POST)."""
        if view.method == "POST":
            forged = self.session.forgery(view)
            if forged is not None:
                return self._turned(route, view, Deny((forged,)))
            try:
                return (yield from (self._code(view, now) if route == "code" else self._sign_in(view, now)))
            except Exception as error:  # noqa: BLE001  an outage is told to a person too
                return self._turned(route, view, failed(error))
        if view.method not in ("GET", "HEAD") or not self._page:
            return not_allowed("GET, HEAD, POST" if self._page else "POST")
        if route == "code":
            owing = yield from self.session.owing(view, now, self._code_path)
            if not isinstance(owing, Kept):
                return see_other(self._address(self._path, view))
        return reply(self._shown(route, view), self._render)

    # the first factor

    def _sign_in(self, view: View, now: int) -> Step:
        pair = yield from name_and_password(view, self._names, self.policy)
        if isinstance(pair, Deny):
            return self._turned("sign_in", view, pair)
        typed = _Typed(pair)
        answer = yield from attempted(self, Presented("form", typed, pair.name), view, now, self._gate)
        if isinstance(answer, Accept):
            return (yield from self._welcome(view, now, answer, pair.name))
        if typed.accept is None or not typed.enrolled or answer.cause is not Cause.SECOND_FACTOR_REQUIRED:
            return self._turned("sign_in", view, answer, pair.name)
        claims = yield from self._claimed(typed.accept)
        lines = yield from self.session.start(
            view, now, typed.accept.user or pair.name, claims=claims, amr=("pwd",), owed=self._code_path,
            owed_until=now + OWED_S, identity=pair.name,
        )  # fmt: skip
        if media_type(view) == FORM:
            there = see_other(self._address(self._code_path, view), lines)
            return Reply(there.status, there.headers, answer=answer, identity=pair.name)
        more = Deny(answer.failures, True, user=answer.user, challenge={"next": self._code_path}, headers=lines)
        return TurnedAway(more, pair.name)

    def check(self, presented: Presented, view: View, now: int) -> Step:
        """The password, or the code; a right password is no success while a code is owed, so it forgives nothing."""
        typed = presented.value
        if isinstance(typed, TotpCode):
            assert self.second is not None  # counted for the account too, whatever names the look-up takes for it
            found = Presented("form", typed.code, typed.account)
            return (yield from attempted(self.second, found, view, now, self._gate))
        if not typed.pair.password:  # never hashed, as with Basic
            return Deny((Failure(Cause.WRONG_SECRET, "empty"),))
        answer = yield from self._passwords.check(typed.pair, self.policy, now)
        owed = isinstance(answer, Deny) and all(one.cause is Cause.SECOND_FACTOR_REQUIRED for one in answer.failures)
        if isinstance(answer, Deny) and not owed:
            return answer
        accept = answer if isinstance(answer, Accept) else Accept(typed.pair.name)
        subject = self._subject(accept.principal)
        if subject is not None and (not isinstance(subject, str) or not subject):
            raise TypeError(f"subject returned {type(subject).__name__}")
        if self.second is None:
            return answer if isinstance(answer, Deny) or subject is None else replace(answer, user=subject)
        if subject is None:  # nobody can tell whose second factor to ask for
            return Deny((Failure(Cause.MISCONFIGURED, "backend_unwired", {"problem": "no_user"}),))
        accept = replace(accept, user=subject)
        enrolled = yield from self.second.enrolled(subject)
        if isinstance(enrolled, Deny):
            return enrolled
        typed.accept, typed.enrolled = accept, enrolled
        if not enrolled and not owed:
            return accept
        return Deny((Failure(Cause.SECOND_FACTOR_REQUIRED, None, {}, True),), known=True, user=accept.user)

    def _claimed(self, accept: Accept) -> Step:
        """What the session keeps about this person. Raises TypeError for what is no mapping."""
        if self._claims is None:
            return {}
        made = yield Call(self._claims, (accept.principal,), place_of(self._claims))
        if not isinstance(made, Mapping):
            raise TypeError(f"claims returned {type(made).__name__}")
        return made

    def _welcome(self, view: View, now: int, accept: Accept, typed: str) -> Step:
        claims = yield from self._claimed(accept)
        lines = yield from self.session.start(
            view, now, accept.user or typed, claims=claims, acr=accept.acr, amr=("pwd",)
        )
        return self._signed_in(view, (*lines, *accept.headers), accept, typed)

    def _signed_in(self, view: View, lines: Any, accept: Accept, identity: str | None) -> Reply:
        there = see_other(returning(view, self._after), lines) if media_type(view) == FORM else Reply(204, lines)
        return Reply(there.status, there.headers, answer=accept, identity=identity)

    # the second factor

    def _code(self, view: View, now: int) -> Step:
        assert self.second is not None
        owing = yield from self.session.owing(view, now, self._code_path)
        if isinstance(owing, Deny):
            return self._turned("sign_in", view, owing, too_long=True)
        found = yield from fields(view)
        if isinstance(found, Deny):
            return self._turned("code", view, found)
        code = TotpCode("".join(found.get(_CODE_FIELD, "").split()), owing.subject)  # people type 123 456
        answer = yield from attempted(self, Presented("form", code, owing.identity), view, now, self._gate)
        if not isinstance(answer, Accept):
            return self._turned("code", view, answer, owing.identity)
        lines = yield from self.session.start(
            view, now, owing.subject, claims=owing.claims, acr=ACR, amr=("pwd", "otp", "mfa")
        )
        return self._signed_in(view, lines, answer, owing.identity)

    # answers

    def _address(self, path: str, view: View) -> str:
        """A page of the form, with the way back."""
        back = returning(view, "")
        return f"{path}?{RETURN}={quote(back)}" if back else path

    def _shown(self, route: str, view: View, username: str = "") -> SignInPage:
        at = self._address(self._code_path if route == "code" else self._path, view)
        kind = "code" if route == "code" else "password"
        return SignInPage(kind, at, *self._names, _CODE_FIELD, username)  # type: ignore[arg-type]

    def _turned(
        self, route: str, view: View, refusal: Deny, identity: str | None = None, *, too_long: bool = False
    ) -> TurnedAway:
        """A refusal: the page once more for a person, the usual answer for a program."""
        if not self._page or media_type(view) != FORM:
            return TurnedAway(refusal, identity)
        shown = self._shown(route, view, (identity or "") if route == "sign_in" else "")
        return TurnedAway(refusal, identity, lambda denied: refused(shown, self._render, denied, too_long))


def form(
    name: str = "login",
    *,
    verify: Callable[[PasswordCredential], object] | None = None,
    account: Callable[[str], object] | None = None,
    rehash: Callable[[str, str], object] | None = None,
    session: str | Session = "web",
    totp: str | Totp | None = None,
    path: str = "/login",
    username: str = "username",
    password: str = "password",  # noqa: S107  the name of a field
    after: str = "/",
    page: bool | Render = False,
    claims: Callable[[Any], object] | None = None,
    subject: Callable[[Any], str | None] = subject_of,
    current_hash: str = "",
    old_passwords: int = 0,
    max_name_bytes: int = 256,
    max_password_bytes: int = 1_024,
) -> Form:
    """A provider that signs people in with a form, or a program with JSON, posted to `path`.

    `verify`, `account`, `rehash`, `current_hash`, `old_passwords`: as for `basic`. `session`: the session provider
    that keeps who is signed in; `totp`: the provider of the second factor, asked for at `path`/code where one is
    enrolled. `username` and `password` are the names of the fields, `after` the page to go to when the sign-in does
    not say where it came from. `page`: True serves plain pages on GET, a function `page(SignInPage) -> html` serves
    your own. `claims(principal)` returns what the session keeps (plain data), for the session's `principal`.
    `subject(principal)` is the name of the account, at once, that the session is about and its second factor is
    looked up under; by default the principal where it is text, or its username, sub, id, email or name.

    Raises ConfigurationError for a set-up that cannot work.
    """
    if (verify is None) == (account is None):
        raise ConfigurationError(f"{name}: give verify or account")
    if not is_local(path) or not is_local(after) or "?" in path:
        raise ConfigurationError(f"{name}: path and after are local paths")
    policy = BasicPolicy(name, name, max_name_bytes, max_password_bytes, current_hash, old_passwords)
    passwords = PasswordCheck(verify, account, _name, rehash, current_hash)
    return Form(
        name, policy, passwords, session=session, second=totp, path=path, names=(username, password), after=after,
        page=page is not False, render=None if isinstance(page, bool) else page, claims=claims, subject=subject,
    )  # fmt: skip


def _name(account: Account) -> str:
    """As it is stored, however it was typed."""
    return account.name
