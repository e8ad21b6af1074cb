"""Observing a service: one line, its own authentication stays, every refusal is an event."""

import base64
import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.app.observing import AUDIENCE, SECRET, asgi_service, call_asgi, environ_of, scope_of, token, wsgi_service
from werkzeug.exceptions import Forbidden, Unauthorized

import authwhy
from authwhy import Event
from authwhy.app.observe import kind_of
from authwhy.app.observe_asgi import ObservedAsgi
from authwhy.app.observe_wsgi import ObservedWsgi
from authwhy.causes import Cause

CASES: dict[str, tuple[dict[str, Any], Cause]] = {
    "expired": ({"exp": -312}, Cause.EXPIRED),
    "another audience": ({"aud": "https://bills.example.com"}, Cause.WRONG_AUDIENCE),
    "another secret": ({"secret": "an invented secret of another service"}, Cause.BAD_SIGNATURE),
    "early": ({"nbf": 10**10}, Cause.NOT_YET_VALID),
}
Observing = Any


@pytest.fixture
def observing() -> Iterator[Observing]:
    """Make an observed service; `events()` waits for what was seen."""
    made: list[Any] = []

    def make(app: Any = asgi_service, **settings: Any) -> tuple[Any, Any]:
        told: list[Event] = []
        application = authwhy.observe(app, [told.append], **settings)
        made.append(application)

        def events() -> list[Event]:
            application.observer.flush()
            return told

        return application, events

    yield make
    for application in made:
        application.observer.close()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("context", [{}, {"secret": SECRET, "audience": AUDIENCE}], ids=["text", "with the secret"])
def test_every_refusal_of_a_real_service_has_its_cause(
    observing: Observing, case: str, context: dict[str, Any]
) -> None:
    """From the answer's words, or from running the check again."""
    claims, cause = CASES[case]
    application, events = observing(**context)
    (start, _) = call_asgi(application, scope_of(headers={"Authorization": f"Bearer {token(**claims)}"}))
    (event,) = events()
    assert start["status"] == event.status == 401
    assert (event.cause, event.source, event.address) == (cause, "observe", "192.0.2.7")
    assert "the real check was run here" in (event.reason or "") or not context


def test_nothing_sent_and_nothing_refused(observing: Observing) -> None:
    """A good request is no event."""
    application, events = observing()
    call_asgi(application, scope_of())
    call_asgi(application, scope_of(headers={"Authorization": f"Bearer {token()}"}))
    (event,) = events()
    assert event.cause is Cause.MISSING


def test_the_verifiers_settings_give_proofs(observing: Observing) -> None:
    """`config` is read once, and `at` fixes the time."""
    application, events = observing(config=f"JWT_AUDIENCE={AUDIENCE}/\nJWT_SECRET={SECRET}", at=5)
    call_asgi(application, scope_of(headers={"Authorization": f"Bearer {token(exp=-10)}"}))
    (event,) = events()
    assert {one.cause for one in event.causes} >= {Cause.WRONG_AUDIENCE}
    assert (event.facts["expected"], event.detail) == ((AUDIENCE + "/",), "trailing_slash")


def test_addresses_and_names(observing: Observing) -> None:
    """A forwarded address is believed from trusted proxies only."""
    settings = {"name": "orders", "version": "3", "host": "h1", "fingerprint_key": b"k" * 32}
    headers = {"X-Forwarded-For": "198.51.100.9", "Authorization": "Bearer x"}
    application, events = observing(trusted_proxies=["192.0.2.0/24"], **settings)
    call_asgi(application, scope_of(headers=headers))
    (event,) = events()
    assert (event.address, event.via) == ("198.51.100.9", "192.0.2.7")
    assert (event.app, event.version, event.host) == ("orders", "3", "h1")
    other, others = observing(**settings)
    call_asgi(other, scope_of(headers=headers))
    assert (others()[0].address, others()[0].fingerprint) == ("192.0.2.7", event.fingerprint)


def test_a_full_queue_drops_and_counts(observing: Observing) -> None:
    """The answers go out all the same."""
    held, go = threading.Event(), threading.Event()

    def slow(event: Event) -> None:
        held.set()
        assert go.wait(30)

    application = authwhy.observe(asgi_service, [slow], capacity=2)
    assert isinstance(application, ObservedAsgi)
    call_asgi(application, scope_of())
    assert held.wait(30)
    for _ in range(5):
        assert call_asgi(application, scope_of())[0]["status"] == 401
    assert application.observer.dropped == 3
    go.set()
    application.observer.close()
    assert application.observer.dropped == 3


