"""A service that signs people in at a real OpenID provider, and a scripted browser for it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from tests.e2e.conftest import Start
from tests.e2e.listening import Listening
from tests.e2e.loopback import HOST, Server, accepts, binary, free_port, until

from authwhy.guard import Guard, need, optional
from authwhy.guard.schemes.oauth_login import OauthLogin
from authwhy.guard.schemes.oidc import oidc
from authwhy.guard.schemes.session import session
from authwhy.model.event import Event

SECRET = "a client secret: with % and + in it"
_SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
_PLACES = (Path("/tmp/oidcp"), Path("/tmp/authwhy-oidc-provider"))


def modules() -> Path:
    """Where oidc-provider is installed; installs it with npm, or skips the test with the reason."""
    for place in _PLACES:
        if (place / "node_modules/oidc-provider").is_dir():
            return place / "node_modules"
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    place = _PLACES[-1]
    place.mkdir(exist_ok=True)
    words = [npm, "install", "--prefix", str(place), "--no-audit", "--no-fund", "--ignore-scripts", "oidc-provider@9"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install oidc-provider in 180 s")
    if done.returncode != 0:
        pytest.skip(f"npm could not install oidc-provider: {done.stderr[-300:]}")
    return place / "node_modules"


class Provider:
    """The identity provider on its port; it may be stopped, and started again with other keys or another clock."""

    def __init__(self, start: Start, home: Path, callbacks: list[str]) -> None:
        self._start, self._home, self._callbacks = start, home, callbacks
        self.port = free_port()
        self.issuer = f"http://localhost:{self.port}"
        self._server: Server | None = None

    def begin(self, *kids: str, clock: str | None = None) -> None:
        """Start it; the first key signs. `clock` is an offset for faketime, such as `+3600s`."""
        clients = [
            {
                "client_id": name,
                "client_secret": SECRET,
                "redirect_uris": self._callbacks,
                "post_logout_redirect_uris": ["http://localhost/bye"],
            }
            for name in ("orders", "brief")
        ]
        settings = {
            "modules": str(modules()),
            "folder": str(self._home),
            "issuer": self.issuer,
            "port": self.port,
            "kids": kids,
            "clients": clients,
        }
        words = [binary("node"), str(_SCRIPT), json.dumps(settings)]
        if clock is not None:
            words = [binary("faketime"), "-f", clock, *words]
        self._server = self._start(words, lambda _: accepts(self.port))

    def stop(self) -> None:
        """Stop it."""
        assert self._server is not None
        self._server.stop()
        until(lambda: not accepts(self.port), "the provider to be gone")


class Service:
    """A guarded ASGI service in a thread; every event is kept."""

    def __init__(self, port: int, provider: Provider, sso: OauthLogin | None = None, **more: Any) -> None:
        self.base = f"http://{HOST}:{port}"
        self.events: list[Event] = []
        self.ahead_s = 0
        self.web = session("web", keys=["0123456789abcdef" * 2], login="/login", secure=False)
        settings: dict[str, Any] = {
            "issuer": provider.issuer,
            "client_id": "orders",
            "client_secret": SECRET,
            "redirect_uri": f"{self.base}/callback",
            "logout": "/logout",
            "after_logout": "http://localhost/bye",
            "allow_http": [provider.issuer],
        }
        self.sso = sso or oidc("sso", **(settings | more))
        self.guard = Guard(self.web, self.sso, clock=lambda: time.time() + self.ahead_s)
        self.guard.listen(self.events.append)
        rules = {
            "/": optional("web"),
            "/me": "web",
            "/pay": need("web", acr="mfa"),
            "/recent": need("web", max_age=5),
        }
        self._listening = Listening(self.guard.asgi(_who, rules), port)

    def __enter__(self) -> Service:
        self._listening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.__exit__(kind, error, trace)
        self.guard.close()

    @property
    def last(self) -> Event:
        """The newest event."""
        return self.events[-1]


async def _who(scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    principal = scope["authwhy"].principal
    body = ("nobody" if principal is None else principal.sub).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


class Browser:
    """Keeps cookies, follows redirects one at a time, and fills in the provider's pages."""

    def __init__(self) -> None:
        self.form: dict[str, str] = {}
        self.client = httpx2.Client(headers={"accept": "text/html"}, timeout=15, trust_env=False)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def get(self, url: str) -> httpx2.Response:
        """One page, whatever it answers."""
        return self.client.get(url)

    def post(self, url: str, fields: Mapping[str, str], **headers: str) -> httpx2.Response:
        """Send a form as its own page would."""
        parts = urlsplit(url)
        return self.client.post(
            url, data=dict(fields), headers={"origin": f"{parts.scheme}://{parts.netloc}", **headers}
        )

    def until_callback(
        self, answer: httpx2.Response, name: str = "alice", change: Callable[[str], str] = str, deny: bool = False
    ) -> str:
        """From our redirect through the provider's pages; returns the address of the callback, not opened yet."""
        url = change(location(answer))
        for _ in range(12):
            if "/callback?" in url:
                return url
            answer = self.get(url)
            if answer.status_code != 200:
                url = location(answer)
                continue
            fields = dict(re.findall(r'name="(state|code|iss)" value="([^"]+)"', answer.text))
            if "code" in fields:  # form_post: the page sends itself
                self.form = fields
                return str(re.findall(r'action="([^"]+)"', answer.text)[0])
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action is not None, answer.text
            here = urljoin(url, action[1])
            if 'value="login"' in answer.text:
                url = location(self.post(here, {"prompt": "login", "login": name, "password": "x"}))
            elif deny:
                url = location(self.get(f"{here}/abort"))
            else:
                url = location(self.post(here, {"prompt": "consent"}))
        raise AssertionError(f"no way to the callback, at {url}")


def location(answer: httpx2.Response) -> str:
    """Where an answer sends the browser."""
    assert answer.status_code in (302, 303), f"{answer.status_code} {answer.text[:2000]}"
    return urljoin(str(answer.url), answer.headers["location"])


def environment_is_ready() -> None:
    """Skip where there is no node, or no oidc-provider."""
    binary("node")
    modules()
