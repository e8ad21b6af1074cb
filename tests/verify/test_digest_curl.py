"""curl as a client that is not ours: a little server that challenges, verifies and proves itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

import pytest
from msgspec.structs import replace

from authwhy.model.outcome import Accepted, Outcome
from authwhy.verify import digest
from authwhy.verify.digest import DigestAccountAsk, DigestNonces, DigestPolicy, DigestRequest, DigestSecret
from authwhy.verify.digest_challenge import ALGORITHMS
from authwhy.verify.flow import Ask, drive

CURL = shutil.which("curl")
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CURL is None, reason="curl is not installed")]
PASSWORD = 'pa"ss\\w\u00f6rd'
NAMES = ("alice", "J\u00e4s\u00f8n Doe", 'a"b\\c')
POLICY = DigestPolicy(realm="ops")


class Service(ThreadingHTTPServer):
    """Three accounts, one store of spent counts, a clock that the test moves at each challenge."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.policy = POLICY
        self.nonces = DigestNonces((b"k" * 32,))
        self.outcomes: list[Outcome] = []
        self.spent: set[Ask] = set()
        self.random = count(1)
        self.challenge_ages: Iterator[int] = iter(())  # how many seconds old the next nonces already are

    def answer(self, ask: Ask) -> object:
        if not isinstance(ask, DigestAccountAsk):
            known = ask in self.spent
            self.spent.add(ask)
            return known
        for name in NAMES:
            hashed = ALGORITHMS[ask.algorithm].hash(f"{name}:{ask.realm}".encode())
            if ask.username == (hashed if ask.userhash else name):
                return DigestSecret(name, password=PASSWORD)
        return None


class Door(BaseHTTPRequestHandler):
    """One request: challenge, refuse or let in."""

    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        """Answer 200 or 401."""
        service, sent = self.server, self.headers["Authorization"]
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if sent is None:
            self.reply(401, stale=False)
            return
        request = DigestRequest(self.command, self.path, self.headers["Host"])
        outcome = drive(digest.verify(sent, request, service.policy, service.nonces, 1_000), service.answer)
        service.outcomes.append(outcome)
        if isinstance(outcome, Accepted):
            self.reply(302 if self.path == "/moved" else 200, info=digest.authentication_info(outcome))
        else:
            self.reply(401, stale=digest.is_stale(outcome))

    def do_POST(self) -> None:
        """As GET."""
        self.do_GET()

    def reply(self, status: int, *, info: str = "", stale: bool = False) -> None:
        """An answer without a body."""
        service = self.server
        self.send_response(status)
        if status == 401:
            made = 1_000 - next(service.challenge_ages, 0)
            random = next(service.random).to_bytes(12, "big")
            for line in digest.challenges(service.policy, service.nonces, made, random, stale=stale):
                self.send_header("WWW-Authenticate", line)
        else:
            self.send_header("Authentication-Info", info)
            self.send_header("Location", "/here")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on a free port of loopback."""
    with Service() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def curl(service: Service, *words: str, name: str = "alice", password: str = PASSWORD) -> list[str]:
    """The status of each transfer; words that begin with a slash are targets."""
    port = service.server_address[1]
    places = [f"http://127.0.0.1:{port}{word}" if word.startswith("/") else word for word in words]
    command = [str(CURL), "-q", "-s", "-S", "--max-time", "20", "--digest", "-u", f"{name}:{password}"]
    command += ["-w", "%{http_code}\n", "-o", os.devnull, "-o", os.devnull, "--noproxy", "", *places]
    plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env=plain)
    return done.stdout.split()


@pytest.mark.parametrize("algorithm", ["SHA-256", "SHA-256-sess", "MD5", "MD5-sess"])
@pytest.mark.parametrize("userhash", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_curl_is_let_in(service: Service, algorithm: str, userhash: bool, name: str) -> None:
    """Plain, UTF-8 and escaped names, hashed or not, with a query."""
    service.policy = replace(POLICY, algorithms=(algorithm,), userhash=userhash, opaque="FQhe/qaU")
    assert curl(service, "/orders?page=2&q=%22a%22", name=name) == ["200"]
    (outcome,) = service.outcomes
    assert isinstance(outcome, Accepted)
    assert outcome.claims == {"sub": name}
    assert outcome.facts["algorithm"] == algorithm


def test_curl_takes_the_first_of_the_default_challenges(service: Service) -> None:
    """curl 7.88 computes SHA-256 for SHA-512-256, so SHA-256 has to come first; POST works as well."""
    assert curl(service, "-d", "a=b", "/orders") == ["200"]
    (outcome,) = service.outcomes
    assert isinstance(outcome, Accepted)
    assert outcome.facts["algorithm"] == "SHA-256"


@pytest.mark.parametrize(
    ("name", "password", "cause"), [("alice", "wrong", "wrong_secret"), ("bob", PASSWORD, "unknown_identity")]
)
def test_curl_with_the_wrong_credentials(service: Service, name: str, password: str, cause: str) -> None:
    """401 without stale=true: it does not try again."""
    assert curl(service, "/", name=name, password=password) == ["401"]
    assert [outcome.causes for outcome in service.outcomes if not isinstance(outcome, Accepted)] == [(cause,)]


def test_curl_goes_on_with_the_next_count(service: Service) -> None:
    """One nonce, two requests: the first one redirects."""
    assert curl(service, "-L", "/moved") == ["200"]
    accepted = [outcome.facts for outcome in service.outcomes if isinstance(outcome, Accepted)]
    assert [facts["nc"] for facts in accepted] == ["00000001", "00000002"]
    assert len({facts["nonce"] for facts in accepted}) == 1


def test_curl_tries_again_by_itself_after_stale(service: Service) -> None:
    """The first challenge is too old when it comes back; stale=true brings a second try with the new nonce."""
    service.challenge_ages = iter((400,))
    assert curl(service, "/") == ["200"]
    assert [isinstance(outcome, Accepted) for outcome in service.outcomes] == [False, True]
    assert digest.is_stale(service.outcomes[0])


def test_curl_through_a_proxy_form(service: Service) -> None:
    """The request line is in absolute form, `uri` is not."""
    port = service.server_address[1]
    assert curl(service, "--proxy", f"http://127.0.0.1:{port}", "http://shop.example:81/a?b") == ["200"]
