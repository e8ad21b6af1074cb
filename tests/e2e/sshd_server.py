"""sshd on loopback with given settings, and keys made for the test; nothing of the machine's own set-up is used."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, as_root, binary, free_port, run

SETTINGS = """
ListenAddress {host}
Port {port}
HostKey {home}/host
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
StrictModes no
AuthorizedKeysFile {home}/authorized_keys
PermitRootLogin yes
"""
LAST_WORDS = (
    "Connection closed by",
    "Disconnected from",
    "Disconnecting",
    "Connection reset by",
    "Unable to negotiate",
)


class Heard(NamedTuple):
    """What ssh printed and what sshd wrote to its log."""

    client: str
    log: str


class Sshd(NamedTuple):
    """A running sshd that knows the key `good`."""

    server: Server
    port: int
    home: Path

    def ssh(self, *options: str, user: str = "root", key: str = "good") -> Heard:
        """Sign in once with one key, as a script would (no prompts)."""
        mark = self.server.mark()
        fixed = ("-F", "none", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={self.home}/known_hosts")
        default = ("-o", "StrictHostKeyChecking=accept-new", "-o", "IdentitiesOnly=yes", "-i", str(self.home / key))
        words = [binary("ssh"), *options, *fixed, *default, "-p", str(self.port), f"{user}@{HOST}", "true"]
        client = run(words, self.home)
        return Heard(client, self.server.since(mark, *LAST_WORDS))


def make_key(path: Path) -> None:
    """An ed25519 key pair without passphrase."""
    quiet(binary("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path))


def quiet(*words: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(words, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def prepare(home: Path) -> None:
    """Host key and one good key, once a folder."""
    if not (home / "host").exists():
        make_key(home / "host")
        make_key(home / "good")
        (home / "authorized_keys").write_text((home / "good.pub").read_text())


def start_sshd(start: Start, home: Path, *settings: str) -> Sshd:
    """Start sshd with settings that come before the usual ones (the first value of a key counts)."""
    as_root("sshd changes to the user who signs in")
    program, port = binary("sshd"), free_port()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    prepare(home)
    config, log = home / f"sshd-{port}.conf", home / f"sshd-{port}.log"
    text = SETTINGS.format(host=HOST, port=port, home=home)
    config.write_text("\n".join(settings) + text)
    words = [program, "-D", "-f", str(config), "-E", str(log)]
    return Sshd(start(words, lambda one: "Server listening on" in one.text(), log=log), port, home)
