"""Row 5: what is remembered of a token never changes a decision, in whatever context it is used again."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.guard.asgi_client import Endpoint, acall
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Accepted, Guard, View, jwt, need
from authwhy.guard.asgi import AsgiGuard
from authwhy.verify.jwk import KeySet

NOW = 1_767_625_200
SIGNERS = [signer("HS256", f"k{number}", number) for number in range(3)]
PAIRS = 8_000


class Keys:
    """A key set that changes."""

    fixed = False
    overdue_s = None

    def __init__(self) -> None:
        self.version, self.left = 1, set(range(3))
        self.current = self._made()

    def _made(self) -> KeySet:
        return KeySet.join(*(SIGNERS[number].keys for number in sorted(self.left))) if self.left else KeySet()

    def turn(self, left: set[int]) -> None:
        """Another set of keys."""
        self.left, self.version = left, self.version + 1
        self.current = self._made()

    def get(self, kid: str | None) -> KeySet:
        return self.current

    def close(self) -> None: ...


class World:
    """A clock, keys and a list of what was revoked, shared by a guard that remembers and one that does not."""

    def __init__(self, **settings: Any) -> None:
        self.now, self.keys, self.revoked = float(NOW), Keys(), set[str]()
        self.guards = [
            Guard(
                *(
                    jwt(
                        f"p{number}", issuer=ISSUER, audience=audience, keys=self.keys, algorithms=["HS256"], cache=size,
                        required=["sub"], **settings,
                    )
                    for number, audience in enumerate((AUDIENCE, "other", ()))
                ),
                jwt(
                    "asking", issuer=ISSUER, keys=self.keys, algorithms=["HS256"], cache=size,
                    revoked=lambda issuer, name: name in self.revoked,
                ),
                clock=lambda: self.now,
            )
            for size in (8, 0)
        ]  # fmt: skip


RULES: list[Any] = [
    "p0", "p1", "p2", "asking", need("p0", scope="orders:read"), need("p2", scope="admin"), need("p2", acr="mfa"),
    need("p2", max_age=30), need("asking", scope="admin", acr="mfa"),
]  # fmt: skip


def tokens(choose: random.Random) -> list[str]:
    made = []
    for number in range(24):
        one = SIGNERS[number % 3]
        made.append(
            one.token(
                sub=f"user{number}", jti=f"j{number % 5}", aud=choose.choice([AUDIENCE, "other", [AUDIENCE, "other"], None]),
                exp=choose.choice([NOW + 20, NOW + 40.5, NOW + 90, None]), nbf=choose.choice([None, NOW - 5, NOW + 30]),
                iat=choose.choice([NOW - 60, NOW, None]), scope=choose.choice(["orders:read", "admin orders:read", None]),
                acr=choose.choice([None, "mfa", "pwd"]), auth_time=choose.choice([None, NOW - 10, NOW + 10]),
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    "settings", [{}, {"leeway_s": 5}, {"max_age_s": 40}, {"leeway_s": 5, "max_age_s": 40}], ids=str
)
def test_remembered_or_not(settings: dict[str, Any]) -> None:
    """Thousands of requests in random order: other policies, other demands, time going on and back, keys coming and
    going, tokens revoked and given back."""
    choose, world = random.Random(repr(settings)), World(**settings)
    held = tokens(choose)
    accepted = 0
    for _ in range(PAIRS // 4):
        event = choose.random()
        if event < 0.1:
            world.now = NOW + choose.randrange(-10, 120)
        elif event < 0.13:
            world.keys.turn(set(choose.sample(range(3), choose.randrange(1, 4))))
        elif event < 0.2:
            world.revoked ^= {f"j{choose.randrange(5)}"}
        token, rule = choose.choice(held), choose.choice(RULES)
        one, two = (
            guard.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {token}"}), rule) for guard in world.guards
        )
        assert one.accepted == two.accepted
        assert getattr(one, "cause", None) == getattr(two, "cause", None)
        if isinstance(one, Accepted) and isinstance(two, Accepted):
            accepted += 1
            assert (one.claims, one.scope, one.provider) == (two.claims, two.scope, two.provider)
    assert accepted > 50


def test_the_shortcut_too() -> None:
    """The same over an ASGI application, where remembered tokens take a shorter way."""
    import asyncio

    choose, world = random.Random(7), World()
    held = tokens(choose)
    apps: list[dict[int, AsgiGuard]] = [
        {at: guard.asgi(Endpoint(), {"/*": rule}) for at, rule in enumerate(RULES)} for guard in world.guards
    ]

    async def go() -> int:
        accepted = 0
        for _ in range(1_500):
            if choose.random() < 0.1:
                world.now = NOW + choose.randrange(-10, 120) + choose.choice([0, 0.5])
            if choose.random() < 0.03:
                world.keys.turn(set(choose.sample(range(3), choose.randrange(1, 4))))
            headers, at = {"authorization": f"Bearer {choose.choice(held)}"}, choose.randrange(len(RULES))
            one, two = [await acall(app[at], headers=headers) for app in apps]
            assert one.status == two.status
            accepted += one.status == 200
        return accepted

    assert asyncio.run(go()) > 50


def test_past_its_end() -> None:
    world = World()
    token = SIGNERS[0].token(exp=NOW + 10)
    seen = []
    for at in (0, 9, 9.9, 10, 11, 9):
        world.now = NOW + at
        found = [
            guard.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {token}"}), "p0") for guard in world.guards
        ]
        assert len({one.accepted for one in found}) == 1
        seen.append(found[0].accepted)
    assert seen == [True, True, True, False, False, True]


def test_after_its_key_is_gone() -> None:
    world = World()
    view = {"Authorization": f"Bearer {SIGNERS[0].token()}"}
    assert world.guards[0].decide_sync(View.of("GET", "/", view), "p0").accepted
    world.keys.turn({1, 2})
    found = world.guards[0].decide_sync(View.of("GET", "/", view), "p0")
    assert getattr(found, "cause", None) is Cause.UNKNOWN_KEY


def test_what_one_provider_accepted_another_has_not() -> None:
    world = World()
    view = {"Authorization": f"Bearer {SIGNERS[0].token()}"}
    assert world.guards[0].decide_sync(View.of("GET", "/", view), "p0").accepted
    found = world.guards[0].decide_sync(View.of("GET", "/", view), "p1")
    assert getattr(found, "cause", None) is Cause.WRONG_AUDIENCE
