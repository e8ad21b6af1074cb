"""Tokens bound to a key: never good as plain ones, and good with a proof exactly once (RFC 9449, RFC 8705)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.guard.asgi_client import Answer, Endpoint, acall, call
from tests.guard.real_servers import Clock
from tests.guard.scripted import watched
from tests.guard.wsgi_client import Endpoint as WsgiEndpoint
from tests.guard.wsgi_client import call as wsgi_call
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW, b64, signer

from authwhy.causes import Cause, Kind, meta
from authwhy.guard import Dpop, Guard, jwt
from authwhy.guard.answers import Accept
from authwhy.guard.schemes.binding import bearer_failure
from authwhy.guard.view import View
from authwhy.stores.memory import MemorySeen
from authwhy.verify.client_cert import ClientCertificate
from authwhy.verify.dpop_key import thumbprint

ISSUED = signer("RS256")
HOLDER, THIEF = signer("ES256", None), signer("ES256", None, 1)
JKT = thumbprint(HOLDER.jwk)
CERTIFICATE = b"the DER of a certificate"
X5T = b64(hashlib.sha256(CERTIFICATE).digest())
NUMBERS = count()
URL = "https://a.example/orders"


def token(cnf: object = None, **claims: object) -> str:
    """A token of alice, bound to this."""
    full = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "exp": NOW + 10_000, **claims}
    return pyjwt.encode(full | ({} if cnf is None else {"cnf": cnf}), ISSUED.private, "RS256", {"kid": "k1"})


BOUND = token({"jkt": JKT})


def proof(bearer: str = BOUND, by: Any = HOLDER, **claims: object) -> str:
    """A new proof for GET /orders with this token; None leaves a member out."""
    ath = b64(hashlib.sha256(bearer.encode()).digest())
    made = {"jti": f"j{next(NUMBERS)}", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath, **claims}
    header = {"typ": "dpop+jwt", "jwk": by.jwk}
    return pyjwt.encode({k: v for k, v in made.items() if v is not None}, by.private, "ES256", header)


def service(dpop: Dpop | None = None, **settings: Any) -> tuple[Guard, list[Any], Any]:
    """A guard that takes proofs, its events and its ASGI application."""
    keys = {"keys": [ISSUED.jwk]}
    provider = jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=keys, dpop=Dpop() if dpop is None else dpop)
    guard, events = watched(provider, **{"clock": lambda: float(NOW), **settings})
    return guard, events, guard.asgi(Endpoint(), {"/*": "token"})


def ask(app: Any, *proofs: str, bearer: str = BOUND, scheme: str = "DPoP", **more: Any) -> Answer:
    """GET /orders."""
    lines = [("host", "a.example"), ("authorization", f"{scheme} {bearer}"), *(("dpop", one) for one in proofs)]
    return call(app, "GET", "/orders?page=2", [*lines, *more.pop("lines", ())], **more)


def said(answer: Answer) -> tuple[int, str | None]:
    """Status, and the error of the DPoP challenge."""
    line = next(iter(line for line in answer.lines("www-authenticate") if line.startswith("DPoP")), "")
    found = re.search(r'error="(\w+)"', line)
    return answer.status, found[1] if found else None


def test_accepted() -> None:
    """A bound token with a fresh proof, again and again."""
    _, events, app = service()
    assert [ask(app, proof()).status for _ in range(3)] == [200] * 3
    assert {event.user for event in events} == {"alice"}


def test_challenge_without_anything() -> None:
    """Both schemes, with the algorithms, and no error."""
    _, _, app = service()
    bearer, dpop = call(app, path="/orders").lines("www-authenticate")
    assert bearer.startswith("Bearer")
    assert dpop.startswith('DPoP algs="')
    assert "ES256" in dpop
    assert "error" not in bearer + dpop


OTHER = token({"jkt": thumbprint(THIEF.jwk)})
REFUSED: list[tuple[tuple[str, ...], str, str, str | None]] = [
    ((), BOUND, "missing_claim", "invalid_dpop_proof"),
    ((proof(), proof()), BOUND, "ambiguous", "invalid_dpop_proof"),
    ((f"{proof()},{proof()}",), BOUND, "ambiguous", "invalid_dpop_proof"),
    (("x.y.z",), BOUND, "malformed", "invalid_dpop_proof"),
    ((proof(htu="https://a.example/other"),), BOUND, "wrong_audience", "invalid_dpop_proof"),
    ((proof(htu="http://a.example/orders"),), BOUND, "wrong_audience", "invalid_dpop_proof"),
    ((proof(htu="https://b.example/orders"),), BOUND, "wrong_audience", "invalid_dpop_proof"),
    ((proof(htm="POST"),), BOUND, "wrong_binding", "invalid_dpop_proof"),
    ((proof(ath="x"),), BOUND, "wrong_binding", "invalid_dpop_proof"),
    ((proof(ath=None),), BOUND, "missing_claim", "invalid_dpop_proof"),
    ((proof(by=THIEF),), BOUND, "wrong_binding", "invalid_token"),
    ((proof(OTHER),), OTHER, "wrong_binding", "invalid_token"),
    ((proof(iat=NOW - 71),), BOUND, "expired", "invalid_dpop_proof"),
    ((proof(iat=NOW + 11),), BOUND, "not_yet_valid", "invalid_dpop_proof"),
    ((proof(token()),), token(), "missing_claim", "invalid_token"),
    ((proof(token({"jkt": 5})),), token({"jkt": 5}), "malformed", "invalid_dpop_proof"),
]


@pytest.mark.parametrize(("proofs", "bearer", "cause", "error"), REFUSED)
def test_refused(proofs: tuple[str, ...], bearer: str, cause: str, error: str | None) -> None:
    """By cause, with the error of RFC 9449 section 7.1; the event names the bearer of the token."""
    _, events, app = service()
    answer = ask(app, *proofs, bearer=bearer)
    assert (str(events[0].causes[0].cause), events[0].user) == (cause, "alice")
    status, told = said(answer)
    assert (status in (400, 401), told) == (True, error)
    if status == 401:
        assert answer.lines("www-authenticate")[0].startswith("DPoP")


@pytest.mark.parametrize("again", [False, True])
def test_the_token_itself_is_checked(again: bool) -> None:
    """A good proof does not make up for a bad token, also when it was good before."""
    clock = Clock(NOW)
    _, _, app = service(clock=clock)
    short = token({"jkt": JKT}, exp=NOW + 50)
    if again:
        assert ask(app, proof(short), bearer=short).status == 200
    clock.now += 50
    assert said(ask(app, proof(short), bearer=short)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "cnf",
    [{"jkt": JKT}, {"x5t#S256": X5T}, {"jkt": 5}, {"x5t#S256": 5}, {"jwk": HOLDER.jwk}, {"kid": "k"}, {}, "text", []],
)
def test_a_bound_token_is_no_bearer_token(cnf: object) -> None:
    """Whatever it is bound to, the first time and from the cache."""
    _, events, app = service()
    for _ in range(2):
        answer = ask(app, bearer=token(cnf), scheme="Bearer")
        assert (answer.status, answer.lines("www-authenticate")[0][:6]) == (401, "Bearer")
    assert {str(event.causes[0].cause) for event in events} <= {"wrong_binding", "malformed"}


def test_a_bound_token_where_no_proofs_are_taken() -> None:
    """The same without `dpop`."""
    guard, _ = watched(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys={"keys": [ISSUED.jwk]}))
    app = guard.asgi(Endpoint(), {"/*": "token"})
    assert [ask(app, bearer=BOUND, scheme=scheme).status for scheme in ("Bearer", "DPoP", "Bearer")] == [401] * 3
    assert ask(app, bearer=token(), scheme="Bearer").status == 200


def view(certificate: bytes | None) -> View:
    """A connection with this certificate."""
    seen = None if certificate is None else ClientCertificate(certificate)
    return View(method="GET", path="/", client_certificate=seen)


@pytest.mark.parametrize(
    ("cnf", "certificate", "claim"),
    [
        ({"x5t#S256": X5T}, CERTIFICATE, None),
        ({"x5t#S256": X5T}, b"another", "x5t#S256"),
        ({"x5t#S256": X5T}, None, "x5t#S256"),
        ({"x5t#S256": X5T, "jkt": JKT}, CERTIFICATE, "jkt"),
        ({"jwk": {}}, CERTIFICATE, "cnf"),
        (None, None, None),
    ],
)
def test_certificates(cnf: object, certificate: bytes | None, claim: str | None) -> None:
    """A token that is bound to a certificate is good on a connection with that one."""
    failure = bearer_failure(Accept("alice", {"cnf": cnf}), view(certificate))
    assert (None if failure is None else failure.facts["claim"]) == claim


def test_bound_to_both() -> None:
    """A proof of the key alone is not enough."""
    guard, _, _ = service()
    both = token({"jkt": JKT, "x5t#S256": X5T})
    for certificate, accepted in ((None, False), (b"another", False), (CERTIFICATE, True)):
        seen = view(certificate)
        seen.path, seen.scheme, seen.raw_path = "/orders", "https", b"/orders"
        seen.headers = [
            (b"host", b"a.example"),
            (b"authorization", b"DPoP " + both.encode()),
            (b"dpop", proof(both).encode()),
        ]
        assert guard.decide_sync(seen).accepted is accepted


def test_fifty_at_once_with_one_proof() -> None:
    """Exactly one gets in, in an event loop and in threads."""
    guard, events, app = service()
    headers = [("host", "a.example"), ("authorization", f"DPoP {BOUND}")]

    async def all_of_them(one: str) -> list[int]:
        calls = (acall(app, "GET", "/orders", [*headers, ("dpop", one)]) for _ in range(50))
        return [answer.status for answer in await asyncio.gather(*calls)]

    assert sorted(asyncio.run(all_of_them(proof()))) == [200] + [401] * 49
    threaded, again = guard.wsgi(WsgiEndpoint(), {"/*": "token"}), [*headers, ("dpop", proof())]
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: wsgi_call(threaded, "GET", "/orders", again).status, range(50)))
    assert sorted(statuses) == [200] + [401] * 49
    assert sum(event.causes[0].cause == "replayed" for event in events if event.causes) == 98


def test_instances_share_a_store() -> None:
    """Also one that is still empty when the service starts."""
    seen = MemorySeen()
    one, two = (service(Dpop(seen=seen))[2] for _ in range(2))
    same = proof()
    assert [ask(one, same).status, ask(two, same).status] == [200, 401]


def with_nonces() -> Dpop:
    """Proofs with a nonce that lives 40 s."""
    return Dpop(require_nonce=True, nonce_keys=(b"k" * 32,), nonce_lifetime_s=40, max_age_s=600)


def test_nonces() -> None:
    """Asked for with a nonce at hand, which is good at every instance until it is old."""
    clock = Clock(NOW)
    apps = [service(with_nonces(), clock=clock)[2] for _ in range(2)]
    asked = ask(apps[0], proof())
    assert said(asked) == (401, "use_dpop_nonce")
    (nonce,) = asked.lines("dpop-nonce")
    accepted = ask(apps[1], proof(nonce=nonce))
    assert (accepted.status, accepted.lines("dpop-nonce")) == (200, [])
    clock.now += 40
    late = ask(apps[0], proof(nonce=nonce))
    assert (said(late), len(late.lines("dpop-nonce"))) == ((401, "use_dpop_nonce"), 1)
    assert said(ask(apps[0], proof(nonce="f" * 66))) == (401, "use_dpop_nonce")
    assert ask(apps[0]).lines("dpop-nonce")


@pytest.mark.parametrize(("age_s", "lines"), [(-10, 0), (0, 0), (19, 0), (20, 1), (39, 1)])
def test_the_next_nonce_comes_before_it_is_needed(age_s: int, lines: int) -> None:
    """With an accepted request, once the nonce in use is half over; another instance's clock may be ahead."""
    dpop, accept = with_nonces(), Accept("alice", {"cnf": {"jkt": JKT}}, headers=((b"x", b"1"),))
    sent = proof(nonce=dpop.nonce(NOW - age_s).decode())
    seen = View.of("GET", "/orders", {"host": "a.example", "dpop": sent})
    seen.scheme = "https"
    guard, _, _ = service()
    answer = guard.world.run_sync(dpop.check(accept, BOUND, seen, NOW))
    assert isinstance(answer, Accept)
    assert [name for name, _ in answer.headers] == [b"x", *[b"dpop-nonce"] * lines]


