"""Webhooks, and one provider of each way to sign side by side: each takes its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.guard.real_servers import Clock
from tests.guard.schemes.test_signed_request import GOOD, POLICY, TABLE, last, send, service
from tests.guard.scripted import watched
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request import test_azure_shared_key as azures
from tests.verify.hmac_request import test_http_signature as signatures
from tests.verify.hmac_request import test_webhook as webhooks
from tests.verify.hmac_request.world import known

from authwhy.causes import Kind, meta
from authwhy.guard import (
    Guard,
    HttpSignaturePolicy,
    WebhookPolicy,
    any_of,
    signed_request,
)
from authwhy.model.event import Event
from authwhy.verify.hmac_request.interface import SignedRequest

WEBHOOKS = [
    (webhooks.GITHUB, "github", webhooks.GITHUB_SECRET, webhooks.AT),
    (webhooks.SLACK, "slack", webhooks.SLACK_SECRET, 1_531_420_618),
    (webhooks.STANDARD, "standard", webhooks.STANDARD_SECRET, webhooks.AT),
    (webhooks.stripe(f"t={webhooks.AT}", webhooks.GOOD_V1), "stripe", webhooks.SECRET, webhooks.AT),
]


@pytest.mark.parametrize(("request_", "sender", "secret", "now"), WEBHOOKS, ids=[row[1] for row in WEBHOOKS])
def test_webhooks(request_: SignedRequest, sender: str, secret: str, now: float) -> None:
    """As documented; changed, or by another secret, refused."""
    table = {"webhook": known(secret, owner=sender)}
    guard, events = service(signed_request(policy=WebhookPolicy(sender), secrets=table), now)
    assert (send(guard, request_).status, last(events)[1]) == (200, sender)
    assert (send(guard, replace(request_, body=b"{}x")).status, last(events)[:2]) == (401, ("bad_signature", "webhook"))
    assert (send(guard, replace(request_, headers=())).status, last(events)[0]) == (401, "missing")


def all_dialects() -> tuple[Guard, list[Event], Clock]:
    """One provider of each."""
    clock = Clock(aws.AT)
    providers = [
        signed_request("aws", policy=POLICY, secrets=TABLE),
        signed_request("azure", policy=azures.BLOB, secrets=lambda name: azures.KNOWN),
        signed_request("http", policy=HttpSignaturePolicy(), secrets=lambda key: signatures.KNOWN),
        *(signed_request(row[1], policy=WebhookPolicy(row[1]), secrets={"webhook": known(row[2])}) for row in WEBHOOKS),
    ]
    guard, events = watched(*providers, clock=clock)
    return guard, events, clock


SIDE_BY_SIDE: list[tuple[str, SignedRequest, float]] = [
    ("aws", GOOD, aws.AT),
    ("azure", azures.GOOD, azures.NOW),
    ("http", signatures.GOOD, signatures.NOW),
    *((row[1], row[0], row[3]) for row in WEBHOOKS),
]


@pytest.mark.parametrize(("name", "request_", "now"), SIDE_BY_SIDE, ids=[row[0] for row in SIDE_BY_SIDE])
def test_side_by_side(name: str, request_: SignedRequest, now: float) -> None:
    """Each takes its own and leaves the others alone."""
    guard, events, clock = all_dialects()
    clock.now = now
    rule = any_of(*guard.providers)
    assert (send(guard, request_, rule=rule).status, events[-1].provider) == (200, name)
    assert send(guard, replace(request_, body=b"{}y"), rule=rule).status in (200, 401)  # Azure signs no body
    assert send(guard, replace(request_, headers=()), rule=rule).status == 401
    lines = send(guard, SignedRequest("GET", "/"), rule=rule).lines("www-authenticate")
    assert [line.split(" ")[0] for line in lines] == ["AWS4-HMAC-SHA256", "SharedKey", "Signature", "Webhook"]


OCTETS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40)
FIELDS = [
    "authorization",
    "x-amz-date",
    "signature",
    "signature-input",
    "content-digest",
    "x-hub-signature-256",
    "host",
]


@settings(deadline=None)
@given(st.sampled_from(SIDE_BY_SIDE), st.sampled_from(FIELDS), OCTETS, OCTETS, st.booleans())
def test_no_text_is_an_error(
    row: tuple[str, SignedRequest, float], name: str, text: str, query: str, add: bool
) -> None:
    """A request with one header more or another one, whatever stands in it."""
    guard, events, clock = all_dialects()
    _, request_, clock.now = row
    kept = [pair for pair in request_.headers if add or pair[0] != name]
    changed_ = replace(request_, headers=(*kept, (name, text)), query=request_.query or query)
    assert send(guard, changed_, rule=any_of(*guard.providers)).status in (200, 400, 401)
    assert all(meta(one.cause).kind is not Kind.ERROR for event in events for one in event.causes)
