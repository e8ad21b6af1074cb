"""The way to the provider and back: the address, every cause of a callback, and nothing that raises."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from authwhy.causes import Kind, meta
from authwhy.model.outcome import Refused
from authwhy.verify.login_state import LoginState
from authwhy.verify.oauth_login import OauthLoginPolicy, authorization_url, check_callback

NOW = 1_767_625_200
ISSUER = "https://id.example.com"
POLICY = OauthLoginPolicy(
    ISSUER, "orders", "https://orders.example.com/callback", f"{ISSUER}/authorize", "idp", ("openid", "email")
)
STATE = LoginState("s" * 22, "n" * 22, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", NOW - 10, "/orders", "idp")
GOOD = [("state", STATE.state), ("code", "SplxlOBeZQQYbYS6WxSbIA")]
Pairs = list[tuple[str, str]]


def causes(outcome: object) -> list[str]:
    assert isinstance(outcome, Refused)
    return [cause.value for cause in outcome.causes]


def test_address() -> None:
    """RFC 6749 4.1.1, RFC 7636 4.3 with the example of its appendix B, OpenID Core 3.1.2.1."""
    url = authorization_url(STATE, POLICY)
    assert isinstance(url, str)
    assert urlsplit(url)._replace(query="").geturl() == f"{ISSUER}/authorize"
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["orders"],
        "redirect_uri": ["https://orders.example.com/callback"],
        "scope": ["openid email"],
        "state": [STATE.state],
        "nonce": [STATE.nonce],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256"],
    }


def test_address_with_all_that_may_be_asked_for() -> None:
    """A query of the endpoint stays (RFC 6749 3.1); without openid there is no ID token to hold a nonce."""
    policy = replace(POLICY, authorization_endpoint=f"{ISSUER}/authorize?tenant=a", scope=("orders",))
    url = authorization_url(replace(STATE, max_age_s=0, acr_values=("mfa", "pwd")), policy, "login consent")
    assert isinstance(url, str)
    query = parse_qs(urlsplit(url).query)
    assert {name: query.get(name) for name in ("tenant", "max_age", "acr_values", "prompt", "nonce")} == {
        "tenant": ["a"], "max_age": ["0"], "acr_values": ["mfa pwd"], "prompt": ["login consent"], "nonce": None,
    }  # fmt: skip


def test_a_return_path_to_elsewhere_is_refused_twice() -> None:
    """On the way there and on the way back, should the first have been left out."""
    for path in ("https://b.example", "//b.example", "/\\b.example"):
        state = replace(STATE, return_path=path)
        assert causes(authorization_url(state, POLICY)) == causes(check_callback(GOOD, state, NOW, POLICY))
        assert causes(authorization_url(state, POLICY)) == ["csrf_failed"]


def test_the_code_comes_back() -> None:
    """What the server does not know is ignored (RFC 6749 4.1.2), `iss` is compared when it is there."""
    assert check_callback(GOOD, STATE, NOW, POLICY) == "SplxlOBeZQQYbYS6WxSbIA"
    assert check_callback([*GOOD, ("iss", "x")], STATE, NOW, replace(POLICY, issuer="")) == "SplxlOBeZQQYbYS6WxSbIA"
    more = [*GOOD, ("iss", ISSUER), ("session_state", "x"), ("session_state", "y")]
    assert check_callback(more, STATE, NOW, replace(POLICY, require_iss=True)) == "SplxlOBeZQQYbYS6WxSbIA"


CALLBACKS: list[tuple[Pairs, LoginState | None, list[str]]] = [
    (GOOD, None, ["state_mismatch"]),
    (GOOD[1:], STATE, ["state_mismatch"]),
    ([("state", "x" * 22), GOOD[1]], STATE, ["state_mismatch"]),
    ([("state", "\ud800"), GOOD[1]], STATE, ["state_mismatch"]),
    (GOOD, replace(STATE, provider="another"), ["state_mismatch"]),
    ([*GOOD, ("iss", ISSUER + "/")], STATE, ["wrong_issuer"]),
    (GOOD, replace(STATE, issued_at=NOW - 600), ["expired"]),
    ([GOOD[1], ("iss", "x")], replace(STATE, issued_at=0), ["state_mismatch", "wrong_issuer", "expired"]),
    ([*GOOD, GOOD[0]], STATE, ["ambiguous"]),
    ([*GOOD, ("code", "other")], STATE, ["ambiguous"]),
    ([*GOOD, ("error", "access_denied")], STATE, ["ambiguous"]),
    (GOOD[:1], STATE, ["malformed"]),
    ([GOOD[0], ("code", "")], STATE, ["malformed"]),
    ([GOOD[0], ("code", "a\nb")], STATE, ["malformed"]),
    ([GOOD[0], ("code", "x" * 8_193)], STATE, ["malformed"]),
    (GOOD * 33, STATE, ["malformed"]),
]
REPORTED = [
    ("access_denied", "declined_by_user"),
    ("login_required", "action_required"),
    ("interaction_required", "action_required"),
    ("account_selection_required", "action_required"),
    ("consent_required", "consent_required"),
    ("unmet_authentication_requirements", "stronger_authentication_required"),
    ("temporarily_unavailable", "rejected_by_application"),
    ("server_error", "rejected_by_application"),
    ("invalid_scope", "rejected_by_application"),
    ("unauthorized_client", "rejected_by_application"),
    ("invalid_request", "rejected_by_application"),
    ("what_is_this", "rejected_by_application"),
    ("", "rejected_by_application"),
]


@pytest.mark.parametrize(("pairs", "state", "expected"), CALLBACKS)
def test_refused_callbacks(pairs: Pairs, state: LoginState | None, expected: list[str]) -> None:
    """Every failing check, in the fixed order."""
    assert causes(check_callback(pairs, state, NOW, POLICY)) == expected


@pytest.mark.parametrize(("error", "cause"), REPORTED)
def test_what_the_provider_reports(error: str, cause: str) -> None:
    """Never attested: it came through the browser. Its text is cut, its description is not told at all."""
    outcome = check_callback([GOOD[0], ("error", error), ("error_description", "alice")], STATE, NOW, POLICY)
    assert causes(outcome) == [cause]
    assert isinstance(outcome, Refused)
    assert not outcome.primary.attested
    assert meta(outcome.primary.cause).kind is not Kind.ERROR  # whoever signs in could have written it
    assert outcome.primary.facts["seen"] == error
    assert "alice" not in repr(outcome)


def test_a_report_is_nobodys_outage() -> None:
    """Anybody can call the address, and whoever began a login can write into it that the provider is down."""
    for state, pairs in ((STATE, GOOD[:1]), (None, GOOD[:1]), (STATE, []), (replace(STATE, issued_at=0), GOOD[:1])):
        outcome = check_callback([*pairs, ("error", "server_error")], state, NOW, POLICY)
        assert isinstance(outcome, Refused)
        assert all(meta(cause).kind is not Kind.ERROR for cause in outcome.causes)


def test_missing_issuer() -> None:
    """Only where the provider has announced that it sends one (RFC 9207 2.4)."""
    assert causes(check_callback(GOOD, STATE, NOW, replace(POLICY, require_iss=True))) == ["missing_claim"]


def test_facts() -> None:
    """The detail says how the issuers differ; the state itself is not told."""
    outcome = check_callback([("state", "other"), ("iss", ISSUER + "/")], STATE, NOW + 600, POLICY)
    assert isinstance(outcome, Refused)
    assert [(each.detail, each.facts) for each in outcome.failures] == [
        (None, {"problem": "other_state"}),
        ("trailing_slash", {"expected": ISSUER, "seen": ISSUER + "/"}),
        (None, {"expired_at": NOW + 590, "late_s": 10, "now": NOW + 600, "issued_at": NOW - 10}),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://orders.example.com/callback"},
        {"redirect_uri": "/callback"},
        {"authorization_endpoint": "https://id.example.com/authorize#x"},
        {"scope": "openid"},
        {"lifetime_s": 0},
        {"leeway_s": -1},
    ],
)
def test_policy_that_cannot_work(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        replace(POLICY, **changes)


def test_loopback_needs_no_tls() -> None:
    """RFC 8252 7.3."""
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert replace(POLICY, redirect_uri=f"http://{host}:8000/callback").redirect_uri.startswith("http:")


NAMES = st.sampled_from(["state", "code", "error", "iss", "error_description", "x"])


@given(st.lists(st.tuples(NAMES, st.text() | st.just(STATE.state))), st.sampled_from([None, STATE]), st.integers())
def test_never_raises(pairs: Pairs, state: LoginState | None, now: int) -> None:
    """Hostile parameters give a code only with the state of this login, and in time."""
    outcome = check_callback(pairs, state, now, POLICY)
    if isinstance(outcome, str):
        assert state is not None
        assert ("state", state.state) in pairs
        assert now < NOW + 590
