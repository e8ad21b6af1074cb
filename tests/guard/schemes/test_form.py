"""Signing in with a form: what opens a session, what does not, and what outsiders can tell apart (nothing)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.schemes.browsing import Browser, header

from authwhy.causes import Cause, Kind, meta
from authwhy.guard import Guard, Throttle, deny
from authwhy.guard.answers import Accepted, Denied
from authwhy.guard.rules import ConfigurationError
from authwhy.guard.schemes.credential import PasswordCredential
from authwhy.guard.schemes.form import form
from authwhy.guard.schemes.session import session
from authwhy.guard.schemes.sign_in_page import SignInPage
from authwhy.guard.schemes.totp import totp
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.memory import MemorySessions
from authwhy.verify.basic_account import Account
from authwhy.verify.totp import TotpEnrolment, hotp, read_secret

NOW = 1_800_000_000
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def check(credential: PasswordCredential) -> object:
    """The password of everybody is pw; carol is suspended, dave's directory is down."""
    if credential.username == "dave":
        raise ConnectionError("directory")
    if credential.password != "pw":
        return deny("wrong_secret") if credential.username in ("alice", "bob") else deny("unknown_identity")
    return deny("account_disabled") if credential.username == "carol" else {"name": credential.username}


def enrolment(account: str) -> object:
    """alice has a second factor, erin's is not confirmed yet, frank's look-up fails."""
    if account == "frank":
        raise TimeoutError
    known = {"alice": True, "erin": False}
    return TotpEnrolment(account, SECRET, known[account]) if account in known else None


