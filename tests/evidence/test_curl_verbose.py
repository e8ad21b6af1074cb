"""The output of `curl -v`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from authwhy.evidence.read import read

PROXIED = """*   Trying 192.0.2.1:443...
* Connected to proxy.example.com (192.0.2.1) port 3128
> CONNECT api.example.com:443 HTTP/1.1
> Host: api.example.com:443
> Proxy-Authorization: Basic dTpw
>\x20
< HTTP/1.1 200 Connection established
<\x20
* SSL certificate problem: unable to get local issuer certificate
> GET /v1/me HTTP/2
> host: api.example.com
> authorization: Bearer abcdef123456
>\x20
{ [5 bytes data]
< HTTP/2 401\x20
< www-authenticate: Bearer error="invalid_token"
<\x20
  % Total    % Received % Xferd  Average Speed   Time
100    27  100    27    0     0    100      0 --:--:-- --:--:-- --:--:--   100
{"error":"invalid_token"}* Connection #0 to host api.example.com left intact
"""


def test_a_proxy_tunnel_and_the_request_in_it() -> None:
    """Two exchanges; the information lines stay in the text."""
    evidence = read(PROXIED)
    tunnel, inner = evidence.exchanges
    assert evidence.kinds[0] == "curl_verbose"
    assert tunnel.request
    assert tunnel.response
    assert (tunnel.request.method, tunnel.request.url, tunnel.response.status) == (
        "CONNECT",
        "api.example.com:443",
        200,
    )
    assert inner.request
    assert inner.response
    assert (inner.where, inner.request.method, inner.response.status) == ("curl -v, request 2", "GET", 401)
    assert inner.response.header("WWW-Authenticate") == 'Bearer error="invalid_token"'
    assert inner.response.body == '{"error":"invalid_token"}'
    assert "SSL certificate problem" in evidence.text


def test_redirects_are_separate_requests() -> None:
    """-L prints each request; the one without its header shows what was removed on the way."""
    text = (
        "> GET /a HTTP/1.1\n> Host: a.example\n> Authorization: Basic dTpw\n>\n< HTTP/1.1 302 Found\n"
        "< Location: https://b.example/x\n<\n> GET /x HTTP/1.1\n> Host: b.example\n>\n< HTTP/1.1 401 Unauthorized\n<\n"
    )
    first, second = read(text).exchanges
    assert first.request
    assert first.request.header("authorization")
    assert first.response
    assert first.response.status == 302
    assert second.request
    assert second.request.header("authorization") is None
    assert second.response
    assert second.response.status == 401


def test_interim_responses_give_way() -> None:
    """100 Continue is not the answer."""
    text = "> POST /a HTTP/1.1\n>\n< HTTP/1.1 100 Continue\n<\n< HTTP/1.1 401 Unauthorized\n< A: b\n<\nbody\n"
    (exchange,) = read(text).exchanges
    assert exchange.response
    assert (exchange.response.status, exchange.response.body) == (401, "body")


def test_indented_and_with_times() -> None:
    """A paste in Markdown, made with --trace-time."""
    text = "    12:00:00.123456 > GET /a HTTP/1.1\n    12:00:00.123456 > A: b\n    12:00:00.2 < HTTP/1.1 403 No\n    12:00:00.2 <\n"
    (exchange,) = read(text).exchanges
    assert exchange.request
    assert exchange.request.headers == (("A", "b"),)
    assert exchange.response
    assert exchange.response.status == 403


def test_quoted_mail_is_no_curl_output() -> None:
    """`> HTTP/1.1` is a quotation; curl writes `< `."""
    assert "curl_verbose" not in read("> GET /x HTTP/1.1\n> A: b\n>\n> HTTP/1.1 401 No\n").kinds


@given(
    st.lists(
        st.sampled_from(
            ["> ", "< ", "* ", "{ ", "HTTP/1.1 401", "GET / HTTP/1.1", "a: b", "\n", "* Connection #0", " "]
        )
    )
)
def test_any_mixture_is_read(pieces: list[str]) -> None:
    """Never raises."""
    read("".join(pieces))
