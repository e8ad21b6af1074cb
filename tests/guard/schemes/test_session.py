"""Sessions: who is signed in, until when, and what another site's page cannot do with the cookie."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.guard.schemes.browsing import Browser, header

from authwhy.causes import Cause
from authwhy.guard import Guard, View, any_of, api_key, deny, need, optional
from authwhy.guard.answers import Accepted, Denied
from authwhy.guard.rules import ConfigurationError, Rule
from authwhy.guard.schemes.session import Session, session, short
from authwhy.stores.interface import StoreUnavailable
from authwhy.stores.memory import MemorySessions

NOW = 1_800_000_000
OLD, NEW = "old" * 11, "new" * 11


class Site:
    """A guard with a session provider and a clock."""

    def __init__(self, **settings: Any) -> None:
        self.now = float(NOW)
        self.web: Session = session("web", **({"keys": [OLD], "login": "/login", "logout": "/logout"} | settings))
        keys = api_key("key", lookup=lambda key: "robot", inline=True)
        self.guard = Guard(self.web, keys, clock=lambda: self.now)
        self.browser = Browser(self.guard)

    def sign_in(self, subject: str = "alice", **more: Any) -> None:
        """As a form would."""
        view = self.browser.view("POST", "/login")
        lines = self.guard.world.run_sync(self.web.start(view, int(self.now), subject, **more))
        self.browser._keep(lines)

    def open(self, path: str = "/me", rule: Rule = "web", **headers: str) -> Accepted | Denied:
        """A page for signed-in people."""
        return self.browser.open(path, rule, **headers)


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of its own for each test."""
    made = Site()
    yield made
    made.guard.close()


def refused(decision: Accepted | Denied) -> Cause:
    """The leading cause."""
    assert isinstance(decision, Denied)
    return decision.cause


def test_signed_in(site: Site) -> None:
    """The principal are the claims; the event names a session without its id."""
    site.sign_in(claims={"roles": ["clerk"], "scope": "orders:read"}, acr="mfa", amr=("pwd", "otp"))
    decision = site.open(rule=need("web", scope="orders:read", acr="mfa", max_age=10))
    assert isinstance(decision, Accepted)
    assert decision.principal.sub == "alice"
    assert decision.principal.roles == ("clerk",)
    assert decision.principal.auth_time == NOW
    cookie = site.browser.cookies["__Host-session"]
    assert site.browser.last.session == short(decision.principal.sid)
    assert decision.principal.sid not in site.browser.last.to_json().decode()
    assert cookie not in site.browser.last.to_json().decode()


def test_the_applications_own_principal() -> None:
    """Made for each request, and able to refuse somebody who is no longer welcome."""
    blocked: set[str] = set()

    async def person(claims: Any) -> object:
        return deny("account_disabled") if claims.sub in blocked else ("person", claims.sub)

    site = Site(principal=person)
    site.sign_in()
    decision = site.open()
    assert isinstance(decision, Accepted)
    assert decision.principal == ("person", "alice")
    blocked.add("alice")
    assert refused(site.open()) is Cause.ACCOUNT_DISABLED
    site.guard.close()


def test_nothing_sent(site: Site) -> None:
    """A program gets 401 and a challenge that opens no window; a person who opens a page is sent to sign in."""
    program = site.open(accept="application/json")
    assert isinstance(program, Denied)
    assert (program.status, header(program.headers, "www-authenticate")) == (401, 'Session realm="web"')
    person = site.open("/me?tab=2")
    assert isinstance(person, Denied)
    assert (person.status, header(person.headers, "location")) == (303, "/login?return=/me%3Ftab%3D2")
    assert header(person.headers, "www-authenticate") is None
    assert b'"status":303' in person.body
    script = site.open(sec_fetch_mode="cors")
    assert isinstance(script, Denied)
    assert script.status == 401


def test_only_401_sends_anybody_to_sign_in(site: Site) -> None:
    """Whoever may not do something, or is limited, would come back to the same refusal: round and round."""
    site.sign_in()
    decision = site.open(rule=need("web", scope="admin"))
    assert isinstance(decision, Denied)
    assert (decision.status, header(decision.headers, "location")) == (403, None)
    post = site.guard.decide_sync(site.browser.view("POST", "/me", origin="https://shop.example"), need("web", acr="x"))
    assert isinstance(post, Denied)
    assert (post.status, header(post.headers, "location")) == (401, None)


