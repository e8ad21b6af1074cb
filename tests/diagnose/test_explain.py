"""The engine as a whole: verdicts, reasons, masking."""

import jwt as pyjwt
import pytest

from authwhy import Cause, explain

CANARY = "canary-7c1d9e-secret-value-of-32-bytes"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "unexplained"),
        ("the weather is fine today", "unexplained"),
        ("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n", "not_an_authentication_failure"),
        (
            "GET / HTTP/1.1\nHost: a.example\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok",
            "not_an_authentication_failure",
        ),
        ("AADSTS50076: use multi-factor authentication", "explained"),
        ("HTTP/1.1 401 Unauthorized\nContent-Length: 0\n\n", "unexplained"),
    ],
)
def test_verdicts(text: str, verdict: str) -> None:
    """Better unexplained than a guess; and not everything is an authentication failure."""
    diagnosis = explain(text)
    assert diagnosis.verdict == verdict
    assert (diagnosis.reason is None) == (verdict == "explained")


def test_a_set_carries_its_question() -> None:
    """Where more than one cause remains there is one thing to look at."""
    diagnosis = explain("redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.")
    assert diagnosis.findings[0].among
    assert diagnosis.next_question is not None


def test_a_proven_answer_asks_nothing_and_names_its_edit() -> None:
    """One change, and it passes."""
    token = pyjwt.encode({"exp": 1_790_000_600}, CANARY, algorithm="HS256")
    diagnosis = explain(f'Authorization: Bearer "{token}"', secret=CANARY, at=1_790_000_000)
    top = diagnosis.findings[0]
    assert (top.cause, top.detail, top.certainty) == (Cause.MALFORMED, "quotes", "proven")
    assert diagnosis.next_question is None
    assert top.proof is not None
    assert diagnosis.tried == top.proof.runs


def test_a_server_that_says_missing_to_a_request_that_carried_one() -> None:
    """It was dropped on the way or is not read: never simply missing."""
    exchange = (
        "GET /x HTTP/1.1\nHost: a.example\nAuthorization: Token abcdef0123456789\n\n"
        'HTTP/1.1 401 Unauthorized\nContent-Type: application/json\n\n{"detail":"Authentication credentials were not provided."}'
    )
    causes = [finding.cause for finding in explain(exchange).findings]
    assert causes[0] is not Cause.MISSING
    assert Cause.STRIPPED_IN_TRANSIT in causes


def test_no_secret_is_in_the_diagnosis() -> None:
    """The whole value, as its repr."""
    token = pyjwt.encode({"exp": 1, "sub": "alice"}, CANARY, algorithm="HS256")
    diagnosis = explain([f"Cookie: session={CANARY}\nAuthorization: Bearer {token}", f"SECRET={CANARY}"], secret=CANARY)
    assert CANARY not in repr(diagnosis)
    assert token not in repr(diagnosis)
