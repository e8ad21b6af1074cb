"""What may be used once, one row for each kind: a credential that is good, and sent again and again.

`tests/guard/security/test_replay_providers.py` sends it to one process, `tests/e2e/test_redis_replay.py` to several
that share a store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

from msgspec.structs import replace
from tests.guard.schemes.browsing import FORM, Browser, header
from tests.guard.schemes.test_binding import BOUND, ISSUED, proof
from tests.guard.schemes.test_digest import KEYS, SECRETS
from tests.verify import digest_client
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request import test_azure_shared_key as azure
from tests.verify.hmac_request import test_http_signature as signatures
from tests.verify.hmac_request import test_sigv4 as sigv4s
from tests.verify.hmac_request import test_webhook as webhooks
from tests.verify.hmac_request.world import known
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW, signer

from authwhy.guard import (
    AzureSharedKeyPolicy,
    Dpop,
    Guard,
    HttpSignaturePolicy,
    View,
    WebhookPolicy,
    all_of,
    basic,
    deny,
    digest,
    form,
    jwt,
    session,
    signed_request,
    totp,
)
from authwhy.guard.effects import Step
from authwhy.model.event import Event
from authwhy.stores.interface import SeenStore
from authwhy.verify.digest_nonce import DigestNonces
from authwhy.verify.hmac_request.interface import SignedRequest, SigningSecrets
from authwhy.verify.totp import TotpEnrolment, hotp, read_secret

ONE = signer("ES256")
PROOF = proof()
APP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE = hotp(read_secret(APP) or b"", NOW // 30, 6)
Attempt = Callable[[], Step]


@dataclass
class Sending:
    """A guard, and the same credential for it each time `attempt` is called."""

    guard: Guard
    attempt: Attempt
    events: list[Event]
    view: Callable[[], View]

    def good(self, found: Any) -> bool:
        """Did it get in? A form answers with the way on."""
        return bool(found.accepted) if hasattr(found, "accepted") else found.status == 303

    def in_turn(self, times: int) -> list[bool]:
        """One after the other."""
        return [self.good(self.guard.world.run_sync(self.attempt())) for _ in range(times)]

    def in_threads(self, times: int) -> list[bool]:
        """All at once, in threads that begin together."""
        begin = Barrier(times)

        def one() -> bool:
            begin.wait()
            return self.good(self.guard.world.run_sync(self.attempt()))

        with ThreadPoolExecutor(times) as pool:
            return [job.result() for job in [pool.submit(one) for _ in range(times)]]

    def in_a_loop(self, times: int) -> list[bool]:
        """All at once, in one event loop."""

        async def go() -> list[Any]:
            return await asyncio.gather(*(self.guard.world.run(self.attempt()) for _ in range(times)))

        return [self.good(found) for found in asyncio.run(go())]


def _sending(guard: Guard, view: Callable[[], View], rule: Any = None) -> Sending:
    events: list[Event] = []
    guard.listen(events.append)
    return Sending(guard, lambda: guard.deciding(view(), rule), events, view)


def _guard(*providers: Any, now: float = NOW) -> Guard:
    return Guard(*providers, clock=lambda: float(now), timeout_s=20)


def _digest(seen: SeenStore) -> Sending:
    nonce = DigestNonces(KEYS).make("ops", "SHA-256", NOW, b"r" * 12)
    sent = digest_client.header(digest_client.parameters(nonce, uri="/orders"))
    guard = _guard(digest(account=SECRETS, realm="ops", keys=KEYS, seen=seen))
    return _sending(guard, lambda: View.of("GET", "/orders", {"authorization": sent}))


def _dpop(seen: SeenStore) -> Sending:
    keys = {"keys": [ISSUED.jwk]}
    sent = {"host": "a.example", "authorization": f"DPoP {BOUND}", "dpop": PROOF}
    guard = _guard(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=keys, dpop=Dpop(seen=seen)))

    def view() -> View:
        made = View.of("GET", "/orders", sent)
        made.scheme = "https"
        return made

    return _sending(guard, view)


def _jti(seen: SeenStore) -> Sending:
    def spent(scope: str, value: str, until: int) -> bool:
        return seen.seen(scope, value, until, NOW)

    guard = _guard(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, seen=spent))
    return _sending(guard, lambda: View.of("GET", "/", {"authorization": f"Bearer {ONE.token()}"}))


def _enrolled(account: str) -> TotpEnrolment | None:
    return TotpEnrolment(account, APP, True) if account == "alice" else None


def _checked(credential: Any) -> object:
    return credential.username if credential.password == "pw" else deny("wrong_secret")


def _code(seen: SeenStore) -> Sending:
    guard = _guard(basic("staff", verify=_checked), totp("code", enrolment=_enrolled, seen=seen))
    sent = {"authorization": "Basic YWxpY2U6cHc=", "x-otp": CODE}
    return _sending(guard, lambda: View.of("GET", "/", sent), all_of("staff", "code"))


def _form(seen: SeenStore) -> Sending:
    """The code page, with one session that owes it."""
    login = form("login", verify=_checked, totp="code", page=True)
    guard = _guard(login, session("web", keys=["k" * 32]), totp("code", enrolment=_enrolled, seen=seen))
    browser = Browser(guard)
    reply = browser.post("/login", {"username": "alice", "password": "pw"})
    assert (reply.status, header(reply.headers, "location")) == (303, "/login/code")
    browser.events.clear()
    body = f"code={CODE}".encode()

    def view() -> View:
        made = browser.view("POST", "/login/code", origin="https://shop.example", content_type=FORM)
        made.read_body = lambda limit: body
        return made

    return Sending(guard, lambda: guard.serving("/login/code", view()), browser.events, view)


def _signed(request: SignedRequest, policy: Any, secrets: SigningSecrets, now: float) -> Callable[[SeenStore], Sending]:
    def view() -> View:
        made = View.of(request.method, request.path, request.headers)
        made.query, made.raw_path = request.query.encode("latin-1"), request.path.encode("latin-1")
        made.scheme, made.read_body = request.scheme, lambda limit: request.body or b""
        return made

    def make(seen: SeenStore) -> Sending:
        provider = signed_request(policy=policy, secrets=lambda key_id: secrets, seen=seen)
        return _sending(_guard(provider, now=now), view)

    return make


KINDS: dict[str, Callable[[SeenStore], Sending]] = {
    "digest nonce count": _digest,
    "dpop proof": _dpop,
    "jti": _jti,
    "code in a header": _code,
    "code in a form": _form,
    "sigv4": _signed(sigv4s.GOOD, replace(sigv4s.POLICY, check_replay=True), aws.KNOWN, aws.AT),
    "azure": _signed(azure.GOOD, AzureSharedKeyPolicy(check_replay=True), azure.KNOWN, azure.NOW),
    "rfc 9421": _signed(signatures.GOOD, HttpSignaturePolicy(check_replay=True), signatures.KNOWN, signatures.NOW),
    "webhook": _signed(
        webhooks.GITHUB, WebhookPolicy("github", check_replay=True), known(webhooks.GITHUB_SECRET), webhooks.AT
    ),
}
