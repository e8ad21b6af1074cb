"""The shared stores on a real Redis server: the same rules, races between processes, outages, and nothing in clear."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.e2e import redis_racer
from tests.e2e.conftest import Start
from tests.e2e.loopback import Server, binary, free_port
from tests.stores.failure_model import ACTS, CORNERS, Act, claim, compare

from authwhy.causes import Cause
from authwhy.guard.throttle import Blocked, Reservation, Throttle
from authwhy.model.outcome import Accepted, refused
from authwhy.stores.interface import Full, Held, StoreUnavailable
from authwhy.stores.redis import RedisRevoked, RedisSeen, RedisServer, RedisSessions
from authwhy.stores.redis_failures import RedisFailures

pytestmark = pytest.mark.e2e
NOW = 1_700_000_000.0


class Running:
    """A redis-server and its address."""

    def __init__(self, start: Start, home: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        words = [
            binary("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(home),
        ]
        self.process: Server = start(
            [*words, "--logfile", str(home / "redis.log")],
            lambda one: "Ready to accept connections" in one.text(),
            log=home / "redis.log",
        )


@pytest.fixture(scope="module")
def running(start: Start, home: Path) -> Running:
    """One server for all tests; each test begins with an empty one."""
    pytest.importorskip("redis", reason="the redis package is not installed")
    return Running(start, home)


@pytest.fixture
def server(running: Running) -> Iterator[RedisServer]:
    """A door to it."""
    door = RedisServer(running.url, key=redis_racer.KEY, timeout_s=5)
    door.client.flushall()
    yield door
    door.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_every_history_is_answered_as_the_plain_rules_say(server: RedisServer, acts: list[Act]) -> None:
    """The same model that the store in memory is compared with."""
    server.client.flushall()
    compare(RedisFailures(server), acts)


@pytest.mark.parametrize("acts", CORNERS.values(), ids=CORNERS)
def test_corners_are_answered_as_the_plain_rules_say(server: RedisServer, acts: list[Act]) -> None:
    """Ends of locks and windows, to the second."""
    compare(RedisFailures(server), acts)


def race(what: str, url: str, processes: int) -> list[str]:
    """The answers of several processes that began at the same moment."""
    words = [sys.executable, redis_racer.__file__, what, url]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    runners = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(processes)
    ]
    try:
        for runner in runners:
            assert runner.stdout is not None
            assert runner.stdout.readline() == "ready\n"
        for runner in runners:
            assert runner.stdin is not None
            runner.stdin.write("go\n")
            runner.stdin.flush()
        return [runner.communicate(timeout=60)[0] for runner in runners]
    finally:
        for runner in runners:
            runner.kill()
            runner.communicate()


def test_four_processes_let_exactly_ten_through(running: Running, server: RedisServer) -> None:
    """400 attempts with wrong passwords at once, and ten places."""
    assert sum(json.loads(answer) for answer in race("through", running.url, 4)) == 10
    assert isinstance(Throttle(store=RedisFailures(server)).before("192.0.2.7", "alice", NOW), Blocked)


def test_eight_processes_use_each_nonce_once(running: Running, server: RedisServer) -> None:
    """500 nonces, 4,000 tries, 500 successes."""
    used = [number for answer in race("first", running.url, 8) for number in json.loads(answer)]
    assert sorted(used) == list(range(redis_racer.NONCES))
    assert server.client.dbsize() == redis_racer.NONCES


def test_fifty_threads_let_ten_through(server: RedisServer) -> None:
    """One pool of connections, shared."""
    throttle, barrier, answers = Throttle(store=RedisFailures(server)), threading.Barrier(50), list[object]()

    def request() -> None:
        barrier.wait()
        answers.append(throttle.before("192.0.2.7", "alice", NOW))

    threads = [threading.Thread(target=request) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Reservation) for answer in answers) == 10
    assert len(answers) == 50


def test_a_throttle_over_redis(server: RedisServer) -> None:
    """Limit, known pair, forgiveness: seen by another process's door too."""
    here, there = (Throttle(3, store=RedisFailures(server)) for _ in range(2))
    known = here.before("192.0.2.7", "alice", NOW)
    assert isinstance(known, Reservation)
    assert here.after(known, Accepted(), NOW) == ()
    notes: list[str] = []
    for number in range(3):
        guess = there.before(f"203.0.113.{number}", "alice", NOW)
        assert isinstance(guess, Reservation)
        notes += there.after(guess, refused(Cause.WRONG_SECRET), NOW)
    assert notes == ["identity_limit_reached"]
    assert here.before("198.51.100.1", "alice", NOW) == Blocked(30, "identity")
    assert isinstance(there.before("192.0.2.7", "alice", NOW), Reservation)
    assert here.blocking


