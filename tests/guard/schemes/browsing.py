"""A browser in a few lines for tests of providers: keeps cookies, opens pages, sends forms."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from authwhy.guard import Guard, View
from authwhy.guard.answers import Decision
from authwhy.guard.rules import Rule
from authwhy.guard.schemes.interface import Reply
from authwhy.model.event import Event

HOST = "shop.example"
FORM = "application/x-www-form-urlencoded"


class Browser:
    """Talks to one guard, without a server; every event is kept. `now` is s since 1970."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.cookies: dict[str, str] = {}
        self.events: list[Event] = []
        guard.listen(self.events.append)

    @property
    def last(self) -> Event:
        """The newest event."""
        return self.events[-1]

    def view(self, method: str, path: str, **headers: str) -> View:
        """A request with the cookies."""
        given = {
            "host": HOST,
            "accept": "text/html",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return View.of(method, path, {name: text for name, text in given.items() if text})

    def open(self, path: str, rule: Rule, **headers: str) -> Decision:
        """A page behind a rule."""
        decision = self.guard.decide_sync(self.view("GET", path, **headers), rule, route=path)
        self._keep(decision.headers)
        return decision

    def get(self, path: str, **headers: str) -> Reply:
        """A page that a provider serves."""
        return self._served(self.view("GET", path, **headers))

    def post(self, path: str, fields: Mapping[str, str] | bytes = b"", **headers: str) -> Reply:
        """A form sent as its own page would, unless `headers` say otherwise."""
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        view = self.view("POST", path, **{"origin": f"https://{HOST}", "content_type": FORM, **headers})
        view.read_body = lambda limit: body if len(body) <= limit else None
        return self._served(view)

    def _served(self, view: View) -> Reply:
        reply: Reply = self.guard.world.run_sync(self.guard.serving(view.path, view))
        self._keep(reply.headers)
        return reply

    def _keep(self, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        for name, line in headers:
            if name == b"set-cookie":
                key, _, value = line.decode().partition(";")[0].partition("=")
                if value:
                    self.cookies[key] = value
                else:
                    self.cookies.pop(key, None)


def header(headers: tuple[tuple[bytes, bytes], ...], name: str) -> str | None:
    """One header of an answer."""
    return next((value.decode() for key, value in headers if key == name.encode()), None)
