"""What an attacker found about paths, prefixes and preflights: each of these let a request in that a rule forbids."""

from __future__ import annotations

import logging

import flask
import pytest
from tests.guard.wsgi_client import Endpoint, call, environ_of

from authwhy.guard import ConfigurationError, Guard, basic, deny, form, session
from authwhy.guard.integrations.flask import install
from authwhy.guard.paths import CLOSED, OPEN, Paths
from authwhy.guard.wsgi import view_of

PREFLIGHT = {"Origin": "https://a", "Access-Control-Request-Method": "GET"}


def guard() -> Guard:
    return Guard(basic("staff", verify=lambda credential: deny("wrong_secret")))


def test_a_slash_at_the_end_changes_no_rule() -> None:
    rules = Paths({"/admin": "staff", "/shop/": "staff", "/*": None})
    assert rules.rule("/admin/") == rules.rule("/ADMIN/") == rules.rule("/shop") == "staff"
    assert rules.rule("/admins") is rules.rule("/admin/x") is OPEN
    open_one = Paths({"/users": None, "/users/*": "staff", "/login/": None, "/*": "staff"})
    assert open_one.rule("/users") is open_one.rule("/login/") is OPEN
    assert open_one.rule("/users/") == open_one.rule("/login") == "staff"
    assert Paths({"/admin": None}).rule("/admin/") is CLOSED


@pytest.mark.parametrize(
    "pattern",
    ["/adm%69n/*", "/a/../admin/*", "/a/./b", "/a/..", "//admin", "/{id}/edit", "/<int:id>/edit", "/admin#x", "/a\\b"],
)
def test_a_pattern_that_fits_no_path_is_no_rule(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="would fit no path"):
        Paths({pattern: "staff", "/*": None})


def test_patterns_that_look_odd_and_are_not() -> None:
    for pattern in ("/.well-known/*", "/.*", "/a.b", "/a..b/*", "/é", "/@me", "/~bob/*"):
        assert Paths({pattern: "staff"}).rule(pattern.replace("*", "x")) == "staff"


def test_a_path_of_endless_length_costs_and_keeps_nothing() -> None:
    rules = Paths({"/health": None, "/admin/*": "staff", "/*": None})
    for number in range(50):
        assert rules.rule(f"/{number}/" + "%25" * 20_000) == "staff"
    assert rules._kept == {}
    assert Paths({"/*": None}).rule("/" + "a" * 5_000) is OPEN
    assert Paths({"/a*": None}).rule("/" + "a" * 5_000) is CLOSED


def test_script_name_chooses_no_rule() -> None:
    """A WSGI server takes it from a header (gunicorn, from this machine), and the application routes without it."""
    endpoint = Endpoint()
    app = guard().wsgi(endpoint, {"/admin/*": "staff", "/*": None})
    statuses: list[str] = []
    for prefix in ("", "/api", "/pub"):
        app(
            environ_of("GET", "/admin/x", SCRIPT_NAME=prefix), lambda status, headers, exc=None: statuses.append(status)
        )
    assert [status[:3] for status in statuses] == ["401"] * 3
    assert endpoint.decisions == []
    assert call(app, "GET", "/other").status == 200


def test_a_preflight_does_not_run_a_flask_view() -> None:
    app = flask.Flask("shop")
    app.add_url_rule("/both", view_func=lambda: "secret", methods=["GET", "OPTIONS"], endpoint="both")
    app.add_url_rule("/get", view_func=lambda: "secret", endpoint="get")
    install(guard(), app, {"/*": "staff"})
    client = app.test_client()
    assert client.options("/both", headers=PREFLIGHT).status_code == 401
    assert client.options("/get", headers=PREFLIGHT).status_code == 200
    assert client.options("/get", headers=PREFLIGHT).data == b""


def test_half_a_body_is_no_body() -> None:
    view = view_of(environ_of("POST", "/login", body=b"username=a", CONTENT_LENGTH="100"))
    assert view.read_body is not None
    with pytest.raises(EOFError):
        view.read_body(1_000)
    made = Guard(form("login", account=lambda name: None), session("web", keys=["k" * 32]))
    headers = {"Host": "h", "Origin": "https://h", "Content-Type": "application/json"}
    whole = b'{"username": "a", "password": "b"}'
    codes = [
        call(made.wsgi(Endpoint(), {"/*": "web"}), "POST", "/login", headers, whole, CONTENT_LENGTH=length).problem()[
            "code"
        ]
        for length in ("34", "35")
    ]
    assert codes == ["invalid_credentials", "malformed"]


def test_a_warning_for_a_view_whose_route_does_not_go_through_its_guard(caplog: pytest.LogCaptureFixture) -> None:
    app, made = flask.Flask("shop"), guard()

    @made.flask("staff")
    @app.route("/wrong-order")
    def wrong_order() -> str:
        return "runs"

    @app.route("/right-order")
    @made.flask("staff")
    def right_order() -> str:
        return "refused"

    install(made, app)
    client = app.test_client()
    with caplog.at_level(logging.WARNING, "authwhy.guard"):
        assert [client.get(path).status_code for path in ("/wrong-order", "/right-order")] == [200, 401]
    assert [record.args for record in caplog.records if record.name == "authwhy.guard"] == [("wrong_order",)]
