"""A service that takes the tokens of a real provider (npm's oidc-provider): signed ones and opaque ones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from tests.e2e.conftest import Start
from tests.e2e.loopback import HOST, Server, accepts, binary, free_port, until
from tests.e2e.oidc_service import modules
from tests.guard.asgi_client import Answer, Endpoint, call
from tests.guard.schemes import test_binding as bindings

from authwhy.guard import Dpop, Guard, any_of, introspection, jwt, need
from authwhy.model.event import Event

pytestmark = pytest.mark.e2e
AUDIENCE, OTHER, OPAQUE = (f"https://{name}.example.com" for name in ("orders", "billing", "reports"))
CLIENT, SECRET = "robot", "a client secret: with % and + in it"
OPENER = build_opener(ProxyHandler({}))


class Provider:
    """The provider on its port; it may be stopped, and started again with other keys or another clock."""

    def __init__(self, start: Start, home: Path) -> None:
        self._start, self._home = start, home
        self._server: Server | None = None
        self.port = free_port()
        self.issuer = f"http://{HOST}:{self.port}"

    def begin(self, *kids: str, clock: str | None = None) -> None:
        """Start it; the first key signs. `clock` is an offset for faketime, such as `+3600s`."""
        self.stop()
        client = {"client_id": CLIENT, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"}
        settings = {
            "modules": str(modules()), "folder": str(self._home), "issuer": self.issuer, "port": self.port,
            "kids": kids, "client": client, "resources": {AUDIENCE: "jwt", OTHER: "jwt", OPAQUE: "opaque"},
        }  # fmt: skip
        words = [binary("node"), str(Path(__file__).with_name("token_provider.mjs")), json.dumps(settings)]
        if clock is not None:
            words = [binary("faketime"), "-f", clock, *words]
        self._server = self._start(words, lambda _: accepts(self.port))

    def stop(self) -> None:
        """Stop it."""
        if self._server is not None:
            self._server.stop()
            until(lambda: not accepts(self.port), "the provider to be gone")
            self._server = None

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """Ask one of its endpoints as the client."""
        more = {"headers": {"DPoP": form.pop("proof")}} if "proof" in form else {}
        body = urlencode({"client_id": CLIENT, "client_secret": SECRET, **form}).encode()
        with OPENER.open(Request(self.issuer + path, body, **more), timeout=10) as answer:  # type: ignore[arg-type]
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found

    def token(self, resource: str = AUDIENCE, **more: str) -> str:
        """A new access token for this resource."""
        made = self.post("/token", grant_type="client_credentials", resource=resource, scope="orders:read", **more)
        return str(made["access_token"])


@pytest.fixture(scope="module")
def provider(start: Start, home: Path) -> Provider:
    """The provider, not running yet."""
    return Provider(start, home)


class Service(NamedTuple):
    """A guarded service and what it told; the clock of its guard may be moved."""

    app: Any
    events: list[Event]
    ahead_s: list[int]

    def call(self, token: str, *lines: tuple[str, str], scheme: str = "Bearer", path: str = "/signed") -> Answer:
        """One request."""
        return call(self.app, "GET", path, [("host", "a.example"), ("authorization", f"{scheme} {token}"), *lines])

    def cause(self) -> str:
        """Of the last event."""
        event = self.events[-1]
        return str(event.causes[0].cause) if event.causes else "success"


@pytest.fixture
def service(provider: Provider) -> Iterator[Service]:
    """A service of its own for each test; it fetched nothing yet."""
    where: dict[str, Any] = {"issuer": provider.issuer, "allow_http": (provider.issuer,)}
    events, ahead_s = list[Event](), [0]
    secret: dict[str, Any] = {"client_id": CLIENT, "client_secret": SECRET, "method": "client_secret_post"}
    guard = Guard(
        jwt("jwt", audience=AUDIENCE, typ=("at+jwt",), user_claim="client_id", dpop=Dpop(), **where),
        introspection("opaque", **where, **secret, skip_jwt=True, kept_s=0, user_claim="client_id", dpop=Dpop()),
        events=[events.append],
        clock=lambda: time.time() + ahead_s[0],
    )
    rules = {
        "/signed": need("jwt", scope="orders:read"),
        "/written": need("jwt", scope="orders:write"),
        "/opaque": "opaque",
        "/either": any_of("jwt", "opaque"),
    }
    yield Service(guard.asgi(Endpoint(), rules), events, ahead_s)
    guard.close()


def test_signed_tokens(provider: Provider, service: Service) -> None:
    """Found by discovery; each failing demand by its own cause."""
    provider.begin("a")
    good, other = provider.token(), provider.token(OTHER)
    assert [service.call(good).status for _ in range(3)] == [200] * 3
    assert (service.events[-1].user, service.events[-1].issuer) == (CLIENT, provider.issuer)
    assert (service.call(other).status, service.cause()) == (401, "wrong_audience")
    assert (service.call(good, path="/written").status, service.cause()) == (403, "insufficient_scope")
    forged = f"{good.rpartition('.')[0]}.{other.rpartition('.')[2]}"
    assert (service.call(forged).status, service.cause()) == (401, "bad_signature")


@pytest.mark.parametrize(("ahead_s", "cause"), [(500, "success"), (700, "expired"), (-60, "not_yet_valid")])
def test_wrong_clock(provider: Provider, service: Service, ahead_s: int, cause: str) -> None:
    """The service's clock differs from the provider's."""
    provider.begin("a")
    token = provider.token()
    service.ahead_s[0] = ahead_s
    service.call(token)
    assert service.cause() == cause


def test_the_providers_clock(provider: Provider, service: Service) -> None:
    """The same from the other side: a provider that is ten minutes ahead."""
    provider.begin("a", clock="+600s")
    assert (service.call(provider.token()).status, service.cause()) == (401, "not_yet_valid")


def test_a_rotated_key(provider: Provider, service: Service) -> None:
    """Accepted after one fetch; tokens of the old key too, and the event says which key it was."""
    provider.begin("a")
    old = provider.token()
    assert service.call(old).status == 200
    provider.begin("b", "a")
    new = provider.token()
    assert [(service.call(token).status, service.events[-1].facts["kid"]) for token in (new, old)] == [
        (200, "b"),
        (200, "a"),
    ]


def test_an_outage(provider: Provider, service: Service) -> None:
    """Tokens of known keys are good for as long as it takes; one of a new key is not judged, and so is no bad token."""
    provider.begin("c")
    new = provider.token()
    provider.begin("a")
    known, later = provider.token(), provider.token()
    assert service.call(known).status == 200
    provider.stop()
    assert [service.call(token).status for token in (known, later)] == [200, 200]
    answer = service.call(new)
    assert (answer.status, service.cause(), answer.lines("www-authenticate")) == (503, "provider_unreachable", [])
    assert answer.lines("retry-after")


def test_an_outage_at_the_start(provider: Provider, service: Service) -> None:
    """Nothing is known yet: 503, and good as soon as the provider is there."""
    provider.begin("a")
    token, opaque = provider.token(), provider.token(OPAQUE)
    provider.stop()
    for path, sent in (("/signed", token), ("/opaque", opaque), ("/either", token), ("/either", opaque)):
        assert (service.call(sent, path=path).status, service.cause()) == (503, "provider_unreachable")
    provider.begin("a")
    until(lambda: service.call(token).status == 200, "the keys")


def test_opaque_tokens(provider: Provider, service: Service) -> None:
    """Judged by the provider; revoked ones are refused at once where no answer is kept."""
    provider.begin("a")
    token, signed = provider.token(OPAQUE), provider.token()
    assert "." not in token
    for path in ("/opaque", "/either"):
        assert (service.call(token, path=path).status, service.events[-1].provider) == (200, "opaque")
    assert (service.call(signed, path="/either").status, service.events[-1].provider) == (200, "jwt")
    assert service.events[-2].user == CLIENT
    provider.post("/token/revocation", token=token)
    assert (service.call(token, path="/opaque").status, service.cause()) == (401, "inactive")
    assert service.call("never-issued", path="/opaque").status == 401


def test_bound_tokens(provider: Provider, service: Service) -> None:
    """The provider binds them to the key of a proof: no good without one, signed or opaque."""
    provider.begin("a")
    for resource, path in ((AUDIENCE, "/signed"), (OPAQUE, "/opaque")):
        now = int(time.time())
        at_token = bindings.proof(htu=f"{provider.issuer}/token", htm="POST", iat=now, ath=None)
        token = provider.token(resource, proof=at_token)
        assert (service.call(token, path=path).status, service.cause()) == (401, "wrong_binding")
        sent = ("dpop", bindings.proof(token, htu=f"https://a.example{path}", iat=now))
        assert service.call(token, sent, scheme="DPoP", path=path).status == 200
        assert (service.call(token, sent, scheme="DPoP", path=path).status, service.cause()) == (401, "replayed")
        stolen = ("dpop", bindings.proof(token, htu=f"https://a.example{path}", iat=now, by=bindings.THIEF))
        assert (service.call(token, stolen, scheme="DPoP", path=path).status, service.cause()) == (401, "wrong_binding")