class Site:
    """A guard with a form."""

    def __init__(self, *, throttle: Throttle | None = None, second: bool = True, **settings: Any) -> None:
        self.now = float(NOW)
        self.store = MemorySessions()
        self.web = session("web", keys=["k" * 32], store=self.store, login="/login")
        given: dict[str, Any] = {"verify": check, "page": True, **({"totp": "code"} if second else {}), **settings}
        self.guard = Guard(
            form("login", **given),
            self.web,
            totp("code", enrolment=enrolment),
            throttle=throttle,
            clock=lambda: self.now,
        )
        self.browser = Browser(self.guard)

    def code(self) -> str:
        """What alice's app shows now."""
        return hotp(read_secret(SECRET) or b"", int(self.now) // 30, 6)

    def sign_in(self, name: str = "bob", password: str = "pw", path: str = "/login", **headers: str) -> Any:
        """Send the form."""
        return self.browser.post(path, {"username": name, "password": password}, **headers)

    @property
    def signed_in(self) -> bool:
        """Does the cookie open anything?"""
        return isinstance(self.browser.open("/me", "web"), Accepted)


@pytest.fixture
def site() -> Iterator[Site]:
    """One for each test."""
    made = Site()
    yield made
    made.guard.close()


def test_signed_in(site: Site) -> None:
    """303 to where the person came from, and the event says who."""
    reply = site.sign_in(path="/login?return=/orders%3Fpage=2")
    assert (reply.status, header(reply.headers, "location")) == (303, "/orders?page=2")
    assert (site.browser.last.outcome, site.browser.last.user, site.browser.last.method) == ("success", "bob", "form")
    decision = site.browser.open("/me", "web")
    assert isinstance(decision, Accepted)
    assert (decision.principal.sub, decision.principal.amr, decision.principal.acr) == ("bob", ("pwd",), None)


def test_no_way_to_another_site(site: Site) -> None:
    """An address that leads away is not followed."""
    for path in ("https://evil.example", "//evil.example", "/%5Cevil.example"):
        assert header(site.sign_in(path=f"/login?return={path}").headers, "location") == "/"


def test_a_program_signs_in_with_json(site: Site) -> None:
    """204 and the cookie, or the usual problem answer."""
    json = {"content_type": "application/json"}
    good = site.browser.post("/login", b'{"username":"bob","password":"pw"}', **json)
    assert (good.status, good.body, site.signed_in) == (204, b"", True)
    bad = site.browser.post("/login", b'{"username":"bob","password":"x"}', **json)
    assert (bad.status, header(bad.headers, "content-type")) == (401, "application/problem+json")
    assert header(bad.headers, "www-authenticate") == 'Session realm="web"'
    owed = site.browser.post("/login", b'{"username":"alice","password":"pw"}', **json)
    assert (owed.status, b'"second_factor_required"' in owed.body) == (401, True)
    assert header(owed.headers, "www-authenticate") == 'Session realm="web", next="/login/code"'
    done = site.browser.post("/login/code", b'{"code":"%s"}' % site.code().encode(), **json)
    assert (done.status, site.signed_in) == (204, True)


def test_outsiders_cannot_tell_who_exists(site: Site) -> None:
    """One page for unknown, wrong and suspended, but for the name typed and the reference; the events are exact."""
    pages = set()
    for name, password, cause in (
        ("bob", "x", Cause.WRONG_SECRET),
        ("nobody", "x", Cause.UNKNOWN_IDENTITY),
        ("carol", "pw", Cause.ACCOUNT_DISABLED),
        ("bob", "", Cause.WRONG_SECRET),
    ):
        reply = site.sign_in(name, password)
        event = site.browser.last
        assert event.cause is cause
        pages.add((reply.status, reply.body.decode().replace(name, "NAME").replace(event.ref or "", "REF")))
    assert len(pages) == 1
    assert site.browser.cookies == {}


def test_an_unknown_name_is_not_written_down(site: Site) -> None:
    """People type passwords into the field for the name."""
    site.sign_in("my secret password", "x")
    assert "my secret password" not in site.browser.last.to_json().decode()
    assert site.browser.last.user_digest is not None


def test_an_outage_is_no_wrong_password(site: Site) -> None:
    """503, the page says so, and nobody is counted as guessing."""
    reply = site.sign_in("dave")
    assert (reply.status, site.browser.last.cause) == (503, Cause.PROVIDER_UNREACHABLE)
    assert b"nothing to do with your password" in reply.body
    assert header(reply.headers, "retry-after") == "5"
    reply = site.sign_in("frank")
    assert (reply.status, site.browser.last.cause) == (503, Cause.PROVIDER_UNREACHABLE)


def test_a_store_that_is_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password was right and there is no session: an outage, on the page too."""

    def put(*_: object) -> bool:
        raise StoreUnavailable("redis", "timeout")

    monkeypatch.setattr(site.store, "put", put)
    reply = site.sign_in()
    assert (reply.status, site.browser.last.cause, site.browser.cookies) == (503, Cause.PROVIDER_UNREACHABLE, {})
    assert b'role="alert"' in reply.body


def test_from_another_sites_page(site: Site) -> None:
    """Nobody is signed in as somebody else behind her back (login CSRF); the name is not shown either."""
    reply = site.sign_in(origin="https://evil.example")
    assert (reply.status, site.browser.last.cause, site.browser.cookies) == (403, Cause.CSRF_FAILED, {})
    assert b"bob" not in reply.body


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", Cause.MALFORMED),
        (b"username=bob", Cause.MALFORMED),
        (b"password=pw", Cause.MALFORMED),
        (b"username=bob%0d%0aalice&password=pw", Cause.MALFORMED),
        (b"username=bob&username=alice&password=pw", Cause.AMBIGUOUS),
        (b"username=" + b"a" * 257 + b"&password=pw", Cause.MALFORMED),
        (b"username=bob&password=" + b"a" * 1_025, Cause.MALFORMED),
        (b"username=bob&password=" + b"a" * 20_000, Cause.MALFORMED),
    ],
)
def test_bodies_that_cannot_be_used(site: Site, body: bytes, cause: Cause) -> None:
    """Refused before any hash."""
    reply = site.browser.post("/login", body)
    assert (site.browser.last.cause, reply.status in (400, 401)) == (cause, True)


def test_pages_and_methods(site: Site) -> None:
    """GET shows the form, HEAD too, others are told what is allowed; without pages only POST is."""
    page = site.browser.get("/login?return=/a")
    assert (page.status, b'action="/login?return=/a"' in page.body) == (200, True)
    assert site.browser.events == []
    served = site.guard.world.run_sync(site.guard.serving("/login", site.browser.view("PUT", "/login")))
    assert (served.status, header(served.headers, "allow")) == (405, "GET, HEAD, POST")
    plain = Site(page=False)
    assert plain.browser.get("/login").status == 405
    reply = plain.sign_in("bob", "x")
    assert header(reply.headers, "content-type") == "application/problem+json"
    plain.guard.close()


def test_a_page_of_the_application() -> None:
    """It is given what to show."""
    shown: list[SignInPage] = []

    def render(page: SignInPage) -> str:
        shown.append(page)
        return "<p>ours"

    site = Site(page=render, username="email", password="secret")
    assert site.browser.get("/login").body == b"<p>ours"
    assert site.browser.post("/login", {"email": "bob", "secret": "x"}).body == b"<p>ours"
    assert [(page.username_field, page.username, page.problem is None) for page in shown] == [
        ("email", "", True), ("email", "bob", False),
    ]  # fmt: skip
    site.guard.close()


def test_the_second_factor(site: Site) -> None:
    """The password alone opens nothing; the code makes a new session, strong and with the claims."""
    reply = site.sign_in("alice", path="/login?return=/a")
    assert (reply.status, header(reply.headers, "location")) == (303, "/login/code?return=/a")
    assert (site.browser.last.cause, site.browser.last.outcome) == (Cause.SECOND_FACTOR_REQUIRED, "interrupt")
    pending = dict(site.browser.cookies)
    decision = site.browser.open("/me", "web")
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.SECOND_FACTOR_REQUIRED
    assert site.browser.get("/login/code?return=/a").status == 200
    code = site.code()
    reply = site.browser.post("/login/code?return=/a", {"code": f"{code[:3]} {code[3:]}"})
    assert (reply.status, header(reply.headers, "location")) == (303, "/a")
    assert site.browser.cookies != pending
    decision = site.browser.open("/me", "web")
    assert isinstance(decision, Accepted)
    assert (decision.principal.acr, decision.principal.amr) == ("mfa", ("pwd", "otp", "mfa"))
    site.browser.cookies = pending
    assert not site.signed_in


def test_codes_that_are_refused(site: Site) -> None:
    """Wrong, used, or for nobody who began; each refusal shows the code page again."""
    site.sign_in("alice")
    for text, cause in (
        ("000000", Cause.WRONG_SECOND_FACTOR),
        ("", Cause.SECOND_FACTOR_REQUIRED),
        ("abc", Cause.MALFORMED),
    ):
        reply = site.browser.post("/login/code", {"code": text})
        assert (reply.status, site.browser.last.cause, b'id="code"' in reply.body) == (401, cause, True)
    assert site.browser.post("/login/code", {"code": site.code()}).status == 303
    code = site.code()
    site.sign_in("alice")
    assert (site.browser.post("/login/code", {"code": code}).status, site.browser.last.cause) == (401, Cause.REPLAYED)
    site.browser.cookies = {}
    reply = site.browser.post("/login/code", {"code": code})
    assert (reply.status, site.browser.last.cause, b'id="password"' in reply.body) == (401, Cause.MISSING, True)
    assert header(site.browser.get("/login/code?return=/a").headers, "location") == "/login?return=/a"


def test_five_minutes_for_the_code(site: Site) -> None:
    """Then the password is asked for again."""
    site.sign_in("alice")
    site.now += 300
    reply = site.browser.post("/login/code", {"code": site.code()})
    assert (site.browser.last.cause, b"took too long" in reply.body) == (Cause.EXPIRED, True)
    assert not site.signed_in


def test_a_session_without_a_pending_code_does_not_take_one(site: Site) -> None:
    """A full session is nobody's first factor."""
    site.sign_in("bob")
    assert site.browser.post("/login/code", {"code": site.code()}).status == 401
    assert site.signed_in


def test_an_enrolment_that_was_never_confirmed(site: Site) -> None:
    """Does not lock anybody out."""
    assert site.sign_in("erin").status == 303
    assert site.signed_in


def test_guessing_is_throttled_without_being_asked_for(site: Site) -> None:
    """A guard without a throttle has one for its form."""
    for _ in range(10):
        assert site.sign_in("bob", "x").status == 401
    reply = site.sign_in("bob")
    assert (reply.status, header(reply.headers, "retry-after"), site.browser.last.cause) == (
        429,
        "30",
        Cause.RATE_LIMITED,
    )
    assert b"Too many attempts" in reply.body
    assert not site.signed_in


def test_a_stolen_password_does_not_help_to_guess_codes() -> None:
    """Right passwords in between clear nothing, and a new session each time neither."""
    site = Site(throttle=Throttle(failures=5))
    for _ in range(5):
        site.sign_in("alice")
        assert site.browser.post("/login/code", {"code": "000000"}).status == 401
    site.sign_in("alice")
    assert site.browser.last.cause is Cause.RATE_LIMITED
    assert site.browser.post("/login/code", {"code": site.code()}).status == 429
    site.guard.close()


def test_accounts_whose_hash_guard_checks_itself() -> None:
    """Same work for everybody, and an account that must have a second factor cannot do without."""
    stored = bcrypt.hashpw(b"pw", bcrypt.gensalt(4)).decode()
    people = {name: Account(name, stored, mfa_required=name != "bob") for name in ("alice", "bob", "gina")}
    site = Site(verify=None, account=people.get)
    assert (site.sign_in("bob").status, site.signed_in) == (303, True)
    assert (site.sign_in("bob", "wrong").status, site.browser.last.cause) == (401, Cause.WRONG_SECRET)
    assert (site.sign_in("nobody").status, site.browser.last.cause) == (401, Cause.UNKNOWN_IDENTITY)
    assert header(site.sign_in("alice").headers, "location") == "/login/code"
    reply = site.sign_in("gina")
    assert (reply.status, site.browser.last.cause) == (401, Cause.SECOND_FACTOR_REQUIRED)
    assert b"none is set up" in reply.body
    site.guard.close()


def test_a_code_is_owed_to_one_form(site: Site) -> None:
    """The first factor of one form is none for the second factor of another."""
    view = site.browser.view("POST", "/staff")
    lines = site.guard.world.run_sync(
        site.web.start(view, NOW, "alice", owed="/staff/code", owed_until=NOW + 300, identity="alice")
    )
    site.browser._keep(lines)
    assert site.browser.post("/login/code", {"code": site.code()}).status == 401
    assert not site.signed_in


def test_behind_wsgi(site: Site) -> None:
    """The same form, in a service that waits."""
    body = b"username=bob&password=pw"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/login", "QUERY_STRING": "return=/a", "HTTP_HOST": "shop.example",
        "HTTP_ORIGIN": "https://shop.example", "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "https",
    }  # fmt: skip
    sent: list[Any] = []
    application = site.guard.wsgi(lambda environ, start: [b""], {"/*": "web"})
    assert b"".join(application(environ, lambda status, headers, *_: sent.extend((status, dict(headers))))) == b""
    assert (sent[0], sent[1]["Location"]) == ("303 See Other", "/a")


