"""Which answers are refusals, and what of them is read."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.app.refusal import BODY_BYTES, Refusal, evidence_of, is_refusal
from authwhy.guard.view import View

CHALLENGE = (b"www-authenticate", b"Bearer")
NOW = 1_769_868_000


def refusal(
    headers: dict[str, str] | None = None, *, path: str = "/orders", status: int = 401, body: bytes = b"",
    answer: tuple[tuple[bytes, bytes], ...] = (CHALLENGE,),
) -> Refusal:  # fmt: skip
    """One that passed at NOW."""
    return Refusal(View.of("GET", path, headers or {}), status, answer, body, float(NOW), 57)


@pytest.mark.parametrize(
    ("status", "headers", "taken"),
    [
        (200, [CHALLENGE], False),
        (302, [CHALLENGE], False),
        (401, [], True),
        (403, [], True),
        (407, [], True),
        (404, [], False),
        (400, [], False),
        (400, [(b"WWW-Authenticate", b"Bearer")], True),
        (429, [], False),
        (429, [(b"Retry-After", b"5")], True),
        (503, [(b"retry-after", b"5")], False),
        (503, [CHALLENGE], True),
        (502, [(b"proxy-authenticate", b"Basic")], True),
    ],
)
def test_which_answers_are_taken(status: int, headers: list[tuple[bytes, bytes]], taken: bool) -> None:
    """An outage of the service is none of its authentication."""
    assert is_refusal(status, headers) is taken


def test_request_and_answer_are_one_exchange() -> None:
    """With the credential as a placeholder."""
    evidence = evidence_of(refusal({"Authorization": "Bearer canary-7f3a9c5d1e", "Host": "x"}, body=b"token is bad"))
    (exchange,) = evidence.exchanges
    assert exchange.request is not None
    assert exchange.response is not None
    assert (exchange.request.method, exchange.request.url, exchange.response.status) == ("GET", "/orders", 401)
    assert exchange.response.body.strip() == "token is bad"
    value = exchange.request.header("Authorization") or ""
    assert "canary" not in value
    assert evidence.vault.reveal(value) == "Bearer canary-7f3a9c5d1e"


def test_the_text_is_the_answers_alone() -> None:
    """What a caller writes is never read as words, settings or keys."""
    sent = {
        "User-Agent": "connection refused",
        "X-Issuer": "https://evil.example",
        "X-Secret": "known",
        "Via": "AADSTS50076",
    }
    evidence = evidence_of(refusal(sent, path="/ora-01017?issuer=https://evil.example", body=b'{"issuer": "x"}'))
    for word in ("refused", "evil", "AADSTS50076", "ora-01017"):
        assert word not in evidence.text
    assert (evidence.settings, evidence.key_sets, evidence.certificates) == ((), (), ())


def test_the_servers_date_is_no_second_clock() -> None:
    """Both readings come from one machine."""
    dated = refusal(answer=(CHALLENGE, (b"Date", b"Sat, 31 Jan 2026 14:00:00 GMT")))
    response = evidence_of(dated).exchanges[0].response
    assert response is not None
    assert response.header("Date") is None
    assert response.header("WWW-Authenticate") == "Bearer"


@pytest.mark.parametrize(
    ("coding", "body", "read"),
    [
        (b"gzip", gzip.compress(b"Signature has expired"), True),
        (b"deflate", zlib.compress(b"Signature has expired"), True),
        (b"identity", b"Signature has expired", True),
        (b"br", b"Signature has expired", False),
        (b"gzip", b"Signature has expired", False),
        (b"gzip", gzip.compress(b"Signature has expired" + bytes(100_000))[:60], True),
    ],
)
def test_a_compressed_body_is_read_as_far_as_it_goes(coding: bytes, body: bytes, read: bool) -> None:
    """And never by more than its bound."""
    evidence = evidence_of(refusal(answer=(CHALLENGE, (b"content-encoding", coding)), body=body))
    assert ("Signature has expired" in evidence.text) is read
    assert len(evidence.text) < BODY_BYTES + 1_000


@given(
    st.text(max_size=60), st.binary(max_size=60), st.binary(max_size=120), st.integers(100, 999),
    st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie", b"x-api-key", b"host"]), st.binary(max_size=60)), max_size=4),
)  # fmt: skip
def test_no_content_makes_it_fail(
    path: str, query: bytes, body: bytes, status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    """Line ends in a path or a header make no header of their own."""
    view = View(method="GET", path="/" + path, headers=headers, query=query)
    evidence = evidence_of(Refusal(view, status, ((b"x", body),), body, 0.0, 0))
    request = evidence.exchanges[0].request
    assert request is None or len(request.headers) <= max(1, len(headers))


def test_its_text_form_tells_nothing() -> None:
    """A refusal holds the request's credentials."""
    assert repr(refusal({"Authorization": "Bearer canary"})) == "Refusal(401)"
