"""Answers of a token endpoint: tokens, the person's fault, ours, the provider's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.model.outcome import Refused
from authwhy.verify.token_answer import TokenAnswer, read_token_answer

JSON = "application/json;charset=UTF-8"
GOOD = {"access_token": "a-secret", "token_type": "Bearer", "expires_in": 3600}


def test_tokens() -> None:
    """RFC 6749 5.1, OpenID Core 3.1.3.3; a sloppy media type or a lifetime as text does not matter."""
    assert read_token_answer(200, JSON, json.dumps(GOOD).encode()) == TokenAnswer("a-secret", "bearer", 3600)
    whole = {**GOOD, "expires_in": "60", "refresh_token": "r", "id_token": "i", "scope": "a b", "other": {}}
    assert read_token_answer(200, None, json.dumps(whole).encode()) == TokenAnswer(
        "a-secret", "bearer", 60, "r", "i", ("a", "b")
    )


@pytest.mark.parametrize("lifetime", [None, -1, 1.5, True, "soon", "\u0663", 2**70, []])
def test_lifetimes_that_say_nothing(lifetime: object) -> None:
    answer = read_token_answer(200, JSON, json.dumps({**GOOD, "expires_in": lifetime}).encode())
    assert isinstance(answer, TokenAnswer)
    assert answer.expires_in_s is None


def test_text_form_tells_no_token() -> None:
    assert repr(TokenAnswer("a-secret", "bearer", 1, "r", "i")) == "TokenAnswer(token_type='bearer')"


def said(error: object) -> bytes:
    return json.dumps({"error": error, "error_description": "of alice"}).encode()


REFUSED: list[tuple[int, str | None, bytes, str, dict[str, object]]] = [
    (400, JSON, said("invalid_grant"), "inactive", {"seen": "invalid_grant"}),
    (200, JSON, said("bad_verification_code"), "inactive", {"seen": "bad_verification_code"}),
    (401, JSON, said("invalid_client"), "misconfigured", {"seen": "invalid_client", "setting": "client_secret"}),
    (400, JSON, said("unauthorized_client"), "misconfigured", {"seen": "unauthorized_client", "setting": "grant_type"}),
    (
        400, JSON, said("unsupported_grant_type"), "misconfigured",
        {"seen": "unsupported_grant_type", "setting": "grant_type"},
    ),
    (
        400, JSON, said("redirect_uri_mismatch"), "misconfigured",
        {"seen": "redirect_uri_mismatch", "setting": "redirect_uri"},
    ),
    (400, JSON, said("invalid_request"), "malformed", {"seen": "invalid_request"}),
    (400, JSON, said("use_dpop_nonce"), "stale_nonce", {"seen": "use_dpop_nonce"}),
    (400, JSON, said("interaction_required"), "action_required", {"seen": "interaction_required"}),
    (400, JSON, said("consent_required"), "consent_required", {"seen": "consent_required"}),
    (403, JSON, said("access_denied"), "declined_by_user", {"seen": "access_denied"}),
    (503, JSON, said("temporarily_unavailable"), "provider_unreachable", {"seen": "temporarily_unavailable"}),
    (500, JSON, said("server_error"), "provider_error", {"seen": "server_error"}),
    (429, JSON, said("slow_down"), "rate_limited", {"seen": "slow_down"}),
    (400, JSON, said("x" * 999), "rejected_by_application", {"seen": "x" * 255 + "\u2026"}),
    (500, JSON, said("oops"), "provider_error", {}),
    (429, JSON, said("oops"), "rate_limited", {}),
    (400, JSON, said(7), "provider_error", {"problem": "no_error_code"}),
    (502, "text/html", b"<html>", "provider_unreachable", {}),
    (500, None, b"", "provider_error", {}),
    (200, "text/html; charset=utf-8", b"<html>", "provider_error", {"problem": "html"}),
    (
        200, "application/x-www-form-urlencoded", b"access_token=a", "provider_error",
        {"problem": "form_encoded"},
    ),
    (200, JSON, b"[]", "provider_error", {"problem": "not_json"}),
    (200, JSON, b"[" * 9_999, "provider_error", {"problem": "not_json"}),
    (200, JSON, b" " * 262_145, "provider_error", {"problem": "too_large"}),
    (302, None, b"", "misconfigured", {"setting": "token_endpoint"}),
    (404, "text/html", b"<html>", "misconfigured", {"setting": "token_endpoint"}),
    (204, None, b"{}", "provider_error", {"problem": "no_error_code"}),
    (200, JSON, b"{}", "provider_error", {"problem": "missing_member", "seen": "access_token"}),
    (200, JSON, b'{"access_token":"a"}', "provider_error", {"problem": "missing_member", "seen": "token_type"}),
    (
        200, JSON, b'{"access_token":"a","token_type":"mac"}', "provider_error",
        {"problem": "token_type", "seen": "mac"},
    ),
    (200, JSON, b'{"access_token":1,"token_type":"Bearer"}', "provider_error", {"problem": "wrong_type", "seen": "access_token"}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "content_type", "body", "cause", "facts"), REFUSED)
def test_refused(status: int, content_type: str | None, body: bytes, cause: str, facts: dict[str, object]) -> None:
    """One cause each; our own wrong secret is not the person's failure (KTOR-2404)."""
    outcome = read_token_answer(status, content_type, body)
    assert isinstance(outcome, Refused)
    assert [each.value for each in outcome.causes] == [cause]
    assert outcome.primary.facts == {"status": status, **facts}
    assert "alice" not in repr(outcome)


MEMBERS = st.sampled_from([*GOOD, "error", "scope", "id_token"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


@given(
    st.integers(100, 599),
    st.none() | st.text(),
    st.binary() | st.dictionaries(MEMBERS, VALUES).map(lambda one: json.dumps(one).encode()),
)
def test_never_raises(status: int, content_type: str | None, body: bytes) -> None:
    """Tokens come with status 200 only."""
    outcome = read_token_answer(status, content_type, body)
    assert isinstance(outcome, Refused) or (status == 200 and outcome.access_token)
