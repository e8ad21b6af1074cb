"""The pages of a sign-in."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from authwhy.causes import Cause
from authwhy.guard.answers import Denied
from authwhy.guard.schemes.sign_in_page import SignInPage, html, problem_text, refused, reply

EVIL = "\"><script>alert('x')</script>&"
PAGES = [
    SignInPage("password", "/login"),
    SignInPage("password", "/login?return=/a&b", "user", "pass", username="bob", problem="No.", reference="r1"),
    SignInPage("code", "/login/code"),
    SignInPage("code", "/login/code", problem="No."),
    SignInPage("stopped", "/login", problem="No."),
]


class Parsed(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of one kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def denied(status: int, cause: Cause = Cause.WRONG_SECRET, code: str = "invalid_credentials", **more: Any) -> Denied:
    """A decision."""
    lines = ((b"content-type", b"application/problem+json"), (b"content-length", b"9"), (b"retry-after", b"30"))
    return Denied(cause, "login", (), status, lines, b"{}", "ref-1", code, **more)


@pytest.mark.parametrize("page", PAGES)
def test_a_screen_reader_can_use_it(page: SignInPage) -> None:
    """A language, one heading, a label for every field, and the problem announced and tied to the fields."""
    parsed = Parsed(html(page))
    assert parsed.all("html") == [{"lang": "en"}]
    assert len(parsed.all("h1")) == len(parsed.all("main")) == 1
    labels = {one["for"] for one in parsed.all("label")}
    assert {one["id"] for one in parsed.all("input")} == labels
    assert len({one.get("autocomplete") for one in parsed.all("input")}) == len(labels)
    alerts = [one for _, one in parsed.elements if one.get("role") == "alert"]
    assert len(alerts) == (page.problem is not None)
    described = {one.get("aria-describedby") for one in parsed.all("input")}
    assert described <= {"problem" if page.problem else None}
    assert html(page).count("<title>Error: ") == (page.problem is not None)
    assert sum("autofocus" in one for one in parsed.all("input")) == (page.kind != "stopped")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_from_elsewhere_and_no_script(page: SignInPage) -> None:
    """The policy allows the one style sheet, by its hash, and forms to ourselves."""
    made = reply(page)
    text, headers = made.body.decode(), dict(made.headers)
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in Parsed(text).elements}
    assert "http" not in text
    style = re.search("<style>(.*)</style>", text)
    assert style is not None
    digest = base64.b64encode(sha256(style[1].encode()).digest()).decode()
    policy = headers[b"content-security-policy"].decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"referrer-policy"] == b"same-origin"
    assert int(headers[b"content-length"]) == len(made.body)


@pytest.mark.parametrize("kind", ["password", "code", "stopped"])
def test_what_somebody_typed_stays_text(kind: Any) -> None:
    """Everywhere on the page."""
    text = html(SignInPage(kind, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL))
    assert "<script" not in text
    assert "'x'" not in text.replace("</style>", "").partition("<body>")[2]


def test_every_reason_behind_one_status_reads_the_same() -> None:
    """What is told is told by the decision's status; the exact cause never shows."""
    causes = (Cause.WRONG_SECRET, Cause.UNKNOWN_IDENTITY, Cause.ACCOUNT_LOCKED, Cause.ACCOUNT_DISABLED)
    assert len({problem_text("password", denied(401, cause)) for cause in causes}) == 1
    assert "nothing to do with your password" in problem_text("password", denied(503, Cause.PROVIDER_UNREACHABLE))
    assert "load the page again" in problem_text("password", denied(403, Cause.CSRF_FAILED))
    assert "second factor" in problem_text("password", denied(401, code="second_factor_required"))
    for seconds, words in ((30, "in 30 seconds"), (60, "in 1 minute."), (61, "in 2 minutes"), (None, "later")):
        assert words in problem_text("code", denied(429, Cause.RATE_LIMITED, retry_after=seconds))


def test_the_page_after_a_refusal() -> None:
    """Status and headers of the decision, the reference for whoever helps, and the page's own type and length."""
    made = refused(SignInPage("password", "/login", username="bob"), None, denied(401))
    assert made.status == 401
    assert b"Reference: ref-1" in made.body
    assert (b"retry-after", b"30") in made.headers
    assert [value for name, value in made.headers if name == b"content-type"] == [b"text/html; charset=utf-8"]
    late = SignInPage("password", "/login")
    assert b"took too long" in refused(late, None, denied(401), too_long=True).body
    assert b"took too long" not in refused(late, None, denied(503), too_long=True).body


def test_a_page_of_the_application() -> None:
    """It gets what is to be shown, and brings its own styles; framing and foreign targets stay forbidden."""
    made = refused(SignInPage("password", "/login"), lambda page: f"<p>{page.kind} {page.problem}", denied(401))
    assert made.body == b"<p>password The user name or the password is not right."
    policy = dict(made.headers)[b"content-security-policy"]
    assert policy == b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