def test_behind_a_proxy() -> None:
    """The address that the caller used is told by a trusted proxy, and by nobody else."""
    for trusted, status in ((("192.0.2.0/24",), 200), (("198.51.100.0/24",), 401), ((), 401)):
        _, _, app = service(trusted_proxies=trusted)
        headers = [
            ("host", "a.example"),
            ("authorization", f"DPoP {BOUND}"),
            ("dpop", proof()),
            ("x-forwarded-proto", "https"),
        ]
        assert call(app, "GET", "/orders", headers, scheme="http").status == status


def test_a_websocket() -> None:
    """The proof is for the handshake, which is a request of https."""
    _, _, app = service()
    headers = [("host", "a.example"), ("authorization", f"DPoP {BOUND}"), ("dpop", proof())]
    answer = call(app, "GET", "/orders", headers, type="websocket", scheme="wss")
    assert answer.messages[0]["type"] == "websocket.accept"


def test_no_error_cause_by_a_caller_and_no_error_told_for_an_outage() -> None:
    """Callers can fill a store in memory, so that is no outage of ours; and no challenge blames the proof."""
    seen = MemorySeen(1)
    _, events, app = service(Dpop(seen=seen))
    assert ask(app, proof()).status == 200
    full = ask(app, proof())
    assert (full.status, events[-1].causes[0].cause) == (429, Cause.RATE_LIMITED)
    assert full.lines("www-authenticate") == []


@pytest.mark.parametrize(
    "settings",
    [{"max_age_s": 0}, {"leeway_s": -1}, {"nonce_lifetime_s": 0}, {"nonce_lifetime_s": 10}, {"nonce_keys": (b"x",)}],
)
def test_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    """Told at the start."""
    with pytest.raises(ValueError, match=r"must|has at least"):
        Dpop(**settings)


@settings(deadline=None)
@given(
    st.integers(0, 600),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), min_size=1, max_size=9),
    st.booleans(),
)
def test_no_text_is_an_error_or_gets_in(at: int, text: str, nonces: bool) -> None:
    """A proof with other characters in it, or none at all."""
    _, events, app = service(with_nonces() if nonces else None)
    sent = proof(nonce="n")
    for each in (sent[:at] + text + sent[at + len(text) :], text):
        if each != sent:
            assert ask(app, each).status in (400, 401)
    assert all(meta(one.cause).kind is not Kind.ERROR for event in events for one in event.causes)