def test_nothing_stands_there_in_clear_or_for_ever(server: RedisServer) -> None:
    """Neither identities nor addresses nor ids of sessions, and every key has an end."""
    throttle = Throttle(2, store=RedisFailures(server))
    for outcome in (refused(Cause.WRONG_SECRET), refused(Cause.WRONG_SECRET), Accepted()):
        answer = throttle.before("192.0.2.7", "alice-canary", NOW)
        if isinstance(answer, Reservation):
            throttle.after(answer, outcome, NOW)
    held = throttle.before("2001:db8::7", "bob-canary", NOW)
    assert isinstance(held, Reservation)
    throttle.after(held, Accepted(), NOW)
    RedisSeen(server).seen("issuer-canary", "nonce-canary", NOW + 10, NOW)
    RedisRevoked(server).revoke("issuer-canary", "token-canary", NOW + 10, NOW)
    sessions = RedisSessions(server)
    sessions.put("session-canary", {"user": 1}, NOW + 10, NOW)
    sessions.put("revoked-canary", {"user": 1}, NOW + 10, NOW)
    sessions.revoke("revoked-canary", NOW)
    client, everything = server.client, b""
    for key in client.keys("*"):
        assert key.startswith(b"authwhy:")
        assert client.ttl(key) > 0
        everything += key + client.get(key)
    assert client.dbsize() >= 8
    for word in (b"canary", b"192.0.2.7", b"2001:db8", b"c0000207", b"20010db8"):
        assert word not in everything


def test_a_counter_ends_when_it_no_longer_matters(server: RedisServer) -> None:
    """Its time on the server is the window, or the lock and a window after it."""
    store = RedisFailures(server)
    held = store.reserve(claim("a1", "alice", limit=1, pair=5), NOW)
    assert isinstance(held, Held)
    assert store.fail(held, NOW) == ("address", "identity")
    lives = sorted(server.client.pttl(key) for key in server.client.keys("*"))
    assert [round(life / 1000) for life in lives] == [1_000, 1_100, 1_100]
    store.release(held, NOW + 2_000)
    assert server.client.dbsize() == 0


