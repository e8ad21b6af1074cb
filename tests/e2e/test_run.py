"""`authwhy run -- COMMAND` around real clients and real servers: output and status are theirs, the answer is ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, PATIENCE_S, binary, environment, free_port
from tests.e2e.provider import ISSUER, Api, Key, start_api
from tests.e2e.sshd_server import start_sshd

pytestmark = pytest.mark.e2e
KEY = Key("2026-11")


class Ran(NamedTuple):
    """The wrapped command's status and output, and the diagnosis (None when nothing was explained)."""

    status: int
    output: str
    errors: str
    diagnosis: dict[str, Any] | None

    def causes(self) -> list[str]:
        """Codes, best first."""
        return [finding["cause"] for finding in self.diagnosis["findings"]] if self.diagnosis else []

    def sure_of(self) -> set[str]:
        """What it calls likely or proven."""
        found = self.diagnosis["findings"] if self.diagnosis else []
        return {finding["cause"] for finding in found if finding["certainty"] in ("likely", "proven")}


def authwhy_run(home: Path, *words: str) -> Ran:
    """Run the wrapper as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "authwhy", "run", "--format", "json", "--", *words], capture_output=True, text=True,
        cwd=home, env=environment(home), timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    said, _, answer = done.stderr.partition("\n{\n")
    return Ran(done.returncode, done.stdout, said, json.loads("{" + answer) if answer else None)


@pytest.fixture(scope="module")
def api(start: Start, home: Path) -> Api:
    """An API with a right clock."""
    return start_api(start, home, KEY)


def bearer(token: str) -> list[str]:
    """The options of curl that send it."""
    return ["-H", f"Authorization: Bearer {token}"]


def test_accepted_says_nothing(api: Api, home: Path) -> None:
    """Nothing failed, so nothing is explained."""
    ran = authwhy_run(home, binary("curl"), "-s", *bearer(KEY.token()), api.url())
    assert (ran.status, ran.output, ran.diagnosis) == (0, '{"subject": "alice"}', None)


def test_no_token(api: Api, home: Path) -> None:
    """A plain curl without a token: missing."""
    ran = authwhy_run(home, binary("curl"), "-s", api.url())
    assert (ran.status, ran.output) == (0, '{"message": "Unauthorized"}')
    assert (ran.causes()[0], ran.sure_of()) == ("missing", {"missing"})


def test_expired_token(api: Api, home: Path) -> None:
    """A plain curl is enough: the token's own exp lies before the server's Date."""
    ran = authwhy_run(home, binary("curl"), "-s", *bearer(KEY.token(lives_s=-3600)), api.url())
    assert ran.output == '{"error": "invalid_token"}'
    assert (ran.causes()[0], ran.sure_of()) == ("expired", {"expired"})


def test_wrong_issuer_is_hidden(api: Api, home: Path) -> None:
    """invalid_token hides the cause and the token is in its lifetime: nothing is claimed, and expired is not first."""
    ran = authwhy_run(home, binary("curl"), "-s", *bearer(KEY.token(iss=f"{ISSUER}-test")), api.url())
    assert ran.sure_of() == set()
    assert ran.causes()[0] != "expired"


def test_server_with_a_wrong_clock(start: Start, home: Path) -> None:
    """The wrapper itself saw both clocks: this machine's and the Date header."""
    api = start_api(start, home, KEY, clock="+312s")
    ran = authwhy_run(home, binary("curl"), "-s", *bearer(KEY.token(lives_s=240)), api.url())
    assert ran.causes()[0] == "clock_skew"
    assert ran.sure_of() <= {"clock_skew"}


def test_connection_refused_is_no_authentication_failure(home: Path) -> None:
    """Nobody listens: curl's own error and status, and no story about credentials."""
    ran = authwhy_run(home, binary("curl"), "-sS", *bearer(KEY.token()), f"http://{HOST}:{free_port()}/orders")
    assert ran.status == 7
    assert ran.sure_of() == set()


def test_ssh_wrong_key(start: Start, home: Path) -> None:
    """Any client: the status of ssh and its own words stay, the answer follows."""
    sshd = start_sshd(start, home)
    (home / "authorized_keys").write_text("")
    options = [
        "-F",
        "none",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    words = [binary("ssh"), *options, "-i", str(home / "good"), "-p", str(sshd.port), f"root@{HOST}", "true"]
    ran = authwhy_run(home, *words)
    assert ran.status == 255
    assert "Permission denied (publickey)" in ran.errors
    assert "unknown_key" in ran.causes()[:4]
