"""A real browser (Chromium) signs in: with the form, with a one-time code, at another provider; with and without script."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Start
from tests.e2e.listening import Listening
from tests.e2e.loopback import HOST, free_port, until
from tests.e2e.oidc_service import Provider, Service, environment_is_ready

from authwhy.guard import Guard, deny, optional
from authwhy.guard.schemes.credential import PasswordCredential
from authwhy.guard.schemes.form import form
from authwhy.guard.schemes.session import session
from authwhy.guard.schemes.totp import totp
from authwhy.model.event import Event
from authwhy.verify.totp import TotpEnrolment, hotp, read_secret

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.e2e
PORT = free_port()
BASE = f"http://localhost:{PORT}"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SCREENSHOTS = os.environ.get("AUTHWHY_SCREENSHOTS")


def check(credential: PasswordCredential) -> object:
    """Everybody has the same password."""
    return credential.username if credential.password == "correct horse" else deny("wrong_secret")


class Site:
    """A guarded service with a form, a second factor for alice, and its events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = 1_800_000_000.0
        self.guard = Guard(
            session("web", keys=["0123456789abcdef" * 2], login="/login"),
            form("login", verify=check, totp="code", page=True),
            totp("code", enrolment=lambda who: TotpEnrolment(who, TOTP_SECRET) if who == "alice" else None),
            clock=lambda: self.now,
        )
        self.guard.listen(self.events.append)
        self.app = self.guard.asgi(page, {"/": optional("web"), "/me": "web"})

    def code(self) -> str:
        """What alice's app shows."""
        return hotp(read_secret(TOTP_SECRET) or b"", int(self.now) // 30, 6)


async def page(scope, receive, send):  # type: ignore[no-untyped-def]
    """Says who it is, and how strongly."""
    who = scope["authwhy"].principal
    text = "nobody" if who is None else f"{who.sub} {who.acr}"
    body = f'<!doctype html><html lang="en"><title>Orders</title><h1>{text}</h1></html>'.encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """The browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[False, True], ids=["without script", "with script"])
def tab(chromium, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A tab of a fresh profile; whatever the browser complains about fails the test."""
    context = chromium.new_context(java_script_enabled=request.param, viewport={"width": 480, "height": 640})
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield made
    context.close()
    assert [text for text in complaints if "Content Security Policy" in text or "Refused" in text] == []


@pytest.fixture
def site() -> Iterator[Site]:
    """The service, listening."""
    made = Site()
    with Listening(made.app, PORT):
        yield made
    made.guard.close()


def screenshot(tab, name: str) -> None:  # type: ignore[no-untyped-def]
    """Kept where somebody wants to look at it."""
    if SCREENSHOTS:
        tab.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"), full_page=True)


def sign_in(tab, name: str, password: str) -> None:  # type: ignore[no-untyped-def]
    """By what a person sees and a screen reader says: the labels."""
    tab.get_by_label("User name").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Sign in").click()


def test_sign_in_and_back_to_the_page(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """A page that needs a person leads to the form and back; a wrong password is said, not only shown."""
    tab.goto(f"{BASE}/me?tab=2")
    assert tab.title() == "Sign in"
    screenshot(tab, "sign-in")
    sign_in(tab, "bob", "wrong")
    alert = tab.get_by_role("alert")
    assert "The user name or the password is not right." in alert.inner_text()
    assert tab.title() == "Error: Sign in"
    for label in ("User name", "Password"):
        field = tab.get_by_label(label)
        assert (field.get_attribute("aria-invalid"), field.get_attribute("aria-describedby")) == ("true", "problem")
    assert tab.get_by_label("User name").input_value() == "bob"
    screenshot(tab, "sign-in-refused")
    assert site.events[-1].cause == "wrong_secret"
    sign_in(tab, "bob", "correct horse")
    assert tab.url == f"{BASE}/me?tab=2"
    assert tab.get_by_role("heading").inner_text() == "bob None"
    cookie = next(one for one in tab.context.cookies() if one["name"] == "__Host-session")
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")


def test_every_failure_looks_the_same(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """Unknown or known, the page is the same but for the name and the reference."""
    seen = set()
    for name in ("bob", "nobody-of-this-name"):
        tab.goto(f"{BASE}/login")
        sign_in(tab, name, "wrong")
        text = tab.get_by_role("main").inner_text().replace(site.events[-1].ref or "", "REF")
        seen.add(text)
    assert len(seen) == 1


def test_second_factor(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """The password alone opens nothing; the code is asked for on a page of its own, and works once."""
    tab.goto(f"{BASE}/me")
    sign_in(tab, "alice", "correct horse")
    assert tab.url == f"{BASE}/login/code?return=/me"
    assert site.events[-1].cause == "second_factor_required"
    assert site.events[-1].outcome == "interrupt"
    screenshot(tab, "code")
    field = tab.get_by_label("Code from your authenticator app")
    assert (field.get_attribute("autocomplete"), field.get_attribute("inputmode")) == ("one-time-code", "numeric")
    tab.goto(f"{BASE}/me")
    assert tab.url == f"{BASE}/login/code?return=/me"
    field.fill("000000" if site.code() != "000000" else "111111")
    tab.get_by_role("button", name="Continue").click()
    assert "The code is not right" in tab.get_by_role("alert").inner_text()
    screenshot(tab, "code-refused")
    code = site.code()
    field.fill(f"{code[:3]} {code[3:]}")
    tab.get_by_role("button", name="Continue").click()
    assert tab.url == f"{BASE}/me"
    assert tab.get_by_role("heading").inner_text() == "alice mfa"
    tab.context.clear_cookies()
    tab.goto(f"{BASE}/login")
    sign_in(tab, "alice", "correct horse")
    field.fill(code)
    tab.get_by_role("button", name="Continue").click()
    assert "used before" in tab.get_by_role("alert").inner_text()
    assert site.events[-1].cause == "replayed"


def test_a_second_factor_that_takes_too_long(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """After five minutes the password is asked for again."""
    tab.goto(f"{BASE}/me")
    sign_in(tab, "alice", "correct horse")
    site.now += 301
    tab.get_by_label("Code").fill(site.code())
    tab.get_by_role("button", name="Continue").click()
    assert "took too long" in tab.get_by_role("alert").inner_text()
    assert tab.get_by_label("Password").is_visible()
    assert site.events[-1].cause == "expired"


def test_too_many_attempts(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """The form has a throttle of its own where the guard has none; the page says how long to wait."""
    for _ in range(11):
        tab.goto(f"{BASE}/login")
        sign_in(tab, "bob", "wrong")
    assert "Too many attempts. Please try again in 30 seconds." in tab.get_by_role("alert").inner_text()
    sign_in(tab, "bob", "correct horse")
    assert site.events[-1].cause == "rate_limited"


def test_another_sites_form(site: Site, tab) -> None:  # type: ignore[no-untyped-def]
    """A page elsewhere cannot sign a person in as somebody else (login CSRF)."""
    html = (
        f'<!doctype html><html lang="en"><title>Evil</title><form method="post" action="{BASE}/login">'
        '<input name="username" value="mallory"><input name="password" value="correct horse">'
        "<button>Win</button></form></html>"
    ).encode()

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer((HOST, 0), Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        tab.goto(f"http://{HOST}:{server.server_port}/")
        tab.get_by_role("button", name="Win").click()
        assert "did not come from this page" in tab.get_by_role("alert").inner_text()
        assert site.events[-1].cause == "csrf_failed"
        assert not any(one["name"] == "__Host-session" for one in tab.context.cookies())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_at_another_provider(start: Start, home: Path, chromium) -> None:  # type: ignore[no-untyped-def]
    """From a page of ours through the provider's own pages and back, with a session at the end."""
    environment_is_ready()
    port = free_port()
    provider = Provider(start, home, [f"http://{HOST}:{port}/callback"])
    provider.begin("a")
    with Service(port, provider) as service:
        context = chromium.new_context()
        tab = context.new_page()
        context.route("https://fonts.googleapis.com/**", lambda route: route.abort())
        tab.goto(f"{service.base}/me")
        tab.get_by_placeholder("Enter any login").fill("alice")
        tab.get_by_placeholder("and password").fill("x")
        tab.get_by_role("button", name="Sign-in").click()
        tab.get_by_role("button", name="Continue").click()
        until(lambda: tab.url == f"{service.base}/me", "the way back")
        assert tab.locator("body").inner_text() == "alice"
        tab.goto(f"{service.base}/callback?error=access_denied&state=x")
        assert "Signing in did not work." in tab.get_by_role("alert").inner_text()
        screenshot(tab, "stopped")
        context.close()