def test_step_up(site: Site) -> None:
    """Signed in too weakly or too long ago: back to sign in, with what is wanted."""
    site.sign_in()
    site.now += 400
    decision = site.open("/pay", need("web", acr=("mfa", "phr"), max_age=300))
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.STRONGER_AUTHENTICATION_REQUIRED
    assert header(decision.headers, "location") == "/login?return=/pay&acr_values=mfa+phr&max_age=300"


def test_a_page_anybody_may_see(site: Site) -> None:
    """Optional: nobody is nobody; an ended session is said once, and its cookie is taken away."""
    assert isinstance(site.open("/", optional("web")), Accepted)
    site.sign_in()
    site.now += 1_800
    assert refused(site.open("/", optional("web"))) is Cause.EXPIRED
    again = site.open("/", optional("web"))
    assert isinstance(again, Accepted)
    assert again.anonymous


def test_idle_and_absolute_ends(site: Site) -> None:
    """Each use counts; after twelve hours no use helps."""
    site.sign_in()
    for _ in range(12 * 3_600 // 1_700):
        site.now += 1_700
        assert isinstance(site.open(), Accepted)
    site.now = NOW + 12 * 3_600
    assert refused(site.open()) is Cause.EXPIRED
    assert site.browser.last.facts["late_s"] == 0


class Counting(MemorySessions):
    """Counts writes, and may be out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.broken: set[str] = set()
        self.threads: set[str] = set()

    def get(self, session: str, now: float) -> dict[str, object] | None:
        """Perhaps."""
        self.threads.add(threading.current_thread().name)
        if "get" in self.broken:
            raise StoreUnavailable("redis", "timeout")
        return super().get(session, now)

    def put(self, session: str, data: Mapping[str, object], until: float, now: float) -> bool:
        """Perhaps."""
        if "put" in self.broken:
            raise StoreUnavailable("redis", "refused")
        self.writes += 1
        return super().put(session, data, until, now)


def test_a_use_is_written_once_a_minute() -> None:
    """A page with fifty pictures is one write at most."""
    store = Counting()
    site = Site(store=store)
    site.sign_in()
    for second in range(120):
        site.now = NOW + second
        assert isinstance(site.open(), Accepted)
    assert store.writes == 2
    site.guard.close()


def test_an_outage_of_the_store() -> None:
    """503 and an error cause, the cookie stays; a write that fails changes nothing for the person."""
    store = Counting()
    site = Site(store=store)
    site.sign_in()
    site.now += 100
    store.broken = {"put"}
    assert isinstance(site.open(), Accepted)
    assert site.browser.last.notes == ("session_not_touched",)
    store.broken = {"get"}
    decision = site.open()
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.PROVIDER_UNREACHABLE, 503)
    assert header(decision.headers, "set-cookie") is None
    store.broken = set()
    assert isinstance(site.open(), Accepted)
    site.guard.close()


def test_a_store_that_waits_is_asked_in_a_thread() -> None:
    """The event loop goes on meanwhile."""
    store = Counting()
    store.blocking = True
    site = Site(store=store)
    site.sign_in()
    assert isinstance(site.open(), Accepted)
    assert store.threads == {"authwhy-call"}
    site.guard.close()


def test_a_new_key_seals_old_cookies_anew() -> None:
    """The next answer brings the new cookie; the lifetime stays, and the event says that an old key was in use."""
    store = MemorySessions()
    before = Site(store=store)
    before.sign_in()
    after = Site(store=store, keys=[NEW, OLD])
    after.browser.cookies = before.browser.cookies
    old = dict(before.browser.cookies)
    decision = after.open()
    assert isinstance(decision, Accepted)
    assert after.browser.cookies != old
    assert isinstance(after.open(), Accepted)
    assert [event.notes for event in after.browser.events] == [("old_key",), ()]
    gone = Site(store=store, keys=[NEW])
    gone.browser.cookies = dict(old)
    assert refused(gone.open()) is Cause.UNKNOWN_KEY
    assert gone.browser.cookies == old  # another node may know the key
    after.now = NOW + 12 * 3_600
    assert refused(after.open()) is Cause.EXPIRED
    for one in (before, after, gone):
        one.guard.close()


def test_signing_in_ends_what_was_before(site: Site) -> None:
    """A cookie that somebody planted is worth nothing after the sign-in (session fixation)."""
    site.sign_in("mallory")
    planted = dict(site.browser.cookies)
    site.sign_in("alice")
    assert site.browser.cookies != planted
    site.browser.cookies = planted
    assert refused(site.open()) is Cause.SESSION_INVALID


def test_signing_out(site: Site) -> None:
    """Only by POST from a page of ours; the session is over at once, wherever the cookie still is."""
    site.sign_in()
    cookie = dict(site.browser.cookies)
    assert site.browser.get("/logout").status == 405
    assert site.browser.post("/logout", origin="https://evil.example").status == 403
    assert isinstance(site.open(), Accepted)
    out = site.browser.post("/logout")
    assert (out.status, header(out.headers, "location"), site.browser.cookies) == (303, "/", {})
    site.browser.cookies = cookie
    assert refused(site.open()) is Cause.SESSION_INVALID


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_requests_from_another_sites_page(site: Site, method: str) -> None:
    """The cookie comes along, the origin does not lie: 403, and the event says whose session it was."""
    site.sign_in()
    decision = site.guard.decide_sync(site.browser.view(method, "/pay", origin="https://evil.example"), "web")
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.CSRF_FAILED, 403)
    assert site.browser.last.user == "alice"
    ours = site.guard.decide_sync(site.browser.view(method, "/pay", origin="https://shop.example"), "web")
    assert isinstance(ours, Accepted)


def test_a_key_needs_no_origin(site: Site) -> None:
    """What a browser does not send unasked cannot be sent by another site's page; but both together are checked."""
    site.sign_in()
    view = View.of("POST", "/pay", {"x-api-key": "k"})
    assert isinstance(site.guard.decide_sync(view, any_of("web", "key")), Accepted)


def test_the_check_can_be_switched_off() -> None:
    """For an application that has one of its own."""
    site = Site(csrf=None)
    site.sign_in()
    view = site.browser.view("POST", "/pay", origin="https://evil.example")
    assert isinstance(site.guard.decide_sync(view, "web"), Accepted)
    site.guard.close()


def test_two_cookies_of_one_name(site: Site) -> None:
    """Another host of the domain may have set one: none is chosen."""
    site.sign_in()
    value = site.browser.cookies["__Host-session"]
    view = View.of("GET", "/me", {"cookie": f"__Host-session={value}; __Host-session=x"})
    assert refused(site.guard.decide_sync(view, "web")) is Cause.AMBIGUOUS
    same = View.of("GET", "/me", {"cookie": f"__Host-session={value}; __Host-session={value}"})
    assert isinstance(site.guard.decide_sync(same, "web"), Accepted)


@pytest.mark.parametrize("cookie", ["x", "1.a.b.c.d", "", "1." + "A" * 200, "%00"])
def test_cookies_that_are_none(site: Site, cookie: str) -> None:
    """Never an error cause, whatever somebody writes into a cookie."""
    decision = site.guard.decide_sync(View.of("GET", "/me", {"cookie": f"__Host-session={cookie}"}), "web")
    assert isinstance(decision, Denied)
    assert decision.status == 401


def test_a_second_factor_that_is_owed(site: Site) -> None:
    """Nobody is signed in yet: the page for the code, and after five minutes nothing."""
    site.sign_in(owed="/login/code", owed_until=NOW + 300)
    decision = site.open()
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.SECOND_FACTOR_REQUIRED
    assert header(decision.headers, "location") == "/login/code?return=/me"
    program = site.open(accept="")
    assert isinstance(program, Denied)
    assert header(program.headers, "www-authenticate") == 'Session realm="web", next="/login/code"'
    site.now += 300
    assert refused(site.open()) is Cause.EXPIRED


@pytest.mark.parametrize(
    "settings",
    [
        {"csrf": "token"},
        {"login": "https://elsewhere.example/login"},
        {"logout": "//x"},
        {"idle_s": 0},
        {"lifetime_s": -1},
        {"trusted_origins": ["shop.example"]},
        {"keys": []},
        {"same_site": "none", "secure": False},
    ],
)
def test_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    """Said when the service starts."""
    with pytest.raises(ConfigurationError):
        Site(**settings)
