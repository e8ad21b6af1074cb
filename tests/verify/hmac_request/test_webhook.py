"""Webhooks: the documented examples of the senders, every way to be refused, and that any change is."""

from __future__ import annotations

import base64
from hmac import digest as hmac_digest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.hmac_request.world import judge, known, recording, said

from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.flow import Ask, SeenAsk, drive
from authwhy.verify.hmac_request import webhook
from authwhy.verify.hmac_request.interface import SignedRequest
from authwhy.verify.hmac_request.webhook import DIALECTS, Dialect, WebhookPolicy

AT = 1_614_265_330


def post(body: bytes, *headers: tuple[str, str]) -> SignedRequest:
    return SignedRequest("POST", "/hook", "", headers, body)


def check(sent: SignedRequest, dialect: str, secrets: object, now: int = AT) -> Outcome:
    return judge(webhook.verify(sent, WebhookPolicy(dialect), now), secrets)


GITHUB = post(
    b"Hello, World!",
    ("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
)
GITHUB_SECRET = "It's a Secret to Everybody"
SLACK = post(
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
    ("x-slack-request-timestamp", "1531420618"),
)
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
STANDARD = post(
    b'{"test": 2432232314}',
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
)
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    ("sent", "dialect", "secret", "now"),
    [
        (GITHUB, "github", GITHUB_SECRET, AT),
        (SLACK, "slack", SLACK_SECRET, 1_531_420_618),
        (STANDARD, "standard", STANDARD_SECRET, AT),
        (STANDARD, "standard", STANDARD_SECRET.removeprefix("whsec_"), AT),
    ],
)
def test_documented_examples(sent: SignedRequest, dialect: str, secret: str, now: int) -> None:
    """Of GitHub, Slack and the Standard Webhooks libraries; another body refuses."""
    assert said(check(sent, dialect, known(secret), now)) == []
    assert said(check(sent, dialect, known(secret + "BBBB"), now)) == ["bad_signature"]
    assert said(check(replace(sent, body=b"x"), dialect, known(secret), now)) == ["bad_signature"]


SECRET = "shared-secret"
STRIPE_TEXT = f"{AT}.{{}}".encode()


def mac(text: bytes) -> bytes:
    return hmac_digest(SECRET.encode(), text, "sha256")


def stripe(*pairs: str) -> SignedRequest:
    return post(b"{}", ("stripe-signature", ",".join(pairs)))


GOOD_V1 = "v1=" + mac(STRIPE_TEXT).hex()


@pytest.mark.parametrize(
    ("pairs", "now", "expected"),
    [
        ((f"t={AT}", GOOD_V1, "v0=" + "0" * 64), AT, []),
        ((f"t={AT}", "v1=" + "0" * 64, GOOD_V1), AT, []),
        ((f"t={AT}", GOOD_V1), AT + 300, []),
        ((f"t={AT}", GOOD_V1), AT + 301, ["expired"]),
        ((f"t={AT}", GOOD_V1), AT - 301, ["not_yet_valid"]),
        ((f"t={AT + 1}", GOOD_V1), AT, ["bad_signature"]),
        ((f"t={AT}", "v1=" + "0" * 64), AT + 301, ["bad_signature", "expired"]),
        ((f"t={AT}", "v0=" + "0" * 64), AT, ["unsupported_algorithm"]),
        ((f"t={AT}",), AT, ["malformed:members"]),
        ((GOOD_V1,), AT, ["missing_claim:t"]),
        ((f"t={AT}", f"t={AT}", GOOD_V1), AT, ["malformed:duplicate"]),
        (("t=now", GOOD_V1), AT, ["malformed:not_a_date"]),
        ((f"t={AT}", GOOD_V1[:-2]), AT, ["malformed/truncated:not_hex"]),
        ((f"t={AT}", GOOD_V1 + "00"), AT, ["malformed:not_hex"]),
        ((f"t={AT}", *["v1=" + "0" * 64] * 17), AT, ["malformed:too_large"]),
    ],
)
def test_stripe(pairs: tuple[str, ...], now: int, expected: list[str]) -> None:
    """As documented: `t.body`, several v1 while the secret is rolled, other versions are not looked at."""
    assert said(check(stripe(*pairs), "stripe", known(SECRET), now)) == expected


def test_shopify() -> None:
    """The body alone, in base64."""
    good = post(b"{}", ("x-shopify-hmac-sha256", base64.b64encode(mac(b"{}")).decode()))
    assert said(check(good, "shopify", known(SECRET))) == []
    bad = post(b"{}", ("x-shopify-hmac-sha256", mac(b"{}").hex()))
    assert said(check(bad, "shopify", known(SECRET))) == ["malformed:not_base64"]


def without(name: str, value: str | None = None) -> SignedRequest:
    pairs = [(known, value if known == name else text) for known, text in STANDARD.headers]
    return replace(STANDARD, headers=tuple((known, text) for known, text in pairs if text is not None))


