"""The pages of a sign-in: plain HTML for every browser and screen reader, without script or anything from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from html import escape
from typing import Literal

from msgspec import Struct

from authwhy.guard.answers import Denied, HeaderLines
from authwhy.guard.schemes.interface import Reply

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:26rem;margin:8vh auto;padding:0 1rem}"
    "label{display:block;margin:1rem 0 .35rem;font-weight:600}"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:2px solid #767676;border-radius:.25rem}"
    "button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.6rem 1.4rem;border:2px solid #0b57d0;"
    "border-radius:.25rem;background:#0b57d0;color:#fff}"
    ":focus-visible{outline:3px solid currentColor;outline-offset:2px}"
    "[role=alert]{border-left:.3rem solid #b3261e;padding:.5rem 1rem;margin:1rem 0}"
)
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_FENCE = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; {_FENCE}"
# Not `no-referrer`: browsers then send `Origin: null` with the form, which the origin check has to refuse.
_ALWAYS: HeaderLines = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_OWN = frozenset((b"content-type", b"content-length", b"cache-control"))
_TOO_LONG = "The sign-in took too long. Please start again."
_TEXTS = {
    "password": "The user name or the password is not right.",
    "code": "The code is not right, or it was used before. Wait for the next one and try again.",
    "stopped": "Signing in did not work.",
}
_NO_FACTOR = "This account needs a second factor, and none is set up. Please ask whoever looks after your account."
_FORGED = "The form did not come from this page. Please load the page again, and then sign in."
_OUTAGE = "Signing in does not work at the moment. That has nothing to do with your password. Please try again later."


class SignInPage(Struct, frozen=True):
    """What a page shows. `kind` is password, code, or stopped (a sign-in elsewhere that failed); `action` the address
    that takes the form, or where to begin again. `problem` is text for people, `reference` names the private event.
    """

    kind: Literal["password", "code", "stopped"]
    action: str
    username_field: str = "username"
    password_field: str = "password"
    code_field: str = "code"
    username: str = ""
    problem: str | None = None
    reference: str | None = None


Render = Callable[[SignInPage], str]


def reply(page: SignInPage, render: Render | None = None, status: int = 200, more: HeaderLines = ()) -> Reply:
    """The page as an answer; `render` is the application's own, which brings what its page needs."""
    text = html(page) if render is None else render(page)
    fence = _POLICY if render is None else _FENCE
    body = text.encode()
    lines = (*_ALWAYS, (b"content-security-policy", fence.encode()), (b"content-length", b"%d" % len(body)), *more)
    return Reply(status, lines, body)


def refused(page: SignInPage, render: Render | None, denied: Denied, too_long: bool = False) -> Reply:
    """The page after a refusal: the status and headers of the decision, and nothing that the decision does not tell."""
    shown = SignInPage(
        page.kind, page.action, page.username_field, page.password_field, page.code_field, page.username,
        _TOO_LONG if too_long and denied.status < 500 else problem_text(page.kind, denied), denied.ref,
    )  # fmt: skip
    more = tuple(line for line in denied.headers if line[0] not in _OWN)
    return reply(shown, render, denied.status, more)


def problem_text(kind: str, denied: Denied) -> str:
    """One sentence for a person; the same for every reason that must look the same."""
    if denied.status == 429:
        return f"Too many attempts. Please try again {_later(denied.retry_after)}."
    if denied.status >= 500:
        return _OUTAGE
    if denied.status in (400, 403) and kind != "stopped":
        return _FORGED
    return _NO_FACTOR if denied.code == "second_factor_required" else _TEXTS[kind]


def _later(seconds: int | None) -> str:
    if seconds is None:
        return "later"
    minutes = -(-seconds // 60)
    return f"in {seconds} seconds" if seconds < 60 else f"in {minutes} minute{'s' if minutes > 1 else ''}"


def html(page: SignInPage) -> str:
    """The page guard brings along."""
    title = {"password": "Sign in", "code": "Enter your code", "stopped": "Not signed in"}[page.kind]
    problem, described = "", ""
    if page.problem is not None:
        reference = f"<br><small>Reference: {escape(page.reference)}</small>" if page.reference else ""
        problem = f'<p role="alert" id="problem">{escape(page.problem)}{reference}</p>\n'
        described = ' aria-invalid="true" aria-describedby="problem"'
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{'Error: ' if page.problem else ''}{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{problem}{_inner(page, described)}</main>\n</body>\n</html>\n"
    )


def _inner(page: SignInPage, described: str) -> str:
    action = escape(page.action)
    if page.kind == "stopped":
        return f'<p><a href="{action}">Begin again</a></p>\n'
    if page.kind == "code":
        inputs = (
            '<label for="code">Code from your authenticator app</label>\n'
            f'<input id="code" name="{escape(page.code_field)}" inputmode="numeric" autocomplete="one-time-code"'
            f" required autofocus{described}>\n"
        )
        button = "Continue"
    else:
        inputs = (
            f'<label for="username">User name</label>\n<input id="username" name="{escape(page.username_field)}"'
            f' value="{escape(page.username)}" autocomplete="username" autocapitalize="none" spellcheck="false"'
            f" required{' autofocus' if not page.username else ''}{described}>\n"
            f'<label for="password">Password</label>\n<input id="password" name="{escape(page.password_field)}"'
            f' type="password" autocomplete="current-password" required{" autofocus" if page.username else ""}'
            f"{described}>\n"
        )
        button = "Sign in"
    return f'<form method="post" action="{action}">\n{inputs}<button type="submit">{button}</button>\n</form>\n'