def test_what_fails_is_swallowed_and_counted(observing: Observing, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the request and in the worker."""
    application, events = observing()
    monkeypatch.setattr("authwhy.app.observe.diagnose", lambda *_: 1 / 0)
    call_asgi(application, scope_of())
    assert events() == []
    assert application.observer.dropped == 1
    application.observer.quietly(lambda: 1 / 0)
    assert application.observer.dropped == 2


def test_a_sink_that_raises_changes_nothing(observing: Observing) -> None:
    """The others get the event."""
    told: list[Event] = []

    def broken(event: Event) -> None:
        raise ValueError("no")

    application = authwhy.observe(asgi_service, [broken, told.append])
    call_asgi(application, scope_of())
    application.observer.close()
    assert len(told) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"events": []}, "events"),
        ({"events": [print], "at": "tomorrow"}, "at"),
        ({"events": [print], "jwks": "{"}, "jwks"),
        ({"events": [print], "config": "nothing"}, "config"),
        ({"events": [print], "trusted_proxies": ["x"]}, "x"),
    ],
)
def test_a_set_up_that_cannot_work_is_said_at_once(settings: dict[str, Any], said: str) -> None:
    """Not at the first refusal."""
    with pytest.raises(ValueError, match=said):
        authwhy.observe(asgi_service, **settings)
    with pytest.raises(TypeError):
        authwhy.observe(asgi_service, [print], issuers="misspelled")


class Asynchronous:
    """An application as an object."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers nothing."""


class Synchronous:
    """The same in WSGI."""

    def __call__(self, environ: Any, start_response: Any, extra: int = 0) -> list[bytes]:
        """Answers nothing."""
        return []


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (asgi_service, "asgi"),
        (wsgi_service, "wsgi"),
        (Asynchronous(), "asgi"),
        (Synchronous(), "wsgi"),
        (functools.partial(asgi_service), "asgi"),
        (functools.partial(wsgi_service), "wsgi"),
        (lambda scope, receive, send: None, "asgi"),
        (Asynchronous().__call__, "asgi"),
    ],
)
def test_the_kind_is_found_by_the_signature(app: Any, kind: str) -> None:
    """Coroutine functions and three parameters are ASGI."""
    assert kind_of(app) == kind


def test_what_is_no_application_has_to_be_named() -> None:
    """And the word of the caller counts."""
    for app in (5, lambda: None, lambda *arguments: None):
        with pytest.raises(ValueError, match="kind="):
            authwhy.observe(app, [print])
    for word, wrapped in (("wsgi", ObservedWsgi), ("asgi", ObservedAsgi)):
        application = authwhy.observe(lambda *arguments: None, [print], kind=word)  # type: ignore[arg-type]
        assert isinstance(application, wrapped)
        application.observer.close()


def test_importing_authwhy_stays_cheap() -> None:
    """`observe` and `Event` are imported on first use."""
    program = "import sys, authwhy; sys.exit('authwhy.app' in sys.modules or 'msgspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


def test_what_waits_is_told_when_the_program_ends() -> None:
    """Without any close, and before the sinks' own workers end."""
    program = (
        "import authwhy, tests.app.observing as o\n"
        "from authwhy.guard.sinks import callback\n"
        "def line(event): print(event.cause.value, flush=True)\n"
        "app = authwhy.observe(o.asgi_service, [callback(line, slow_s=0) for _ in range(6)])\n"
        "for _ in range(20): o.call_asgi(app, o.scope_of())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count("missing") == 120


BASIC = "Basic " + base64.b64encode(b"mara:canary").decode()
NGINX = b"<html><head><title>401 Authorization Required</title></head>\r\n<body>\r\n<center><h1>401 Authorization Required</h1>"
STOCK: dict[str, tuple[str, bytes]] = {
    "werkzeug 401": ("401 UNAUTHORIZED", Unauthorized().get_body().encode()),
    "werkzeug 403": ("403 FORBIDDEN", Forbidden().get_body().encode()),
    "starlette": ("401 Unauthorized", b'{"detail":"Unauthorized"}'),
    "express": ("401 Unauthorized", b"Unauthorized"),
    "nestjs": ("401 Unauthorized", b'{"statusCode":401,"message":"Unauthorized"}'),
    "nginx": ("401 Unauthorized", NGINX + b"</center>\r\n<hr><center>nginx/1.22.1</center>"),
    "tomcat": (
        "401 Unauthorized",
        b"<h1>HTTP Status 401</h1><p>It lacks valid authentication credentials for that resource.</p>",
    ),
    "spring": ("401 Unauthorized", b"<p>There was an unexpected error (type=Unauthorized, status=401).</p>"),
    "flask-httpauth": ("401 Unauthorized", b"Unauthorized Access"),
    "login required": ("401 Unauthorized", b"Login Required"),
}


def refuse(status: str, body: bytes, challenge: str | None = None) -> Any:
    """A WSGI service that refuses everybody with this page."""

    def service(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, [] if challenge is None else [("WWW-Authenticate", challenge)])
        return [body]

    return service


@pytest.mark.parametrize("page", STOCK)
@pytest.mark.parametrize(
    ("sent", "challenge"),
    [(BASIC, 'Basic realm="Login Required"'), ("Bearer ", 'Bearer realm="Authentication Required"')],
)
def test_a_stock_page_leaves_it_to_the_exchange(observing: Observing, page: str, sent: str, challenge: str) -> None:
    """Its words are the same for every refusal; the scheme that was used is the one that is offered."""
    status, body = STOCK[page]
    credential = sent if sent is BASIC else sent + token(exp=900)
    application, events = observing(refuse(status, body, challenge))
    list(application(environ_of(authorization=credential), lambda *_: None))
    (event,) = events()
    causes = [one.cause for one in event.causes]
    assert not {Cause.UNSUPPORTED_SCHEME, Cause.MISSING} & set(causes)
    assert max(one.p for one in event.causes) < 0.5
    if status.startswith("403"):
        assert causes[0] is Cause.INSUFFICIENT_SCOPE
    else:
        assert causes[0] is (Cause.WRONG_SECRET if sent is BASIC else Cause.REVOKED)
    assert "bad password" not in (event.reason or "")


def test_two_credentials_joined_by_the_server(observing: Observing) -> None:
    """WSGI servers make one line of two with a comma."""
    application, events = observing(refuse("401 Unauthorized", b'{"error": "Not enough segments"}'))
    list(application(environ_of(authorization=f"Bearer {token()},Bearer {token()}"), lambda *_: None))
    (event,) = events()
    assert event.cause is Cause.AMBIGUOUS