@pytest.mark.parametrize(
    ("sent", "dialect", "expected"),
    [
        (post(b""), "github", ["missing"]),
        (post(b"", ("x-hub-signature-256", "sha1=00")), "github", ["unsupported_algorithm"]),
        (post(b"", ("x-hub-signature-256", "00")), "github", ["malformed:members"]),
        (replace(GITHUB, headers=GITHUB.headers * 2), "github", ["malformed:duplicate"]),
        (without("webhook-id"), "standard", ["missing_claim:webhook-id"]),
        (without("webhook-timestamp"), "standard", ["missing_claim:webhook-timestamp"]),
        (without("webhook-signature"), "standard", ["missing"]),
        (without("webhook-signature", "v1a,xyz"), "standard", ["unsupported_algorithm"]),
        (without("webhook-id", "msg.1614265330"), "standard", ["malformed:delimiter"]),
        (without("webhook-timestamp", "1614265331"), "standard", ["bad_signature"]),
        (without("webhook-id", "msg_other"), "standard", ["bad_signature"]),
    ],
)
def test_causes(sent: SignedRequest, dialect: str, expected: list[str]) -> None:
    """Every failing check, in order."""
    assert said(check(sent, dialect, known(STANDARD_SECRET))) == expected


def test_other_answers() -> None:
    """An endpoint that is not known, a secret that cannot be one, a door without the body."""
    assert said(check(GITHUB, "github", None)) == ["unknown_identity"]
    assert said(check(STANDARD, "standard", known("whsec_!"))) == ["misconfigured:secret_not_usable"]
    hashed = replace(GITHUB, body=None, body_sha256="00")
    assert said(check(hashed, "github", known(GITHUB_SECRET))) == ["misconfigured/missing_setting"]
    assert webhook.string_to_sign(hashed, WebhookPolicy("github")) is None


def test_an_older_secret() -> None:
    """While the receiver knows both."""
    outcome = check(GITHUB, "github", known("new", GITHUB_SECRET))
    assert isinstance(outcome, Accepted)
    assert outcome.facts == {"secret_id": "k1", "old_secret": True}


def test_replay() -> None:
    """By the message id, else by what was signed; kept while it could be accepted again."""
    for sent, dialect, secret, value, until in (
        (STANDARD, "standard", STANDARD_SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", AT + 301),
        (GITHUB, "github", GITHUB_SECRET, None, AT + 604_801),
    ):
        asked: list[Ask] = []
        policy = WebhookPolicy(dialect, check_replay=True)
        assert isinstance(drive(webhook.verify(sent, policy, AT), recording(known(secret), asked)), Accepted)
        seen = asked[-1]
        assert isinstance(seen, SeenAsk)
        assert seen.until == until
        assert value in (None, seen.value)


def test_a_dialect_of_your_own() -> None:
    """The table is open: one more sender is one more row."""
    mine = Dialect("mine", "x-mine", timestamp="x-time", parts=("{timestamp}", "/", "{body}"))
    sent = post(b"{}", ("x-mine", mac(f"{AT}/{{}}".encode()).hex()), ("x-time", str(AT)))
    assert said(judge(webhook.verify(sent, WebhookPolicy(mine), AT), known(SECRET))) == []
    assert webhook.string_to_sign(sent, WebhookPolicy(mine)) == f"{AT}/{{}}".encode()


@pytest.mark.parametrize("settings", [{"dialect": "x"}, {"tolerance_s": -1}, {"remembered_s": -1}])
def test_settings_that_cannot_work(settings: dict[str, object]) -> None:
    """Told when the policy is made."""
    with pytest.raises(ValueError):
        WebhookPolicy(**{"dialect": "github", **settings})  # type: ignore[arg-type]


@given(st.binary(max_size=30), st.text(max_size=30), st.sampled_from(range(3)))
def test_any_change_is_refused(body: bytes, text: str, at: int) -> None:
    """Another body, id, time or signature; an id and a time are compared without the blanks around them."""
    assert isinstance(check(replace(STANDARD, body=body), "standard", known(STANDARD_SECRET)), Accepted) == (
        body == STANDARD.body
    )
    name, value = STANDARD.headers[at]
    if text.strip(" \t") != value and value not in text.split(" "):
        assert isinstance(check(without(name, text), "standard", known(STANDARD_SECRET)), Refused)


@given(st.sampled_from(sorted(DIALECTS)), st.text(max_size=80), st.text(max_size=20), st.binary(max_size=5))
def test_hostile_requests_never_raise(dialect: str, value: str, other: str, body: bytes) -> None:
    """And never are an error of the verifier's."""
    sender = DIALECTS[dialect]
    names = [name for name in (sender.timestamp, sender.id) if name]
    for text in (value, sender.prefix + value, f"t={AT},v1={value}", f"v1,{value}"):
        sent = post(body, (sender.signature, text), *((name, other) for name in names))
        outcome = check(sent, dialect, known(STANDARD_SECRET))
        assert isinstance(outcome, Refused)
        assert not {"misconfigured", "provider_error"} & set(outcome.causes)
