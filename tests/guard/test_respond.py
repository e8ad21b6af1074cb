"""The public answer: status, one challenge for each scheme, and nothing that came from the credential."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.scripted import NOW, Scripted, authorization, decide, watched
from tests.stores.loopback_site import Reply as SiteReply
from tests.stores.loopback_site import site
from tests.verify.jose_tokens import AUDIENCE, ISSUER, signer

from authwhy.causes import Cause
from authwhy.guard import Denied, Guard, View, all_of, any_of, api_key, basic, deny, jwt, need, optional
from authwhy.guard.answers import Accept, Deny
from authwhy.guard.respond import challenge, is_background, is_navigation, quoted

ONE = signer("ES256")
METADATA = "https://api.example.com/.well-known/oauth-protected-resource"
_CHALLENGE = re.compile(
    r'[A-Za-z-]+( [a-z_]+="(?:[^"\\\x00-\x1f\x7f]|\\.)*"(, [a-z_]+="(?:[^"\\\x00-\x1f\x7f]|\\.)*")*)?'
)


def token_of(**claims: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {ONE.token(**claims)}"}


def three(**settings: Any) -> Any:
    """A token, a key, and a password."""
    return watched(
        jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, realm="shop"),
        api_key("key", lookup=lambda key: deny(Cause.WRONG_SECRET)),
        basic("staff", realm='o"ps', verify=lambda credential: deny(Cause.WRONG_SECRET)),
        **settings,
    )[0]


def refused(headers: dict[str, str], rule: Any = None, guard: Any = None) -> Denied:
    decision = decide(guard or three(), headers, rule)
    assert isinstance(decision, Denied)
    return decision


def lines(denied: Denied, name: bytes = b"www-authenticate") -> list[str]:
    return [value.decode("latin-1") for key, value in denied.headers if key == name]


def schemes(denied: Denied) -> list[str]:
    return [line.split(" ")[0] for line in lines(denied)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ["Bearer", "ApiKey", "Basic"]),
        (authorization("a", "b"), ["Basic", "Bearer", "ApiKey"]),
        ({"X-Api-Key": "k"}, ["ApiKey", "Bearer", "Basic"]),
        (token_of(exp=1), ["Bearer", "ApiKey", "Basic"]),
        ({"Authorization": "Hawk x"}, ["Bearer", "ApiKey", "Basic"]),
    ],
)
def test_one_line_for_each_scheme_the_callers_own_first(headers: dict[str, str], expected: list[str]) -> None:
    denied = refused(headers)
    assert denied.status == 401
    assert schemes(denied) == expected
    assert all(_CHALLENGE.fullmatch(line) for line in lines(denied))
    assert lines(denied, b"cache-control") == ["no-store"]
    assert int(lines(denied, b"content-length")[0]) == len(denied.body)


def test_two_providers_of_one_scheme_have_one_line() -> None:
    guard, _ = watched(jwt("a", keys=ONE.keys, realm="a"), jwt("b", keys=ONE.keys, realm="b"))
    assert lines(refused({}, None, guard)) == ['Bearer realm="a"']


def test_no_error_where_nothing_was_presented() -> None:
    """RFC 6750 section 3.1: "the resource server SHOULD NOT include an error code"."""
    for headers in ({}, authorization("a", "b"), {"X-Api-Key": "k"}, {"Authorization": "Hawk x"}):
        assert lines(refused(headers))[schemes(refused(headers)).index("Bearer")] == 'Bearer realm="shop"'


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"exp": 1}, "invalid_token", "The token has expired"),
        ({"nbf": NOW + 60}, "invalid_token", "The token is not valid yet"),
        ({"iss": "https://evil.example"}, "invalid_token", "The token is not accepted"),
        ({"aud": "other"}, "invalid_token", "The token is not accepted"),
    ],
)
def test_error_of_a_token(claims: dict[str, object], error: str, description: str) -> None:
    line = lines(refused(token_of(**claims)))[0]
    assert f'error="{error}", error_description="{description}"' in line
    assert "evil" not in line


def test_scope() -> None:
    denied = refused(token_of(), need("token", scope="admin orders:read"))
    assert (denied.status, denied.code) == (403, "insufficient_scope")
    described = 'error="insufficient_scope", error_description="The token does not grant the scope"'
    assert lines(denied) == [f'Bearer realm="shop", {described}, scope="admin orders:read"']


def test_step_up() -> None:
    """RFC 9470 section 3."""
    denied = refused(token_of(), need("token", acr=("mfa", "hw"), max_age=300))
    assert denied.status == 401
    assert 'error="insufficient_user_authentication"' in lines(denied)[0]
    assert 'acr_values="mfa hw"' in lines(denied)[0]
    assert 'max_age="300"' in lines(denied)[0]


def test_metadata() -> None:
    guard = three(resource_metadata=METADATA)
    for headers in ({}, token_of(exp=1)):
        assert f'resource_metadata="{METADATA}"' in lines(refused(headers, None, guard))[0]


def test_outage() -> None:
    """503 with Retry-After, and no word of the token."""
    guard, _ = watched(api_key("key", lookup=lambda key: 1 / 0), retry_after_s=9)
    denied = refused({"X-Api-Key": "k"}, None, guard)
    assert (denied.status, denied.code, denied.retry_after) == (503, "unavailable", 9)
    assert lines(denied, b"retry-after") == ["9"]
    assert lines(denied) == []


def test_two_credentials() -> None:
    denied = refused({**token_of(), "X-Api-Key": "k"}, any_of("token", "key"))
    assert (denied.status, denied.code) == (400, "invalid_request")
    assert 'error="invalid_request"' in lines(denied)[0]


def test_malformed_status() -> None:
    assert refused({"Authorization": "Bearer x"}).status == 401
    assert refused({"Authorization": "Bearer x"}, None, three(malformed_status=400)).status == 400


def test_body() -> None:
    denied = refused({})
    assert json.loads(denied.body) == {
        "type": "urn:authwhy:problem:missing", "title": "Authentication is required", "status": 401, "code": "missing",
        "ref": denied.ref,
    }  # fmt: skip
    assert lines(denied, b"content-type") == ["application/problem+json"]


def test_no_password_window_for_scripts() -> None:
    for headers in ({"Sec-Fetch-Mode": "cors"}, {"X-Requested-With": "XMLHttpRequest"}):
        assert "Basic" not in schemes(refused(headers))
        assert "Basic" in schemes(refused(headers, None, three(popup=True)))
    assert "Basic" in schemes(refused({"Sec-Fetch-Mode": "navigate"}))


STRICT = [
    {},
    token_of(exp=1),
    token_of(iss="https://evil.example"),
    token_of(aud="x"),
    {"Authorization": f"Bearer {signer('ES256', number=1).token()}"},
    {"Authorization": f"Bearer {signer('ES256', 'other').token()}"},
    {"Authorization": f"Bearer {signer('HS256').token()}"},
    {"Authorization": "Bearer x"},
    {"Authorization": "Bearer "},
    {"Authorization": "Hawk x"},
]


def test_strict_tells_nothing() -> None:
    """Not even a bad signature from a wrong issuer."""
    guard, _ = watched(jwt("token", issuer=ISSUER, audience=AUDIENCE, keys=ONE.keys, realm="shop"), strict=True)
    answers = set()
    for headers in STRICT:
        denied = refused(headers, None, guard)
        assert denied.code is None
        answers.add((denied.status, denied.headers, denied.body.replace(denied.ref.encode(), b"-")))
    assert len(answers) == 1
    (_, _, body) = answers.pop()
    assert json.loads(body) == {"type": "about:blank", "title": "Unauthorized", "status": 401, "ref": "-"}


def test_one_that_accepted_is_not_asked_again() -> None:
    assert schemes(refused(token_of(), all_of("token", "key"))) == ["ApiKey"]


@pytest.mark.parametrize("said", [None, "Basic", 7, ("Basic", 7), [1], RuntimeError("canary")])
def test_a_provider_that_cannot_say_its_challenge(said: Any) -> None:
    """The refusal is decided; it is answered and told all the same."""

    class Odd(Scripted):
        def challenge(self, asked: Any) -> Any:
            if isinstance(said, Exception):
                raise said
            return said

        redirect = challenge

    guard, events = watched(Odd("odd", lambda value: None), Scripted("fine", lambda value: None))
    denied = refused(
        {"Sec-Fetch-Mode": "navigate"} if not isinstance(said, str | tuple | list | int) else {}, None, guard
    )
    assert denied.status == 401
    assert lines(denied)[-1] == 'Fine realm="x"'
    assert b"canary" not in repr(denied).encode()
    assert events


def test_headers_are_legal_whatever_a_provider_says() -> None:
    class Odd(Scripted):
        def challenge(self, asked: Any) -> tuple[str, ...]:
            return ('Odd realm="a\r\nSet-Cookie: x=1\x00\u20ac"',)

    guard, _ = watched(Odd("odd", lambda value: None))
    assert lines(refused({}, None, guard)) == ['Odd realm="aSet-Cookie: x=1?"']


def test_headers_of_a_refusal_are_sent() -> None:
    def says(value: str) -> Deny:
        return Deny((deny(Cause.WRONG_SECRET)).failures, retry_after=3, headers=((b"x-hint", b"1"),))

    guard, _ = watched(Scripted("a", says))
    denied = refused({"x-a": "1"}, None, guard)
    assert lines(denied, b"x-hint") == ["1"]
    assert lines(denied, b"retry-after") == ["3"]


def test_optional_answers_like_required() -> None:
    assert schemes(refused({"X-Api-Key": "k"}, optional("key", "staff"))) == ["ApiKey", "Basic"]
    assert not isinstance(decide(three(), {}, optional("key")), Denied)
    assert Accept("x").principal == "x"


@given(st.text())
def test_quoted(text: str) -> None:
    """What a quoted-string says is what was meant, without control characters."""
    made = challenge("Basic", {"realm": text})
    assert made.startswith('Basic realm="')
    inner = made[len('Basic realm="') : -1]
    assert re.sub(r"\\(.)", r"\1", inner) == "".join(c for c in text if c >= " " and c != "\x7f")
    assert quoted(text) == inner
    assert not re.search(r'(?<!\\)(\\\\)*"', inner)


def test_navigation() -> None:
    assert is_navigation(View.of("GET", "/", {"Sec-Fetch-Mode": "navigate"}))
    assert is_navigation(View.of("GET", "/", {"Accept": "text/html,*/*"}))
    assert not is_navigation(View.of("GET", "/", {"Accept": "text/html", "Sec-Fetch-Mode": "cors"}))
    assert not is_navigation(View.of("POST", "/", {"Sec-Fetch-Mode": "navigate"}))
    assert not is_navigation(View.of("GET", "/"))
    assert not is_background(View.of("GET", "/"))


def test_retry_after_is_the_pause_until_the_next_try() -> None:
    with site() as provider:
        provider.says(SiteReply(b"", 503))
        guard = Guard(jwt("token", issuer=provider.origin, audience="a", allow_http=[provider.origin]))
        header = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0"
        denied: Any = guard.decide_sync(View.of("GET", "/", {"Authorization": f"Bearer {header}.e30.eA"}))
        assert (denied.status, denied.retry_after) == (503, denied.refusals[0].facts["retry_s"])
        guard.close()
