"""Signed requests: real curl, webhooks, several dialects side by side, replay, and a body the application can read."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Any

import pytest
from msgspec.structs import replace
from tests.guard.asgi_client import Answer, Endpoint, acall, call
from tests.guard.scripted import watched
from tests.guard.wsgi_client import Endpoint as WsgiEndpoint
from tests.guard.wsgi_client import call as wsgi_call
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request import test_http_signature as signatures
from tests.verify.hmac_request import test_sigv4 as sigv4s
from tests.verify.hmac_request import test_webhook as webhooks
from tests.verify.hmac_request.world import known

from authwhy.guard import (
    ApiKeyRecord,
    ConfigurationError,
    Guard,
    HttpSignaturePolicy,
    SigningSecret,
    SigningSecrets,
    WebhookPolicy,
    any_of,
    api_key,
    deny,
    signed_request,
)
from authwhy.guard.schemes.signed_request import SignedRequests
from authwhy.model.event import Event
from authwhy.stores.memory import MemorySeen
from authwhy.verify.api_key import digest_of
from authwhy.verify.flow import Unavailable
from authwhy.verify.hmac_request.interface import SignedRequest

KEY = "AKIDEXAMPLE"
TABLE = {KEY: replace(aws.KNOWN, owner="robot")}
GOOD, POLICY = sigv4s.GOOD, sigv4s.POLICY


def service(provider: SignedRequests | None = None, now: float = aws.AT, **settings: Any) -> tuple[Guard, list[Event]]:
    """A guard for SigV4, or for this provider."""
    made = signed_request(policy=POLICY, secrets=TABLE) if provider is None else provider
    return watched(made, clock=lambda: float(now), **settings)


def send(guard: Guard, request: SignedRequest = GOOD, *, chunks: list[bytes] | None = None, rule: Any = None) -> Answer:
    """The request by ASGI, its body in two pieces."""
    body = request.body or b""
    parts = [body[:3], body[3:]] if chunks is None else chunks
    app = guard.asgi(Endpoint(), {"/*": rule or next(iter(guard.providers))})
    path = f"{request.path}?{request.query}" if request.query else request.path
    return call(app, request.method, path, request.headers, parts, scheme=request.scheme)


def last(events: list[Event]) -> tuple[str, str | None, tuple[str, ...]]:
    """Cause or success, user and notes of the last event."""
    event = events[-1]
    return (str(event.causes[0].cause) if event.causes else "success"), event.user, event.notes


@pytest.mark.parametrize("secrets", [TABLE, TABLE.get], ids=["table", "function"])
def test_accepted(secrets: Any) -> None:
    """By ASGI and by WSGI, a table of secrets or a function; the application still reads the body."""
    guard, events = service(signed_request(policy=POLICY, secrets=secrets))
    app = guard.asgi(endpoint := Endpoint(), {"/*": "signed"})
    for _ in range(3):
        path = f"{GOOD.path}?{GOOD.query}"
        assert call(app, GOOD.method, path, GOOD.headers, [b'{"n"', b": 1}"]).status == 200
    assert endpoint.bodies == [GOOD.body] * 3
    assert (last(events), events[-1].facts["key_id"]) == (("success", "robot", ()), KEY)
    wapp = guard.wsgi(wendpoint := WsgiEndpoint(), {"/*": "signed"})
    answer = wsgi_call(
        wapp, GOOD.method, GOOD.path, GOOD.headers, GOOD.body or b"", QUERY_STRING=GOOD.query, RAW_URI=path
    )
    assert (answer.status, wendpoint.bodies) == (200, [GOOD.body])


def changed(name: str, value: str) -> SignedRequest:
    """The good request with another value of a header."""
    return replace(GOOD, headers=tuple((key, value if key == name else old) for key, old in GOOD.headers))


REFUSED: list[tuple[SignedRequest, str, str | None]] = [
    (replace(GOOD, body=b"{}"), "bad_signature", KEY),
    (replace(GOOD, path="/other"), "bad_signature", KEY),
    (replace(GOOD, query=""), "bad_signature", KEY),
    (replace(GOOD, method="PUT"), "bad_signature", KEY),
    (changed("host", "b.example"), "bad_signature", KEY),
    (changed("authorization", GOOD.headers[-1][1].replace(KEY, "AKIDOTHER")), "unknown_identity", None),
    (changed("authorization", GOOD.headers[-1][1][:-2]), "malformed", None),
    (changed("authorization", "AWS4-HMAC-SHA1 x"), "unsupported_algorithm", None),
]


@pytest.mark.parametrize(("request_", "cause", "user"), REFUSED)
@pytest.mark.parametrize("secrets", [TABLE, TABLE.get], ids=["table", "function"])
def test_refused(request_: SignedRequest, cause: str, user: str | None, secrets: Any) -> None:
    """A key that exists is named in the event, another one never is."""
    guard, events = service(signed_request(policy=POLICY, secrets=secrets))
    assert send(guard).status == 200  # the hot path knows the client
    assert send(guard, request_).status in (400, 401)
    assert last(events)[:2] == (cause, user)
    if cause == "unknown_identity":
        assert events[-1].user_digest is not None


def test_the_owner_is_named_when_the_signature_was_right() -> None:
    """An old request, truly signed."""
    guard, events = service(now=aws.AT + 301)
    assert send(guard).status == 401
    assert last(events)[:2] == ("expired", "robot")


@pytest.mark.parametrize("key_id", ["AKID\x1b[31m", 'AK"ID', "AK\xff\xfeID", "AK\u202eID".encode().decode("latin-1")])
def test_odd_key_ids(key_id: str) -> None:
    """No octet of them reaches an event unescaped, also of one that exists."""
    guard, events = service(signed_request(policy=POLICY, secrets=lambda key: aws.KNOWN))
    send(guard, changed("authorization", GOOD.headers[-1][1].replace(KEY, key_id)))
    text = repr(events[-1].user) + repr(events[-1].facts)
    assert text.isprintable()
    assert "\x1b" not in str(events[-1].user)
    lines = tuple((name, value.replace('"k"', f'"{key_id}"')) for name, value in signatures.GOOD.headers)
    signer = signed_request(policy=signatures.POLICY, secrets=lambda key: signatures.KNOWN)
    guard, events = service(signer, signatures.NOW)
    send(guard, replace(signatures.GOOD, headers=lines))
    assert str(events[-1].user or "").isprintable()


def test_public_answers_look_alike() -> None:
    """Nobody learns which keys exist, are revoked, or were retired."""
    secret = aws.KNOWN.secrets[0]
    tables: list[Any] = [
        {},
        {KEY: SigningSecrets((SigningSecret("k", "another"),), "robot")},
        {KEY: replace(aws.KNOWN, status="revoked")},
        {KEY: SigningSecrets((replace(secret, retired_at=aws.AT - 10),), "robot")},
    ]
    told = set()
    for table in tables:
        answer = send(service(signed_request(policy=POLICY, secrets=table))[0])
        told.add((answer.status, answer.problem()["code"], tuple(answer.lines("www-authenticate"))))
    assert told == {(401, "invalid_credentials", ('AWS4-HMAC-SHA256 realm="signed"',))}


@pytest.mark.parametrize("form", ["table", "function"])
def test_rotation(form: str) -> None:
    """While both secrets are good the event says who still uses the old one; after that it is refused."""
    old = replace(aws.KNOWN.secrets[0], id="old", retired_at=aws.AT)
    table = {KEY: SigningSecrets((SigningSecret("new", "a new secret"), old), "robot")}
    policy = replace(POLICY, overlap_s=200)
    provider = signed_request(policy=policy, secrets=table if form == "table" else table.get)
    for after_s, expected in ((0, "success"), (199, "success"), (200, "revoked")):
        guard, events = service(provider, aws.AT + after_s)
        for _ in range(2):
            send(guard)
            assert last(events) == (expected, "robot", ("old_key",) if expected == "success" else ())
    assert events[-1].facts["revoked_at"] == aws.AT
    if form == "table":
        guard, events = service(provider)
        provider.replace({KEY: replace(aws.KNOWN, owner="other")})
        assert (send(guard).status, last(events)[1:]) == (200, ("other", ()))
        provider.replace({})
        assert (send(guard).status, last(events)[0]) == (401, "unknown_identity")


@pytest.mark.parametrize("secrets", [TABLE, TABLE.get], ids=["table", "function"])
def test_session_tokens(secrets: Any) -> None:
    """Temporary credentials are for who can check their token; else they are unknown."""
    token = ("x-amz-security-token", "canary-4711")
    temporary = sigv4s.sign(replace(sigv4s.ORDER, headers=(*sigv4s.ORDER.headers, token)))
    guard, events = service(signed_request(policy=POLICY, secrets=secrets))
    assert (send(guard, temporary).status, last(events)[0]) == (401, "unknown_identity")
    asked = []

    def check(key_id: str, session_token: str) -> object:
        asked.append((key_id, session_token))
        return TABLE[key_id] if session_token == "canary-4711" else None

    guard, events = service(signed_request(policy=POLICY, secrets=secrets, temporary=check))
    assert (send(guard, temporary).status, send(guard).status, asked) == (200, 200, [(KEY, "canary-4711")])
    assert "canary" not in repr(events)


@pytest.mark.parametrize(
    ("answer", "cause", "status"),
    [
        (Unavailable(), "provider_unreachable", 503),
        (ConnectionRefusedError(), "provider_unreachable", 503),
        ("a secret as text", "misconfigured", 401),
    ],
)
def test_outage(answer: object, cause: str, status: int) -> None:
    """No bad signature, and no name in the event."""

    async def secrets(key_id: str) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    guard, events = service(signed_request(policy=POLICY, secrets=secrets))
    assert (send(guard).status, last(events)[:2]) == (status, (cause, None))


def test_body_too_long() -> None:
    """Refused when more than the limit came, whatever was announced; a body of that length is read."""
    size = len(GOOD.body or b"")
    for limit, status in ((size, 200), (size - 1, 401)):
        guard, events = service(signed_request(policy=POLICY, secrets=TABLE, max_body=limit))
        assert send(guard).status == status
    assert events[-1].facts == {"part": "body", "problem": "too_large", "limit": size - 1}
    guard, events = service(signed_request(policy=POLICY, secrets=TABLE, max_body=size))
    assert send(guard, chunks=[b"x"] * (size + 1)).status == 401
    assert events[-1].facts["problem"] == "too_large"


def presigned(expires_s: int = 60, secret: str = aws.SUITE_SECRET, method: str = "GET") -> SignedRequest:
    """A presigned URL made by hand as AWS documents it ("Authenticating Requests: Using Query Parameters")."""
    scope = "20150830/us-east-1/service/aws4_request"
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY}%2F{scope.replace('/', '%2F')}"
        f"&X-Amz-Date=20150830T123600Z&X-Amz-Expires={expires_s}&X-Amz-SignedHeaders=host"
    )
    host = "orders.example"
    canonical = f"{method}\n/report\n{query}\nhost:{host}\n\nhost\n{sha256(b'').hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n20150830T123600Z\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in (*scope.split("/")[:3], "aws4_request"):
        key = hmac_digest(key, part.encode(), "sha256")
    signature = hmac_digest(key, text.encode(), "sha256").hex()
    return SignedRequest(method, "/report", f"{query}&X-Amz-Signature={signature}", (("host", host),))


def test_presigned() -> None:
    """A URL that is good until it ends; beside an Authorization header it is one too many."""
    url = presigned()
    for after_s, expected in ((0, "success"), (60, "success"), (61, "expired")):
        guard, events = service(now=aws.AT + after_s)
        send(guard, url)
        assert last(events)[:2] == (expected, "robot")
    guard, events = service()
    send(guard, replace(url, query=url.query.replace("Expires=60", "Expires=600")))
    assert last(events)[:2] == ("bad_signature", KEY)
    send(guard, replace(url, headers=(*url.headers, ("authorization", "AWS4-HMAC-SHA256 x"))))
    assert last(events)[0] == "ambiguous"
    assert events[-1].fingerprint is not None
    assert "Signature=" not in repr(events)


def test_a_presigned_url_beside_another_credential() -> None:
    """Two credentials in two places, where one is wanted."""
    url = presigned()
    key = api_key("key", scheme="ApiKey", records=[ApiKeyRecord("k", digest_of("x" * 20), "alice")])
    guard, events = watched(signed_request(policy=POLICY, secrets=TABLE), key, clock=lambda: float(aws.AT))
    both = replace(url, headers=(*url.headers, ("authorization", "ApiKey " + "x" * 20)))
    assert [send(guard, each, rule=any_of("signed", "key")).status for each in (url, both)] == [200, 400]
    assert last(events)[0] == "ambiguous"


def fifty(request: SignedRequest, policy: Any, secrets: Any, now: float) -> list[list[int]]:
    """The statuses of fifty at once, in an event loop and in threads, each with a store of its own."""
    path = f"{request.path}?{request.query}" if request.query else request.path
    body = request.body or b""
    guard, _ = service(signed_request(policy=policy, secrets=secrets, seen=MemorySeen()), now)
    app = guard.asgi(Endpoint(), {"/*": "signed"})

    async def all_of_them() -> list[int]:
        calls = (acall(app, request.method, path, request.headers, [body]) for _ in range(50))
        return [answer.status for answer in await asyncio.gather(*calls)]

    guard, _ = service(signed_request(policy=policy, secrets=secrets, seen=MemorySeen()), now)
    wapp = guard.wsgi(WsgiEndpoint(), {"/*": "signed"})
    more = {"QUERY_STRING": request.query, "RAW_URI": path}
    with ThreadPoolExecutor(50) as pool:
        jobs = [
            pool.submit(wsgi_call, wapp, request.method, request.path, request.headers, body, **more) for _ in range(50)
        ]
        threaded = [job.result().status for job in jobs]
    return [sorted(asyncio.run(all_of_them())), sorted(threaded)]


ONCE: list[tuple[SignedRequest, Any, Any, float]] = [
    (GOOD, replace(POLICY, check_replay=True), TABLE, aws.AT),
    (signatures.GOOD, HttpSignaturePolicy(check_replay=True), lambda key: signatures.KNOWN, signatures.NOW),
    (
        webhooks.GITHUB,
        WebhookPolicy("github", check_replay=True),
        {"webhook": known(webhooks.GITHUB_SECRET)},
        webhooks.AT,
    ),
]


@pytest.mark.parametrize(("request_", "policy", "secrets", "now"), ONCE, ids=["sigv4", "rfc9421", "webhook"])
def test_fifty_at_once(request_: SignedRequest, policy: Any, secrets: Any, now: float) -> None:
    """Exactly one gets in."""
    assert fifty(request_, policy, secrets, now) == [[200] + [401] * 49] * 2


def test_instances_share_a_store() -> None:
    """Also one that is still empty when the service starts."""
    seen = MemorySeen()
    policy = replace(POLICY, check_replay=True)
    guards = [service(signed_request(policy=policy, secrets=TABLE, seen=seen))[0] for _ in range(2)]
    assert [send(guard).status for guard in guards] == [200, 401]


def test_principal() -> None:
    """Made of the claims, which nobody can change, and may refuse."""
    guard, _ = service(
        signed_request(policy=POLICY, secrets=TABLE, principal=lambda claims: (claims["sub"], claims["region"]))
    )
    app = guard.asgi(endpoint := Endpoint(), {"/*": "signed"})
    call(app, GOOD.method, f"{GOOD.path}?{GOOD.query}", GOOD.headers, [GOOD.body or b""])
    assert endpoint.decisions[0].principal == ("robot", "us-east-1")
    with pytest.raises(TypeError):
        endpoint.decisions[0].claims["sub"] = "root"
    guard, events = service(
        signed_request(policy=POLICY, secrets=TABLE, principal=lambda claims: deny("policy_blocked"))
    )
    assert (send(guard).status, last(events)[0]) == (403, "policy_blocked")


@pytest.mark.parametrize(
    ("policy", "secrets"),
    [("aws", TABLE), (WebhookPolicy("github"), {}), (HttpSignaturePolicy(key_id="k"), {"other": signatures.KNOWN})],
)
def test_set_up_that_cannot_work(policy: Any, secrets: Any) -> None:
    """Told at the start."""
    with pytest.raises(ConfigurationError, match="signed: "):
        signed_request(policy=policy, secrets=secrets)
