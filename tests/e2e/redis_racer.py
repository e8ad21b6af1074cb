"""One of several processes that race on a Redis server: python redis_racer.py WHAT URL; begins at a line on stdin."""

from __future__ import annotations

import json
import sys

from authwhy.guard.throttle import Reservation, Throttle
from authwhy.stores.redis import RedisSeen, RedisServer
from authwhy.stores.redis_failures import RedisFailures

NOW = 1_700_000_000.0
KEY = b"the key of this test"
NONCES = 500


def through(server: RedisServer) -> int:
    """How many of 100 attempts with wrong passwords may be checked."""
    throttle = Throttle(store=RedisFailures(server))
    answers = [throttle.before("192.0.2.7", "alice", NOW) for _ in range(100)]
    return sum(isinstance(answer, Reservation) for answer in answers)


def first(server: RedisServer) -> list[int]:
    """Which of 500 nonces this process was the first to use."""
    seen = RedisSeen(server)
    return [number for number in range(NONCES) if not seen.seen("jti", f"nonce {number}", NOW + 600, NOW)]


if __name__ == "__main__":
    door = RedisServer(sys.argv[2], key=KEY, timeout_s=10)
    door.client.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(through(door) if sys.argv[1] == "through" else first(door)))
    door.close()
