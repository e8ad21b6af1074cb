"""Dovecot IMAP: response codes of RFC 5530 on the wire, the exact reason in the authentication log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.e2e.answers import names_among, names_first, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, as_root, binary, free_port, run

pytestmark = pytest.mark.e2e
SETTINGS = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_verbose = yes
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = passwd-file
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
USERS = """
alice:{PLAIN}correct-horse::::::
former:{PLAIN}correct-horse::::::nologin=yes
office:{PLAIN}correct-horse::::::allow_nets=192.0.2.0/24
"""


class Heard(NamedTuple):
    """What curl printed and what dovecot logged."""

    client: str
    log: str


Fetch = Callable[..., Heard]


@pytest.fixture(scope="module")
def fetch(start: Start, home: Path) -> Fetch:
    """curl as a mail client against a server with three accounts."""
    as_root("dovecot drops root for its processes")
    dovecot, curl, port = binary("dovecot"), binary("curl"), free_port()
    (home / "run").mkdir()
    (home / "users").write_text(USERS)
    (home / "dovecot.conf").write_text(SETTINGS.format(home=home, port=port))
    log = home / "dovecot.log"
    running = start([dovecot, "-F", "-c", str(home / "dovecot.conf")], lambda one: "starting up" in one.text(), log=log)

    def call(user: str, password: str, *options: str) -> Heard:
        mark = running.mark()
        words = [curl, "-sv", "-u", f"{user}:{password}", *options, f"imap://{HOST}:{port}/INBOX"]
        client = run(words, home)
        return Heard(client, running.since(mark, "imap-login:"))

    return call


def test_wrong_password(fetch: Fetch) -> None:
    """AUTHENTICATIONFAILED hides user or password; the log says password mismatch."""
    heard = fetch("alice", "wrong")
    names_among("wrong_secret", heard.client)
    settles("wrong_secret", heard.client, heard.log)


def test_unknown_user(fetch: Fetch) -> None:
    """The same answer; the log says unknown user."""
    heard = fetch("nobody", "wrong")
    names_among("unknown_identity", heard.client)
    names_first("unknown_identity", heard.client, heard.log)


def test_unknown_user_is_settled_by_the_log(fetch: Fetch) -> None:
    """The log's own words leave nothing to ask."""
    heard = fetch("nobody", "wrong")
    settles("unknown_identity", heard.client, heard.log)


def test_address_not_allowed(fetch: Fetch) -> None:
    """The same answer; the log says that allow_nets failed."""
    heard = fetch("office", "correct-horse")
    names_first("address_not_allowed", heard.client, heard.log)


def test_address_not_allowed_is_settled_by_the_log(fetch: Fetch) -> None:
    """The log's own words leave nothing to ask."""
    heard = fetch("office", "correct-horse")
    settles("address_not_allowed", heard.client, heard.log)


def test_login_switched_off(fetch: Fetch) -> None:
    """The account is marked nologin, and the answer says so beside CONTACTADMIN."""
    names_first("account_disabled", fetch("former", "correct-horse").client)


def test_login_switched_off_with_the_log(fetch: Fetch) -> None:
    """The log adds only that something failed after the password was right."""
    heard = fetch("former", "correct-horse")
    names_first("account_disabled", heard.client, heard.log)


def test_password_in_clear_from_elsewhere(fetch: Fetch) -> None:
    """From another address the server wants TLS before it takes a password."""
    heard = fetch("alice", "correct-horse", "--interface", "127.0.0.2")
    names_first("insecure_transport", heard.client)
    names_first("insecure_transport", heard.client, heard.log)
