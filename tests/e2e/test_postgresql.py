"""PostgreSQL: one sentence for every wrong password on the wire, the DETAIL line of the log says which it was."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.e2e.answers import names_among, names_first, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, as_root, binary, free_port, run

pytestmark = pytest.mark.e2e
RULES = """
local all all trust
host app all 127.0.0.1/32 scram-sha-256
host audit alice 127.0.0.1/32 reject
"""
ROLES = """
CREATE ROLE alice LOGIN PASSWORD 'correct horse';
CREATE ROLE late LOGIN PASSWORD 'correct horse' VALID UNTIL '2020-01-01';
CREATE ROLE bare LOGIN;
CREATE ROLE reports NOLOGIN PASSWORD 'correct horse';
CREATE DATABASE app;
"""


class Heard(NamedTuple):
    """What psql printed and what the server logged."""

    client: str
    log: str


Connect = Callable[..., Heard]


@pytest.fixture(scope="module")
def connect(start: Start, home: Path) -> Connect:
    """psql against a fresh cluster with a few roles; the log is the server's standard error."""
    as_root("postgres refuses to run as root, so the test changes to its user")
    folder = str(max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/nonexistent")))
    postgres, psql, setpriv = binary("postgres", folder), binary("psql", folder), binary("setpriv")
    home.chmod(0o777)
    data, port = home / "data", free_port()
    as_postgres = [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    made = [binary("initdb", folder), "-D", str(data), "-U", "postgres", "-N", "--auth=trust", "--locale=C"]
    subprocess.run([*as_postgres, *made], cwd=home, check=True, capture_output=True)
    (data / "pg_hba.conf").write_text(RULES)
    server = [postgres, "-D", str(data), "-p", str(port), "-k", str(home), "-c", f"listen_addresses={HOST}"]
    fast = ["-c", "fsync=off", "-c", "log_line_prefix=%m [%p] %q%u@%d "]
    running = start([*as_postgres, *server, *fast], lambda one: "ready to accept connections" in one.text())
    run([psql, "-X", "-q", "-h", str(home), "-p", str(port), "-U", "postgres"], home, stdin=ROLES)

    def connect(user: str, password: str = "", database: str = "app") -> Heard:
        mark = running.mark()
        words = [psql, "-X", "-w", "-h", HOST, "-p", str(port), "-U", user, "-d", database, "-c", "SELECT 1"]
        client = run(words, home, env={"PGPASSWORD": password} if password else None)
        return Heard(client, running.since(mark, "FATAL") if "no password supplied" not in client else "")

    return connect


def test_wrong_password(connect: Connect) -> None:
    """The client's sentence is the same for every password cause."""
    heard = connect("alice", "wrong")
    names_among("wrong_secret", heard.client)
    names_first("wrong_secret", heard.client, heard.log)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="a DETAIL that holds only the matched line means SCRAM did not match, and is not read so",
)
def test_wrong_password_is_settled_by_the_log(connect: Connect) -> None:
    """PostgreSQL writes a DETAIL sentence for every other password cause, so its absence names this one."""
    heard = connect("alice", "wrong")
    settles("wrong_secret", heard.client, heard.log)


def test_role_missing(connect: Connect) -> None:
    """The client is told that the password failed; the DETAIL says the role does not exist."""
    heard = connect("nobody", "wrong")
    names_among("unknown_identity", heard.client)
    settles("unknown_identity", heard.client, heard.log)


def test_password_expired(connect: Connect) -> None:
    """The client is told that the password failed; the DETAIL says it has expired."""
    heard = connect("late", "correct horse")
    names_among("password_expired", heard.client)
    settles("password_expired", heard.client, heard.log)


def test_role_without_password(connect: Connect) -> None:
    """The client is told that the password failed; the DETAIL says that none is assigned."""
    heard = connect("bare", "correct horse")
    names_first("misconfigured", heard.client, heard.log, also=("wrong_secret",))


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="asks for the log, which is in the input")
def test_role_without_password_is_settled_by_the_log(connect: Connect) -> None:
    """The log's own words leave nothing to ask."""
    heard = connect("bare", "correct horse")
    settles("misconfigured", heard.client, heard.log, also=("wrong_secret",))


def test_no_password_supplied(connect: Connect) -> None:
    """psql has nothing to send and says so itself."""
    names_first("missing", connect("alice").client)


def test_no_rule_for_this_database(connect: Connect) -> None:
    """pg_hba.conf has no entry that fits."""
    heard = connect("alice", "correct horse", database="postgres")
    names_first("address_not_allowed", heard.client)
    names_first("address_not_allowed", heard.client, heard.log)


def test_rule_that_rejects(connect: Connect) -> None:
    """pg_hba.conf has an entry that says reject."""
    heard = connect("alice", "correct horse", database="audit")
    names_first("address_not_allowed", heard.client, also=("policy_blocked",))
    names_first("address_not_allowed", heard.client, heard.log, also=("policy_blocked",))


def test_role_that_may_not_log_in(connect: Connect) -> None:
    """The password is right and the role is NOLOGIN."""
    heard = connect("reports", "correct horse")
    names_first("account_disabled", heard.client)
    settles("account_disabled", heard.client, heard.log)
