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


GUARDED = """> GET /orders HTTP/1.1
> Host: orders.example.com
{sent}>
< HTTP/1.1 401 Unauthorized
< Content-Type: application/problem+json
< WWW-Authenticate: Bearer
<
{{"type":"urn:authwhy:problem:{code}","title":"No","status":401,"code":"{code}","ref":"c3df9506955a27dc"}}
"""


@pytest.mark.parametrize(
    ("code", "sent", "cause"),
    [
        ("missing", "", "missing"),
        ("missing", "> Authorization: Bearer abc.def.ghi\n", "stripped_in_transit"),
        ("unsupported_scheme", "> Authorization: Token abc\n", "unsupported_scheme"),
        ("expired", "> Authorization: Bearer abc.def.ghi\n", "expired"),
    ],
)
def test_what_guard_answers_is_read(code: str, sent: str, cause: str) -> None:
    """Guard tells nothing sent from not read, so nothing arrived means that something on the way removed it."""
    assert explain(GUARDED.format(code=code, sent=sent)).findings[0].cause == cause


def test_a_handshake_that_worked_is_no_failure() -> None:
    """curl -v names every step of it."""
    trace = "* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n* TLSv1.3 (IN), TLS handshake, Finished (20):\n"
    assert not explain(trace).findings


REFUSED = """GET /x HTTP/1.1
Host: a.example
Authorization: {sent}

HTTP/1.1 401 Unauthorized
WWW-Authenticate: {offered}

Login required
"""


@pytest.mark.parametrize(
    ("sent", "offered", "cause"),
    [
        ("Basic YWxpY2U6d29uZGVybGFuZA==", 'Basic realm="x"', Cause.WRONG_SECRET),
        ("Bearer 3f9a0d5577c14e0f", "Bearer", Cause.EXPIRED),
        ("Bearer 3f9a0d5577c14e0f", 'Basic realm="x"', Cause.UNSUPPORTED_SCHEME),
    ],
)
def test_a_scheme_that_is_offered_and_used_is_supported(sent: str, offered: str, cause: Cause) -> None:
    """Then "login required" is what that service says to every refusal."""
    causes = [finding.cause for finding in explain(REFUSED.format(sent=sent, offered=offered)).findings]
    assert causes[0] is cause
    assert (Cause.UNSUPPORTED_SCHEME in causes) is (cause is Cause.UNSUPPORTED_SCHEME)


@pytest.mark.parametrize(("at", "expired"), [(1_790_000_000, False), (None, True)])
def test_a_token_that_was_valid_at_the_given_time_is_not_expired(at: int | None, expired: bool) -> None:
    """The time of the failure rules it out, as the server's own clock does."""
    token = pyjwt.encode({"exp": 1_990_000_600}, CANARY, algorithm="HS256")
    answer = REFUSED.format(sent=f"Bearer {token}", offered="Bearer")
    first = [finding.cause for finding in explain(answer, at=at).findings[:3]]
    assert (first[0] is Cause.EXPIRED) is expired
