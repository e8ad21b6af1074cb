"""What an exchange shows without knowing the vendor."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.http import observe, reads_scheme
from authwhy.model.evidence import Evidence, Exchange, Headers, HttpRequest, HttpResponse

BASIC: Headers = (("WWW-Authenticate", 'Basic realm="ops"'),)


def exchange(
    headers: Headers, status: int, answer: Headers = (), *, method: str = "GET", url: str = "https://a.example/x"
) -> Exchange:
    """One request and its response."""
    return Exchange(HttpRequest(method, url, headers), HttpResponse(status, headers=answer), "exchange")


def best(*exchanges: Exchange) -> tuple[Cause, str | None]:
    """The strongest observation."""
    found = max(observe(Evidence(exchanges=exchanges)), key=lambda one: one.strength)
    return found.causes[0][0], found.detail


HOST: Headers = (("Host", "a.example"),)
BEARER: Headers = (*HOST, ("Authorization", "Bearer x"))


@pytest.mark.parametrize(
    ("sent", "status", "answer", "cause"),
    [
        (HOST, 401, BASIC, Cause.MISSING),
        (BEARER, 401, BASIC, Cause.UNSUPPORTED_SCHEME),
        ((*HOST, ("X-Api-Key", "k")), 401, (("WWW-Authenticate", "Bearer"),), Cause.UNSUPPORTED_SCHEME),
        (BEARER, 407, (), Cause.PROXY_AUTH_REQUIRED),
        (BEARER, 429, (), Cause.RATE_LIMITED),
        (BEARER, 402, (), Cause.PAYMENT_REQUIRED),
        (BEARER, 503, (), Cause.PROVIDER_UNREACHABLE),
        (BEARER, 403, (), Cause.INSUFFICIENT_SCOPE),
    ],
)
def test_status_and_scheme_speak(sent: Headers, status: int, answer: Headers, cause: Cause) -> None:
    """Offered against used, and the statuses that say it themselves."""
    assert best(exchange(sent, status, answer))[0] is cause


@pytest.mark.parametrize(
    ("sent", "challenges", "reads"),
    [
        ("Basic YTpi", 'Basic realm="x"', True),
        ("basic YTpi", 'Bearer, BASIC realm="x"', True),
        ("Bearer t", 'Basic realm="Bearer"', False),
        ("t", "Bearer", False),
        ("", "Bearer", False),
    ],
)
def test_the_scheme_that_was_used_is_offered(sent: str, challenges: str, reads: bool) -> None:
    """Whatever its case, and wherever it stands among several."""
    headers: Headers = (("Authorization", sent),) if sent else ()
    assert reads_scheme(exchange(headers, 401, (("WWW-Authenticate", challenges),))) is reads


def test_a_redirect_to_another_host_loses_the_credentials() -> None:
    """Sent to the first, missing at the second."""
    moved = exchange(BEARER, 302, (("Location", "https://b.example/y"),))
    refused = exchange((("Host", "b.example"),), 401, url="https://b.example/y")
    found = {(one.causes[0][0], one.detail) for one in observe(Evidence(exchanges=(moved, refused)))}
    assert (Cause.STRIPPED_IN_TRANSIT, "redirect") in found


def test_a_preflight_is_never_authenticated() -> None:
    """OPTIONS carries no credentials by design."""
    assert best(exchange(HOST, 401, BASIC, method="OPTIONS"))[0] in (Cause.STRIPPED_IN_TRANSIT, Cause.MISSING)
    found = [one.detail for one in observe(Evidence(exchanges=(exchange(HOST, 401, BASIC, method="OPTIONS"),)))]
    assert "preflight" in found


def test_a_header_with_an_underscore_is_dropped_on_the_way() -> None:
    """nginx and WSGI servers do."""
    found = [one.detail for one in observe(Evidence(exchanges=(exchange((*HOST, ("my_credential", "k")), 401),)))]
    assert "header_name" in found


def test_a_status_in_prose_is_only_a_hint() -> None:
    """`Status 401` says nothing about why."""
    (one,) = observe(Evidence(text="API error occurred: Status 401"))
    assert one.strength.name == "HINT"


def test_a_success_accuses_nobody() -> None:
    """200 is no failure."""
    assert list(observe(Evidence(exchanges=(exchange(BEARER, 200),)))) == []


@pytest.mark.parametrize(
    ("headers", "found"),
    [(BEARER, [Cause.UNSUPPORTED_SCHEME]), ((*HOST, ("X-Api-Key", "k")), []), (HOST, [])],
)
@pytest.mark.parametrize(
    "text", ["x-api-key header is required", "Missing X-API-Key header", "requires the `x-api-key` header"]
)
def test_the_answer_names_the_header_it_reads(text: str, headers: Headers, found: list[Cause]) -> None:
    """A credential in another header counts; the right header, or none at all, is another matter."""
    request = Exchange(HttpRequest("GET", "https://a.example/x", headers), HttpResponse(400), "exchange")
    named = [one for one in observe(Evidence(text=text, exchanges=(request,))) if "reads the header" in one.what]
    assert [one.causes[0][0] for one in named] == found


def test_an_address_that_cannot_be_parsed_is_no_error() -> None:
    """An open bracket in Location or in the request line (RFC 3986 3.2.2)."""
    moved = exchange(BEARER, 302, (("Location", "http://[::1"),), url="http://[::1/x")
    refused = exchange((("Host", "[::1"),), 401, url="http://[::1/y")
    assert "redirect" in {one.detail for one in observe(Evidence(exchanges=(moved, refused)))}
