"""The hot path of SigV4 answers nothing that `sigv4.verify` would not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request.test_sigv4 import GOOD, ORDER, changed, sign
from tests.verify.hmac_request.world import known

from authwhy.model.outcome import Accepted
from authwhy.verify.flow import Ask, drive
from authwhy.verify.hmac_request import sigv4
from authwhy.verify.hmac_request.interface import SecretAsk, SignedRequest, SigningSecret, SigningSecrets
from authwhy.verify.hmac_request.sigv4 import SigV4Policy
from authwhy.verify.hmac_request.sigv4_prepared import MAX_PLANS, PreparedSigV4

POLICY = SigV4Policy(regions=("us-east-1",))
SECRETS = {"AKIDEXAMPLE": aws.KNOWN}


def whole(request: SignedRequest, now: int, secrets: dict[str, SigningSecrets] = SECRETS) -> Accepted | None:
    def answer(ask: Ask) -> object:
        assert isinstance(ask, SecretAsk)
        return secrets.get(ask.key_id) if ask.session_token is None else None

    outcome = drive(sigv4.verify(request, POLICY, now), answer)
    return outcome if isinstance(outcome, Accepted) else None


def warm() -> PreparedSigV4:
    table = PreparedSigV4(SECRETS, POLICY)
    assert table.find(GOOD, aws.AT) is not None
    return table


CASES = [
    (GOOD, aws.AT),
    (GOOD, aws.AT + 301),
    (GOOD, aws.AT - 301),
    (replace(GOOD, method="PUT"), aws.AT),
    (replace(GOOD, method="P-T"), aws.AT),
    (replace(GOOD, path="/"), aws.AT),
    (replace(GOOD, query="limit=20&expand=items&X-Amz-Signature=1"), aws.AT),
    (replace(GOOD, query="expand=items&limit=20"), aws.AT),
    (replace(GOOD, body=b"{}"), aws.AT),
    (changed(GOOD, "host", "evil.example"), aws.AT),
    (changed(GOOD, "host", " example.amazonaws.com "), aws.AT),
    (changed(GOOD, "host", ""), aws.AT),
    (changed(GOOD, "host", None), aws.AT),
    (changed(GOOD, "host", "\u2603"), aws.AT),
    (changed(GOOD, "x-amz-date", "20150830T123601Z"), aws.AT),
    (changed(GOOD, "x-amz-date", None), aws.AT),
    (changed(GOOD, "authorization", GOOD.headers[-1][1][:-1] + "\u2603"), aws.AT),
    (replace(GOOD, headers=(*GOOD.headers, ("x-amz-target", "x"))), aws.AT),
    (replace(GOOD, headers=(*GOOD.headers, ("x-other", "x"))), aws.AT),
    (replace(GOOD, headers=(*GOOD.headers, ("host", "x"))), aws.AT),
    (sign(replace(ORDER, path="/a/../b")), aws.AT),
    (sign(replace(ORDER, query="a=" + "x" * 600)), aws.AT),
    (sign(replace(ORDER, headers=(*ORDER.headers, aws.TOKEN))), aws.AT),
    (sign(ORDER, "20150830/eu-west-1/service/aws4_request"), aws.AT),
    (ORDER, aws.AT),
]


@pytest.mark.parametrize(("request_", "now"), CASES)
def test_the_same_answer_cold_warm_and_again(request_: SignedRequest, now: int) -> None:
    """Accepted exactly when the whole check accepts, whatever was seen before."""
    expected = whole(request_, now)
    table = warm()
    assert [
        PreparedSigV4(SECRETS, POLICY).find(request_, now),
        table.find(request_, now),
        table.find(request_, now),
    ] == [expected] * 3
    assert table.find(GOOD, aws.AT) is not None


@given(
    st.text(st.characters(max_codepoint=255), max_size=12),
    st.text(st.sampled_from("a=&+%2F \xe1"), max_size=12),
    st.text(st.characters(max_codepoint=300), max_size=12),
)
def test_the_same_answer_for_anything_signed(path: str, query: str, value: str) -> None:
    """The short way to a canonical request is the long way."""
    table = warm()
    plain = replace(ORDER, path="/" + path, query=query)
    candidate = changed(replace(GOOD, path=plain.path, query=query), "content-type", value)
    assert table.find(candidate, aws.AT) == whole(candidate, aws.AT)
    if sigv4.string_to_sign(replace(GOOD, path=plain.path, query=query), POLICY):
        good = sign(plain)
        assert table.find(good, aws.AT) == whole(good, aws.AT) is not None


def test_retired_secrets() -> None:
    """Retirement is looked at on each call, and a rotated client is learned again."""
    old = SigningSecret("old", aws.SUITE_SECRET, retired_at=aws.AT + 10)
    table = PreparedSigV4({"AKIDEXAMPLE": known("new", old)}, POLICY)
    accepted = table.find(GOOD, aws.AT)
    assert accepted is not None
    assert accepted.facts == {"secret_id": "old", "old_secret": True}
    assert table.find(GOOD, aws.AT) == accepted
    assert table.find(GOOD, aws.AT + 10) is None
    assert table.find(replace(GOOD, body=b"x"), aws.AT) is None


def test_what_is_left_to_the_whole_check() -> None:
    """Replays, names that are not known, presigned URLs without a body's signature."""
    assert PreparedSigV4(SECRETS, SigV4Policy(check_replay=True)).find(GOOD, aws.AT) is None
    assert PreparedSigV4({}, POLICY).find(GOOD, aws.AT) is None
    assert warm().find(aws.PRESIGNED, aws.S3_AT) is None


def test_no_text_form_tells_a_key() -> None:
    """What is remembered holds the derived key."""
    assert [repr(plan) for plan in warm()._plans.values()] == [f"_Plan({aws.SCOPE!r})"]


def test_what_is_remembered_is_bounded() -> None:
    """Clients beyond the bound start again."""
    secrets = {f"K{number}": aws.KNOWN for number in range(MAX_PLANS + 2)}
    table = PreparedSigV4(secrets, POLICY)
    for key_id in secrets:
        assert table.find(changed(GOOD, "authorization", GOOD.headers[-1][1].replace("AKIDEXAMPLE", key_id)), aws.AT)
    assert len(table._plans) <= MAX_PLANS