@given(st.binary(max_size=200), st.sampled_from(["/login", "/login/code"]), st.text("A1.-_", max_size=140))
def test_any_body_and_cookie(body: bytes, path: str, cookie: str) -> None:
    """Never an error cause, and never a session."""
    site = Site()
    site.browser.cookies = {"__Host-session": cookie} if cookie else {}
    reply = site.browser.post(path, body)
    assert reply.status in (400, 401)
    assert site.browser.last.cause is not None
    assert meta(site.browser.last.cause).kind is not Kind.ERROR
    site.guard.close()


@pytest.mark.parametrize("mode", ["verify", "account"])
def test_a_name_in_another_spelling_does_not_go_round_the_second_factor(mode: str) -> None:
    """Where the application ignores case, the factor is that of the account that was found, not of what was typed."""
    stored = bcrypt.hashpw(b"pw", bcrypt.gensalt(4)).decode()
    ways: dict[str, Any] = {
        "verify": {"verify": lambda credential: {"username": credential.username.lower()}},
        "account": {"verify": None, "account": lambda name: Account(name.lower(), stored)},
    }
    site = Site(**ways[mode])
    assert header(site.sign_in("ALICE").headers, "location") == "/login/code"
    assert site.browser.post("/login/code", {"code": site.code()}).status == 303
    decision = site.browser.open("/me", "web")
    assert isinstance(decision, Accepted)
    assert decision.principal.sub == "alice"
    site.guard.close()


