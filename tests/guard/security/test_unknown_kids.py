"""Row 4: a flood of invented key ids neither floods the provider nor shuts out whoever has a good token."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.guard.scripted import NOW
from tests.stores.loopback_site import Clock, Reply, Site, site, until
from tests.verify.jose_tokens import Signer, segment, signer

from authwhy.causes import Cause, Kind
from authwhy.guard import Accepted, Denied, Guard, View, any_of, jwt
from authwhy.guard.schemes.fetched_keys import Fetched

KNOWN, ROTATED = signer("ES256", "k1"), signer("ES256", "k2", 1)
SAME = signer("ES256", "k1", 2)  # another key under the same id
_, CLAIMS, SIGNATURE = KNOWN.token().split(".")
HEX = "0123456789abcdef"
MAX_BODY = 600_000
DOWN: dict[str, Reply] = {
    "500": Reply(b"x", 500), "404": Reply(b"x", 404), "redirect": Reply(b"", 302, {"Location": "/other"}),
    "closed": Reply(raw=b""), "no keys": Reply(b'{"keys":[]}'), "html": Reply(b"<html>"), "too large": Reply(b" " * MAX_BODY),
}  # fmt: skip


@pytest.fixture
def provider() -> Iterator[Site]:
    with site() as running:
        running.says(keys(KNOWN))
        yield running


class Service:
    """A guard whose keys come from this server, with a clock for them that only the test moves."""

    def __init__(self, provider: Site, **settings: Any) -> None:
        self.clock = Clock()
        self.keys = Fetched(f"{provider.origin}/jwks", "", (provider.origin,), self.clock)
        self.guard = Guard(
            jwt("token", keys=self.keys, issuer=str(KNOWN.claims["iss"])),
            clock=lambda: float(NOW),
            **{"timeout_s": 20, **settings},
        )

    async def ask(self, token: str) -> Any:
        """The decision about a bearer token."""
        return await self.guard.decide(View.of("GET", "/", {"Authorization": f"Bearer {token}"}))


@pytest.fixture
def serve(provider: Site) -> Iterator[Callable[..., Service]]:
    made: list[Service] = []

    def build(**settings: Any) -> Service:
        made.append(Service(provider, **settings))
        return made[-1]

    yield build
    provider.released.set()
    for one in made:
        one.guard.close()


def keys(*signers: Signer) -> Reply:
    """A key set."""
    return Reply(json.dumps({"keys": [one.jwk for one in signers]}).encode())


def invented(kid: str) -> str:
    """A token of our issuer that names a key nobody has."""
    return f"{segment({'alg': 'ES256', 'kid': kid})}.{CLAIMS}.{SIGNATURE}"


def test_ten_thousand_random_kids_up_then_down(provider: Site, serve: Callable[..., Service]) -> None:
    """Few fetches, and the known key is good throughout: never 503, never 401, up or down."""
    service, choose = serve(), random.Random(4)

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        for number in range(10_000):
            if number == 5_000:
                provider.says(DOWN["500"])
                service.clock.now += 31  # the budget has one more
            found = await service.ask(invented("".join(choose.choices(HEX, k=12))))
            assert isinstance(found, Denied)
            if number < 5_000:
                assert (found.cause, found.status) == (Cause.UNKNOWN_KEY, 401)
            if number % 20 == 0:
                assert (await service.ask(KNOWN.token(jti=str(number)))).accepted

    asyncio.run(go())
    assert provider.count == 1 + 1 + 1  # the first, one for the unknown while up, one while down


@pytest.mark.parametrize("name", DOWN)
def test_every_way_to_be_down(provider: Site, serve: Callable[..., Service], name: str) -> None:
    """A failing fetch takes no key away (CVE-2026-48524); an unknown key is an outage then, perhaps a rotated one."""
    service = serve()

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        provider.says(DOWN[name])
        for number in range(30):
            service.clock.now += 31
            found = await service.ask(invented(f"{name}{number}"))
            assert (found.status, found.kind) == (503, Kind.ERROR)
            assert (await service.ask(KNOWN.token(jti=f"{number}"))).accepted

    asyncio.run(go())
    assert provider.count <= 1 + 31


def test_a_provider_that_hangs_holds_nobody_up_who_has_a_known_key(
    provider: Site, serve: Callable[..., Service]
) -> None:
    service = serve()

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        provider.says(Reply(hang=True))
        waiting = [asyncio.ensure_future(service.ask(invented(f"w{number}"))) for number in range(100)]
        await asyncio.sleep(0)
        await asyncio.to_thread(until, lambda: provider.count == 2, "the fetch for an unknown key")
        for number in range(200):
            assert (await service.ask(KNOWN.token(jti=str(number)))).accepted
        assert not all(one.done() for one in waiting)
        provider.says(keys(KNOWN))
        provider.released.set()
        for found in await asyncio.gather(*waiting):
            assert isinstance(found, Denied)

    asyncio.run(go())
    assert provider.count == 2


def test_a_rotated_key_is_good_after_one_fetch(provider: Site, serve: Callable[..., Service]) -> None:
    """The first request with it already; fifty at once cause one fetch; the removed key is good no more."""
    service = serve()

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        provider.says(keys(ROTATED))
        found = await asyncio.gather(*(service.ask(ROTATED.token(jti=str(number))) for number in range(50)))
        assert all(one.accepted for one in found)
        old = await service.ask(KNOWN.token())  # it was remembered as good
        assert (old.cause, old.status) == (Cause.UNKNOWN_KEY, 401)

    asyncio.run(go())
    assert provider.count == 2


def test_a_rotation_in_the_middle_of_a_flood(provider: Site, serve: Callable[..., Service]) -> None:
    """The fetch that the flood itself caused brings the new key; at worst it is that of the next 30 s."""
    service = serve()

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        for number in range(300):
            await service.ask(invented(f"before {number}"))
        provider.says(keys(KNOWN, ROTATED))
        service.clock.now += 30
        assert (await service.ask(invented("the flood is first"))).cause is Cause.UNKNOWN_KEY
        assert (await service.ask(ROTATED.token())).accepted
        assert (await service.ask(KNOWN.token())).accepted

    asyncio.run(go())
    assert provider.count == 3


def test_an_outage_ends(provider: Site, serve: Callable[..., Service]) -> None:
    """503 for the rotated key while the provider is down, good as soon as it is back and asked again."""
    service = serve()

    async def go() -> None:
        assert (await service.ask(KNOWN.token())).accepted
        provider.says(DOWN["500"])
        assert (await service.ask(ROTATED.token())).status == 503
        provider.says(keys(ROTATED))
        service.clock.now += 2  # the pause after a failed fetch is over
        asked = provider.count
        await service.ask(KNOWN.token())
        await asyncio.to_thread(until, lambda: provider.count > asked and service.keys.version == 2, "the keys")
        assert (await service.ask(ROTATED.token())).accepted

    asyncio.run(go())


def test_one_kid_at_two_issuers(provider: Site) -> None:
    """CVE-2026-49998: the sets of two providers never meet, whatever was asked and remembered before."""
    with site() as other:
        for running, one in ((provider, KNOWN), (other, SAME)):
            running.answer = lambda asked, running=running, one=one: (  # type: ignore[misc]
                keys(one)
                if asked.path == "/jwks"
                else Reply(json.dumps({"issuer": running.origin, "jwks_uri": f"{running.origin}/jwks"}).encode())
            )
        made = Guard(
            *(jwt(name, issuer=at.origin, allow_http=[at.origin]) for name, at in (("a", provider), ("b", other))),
            clock=lambda: float(NOW),
        )

        def ask(token: str, rule: Any) -> Any:
            return made.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {token}"}), rule)

        for _ in range(3):
            for one, issuer, mine, theirs in ((KNOWN, provider, "a", "b"), (SAME, other, "b", "a")):
                token = one.token(iss=issuer.origin)
                found = ask(token, any_of("a", "b"))
                assert isinstance(found, Accepted)
                assert found.provider == mine
                assert ask(token, theirs).cause is Cause.BAD_SIGNATURE
                crossed = one.token(iss=(other if issuer is provider else provider).origin)
                for rule in (any_of("a", "b"), "a", "b"):
                    assert isinstance(ask(crossed, rule), Denied)
        assert (provider.count, other.count) == (2, 2)
        made.close()
