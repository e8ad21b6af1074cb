"""Every example under its real servers, called with real curl and httpx: what a caller hears, what the console says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt as pyjwt
import pytest
from tests.e2e.loopback import HOST, Server, accepts, binary, environment, free_port

pytestmark = pytest.mark.e2e
httpx = pytest.importorskip("httpx2", reason="httpx2 is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = str(Path(sys.executable).parent)
SECRET = "a-secret-that-only-these-tests-know-0123456789"
PAGE = "https://page.example"
KEY = {"X-Api-Key": "robot-key-1"}
WORDS = {
    "uvicorn": "uvicorn --no-access-log --app-dir {examples} --host {host} --port {port} {target}",
    "granian asgi": "granian --interface asgi --working-dir {examples} --host {host} --port {port} {target}",
    "granian wsgi": "granian --interface wsgi --working-dir {examples} --host {host} --port {port} {target}",
    "gunicorn": "gunicorn --chdir {examples} --bind {host}:{port} --threads 2 {target}",
}
RUNS = [
    ("uvicorn", "guard_asgi:application"),
    ("granian asgi", "guard_asgi:application"),
    ("gunicorn", "guard_wsgi:application"),
    ("granian wsgi", "guard_wsgi:application"),
    ("uvicorn", "guard_starlette:app"),
    ("granian asgi", "guard_starlette:app"),
    ("uvicorn", "guard_fastapi:app"),
    ("granian asgi", "guard_fastapi:app"),
    ("gunicorn", "guard_django:application"),
    ("uvicorn", "guard_django:asgi"),
    ("gunicorn", "guard_flask:app"),
    ("granian wsgi", "guard_flask:app"),
]
WITH_CORS = [run for run in RUNS if run[1].startswith(("guard_starlette", "guard_fastapi", "guard_flask"))]
WITH_SOCKETS = [run for run in RUNS if run[1].startswith(("guard_starlette", "guard_fastapi"))]
WITH_DOCUMENT = [run for run in RUNS if run[1].startswith("guard_fastapi")]
NEEDS = {"guard_starlette": "starlette", "guard_fastapi": "fastapi", "guard_django": "django", "guard_flask": "flask"}


class Heard(NamedTuple):
    """What curl heard: header names in lower case, line by line."""

    status: int
    lines: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for key, value in self.lines if key == name]

    @property
    def code(self) -> str:
        """The code of the problem; its form is checked on the way."""
        problem = json.loads(self.body)
        assert self.all("content-type") == ["application/problem+json"]
        assert self.all("cache-control") == ["no-store"]
        assert (problem["status"], len(problem["ref"])) == (self.status, 16)
        return str(problem["code"])


class Running:
    """An example under a server."""

    def __init__(self, name: str, server: Server, port: int) -> None:
        self.name, self.server, self.port = name, server, port
        self.base = f"http://{HOST}:{port}"

    def curl(self, path: str, *options: str, body: bytes = b"") -> Heard:
        """Call with curl."""
        words = [binary("curl"), "-sS", "-i", "--max-time", "15", "-H", "Expect:", *options, self.base + path]
        done = subprocess.run(
            words, input=body, capture_output=True, check=True, env=environment(self.server.home), timeout=20
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        return Heard(int(first.split(" ")[1]), pairs, rest)

    def console(self, mark: int, word: str) -> str:
        """What the server wrote after the mark, once the word is there."""
        return self.server.since(mark, word)


def token(**claims: Any) -> str:
    """A good token of alice, or one with other claims."""
    now = int(time.time())
    return pyjwt.encode({"sub": "alice", "aud": "orders", "exp": now + 300, **claims}, SECRET, "HS256")


def named(run: tuple[str, str]) -> str:
    """What pytest calls a run."""
    return f"{run[1].partition(':')[0]} {run[0]}"


@pytest.fixture(scope="module", params=RUNS, ids=named)
def running(request: pytest.FixtureRequest, home: Path) -> Iterator[Running]:
    """One example under one server, started once and stopped after its tests."""
    words, target = request.param
    name = target.partition(":")[0]
    pytest.importorskip(NEEDS.get(name, "json"), reason=f"{name} needs {NEEDS.get(name)}")
    port, (program, *rest) = free_port(), WORDS[words].split()
    told = [word.format(examples=EXAMPLES, host=HOST, port=port, target=target) for word in rest]
    folder = home / f"{name}-{program}-{port}"
    folder.mkdir()
    more = {"SECRET": SECRET, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    server = Server([binary(program, SCRIPTS), *told], folder, folder / "console.log", more)
    try:
        server.ready(lambda: accepts(port), f"{program} with {name}")
        yield Running(name, server, port)
    finally:
        server.stop()


def test_nothing_sent(running: Running) -> None:
    """401, and one header line for each way to sign in."""
    mark = running.server.mark()
    heard = running.curl("/orders")
    assert (heard.status, heard.code) == (401, "missing")
    assert [line.split(" ")[0] for line in heard.all("www-authenticate")] == ["Bearer", "ApiKey"]
    assert "failure missing" in running.console(mark, "missing")


def test_good_key_and_token(running: Running) -> None:
    """The application knows who calls."""
    heard = running.curl("/orders", "-H", "X-Api-Key: robot-key-1")
    assert (heard.status, heard.body) == (200, b"hello robot\n")
    heard = running.curl("/orders", "-H", f"Authorization: Bearer {token()}")
    assert (heard.status, b"alice" in heard.body) == (200, True)


def test_expired(running: Running) -> None:
    """An expired token is said to be expired."""
    heard = running.curl("/orders", "-H", f"Authorization: Bearer {token(exp=1)}")
    assert (heard.status, heard.code) == (401, "expired")
    assert 'error="invalid_token"' in heard.all("www-authenticate")[0]


def test_password(running: Running) -> None:
    """A wrong password and a wrong name look the same from outside; the console tells them apart."""
    assert running.curl("/staff", "-u", "ann:correct horse").body == b"hello ann\n"
    mark = running.server.mark()
    wrong, nobody = running.curl("/staff", "-u", "ann:wrong"), running.curl("/staff", "-u", "bob:wrong")
    assert (wrong.status, wrong.code) == (nobody.status, nobody.code) == (401, "invalid_credentials")
    assert wrong.all("www-authenticate") == nobody.all("www-authenticate") == ['Basic realm="example", charset="UTF-8"']
    assert "failure wrong_secret" in running.console(mark, "unknown_identity")


def test_other_scheme(running: Running) -> None:
    """A password where a token is wanted."""
    heard = running.curl("/orders", "-u", "ann:correct horse")
    assert (heard.status, heard.code) == (401, "unsupported_scheme")


def test_head(running: Running) -> None:
    """The same head, no body."""
    heard = running.curl("/orders", "--head")
    assert (heard.status, heard.body) == (401, b"")
    assert [line.split(" ")[0] for line in heard.all("www-authenticate")] == ["Bearer", "ApiKey"]


def test_streamed_body(running: Running) -> None:
    """A body sent part by part with a known length reaches the application whole."""
    body = os.urandom(300_000)
    parts = (body[at : at + 7_000] for at in range(0, len(body), 7_000))
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{running.base}/orders", content=parts, headers={**KEY, "Content-Length": str(len(body))})
    assert answer.status_code == 200
    assert answer.content[: len(body)] == body


def test_refused_body(running: Running) -> None:
    """A refused upload gets its answer, and the connection or a new one still works."""
    heard = running.curl("/orders", "--data-binary", "@-", body=b"x" * 300_000)
    assert (heard.status, heard.code) == (401, "missing")
    assert running.curl("/orders", "-H", "X-Api-Key: robot-key-1").status == 200


def test_many_at_once(running: Running) -> None:
    """One client, one connection pool, good and bad in turn."""
    with httpx.Client(trust_env=False, base_url=running.base) as client:
        statuses = [client.get("/orders", headers=KEY if turn % 2 else {}).status_code for turn in range(20)]
    assert statuses == [401, 200] * 10


@pytest.mark.parametrize("running", WITH_CORS, ids=named, indirect=True)
def test_cors(running: Running) -> None:
    """The preflight passes, and a page's script may read the refusal."""
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    with httpx.Client(trust_env=False, base_url=running.base) as client:
        preflight = client.options("/orders", headers=asks)
        refused = client.get("/orders", headers={"Origin": PAGE, "Sec-Fetch-Mode": "cors"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, PAGE)
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)


