"""Signing in at another provider: OpenID Connect, or OAuth 2.0 with PKCE (RFC 6749 4.1, RFC 7636, RFC 9700).

The way out is one address, the way back another. A refused way back is an answer for a person: it never begins again
by itself. What the browser brings is never our fault or an outage; what the provider says to us directly may be.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct

from authwhy.causes import Cause
from authwhy.guard.answers import NOT_MINE, Accept, Deny, HeaderLines, Presented, deny, unavailable
from authwhy.guard.decide import failed
from authwhy.guard.effects import Call, Step, place_of
from authwhy.guard.schemes.claims import frozen
from authwhy.guard.schemes.cookie import Cookie, host_cookie
from authwhy.guard.schemes.fellow import fellow
from authwhy.guard.schemes.form_body import pairs
from authwhy.guard.schemes.interface import Asked, Base, Checked, Provider, Reply, TurnedAway
from authwhy.guard.schemes.oauth_client import OauthClient, Person
from authwhy.guard.schemes.session import Session
from authwhy.guard.schemes.sign_in_page import SignInPage, refused
from authwhy.guard.schemes.way_back import RETURN, not_allowed, returning, see_other
from authwhy.guard.view import View
from authwhy.model.outcome import Refused
from authwhy.stores.discovery import ProviderMetadata
from authwhy.verify.flow import Unavailable
from authwhy.verify.login_state import IV_BYTES, LoginState, open_login, seal_login
from authwhy.verify.oauth_login import OauthLoginPolicy, authorization_url, check_callback
from authwhy.verify.token_answer import TokenAnswer

_SLOTS = 4
"""Sign-ins that one browser may have under way; more would be cookies that nobody collects."""
_MAX_CALLBACK = 65_536
_MAX_QUERY = 32_768
_ACR = re.compile(r"[!#-\[\]-~]{1,128}", re.ASCII).fullmatch
_AGE = re.compile(r"[0-9]{1,9}", re.ASCII).fullmatch


class Wishes(Struct, frozen=True):
    """What every sign-in asks for. `max_age_s` is seconds; see `oidc`."""

    acr_values: tuple[str, ...] = ()
    max_age_s: int | None = None
    prompt: str = ""
    form_post: bool = False
    after: str = "/"
    after_logout: str | None = None


class OauthLogin(Base):
    """See `oidc` and `oauth2`."""

    still = True

    def __init__(
        self,
        name: str,
        method: str,
        client: OauthClient,
        person: Person,
        policy: Callable[[str], OauthLoginPolicy],
        *,
        session: str | Session,
        paths: tuple[str, str, str | None],
        wishes: Wishes,
        claims: Callable[[Any], object] | None,
        close: Callable[[], object],
    ) -> None:
        super().__init__(name)
        self.method, self.client, self._person, self._policy = method, client, person, policy
        self._session_name, self._wishes, self._claims, self._close = session, wishes, claims, close
        self._login, self._callback, self._logout = paths

    def join(self, providers: Mapping[str, Provider], gate: object) -> None:
        """Find the session."""
        self.session: Session = fellow(providers, self._session_name, Session, self.name)
        secure = self.session.cookie.secure
        site = "None" if self._wishes.form_post and secure else "Lax"  # form_post comes from the provider's page
        self._cookies = [host_cookie(f"login-{n}", secure=secure, same_site=site) for n in range(_SLOTS)]

    def find(self, view: View) -> None:
        """Nothing: a sign-in has its own addresses, and requests carry the session."""

    def check(self, presented: Presented, view: View, now: int) -> Checked:
        """Nothing was found."""
        return NOT_MINE

    def challenge(self, asked: Asked) -> tuple[str, ...]:
        """What the session wants."""
        return self.session.challenge(asked)

    def routes(self) -> Mapping[str, str]:
        """The way out, the way back, and the way to sign out."""
        out = {} if self._logout is None else {self._logout: "logout"}
        return {self._login: "login", self._callback: "callback", **out}

    def serve(self, route: str, view: View, now: int) -> Step:
        """Each of them."""
        if route == "logout":
            return (yield from self._out(view, now))
        wanted = "POST" if route == "callback" and self._wishes.form_post else "GET"
        if view.method != wanted and not (wanted == "GET" and view.method == "HEAD"):
            return not_allowed(wanted)
        try:
            made = yield from (self._begin(view, now) if route == "login" else self._back(view, now))
        except Exception as error:  # noqa: BLE001  an outage is told to a person too
            made = failed(error)
        if isinstance(made, Deny) and "text/html" in (view.header(b"accept") or "").lower():
            page = SignInPage("stopped", self._again(view))
            return TurnedAway(made, page=lambda denied: refused(page, None, denied))
        return made

    def close(self) -> None:
        """Stop what fetches in the background."""
        self._close()

    # the way out

    def _begin(self, view: View, now: int) -> Step:
        metadata = yield Call(self.client.metadata, (), "thread")
        if isinstance(metadata, Unavailable):
            return unavailable(metadata)
        endpoint = self.client.address("authorization_endpoint")
        acr_values, max_age_s = self._asked(view)
        state = LoginState(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), now,
            returning(view, self._wishes.after), self.name, max_age_s, acr_values,
        )  # fmt: skip
        policy = self._policy(endpoint)
        url = authorization_url(state, policy, self._wishes.prompt)
        if isinstance(url, Refused):
            return Deny(url.failures)
        if self._wishes.form_post:
            url += "&response_mode=form_post"
        sealed = seal_login(state, secrets.token_bytes(IV_BYTES), self.session.policy.keys)
        return see_other(url, (self._cookie(state.state).set(sealed, policy.lifetime_s),))

    def _asked(self, view: View) -> tuple[tuple[str, ...], int | None]:
        """How strong and how recent: what a route demands (Session.redirect), never weaker than what is set up."""
        wishes = self._wishes
        words = tuple(dict.fromkeys(" ".join(view.parameters("acr_values")[:1]).split()))[:8]
        words = tuple(word for word in words if _ACR(word) and word in (wishes.acr_values or words))
        ages = [int(text) for text in view.parameters("max_age")[:1] if _AGE(text)]
        ages += [wishes.max_age_s] if wishes.max_age_s is not None else []
        return words or wishes.acr_values, min(ages, default=None)

    def _cookie(self, state: str) -> Cookie:
        """One of a few: several sign-ins at once (tabs) do not take each other's cookie away, mostly."""
        return self._cookies[ord(state[0]) % _SLOTS if state else 0]

    # the way back

    def _back(self, view: View, now: int) -> Step:
        found = yield from self._parameters(view)
        if isinstance(found, Deny):
            return found
        cookie = self._cookie(next((value for name, value in found if name == "state"), ""))
        opened = open_login(next(iter(view.cookies(cookie.name)), None), self.session.policy.keys)
        if isinstance(opened, Refused) and opened.primary.cause is not Cause.STATE_MISMATCH:
            return Deny(opened.failures)
        state = opened if isinstance(opened, LoginState) else None
        metadata = yield Call(self.client.metadata, (), "thread")
        if isinstance(metadata, Unavailable) and state is not None:
            return unavailable(metadata)
        known = isinstance(metadata, ProviderMetadata) and metadata.authorization_endpoint
        policy = self._policy(known or "https://unknown.invalid/")
        code = check_callback(found, state, now, policy)
        if isinstance(code, Refused):
            ours = state is not None and Cause.STATE_MISMATCH not in code.causes
            return Deny(code.failures, headers=(cookie.clear(),) if ours else ())
        assert state is not None
        made = yield from self._exchanged(code, state, policy, now)
        if isinstance(made, Deny):
            return Deny(made.failures, made.known, user=made.user, headers=(cookie.clear(),))
        return (yield from self._welcome(view, now, made, state, (cookie.clear(),)))

    def _parameters(self, view: View) -> Step:
        """Returns the pairs of the query, or of the form with form_post."""
        if self._wishes.form_post:
            return (yield from pairs(view, _MAX_CALLBACK))
        if len(view.query) > _MAX_QUERY:
            return deny(Cause.MALFORMED, part="callback", problem="too_large", limit=_MAX_QUERY)
        try:
            return parse_qsl(view.query.decode("latin-1"), keep_blank_values=True, max_num_fields=256)
        except ValueError:
            return deny(Cause.MALFORMED, part="callback", problem="too_many", limit=256)

    def _exchanged(self, code: str, state: LoginState, policy: OauthLoginPolicy, now: int) -> Step:
        """Returns the claims that are kept, or a Deny."""
        tokens = yield Call(self.client.exchange, (code, state.verifier, policy.redirect_uri), "thread")
        if isinstance(tokens, Refused):
            return Deny(tokens.failures)
        assert isinstance(tokens, TokenAnswer)
        claims = yield from self._person(self.client, tokens, state, policy, now)
        if isinstance(claims, Deny) or self._claims is None:
            return claims
        made = yield Call(self._claims, (frozen(claims),), place_of(self._claims))
        if not isinstance(made, Mapping | Deny):
            raise TypeError(f"claims returned {type(made).__name__}")
        kept = {name: claims[name] for name in ("sub", "iss", "acr", "amr", "auth_time") if name in claims}
        return made if isinstance(made, Deny) else {**made, **kept}

    def _welcome(self, view: View, now: int, claims: Mapping[str, Any], state: LoginState, lines: HeaderLines) -> Step:
        subject, since, acr, amr = (claims.get(name) for name in ("sub", "auth_time", "acr", "amr"))
        acr = acr if isinstance(acr, str) else None
        since = int(since) if isinstance(since, int | float) and 0 < since < 2**40 else None
        methods = [one for one in amr if isinstance(one, str)] if isinstance(amr, list | tuple) else []
        started = yield from self.session.start(
            view, now, str(subject), claims=claims, acr=acr, amr=methods, authenticated_at=since
        )
        there = see_other(state.return_path, (*started, *lines))
        issuer = claims.get("iss")
        accept = Accept(
            claims, claims, user=str(subject), issuer=issuer if isinstance(issuer, str) else None, acr=acr,
            authenticated_at=since,
        )  # fmt: skip
        return Reply(there.status, there.headers, answer=accept)

    # the way out for good

    def _out(self, view: View, now: int) -> Step:
        """Sign out here, then there (OpenID Connect RP-Initiated Logout 1.0), as far as the provider can."""
        if view.method != "POST":
            return not_allowed("POST")
        forged = self.session.forgery(view)
        if forged is not None:
            return Deny((forged,))
        lines = yield from self.session.end(view, now)
        metadata = yield Call(self.client.metadata, (), "thread")
        end = None if isinstance(metadata, Unavailable) else metadata.end_session_endpoint
        if end is None:
            return see_other("/", lines)
        wanted = {"client_id": self.client.client_id}
        if self._wishes.after_logout is not None:
            wanted["post_logout_redirect_uri"] = self._wishes.after_logout
        return see_other(f"{end}{'&' if '?' in end else '?'}{urlencode(wanted)}", lines)

    def _again(self, view: View) -> str:
        """Where a person may begin again, of her own will."""
        back = returning(view, "")
        return f"{self._login}?{urlencode({RETURN: back}, safe='/')}" if back else self._login