def test_a_principal_without_a_name() -> None:
    """Nobody can tell whose second factor to ask for: refused, and a fault of the set-up; without one it is all right."""
    site = Site(verify=lambda credential: object())
    assert (site.sign_in().status, site.browser.last.cause) == (401, Cause.MISCONFIGURED)
    site.guard.close()
    site = Site(verify=lambda credential: object(), second=False)
    assert (site.sign_in().status, site.signed_in) == (303, True)
    site.guard.close()
    site = Site(verify=lambda credential: object(), subject=lambda principal: "alice")
    assert header(site.sign_in().headers, "location") == "/login/code"
    site.guard.close()


def test_what_the_session_keeps() -> None:
    """Made from the principal of the check, also after a second factor; what is no mapping is a fault of ours."""

    async def claims(principal: Any) -> object:
        return {"name": principal["name"], "roles": ["clerk"]} if principal["name"] != "bob" else 5

    site = Site(claims=claims)
    site.sign_in("alice")
    site.browser.post("/login/code", {"code": site.code()})
    decision = site.browser.open("/me", "web")
    assert isinstance(decision, Accepted)
    assert decision.principal.roles == ("clerk",)
    assert (site.sign_in("bob").status, site.browser.last.cause) == (503, Cause.PROVIDER_ERROR)
    site.guard.close()


def test_settings_that_cannot_work() -> None:
    """Said when the service starts."""
    web = session("web", keys=["k" * 32])
    for settings in ({}, {"verify": check, "account": lambda name: None}, {"verify": check, "path": "login"},
                     {"verify": check, "after": "https://x"}, {"verify": check, "path": "/login?x"}):  # fmt: skip
        with pytest.raises(ConfigurationError):
            form("login", **settings)
    other = session("web", keys=["k" * 32])
    for wrong in ({"session": "nowhere"}, {"session": other}, {"session": "login"}, {"totp": "web"}):
        with pytest.raises(ConfigurationError, match="provider of this guard"):
            Guard(web, form("login", verify=check, **wrong))