@pytest.mark.parametrize("running", WITH_DOCUMENT, ids=named, indirect=True)
def test_openapi(running: Running) -> None:
    """FastAPI's document names the schemes and the refusals."""
    operation = httpx.get(f"{running.base}/openapi.json", trust_env=False).json()["paths"]["/orders"]["get"]
    assert operation["security"] == [{"token": []}, {"key": []}]
    assert {"401", "403", "429", "503"} <= set(operation["responses"])


@pytest.mark.parametrize("running", WITH_SOCKETS, ids=named, indirect=True)
def test_websocket(running: Running) -> None:
    """Refused by an HTTP answer before the handshake; accepted with a token."""
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
    refusal = pytest.importorskip("websockets.exceptions").InvalidStatus
    address = running.base.replace("http", "ws") + "/live"
    with pytest.raises(refusal) as refused, client.connect(address, proxy=None):
        pass
    assert refused.value.response.status_code in (401, 403)  # granian knows no denial response, a close becomes 403
    if "uvicorn" in running.server.home.name:
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body)["code"] == "missing"
        assert refused.value.response.headers["WWW-Authenticate"].startswith("Bearer")
    headers = {"Authorization": f"Bearer {token()}"}
    with client.connect(address, additional_headers=headers, proxy=None) as socket:
        assert socket.recv(timeout=10) == "hello"
