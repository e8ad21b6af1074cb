"""Signed requests of real curl, at real servers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest as hmac_digest

import pytest
from tests.guard import real_servers
from tests.guard.real_servers import aecho, curl, echo
from tests.guard.schemes.test_signed_request import KEY, TABLE
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request import test_webhook as webhooks
from tests.verify.hmac_request.world import known

from authwhy.guard import (
    Guard,
    SigV4Policy,
    WebhookPolicy,
    any_of,
    signed_request,
)
from authwhy.model.event import Event


@dataclass
class Running:
    """A service under a real server, and what it told."""

    base: str
    events: list[Event]


SERVERS: dict[str, Callable[..., AbstractContextManager[str]]] = {
    "wsgiref": real_servers.wsgi,
    "uvicorn": real_servers.asgi,
}


@pytest.fixture(scope="module", params=SERVERS)
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    """SigV4 for two services, and webhooks of GitHub."""
    events: list[Event] = []
    policy = SigV4Policy(regions=("us-east-1",), services=("execute-api", "s3"))
    guard = Guard(
        signed_request("aws", policy=policy, secrets=TABLE),
        signed_request("github", policy=WebhookPolicy("github"), secrets={"webhook": known(webhooks.GITHUB_SECRET)}),
        events=[events.append],
    )
    rules = {"/*": any_of("aws", "github")}
    app = guard.wsgi(echo, rules) if request.param == "wsgiref" else guard.asgi(aecho, rules)
    with SERVERS[request.param](app) as address:
        yield Running(address, events)
    guard.close()


def signing(service_: str = "execute-api", secret: str = aws.SUITE_SECRET) -> tuple[str, ...]:
    """curl's options."""
    return ("--aws-sigv4", f"aws:amz:us-east-1:{service_}", "--user", f"{KEY}:{secret}")


@pytest.mark.e2e
@pytest.mark.parametrize("path", ["/orders", "/orders/4711?limit=20", "/", "/a-b_c.d~e"])
def test_curl(running: Running, path: str) -> None:
    """Real curl signs, with and without a body; the application reads it."""
    for _ in range(2):
        assert curl(running.base + path, *signing()).body == b"robot:"
        sent = curl(running.base + path, *signing(), "--data-binary", "@-", body=b"x" * 70_000)
        assert (sent.status, sent.body) == (200, b"robot:" + b"x" * 70_000)


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (signing(secret="wrong"), "bad_signature"),
        (("--aws-sigv4", "aws:amz:eu-west-1:execute-api", "--user", f"{KEY}:{aws.SUITE_SECRET}"), "wrong_audience"),
        (("--aws-sigv4", "aws:amz:us-east-1:execute-api", "--user", "AKIDNOBODY:x"), "unknown_identity"),
    ],
)
def test_curl_refused(running: Running, options: tuple[str, ...], cause: str) -> None:
    """Each by its cause, and no secret is told."""
    heard = curl(running.base + "/orders", *options)
    assert (heard.status, str(running.events[-1].causes[0].cause)) == (401, cause)
    assert aws.SUITE_SECRET not in repr(running.events)


@pytest.mark.e2e
def test_a_webhook_by_curl(running: Running) -> None:
    """Signed over the octets of the body."""
    body = b'{"action": "opened"}'
    mac = hmac_digest(webhooks.GITHUB_SECRET.encode(), body, "sha256").hex()
    options = (
        "-H",
        f"X-Hub-Signature-256: sha256={mac}",
        "-H",
        "Content-Type: application/json",
        "--data-binary",
        "@-",
    )
    assert curl(running.base + "/hook", *options, body=body).body == b"alice:" + body
    assert curl(running.base + "/hook", *options, body=body + b" ").status == 401


@pytest.mark.e2e
def test_a_presigned_url_by_curl(running: Running) -> None:
    """Opened as it is."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    host = re.sub("https?://", "", running.base)
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY}%2F{scope.replace('/', '%2F')}"
        f"&X-Amz-Date={now}&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    )
    canonical = f"GET\n/caf%C3%A9\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + aws.SUITE_SECRET.encode()
    for part in (now[:8], "us-east-1", "s3", "aws4_request"):
        key = hmac_digest(key, part.encode(), "sha256")
    signature = hmac_digest(key, text.encode(), "sha256").hex()
    assert curl(f"{running.base}/caf%C3%A9?{query}&X-Amz-Signature={signature}").body == b"robot:"
