"""OpenSSH: the client hears only which methods may go on, sshd's log says why the key or the user was refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.answers import names_among, names_first, sends_to, settles
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST
from tests.e2e.sshd_server import Heard, Sshd, make_key, start_sshd

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def sshd(start: Start, home: Path) -> Sshd:
    """A server that knows one key of root."""
    server = start_sshd(start, home)
    make_key(home / "other")
    return server


def test_unknown_user(sshd: Sshd) -> None:
    """The client hears Permission denied (publickey); the log says invalid user."""
    heard = sshd.ssh(user="nobody-here")
    names_among("unknown_identity", heard.client)
    settles("unknown_identity", heard.client, heard.log)


def test_wrong_key(sshd: Sshd) -> None:
    """A key that is in nobody's authorized_keys; the log says failed publickey for a user that exists."""
    heard = sshd.ssh(key="other")
    names_among("unknown_key", heard.client)
    names_first("unknown_key", heard.client, heard.log, also=("wrong_credential_selected",))


def test_user_not_listed_in_allow_users(start: Start, home: Path) -> None:
    """The client cannot tell a rule from a wrong key; the log names AllowUsers."""
    heard = start_sshd(start, home, "AllowUsers deploy").ssh()
    sends_to("journalctl -u ssh", "policy_blocked", heard.client)
    names_first("policy_blocked", heard.client, heard.log)


def test_authorized_keys_that_others_may_write(start: Start, home: Path) -> None:
    """sshd ignores a file with bad modes; the client only sees that its good key is refused."""
    loose = home / "loose_keys"
    loose.write_text((home / "good.pub").read_text())
    loose.chmod(0o666)
    heard = start_sshd(start, home, "StrictModes yes", f"AuthorizedKeysFile {loose}").ssh()
    names_among("misconfigured", heard.client)
    found = settles("misconfigured", heard.client, heard.log).findings[0]
    assert found.detail == "file_permissions"


@pytest.fixture(scope="module")
def too_many(start: Start, home: Path) -> Heard:
    """An agent full of keys uses up MaxAuthTries before the good key has its turn."""
    sshd = start_sshd(start, home, "MaxAuthTries 3")
    names = [f"spare{number}" for number in range(4)]
    for name in names:
        make_key(home / name)
    return sshd.ssh(*[word for name in names for word in ("-i", str(home / name))])


def test_many_keys_before_the_right_one(too_many: Heard) -> None:
    """Too many authentication failures: a limit was hit, and which keys were offered is the reason."""
    names_among("wrong_credential_selected", too_many.client, also=("rate_limited",))


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="several Failed publickey lines with different keys before the limit are not read as one story",
)
def test_many_keys_before_the_right_one_with_the_log(too_many: Heard) -> None:
    """Three different keys failed in one connection, then the limit: the client offered others than the right one."""
    names_first("wrong_credential_selected", too_many.client, too_many.log, also=("rate_limited",))


def test_changed_host_key(sshd: Sshd) -> None:
    """The client remembers another host key and refuses the server."""
    known = sshd.home / "stale_known_hosts"
    known.write_text(f"[{HOST}]:{sshd.port} {(sshd.home / 'other.pub').read_text()}")
    heard = sshd.ssh("-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes")
    names_first("untrusted_server", heard.client)
    settles("untrusted_server", heard.client, heard.log)


def test_method_that_is_switched_off(sshd: Sshd) -> None:
    """The client is limited to passwords, the server goes on with keys only."""
    heard = sshd.ssh("-v", "-o", "PreferredAuthentications=password")
    names_first("unsupported_scheme", heard.client)


def test_no_key_exchange_in_common(start: Start, home: Path) -> None:
    """An old server and a new client agree on no key exchange."""
    sshd = start_sshd(start, home, "KexAlgorithms curve25519-sha256")
    heard = sshd.ssh("-o", "KexAlgorithms=diffie-hellman-group14-sha1")
    names_first("tls_failure", heard.client, also=("unsupported_algorithm",))
    settles("tls_failure", heard.client, heard.log, also=("unsupported_algorithm",))
