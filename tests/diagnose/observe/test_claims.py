"""A token's own words against time, verifier and slot."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.observation import Strength
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
    """With the detail its problem names; what holds the letters eyJ by chance is no JWT."""
    assert noticed(Token("eyJx", problem="truncated: the header breaks off")) == [(Cause.MALFORMED, "truncated")]
    assert noticed(Token('Bearer "eyJx', problem="encoding: no base64url")) == [(Cause.MALFORMED, "encoding")]
    assert noticed(Token("Q3eyJx", problem="encoding: the header is not a JSON object")) == []
    assert noticed(Token("MTk4NjIyNDgz.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", problem="encoding: no JSON")) == []


@pytest.mark.parametrize(
    ("problem", "slot", "strength"),
    [
        ("prefix: the scheme stands twice before the token", "authorization", Strength.SAID),
        ("quotes: the token stands in quotes", "authorization", Strength.SAID),
        ("quotes: the token stands in quotes", "text", None),
        ("truncated: the signature has 31 of 32 bytes", "text", Strength.SAID),
        ("truncated: the signature is missing", "text", Strength.HINT),
        ("whitespace: blanks or line breaks inside the token", "text", Strength.HINT),
        ("truncated: dots in the place of the rest", "authorization", None),
    ],
)
def test_damage_weighs_as_much_as_it_cannot_be_the_paste(problem: str, slot: str, strength: Strength | None) -> None:
    """People cut signatures off, shorten with dots and wrap lines before they paste."""
    token = Token("eyJx", {"alg": "HS256"}, {"sub": "alice"}, problem, slot=slot)
    found = list(observe(Evidence(tokens=(token,)), Context(clock=NOW)))
    assert [one.strength for one in found] == ([] if strength is None else [strength])


def test_what_is_closed_by_design_is_no_damage() -> None:
    """A JWE and a detached payload (RFC 7516, RFC 7515 appendix F)."""
    assert noticed(Token("eyJx", {"alg": "dir", "enc": "A256GCM"}, None, "the claims are encrypted (JWE)")) == []
    assert noticed(Token("eyJx", {"alg": "ES256"}, None, "the payload is detached")) == []


def test_a_hostile_list_of_audiences_costs_little() -> None:
    """And few of them are shown."""
    many = [f"https://{number}.example" for number in range(100_000)]
    (one,) = observe(
        Evidence(tokens=(Token("x", {}, {"aud": many}),)),
        Context(clock=NOW, audiences=tuple(f"a{n}" for n in range(5000))),
    )
    assert one.causes[0][0] is Cause.WRONG_AUDIENCE
    assert len(one.quote) <= 300


def test_a_time_beyond_the_calendar_is_a_number() -> None:
    """nbf in the year 2603, or none at all."""
    (one,) = observe(Evidence(tokens=(Token("x", {}, {"nbf": 20_000_000_000}),)), Context(clock=NOW))
    assert "2603-10-11T11:33:20Z" in one.what
    assert noticed(Token("x", {}, {"exp": 5}), at=-1) == []
