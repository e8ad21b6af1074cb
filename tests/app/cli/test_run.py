"""`authwhy run`: output passes through, the status is the command's, the explanation goes to standard error."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.app.cli.conftest import Run


class Api(BaseHTTPRequestHandler):
    """Answers /open with 200 and everything else with a Basic challenge."""

    def do_GET(self) -> None:
        """The one method."""
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.headers['Host'].rpartition(':')[2]}/orders")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status = 200 if self.path == "/open" else 401
        body = b'{"answer": 42}\n' if status == 200 else b"who are you\n"
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="ops"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def api() -> Iterator[str]:
    """The address of a real server on loopback."""
    server = HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_output_and_status_are_the_commands_own(authwhy: Run) -> None:
    """A wrapper that changes nothing when nothing failed."""
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    result = authwhy("run", "--", sys.executable, "-c", script)
    assert (result.returncode, result.stdout, result.stderr) == (7, "out\n", "err\n")


def test_words_of_a_failed_authentication_are_explained(authwhy: Run) -> None:
    """Any command, not only curl."""
    script = "import sys; sys.exit('fatal: Authentication failed: password authentication failed for user \"app\"')"
    result = authwhy("run", "--", sys.executable, "-c", script)
    assert result.returncode == 1
    assert "wrong_secret" in result.stderr


def test_a_command_that_does_not_exist_is_127(authwhy: Run) -> None:
    """As a shell would answer."""
    result = authwhy("run", "--", "no-such-command-here")
    assert result.returncode == 127
    assert "command not found" in result.stderr


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_plain_curl_is_enough(authwhy: Run, api: str) -> None:
    """curl shows no headers by default; authwhy asks for them and leaves the output alone."""
    result = authwhy("run", "--", "curl", "-s", f"{api}/orders")
    assert (result.returncode, result.stdout) == (0, "who are you\n")
    assert "missing" in result.stderr
    assert "LIKELY" in result.stderr
    wrong = authwhy("run", "--", "curl", "-s", "-H", "Authorization: Bearer abc", f"{api}/orders")
    assert "unsupported_scheme" in wrong.stderr
    assert authwhy("run", "--", "curl", "-s", f"{api}/open").stderr == ""


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_redirect_that_loses_the_credentials_is_seen(authwhy: Run, api: str) -> None:
    """127.0.0.1 sends on to localhost: another host, so curl keeps the header back."""
    result = authwhy("run", "--", "curl", "-sL", "-H", "Authorization: Bearer abc", f"{api}/moved")
    assert "stripped_in_transit" in result.stderr


def test_an_interrupt_is_the_commands_to_answer(tmp_path: Path) -> None:
    """The command cleans up before authwhy ends, and its status is kept."""
    script = (
        "import signal,sys,time\n"
        "def stop(number, frame):\n    open('cleaned','w').close(); sys.exit(9)\n"
        "signal.signal(signal.SIGINT, stop); print('ready', flush=True)\n"
        "while True: time.sleep(0.05)\n"
    )
    words = [sys.executable, "-m", "authwhy", "run", "--", sys.executable, "-c", script]
    with subprocess.Popen(
        words, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(30) == 9
    assert (tmp_path / "cleaned").is_file()
