"""nginx with auth_basic: the client hears 401 and nothing more, the error log says which of the causes it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.e2e.answers import names_among, names_first, sends_to, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import binary
from tests.e2e.nginx_server import Nginx, start_nginx

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def nginx(start: Start, home: Path) -> Nginx:
    """One realm, one user: alice with her password."""
    stored = subprocess.run(
        [binary("openssl"), "passwd", "-apr1", "correct horse"], capture_output=True, text=True, check=True
    )
    (home / "htpasswd").write_text(f"alice:{stored.stdout}")
    return start_nginx(start, home, f'auth_basic "operations"; auth_basic_user_file {home}/htpasswd;')


def test_nothing_sent(nginx: Nginx) -> None:
    """curl without credentials gets a challenge: something is missing."""
    heard = nginx.curl()
    names_first("missing", heard.client)
    settles("missing", heard.client, heard.log)


def test_wrong_password(nginx: Nginx) -> None:
    """The answer hides whether user or password is wrong; the error log says password mismatch."""
    heard = nginx.curl("-u", "alice:wrong")
    names_among("wrong_secret", heard.client)
    settles("wrong_secret", heard.client, heard.log)


def test_wrong_password_sends_to_the_error_log(nginx: Nginx) -> None:
    """The challenge is there already; what is missing is the error log of the server that names itself nginx."""
    sends_to("error log", "wrong_secret", nginx.curl("-u", "alice:wrong").client)


def test_unknown_user(nginx: Nginx) -> None:
    """The answer is the same as for a wrong password; the error log says the user was not found."""
    heard = nginx.curl("-u", "bob:wrong")
    names_among("unknown_identity", heard.client)


def test_unknown_user_is_settled_by_the_log(nginx: Nginx) -> None:
    """The log's own words leave nothing to ask."""
    heard = nginx.curl("-u", "bob:wrong")
    settles("unknown_identity", heard.client, heard.log)


def test_bearer_where_basic_is_wanted(nginx: Nginx) -> None:
    """The request shows Bearer, the challenge asks for Basic: another scheme is wanted."""
    heard = nginx.curl("-H", "Authorization: Bearer abcdef0123456789abcdef0123456789")
    names_first("unsupported_scheme", heard.client)
    settles("unsupported_scheme", heard.client, heard.log)


def test_basic_without_base64(nginx: Nginx) -> None:
    """The pair was put into the header as it is, without base64."""
    heard = nginx.curl("-H", "Authorization: Basic alice:correct horse")
    names_first("malformed", heard.client)
    settles("malformed", heard.client, heard.log)


def test_password_file_unreadable(nginx: Nginx) -> None:
    """The administrator forgot the password file: 403 or 500 for the caller, the reason in the error log."""
    (nginx.home / "htpasswd").rename(nginx.home / "htpasswd.away")
    try:
        heard = nginx.curl("-u", "alice:correct horse")
    finally:
        (nginx.home / "htpasswd.away").rename(nginx.home / "htpasswd")
    settles("misconfigured", heard.client, heard.log)