def test_a_call_that_is_sent_twice_counts_once(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection broke after the server had worked and before it answered."""
    answered: list[object] = []
    command = server.client.execute_command

    def twice(*arguments: object, **options: object) -> object:
        command(*arguments, **options)
        answered.append(answer := command(*arguments, **options))
        return answer

    server.client.script_load("return 1")
    store, seen = RedisFailures(server), RedisSeen(server)
    warm = store.reserve(claim("a2", "bob"), NOW)
    assert isinstance(warm, Held)
    store.fail(warm, NOW)
    monkeypatch.setattr(server.client, "execute_command", twice)
    held = store.reserve(claim("a1", "alice", limit=1), NOW)
    assert isinstance(held, Held)
    store.fail(held, NOW)
    assert not seen.seen("jti", "n", NOW + 10, NOW)
    assert seen.seen("jti", "n", NOW + 10, NOW)
    monkeypatch.undo()
    refusal = store.reserve(claim("a1", "alice", limit=1), NOW)
    assert isinstance(refusal, Full)
    assert refusal.wait_s == 100  # locked once, not twice
    assert len(answered) >= 4


def test_one_time_values(server: RedisServer) -> None:
    """Scopes apart; an end far away or long ago is no fault."""
    seen = RedisSeen(server)
    asked = [("a", "n", 10), ("b", "n", 10), ("a", "n", 10), ("a", "far", 1e30), ("a", "past", -10), ("a", "past", -10)]
    assert [seen.seen(scope, value, NOW + life, NOW) for scope, value, life in asked] == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]


def test_revoked(server: RedisServer) -> None:
    """Of two times the later counts."""
    revoked = RedisRevoked(server)
    revoked.revoke("https://id.example", "t1", NOW + 1_000, NOW)
    revoked.revoke("https://id.example", "t1", NOW + 10, NOW)
    revoked.revoke(None, "s1", NOW + 10, NOW)
    revoked.revoke(None, "s1", NOW + 500, NOW)
    asked = [("https://id.example", "t1"), (None, "s1"), (None, "t1"), ("https://other.example", "t1")]
    assert [revoked.is_revoked(*one) for one in asked] == [True, True, False, False]
    lives = sorted(server.client.ttl(key) for key in server.client.keys("*"))
    assert [round(life / 10) * 10 for life in lives] == [560, 1_060]


def test_a_session_lives_and_does_not_come_back(server: RedisServer) -> None:
    """Put, get, keep alive, replace, revoke."""
    sessions = RedisSessions(server)
    data: dict[str, object] = {"user": "alice", "roles": ["staff"], "photo": b"\x00"}
    assert sessions.get("s1", NOW) is None
    assert not sessions.touch("s1", NOW + 10, NOW)
    assert not sessions.revoke("s1", NOW)
    assert sessions.put("s1", data, NOW + 100, NOW)
    assert sessions.get("s1", NOW) == data
    assert sessions.touch("s1", NOW + 500, NOW)
    assert 490 < server.client.ttl(server.name("session", "s1")) <= 500
    assert sessions.put("s1", {}, NOW + 300, NOW)
    assert sessions.get("s1", NOW) == {}
    assert sessions.revoke("s1", NOW)
    assert sessions.get("s1", NOW) is None
    assert not sessions.put("s1", data, NOW + 900, NOW)
    assert not sessions.touch("s1", NOW + 900, NOW)
    assert not sessions.revoke("s1", NOW)
    assert 290 < server.client.ttl(server.name("session", "s1")) <= 300


def test_a_connection_that_died_while_idle_costs_nothing(server: RedisServer, running: Running) -> None:
    """A restart of a firewall is no outage."""
    seen, other = RedisSeen(server), RedisServer(running.url, key=redis_racer.KEY)
    assert not seen.seen("jti", "n", NOW + 10, NOW)
    other.client.client_kill_filter(_type="normal", skipme=True)
    assert seen.seen("jti", "n", NOW + 10, NOW)
    other.close()


def test_a_server_that_hangs(server: RedisServer, running: Running) -> None:
    """A typed outage in bounded time; the throttle says it was not counted; afterwards all is well."""
    door = RedisServer(running.url, key=redis_racer.KEY, timeout_s=0.1)
    throttle = Throttle(store=RedisFailures(door))
    os.killpg(running.process.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable, match="timeout") as caught:
            RedisSeen(door).seen("jti", "n", NOW + 10, NOW)
        answer = throttle.before("192.0.2.7", "alice", NOW)
    finally:
        os.killpg(running.process.process.pid, signal.SIGCONT)
    assert caught.value.cause is Cause.PROVIDER_UNREACHABLE
    assert answer == Reservation(notes=("throttle_unavailable",))
    assert isinstance(Throttle(store=RedisFailures(server)).before("192.0.2.7", "alice", NOW), Reservation)
    door.close()


def test_a_server_that_is_full_or_wants_a_password(server: RedisServer, running: Running) -> None:
    """It answered, with a fault of its own: still no bad credential."""
    server.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable, match="refused") as full:
            RedisSeen(server).seen("jti", "n", NOW + 10, NOW)
        with pytest.raises(StoreUnavailable, match="refused"):
            RedisFailures(server).reserve(claim("a1", "alice"), NOW)
    finally:
        server.client.config_set("maxmemory", 0)
    assert full.value.cause is Cause.PROVIDER_ERROR
    stranger = RedisServer(running.url.replace("//", "//nobody:canary@"), key=redis_racer.KEY)
    with pytest.raises(StoreUnavailable, match="refused") as wrong:
        RedisSeen(stranger).seen("jti", "n", NOW + 10, NOW)
    assert "canary" not in f"{wrong.value} {wrong.value.__cause__}"
    stranger.close()


def test_a_server_that_forgot_the_scripts(server: RedisServer) -> None:
    """It was started anew: they are sent again."""
    store = RedisFailures(server)
    assert isinstance(store.reserve(claim("a1", "alice"), NOW), Held)
    server.client.script_flush()
    assert isinstance(store.reserve(claim("a1", "alice"), NOW), Held)
