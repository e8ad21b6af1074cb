"""A token's own words against time, verifier and slot."""

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.observe.claims import observe
from authwhy.model.evidence import Evidence, Token

NOW = 1_790_000_000


def noticed(token: Token, **context: object) -> list[tuple[Cause, str | None]]:
    """Causes and details."""
    given = Context(clock=NOW, **context)  # type: ignore[arg-type]
    return [(one.causes[0][0], one.detail) for one in observe(Evidence(tokens=(token,)), given)]


def test_times_are_compared_with_the_best_clock_at_hand() -> None:
    """Expired, too early, milliseconds."""
    assert noticed(Token("x", {}, {"exp": NOW - 5})) == [(Cause.EXPIRED, None)]
    assert noticed(Token("x", {}, {"exp": NOW - 5}), at=NOW - 60) == []
    assert noticed(Token("x", {}, {"nbf": NOW + 5})) == [(Cause.NOT_YET_VALID, None)]
    assert noticed(Token("x", {}, {"exp": (NOW + 60) * 1000})) == [(Cause.MALFORMED, None)]


def test_parties_are_compared_with_what_the_verifier_wants() -> None:
    """And the one difference is named."""
    assert noticed(Token("x", {}, {"aud": "https://a/"}), audiences=("https://a",)) == [
        (Cause.WRONG_AUDIENCE, "trailing_slash")
    ]
    assert noticed(Token("x", {}, {"aud": ["b", "a"]}), audiences=("a",)) == []
    assert noticed(Token("x", {}, {"iss": "https://B"}), issuers=("https://b",)) == [(Cause.WRONG_ISSUER, "case")]
    assert noticed(Token("x", {"alg": "HS256"}, {}), algorithms=("RS256",)) == [(Cause.UNSUPPORTED_ALGORITHM, None)]


def test_a_token_of_another_kind_in_the_authorization_header() -> None:
    """Refresh and ID tokens are no access tokens."""
    assert noticed(Token("x", {}, {"typ": "Refresh"}, slot="authorization")) == [(Cause.WRONG_TOKEN_TYPE, None)]
    assert noticed(Token("x", {}, {"at_hash": "h"}, slot="authorization")) == [(Cause.WRONG_TOKEN_TYPE, None)]
    assert noticed(Token("x", {}, {"at_hash": "h"}, slot="text")) == []


def test_an_unreadable_token_is_malformed() -> None:
    """With the detail its problem names."""
    assert noticed(Token("x", problem="truncated: the signature is missing")) == [(Cause.MALFORMED, "truncated")]
