"""Sessions and used codes in a real Redis: several processes agree, and an outage is an outage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, accepts, binary, free_port, until
from tests.guard.schemes.browsing import Browser, header

from authwhy.causes import Cause
from authwhy.guard import Guard
from authwhy.guard.answers import Accepted, Denied
from authwhy.guard.schemes.form import form
from authwhy.guard.schemes.session import session
from authwhy.guard.schemes.totp import totp
from authwhy.verify.totp import TotpEnrolment, hotp, read_secret

pytestmark = pytest.mark.e2e
pytest.importorskip("redis", reason="the redis package is not installed")
NOW = 1_800_000_000
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE = hotp(read_secret(SECRET) or b"", NOW // 30, 6)


class Node:
    """One of several processes behind one address."""

    def __init__(self, port: int) -> None:
        from authwhy.stores.redis import RedisSeen, RedisServer, RedisSessions

        self.redis = RedisServer(f"redis://{HOST}:{port}/0", key=b"the same in each process")
        self.guard = Guard(
            session("web", keys=["k" * 32], store=RedisSessions(self.redis), login="/login", logout="/logout"),
            form("login", verify=lambda cred: cred.username, totp="code"),
            totp("code", enrolment=lambda who: TotpEnrolment(who, SECRET), seen=RedisSeen(self.redis)),
            clock=lambda: NOW,
        )
        self.browser = Browser(self.guard)

    def close(self) -> None:
        """Let go of everything."""
        self.guard.close()
        self.redis.close()


@pytest.fixture
def redis(start: Start, home: Path) -> tuple[Server, int]:
    """A server of its own for each test."""
    port = free_port()
    words = [binary("redis-server"), "--port", str(port), "--bind", HOST, "--save", "", "--dir", str(home)]
    return start(words, lambda _: accepts(port)), port


@pytest.fixture
def nodes(redis: tuple[Server, int]) -> Iterator[list[Node]]:
    """Two processes' worth."""
    made = [Node(redis[1]) for _ in range(2)]
    yield made
    for node in made:
        node.close()


def test_any_node_will_do(nodes: list[Node]) -> None:
    """The password at one, the code at the other, the page at either; a code works once for all of them."""
    one, other = nodes
    assert (
        header(one.browser.post("/login", {"username": "alice", "password": "x"}).headers, "location") == "/login/code"
    )
    other.browser.cookies = one.browser.cookies
    assert other.browser.post("/login/code", {"code": CODE}).status == 303
    for node in nodes:
        decision = node.browser.open("/me", "web")
        assert isinstance(decision, Accepted)
        assert (decision.principal.sub, decision.principal.acr) == ("alice", "mfa")
    signed_in = dict(one.browser.cookies)
    one.browser.cookies = {}
    one.browser.post("/login", {"username": "alice", "password": "x"})
    one.browser.post("/login/code", {"code": CODE})
    assert one.browser.last.cause is Cause.REPLAYED
    one.browser.cookies = dict(signed_in)
    assert one.browser.post("/logout").status == 303
    other.browser.cookies = dict(signed_in)
    decision = other.browser.open("/me", "web")
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.SESSION_INVALID


def test_outage(nodes: list[Node], redis: tuple[Server, int]) -> None:
    """503 and an error cause at every door; nobody loses the cookie."""
    node, server = nodes[0], redis[0]
    node.browser.post("/login", {"username": "alice", "password": "x"})
    node.browser.post("/login/code", {"code": CODE})
    cookies = dict(node.browser.cookies)
    server.stop()
    until(lambda: not accepts(redis[1]), "redis to be gone")
    decision = node.browser.open("/me", "web")
    assert isinstance(decision, Denied)
    assert (decision.cause, decision.status) == (Cause.PROVIDER_UNREACHABLE, 503)
    assert node.browser.post("/login", {"username": "bob", "password": "x"}).status == 503
    assert node.browser.post("/logout").status == 503
    assert node.browser.last.cause is Cause.PROVIDER_UNREACHABLE
    assert node.browser.cookies == cookies
