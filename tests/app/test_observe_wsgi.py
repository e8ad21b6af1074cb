"""The WSGI wrapper: bodies stay what they are; refusals are taken."""

import io
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

import pytest
from tests.app.observing import environ_of, token, wsgi_service
from tests.app.test_observe_asgi import Observed

from authwhy.app.observe_wsgi import ObservedWsgi

HEADERS = [("Content-Type", "text/plain"), ("WWW-Authenticate", "Bearer")]


def wrapped(app: Any) -> tuple[ObservedWsgi, Observed]:
    """An observed application with a clock that stands."""
    observed = Observed()
    return ObservedWsgi(app, observed, lambda: 12.5), observed  # type: ignore[arg-type]


def started(status: str, headers: Any, exc_info: Any = None) -> Any:
    """What a server gives."""
    return written.append


written: list[bytes] = []


def test_a_refusal_is_taken_and_a_list_stays_a_list() -> None:
    """Servers ask for its length."""
    body = [b"one ", b"two"]

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("401 Unauthorized", HEADERS)
        return body

    application, observed = wrapped(app)
    assert application(environ_of(authorization="Bearer x"), started) is body
    (one,) = observed.taken
    assert (one.status, one.body, one.view.path, one.at) == (401, b"one two", "/orders", 12.5)
    assert one.view.header(b"authorization") == "Bearer x"
    assert (b"www-authenticate", b"Bearer") in one.headers


def test_a_body_that_is_no_refusals_is_not_touched() -> None:
    """A file for sendfile, a stream."""
    body = io.BytesIO(b"hello")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HEADERS)
        return body

    application, observed = wrapped(app)
    assert application(environ_of(), started) is body
    assert observed.taken == []


def test_a_stream_is_looked_at_while_it_passes() -> None:
    """Also one that begins late, as generators do; its close is called."""
    closed = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        try:
            start_response("403 Forbidden", HEADERS)
            yield b"one "
            yield b"two"
        finally:
            closed.append(True)

    application, observed = wrapped(app)
    passing = application(environ_of(), started)
    iterator = iter(passing)
    assert next(iterator) == b"one "
    assert observed.taken == []
    assert list(iterator) == [b"two"]
    passing.close()  # type: ignore[attr-defined]
    assert [one.body for one in observed.taken] == [b"one two"]
    assert closed == [True]


def test_a_stream_that_breaks_off_is_taken() -> None:
    """By the caller, or by a fault of the application's own."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("401 Unauthorized", HEADERS)
        yield b"one"
        raise RuntimeError("later")

    application, observed = wrapped(app)
    passing: Any = application(environ_of(), started)
    assert next(passing) == b"one"
    passing.close()
    passing = application(environ_of(), started)
    next(passing)
    with pytest.raises(RuntimeError, match="later"):
        next(passing)
    assert [one.body for one in observed.taken] == [b"one", b"one"]


def test_written_bodies_and_replaced_heads() -> None:
    """PEP 3333: write, and a second start_response with exc_info."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("401 Unauthorized", HEADERS)(b"written")
        if environ["PATH_INFO"] == "/broken":
            start_response("500 Internal Server Error", [], (None, None, None))
        if environ["PATH_INFO"] == "/raising":
            raise RuntimeError("later")
        return []

    application, observed = wrapped(app)
    written.clear()
    application(environ_of(), started)
    application(environ_of("/broken"), started)
    with pytest.raises(RuntimeError, match="later"):
        application(environ_of("/raising"), started)
    assert [(one.view.path, one.body) for one in observed.taken] == [("/orders", b"written"), ("/raising", b"written")]
    assert written == [b"written"] * 3


def test_the_wrapper_keeps_to_the_standard() -> None:
    """Checked by the validator of the standard library, on both sides."""
    application, observed = wrapped(validator(lambda environ, start: wsgi_service(environ, start)))
    for sent in ("Bearer x", f"Bearer {token()}"):
        environ = environ_of(authorization=sent) | {
            "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "SCRIPT_NAME": "",
            "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "wsgi.multithread": False,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
        }  # fmt: skip
        passing = validator(application)(environ, lambda status, headers, exc_info=None: written.append)
        assert b"".join(passing) in (b"hello", b'{"detail": "Not enough segments"}')
        passing.close()  # type: ignore[attr-defined]
    assert [one.status for one in observed.taken] == [401]
    assert observed.errors == []


def test_flasks_route_is_named() -> None:
    """As the framework leaves it in the environ."""

    class Rule:
        rule = "/orders/<number>"

    class Request:
        url_rule = Rule()

    application, observed = wrapped(wsgi_service)
    application(environ_of() | {"werkzeug.request": Request()}, started)
    assert observed.taken[0].route == "/orders/<number>"
