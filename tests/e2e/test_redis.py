"""Redis: three error codes on the wire; ACL LOG, which only an administrator reads, says who tried what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.answers import names_among, names_first
from tests.e2e.conftest import Start
from tests.e2e.loopback import binary, free_port, run

pytestmark = pytest.mark.e2e
Cli = Callable[..., str]
ADMINISTRATOR = ("-a", "admin-password", "--no-auth-warning")
SETTINGS = """
bind 127.0.0.1
port {port}
dir {home}
save ""
user default on >admin-password ~* &* +@all
user reader on >reader-password ~app:* -@all +get
user former off >former-password ~* +@all
"""


@pytest.fixture(scope="module")
def cli(start: Start, home: Path) -> Cli:
    """redis-cli against a server with a password, a reader and a user that is switched off."""
    program, client, port = binary("redis-server"), binary("redis-cli"), free_port()
    (home / "redis.conf").write_text(SETTINGS.format(port=port, home=home))
    start([program, str(home / "redis.conf")], lambda one: "Ready to accept connections" in one.text())

    def call(*words: str) -> str:
        return run([client, "-h", "127.0.0.1", "-p", str(port), *words], home)

    return call


def acl_log(cli: Cli) -> str:
    """The newest entry of ACL LOG, as redis-cli prints it, and an empty log for the next test."""
    entry = cli(*ADMINISTRATOR, "ACL", "LOG", "1")
    cli(*ADMINISTRATOR, "ACL", "LOG", "RESET")
    return entry


def test_no_password_sent(cli: Cli) -> None:
    """NOAUTH: the connection never authenticated."""
    names_first("missing", cli("GET", "app:1"))


def test_wrong_password(cli: Cli) -> None:
    """WRONGPASS is one answer for three causes, and ACL LOG only adds the name."""
    client = cli("AUTH", "reader", "wrong")
    names_among("wrong_secret", client)
    names_among("wrong_secret", client, acl_log(cli))


def test_unknown_user(cli: Cli) -> None:
    """The same WRONGPASS for a user that does not exist."""
    client = cli("AUTH", "nobody", "wrong")
    names_among("unknown_identity", client)
    names_among("unknown_identity", client, acl_log(cli))


def test_user_switched_off(cli: Cli) -> None:
    """The same WRONGPASS for a user that is off."""
    client = cli("AUTH", "former", "former-password")
    names_among("account_disabled", client)
    names_among("account_disabled", client, acl_log(cli))


def test_command_not_permitted(cli: Cli) -> None:
    """NOPERM: the reader may not write."""
    client = cli("--user", "reader", "--pass", "reader-password", "--no-auth-warning", "SET", "app:1", "x")
    names_first("insufficient_scope", client)
    names_first("insufficient_scope", client, acl_log(cli))


def test_key_not_permitted(cli: Cli) -> None:
    """NOPERM: the reader may not see keys of others."""
    client = cli("--user", "reader", "--pass", "reader-password", "--no-auth-warning", "GET", "other:1")
    names_first("insufficient_scope", client)
    names_first("insufficient_scope", client, acl_log(cli))


def test_password_without_a_name(cli: Cli) -> None:
    """The old form AUTH PASSWORD means the user default; a wrong word gets WRONGPASS too."""
    client = cli("AUTH", "wrong")
    names_among("wrong_secret", client)
    names_among("wrong_secret", client, acl_log(cli))
