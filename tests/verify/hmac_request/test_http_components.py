"""Components of a signature: the examples of RFC 9421 section 2."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.verify.hmac_request.world import said

from authwhy.model.outcome import Failure, Refused
from authwhy.verify.hmac_request.http_components import MAX_COMPONENTS, component, signature_base
from authwhy.verify.hmac_request.interface import SignedRequest
from authwhy.verify.structured_field import InnerList, Item

EXAMPLE = SignedRequest(
    "POST",
    "/path",
    "param=value",
    (
        ("host", "www.example.com"),
        ("x-ows-header", "  Leading and trailing whitespace.   "),
        ("x-obs-fold-header", "Obsolete\r\n    line folding."),
        ("cache-control", "max-age=60"),
        ("cache-control", "   must-revalidate"),
        ("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("x-empty-header", ""),
        ("example-header", "value, with, lots"),
        ("example-header", "of, commas"),
        ("x-latin", "\xe9"),
    ),
)


def value(name: object, request: SignedRequest = EXAMPLE, /, **parameters: object) -> str | list[str]:
    found = component(request, Item(name, tuple(parameters.items())))  # type: ignore[arg-type]
    return said(Refused((found,))) if isinstance(found, Failure) else found


def test_fields() -> None:
    """Section 2.1: trimmed, unfolded, joined; `bs` wraps each line, `key` takes one member."""
    assert value("host") == "www.example.com"
    assert value("x-ows-header") == "Leading and trailing whitespace."
    assert value("x-obs-fold-header") == "Obsolete line folding."
    assert value("cache-control") == "max-age=60, must-revalidate"
    assert value("x-empty-header") == ""
    assert value("example-dict") == "a=1,    b=2;x=1;y=2,   c=(a   b   c)"
    assert value("example-dict", key="a") == "1"
    assert value("example-dict", key="b") == "2;x=1;y=2"
    assert value("example-dict", key="c") == "(a b c)"
    assert value("example-header", bs=True) == ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"
    assert value("x-latin", bs=True) == ":6Q==:"


def test_derived_components() -> None:
    """Sections 2.2.1 to 2.2.7."""
    assert value("@method") == "POST"
    assert value("@target-uri") == "https://www.example.com/path?param=value"
    assert value("@authority") == "www.example.com"
    assert value("@scheme", replace(EXAMPLE, scheme="HTTP")) == "http"
    assert value("@request-target") == "/path?param=value"
    assert value("@path") == "/path"
    assert value("@path", replace(EXAMPLE, path="")) == "/"
    assert value("@query") == "?param=value"
    assert value("@query", replace(EXAMPLE, query="")) == "?"


@pytest.mark.parametrize(
    ("scheme", "host", "authority"),
    [
        ("https", "WWW.Example.COM:443", "www.example.com"),
        ("http", "a.example:443", "a.example:443"),
        ("http", "a.example:80", "a.example"),
        ("https", "a.example:8443", "a.example:8443"),
    ],
)
def test_authority(scheme: str, host: str, authority: str) -> None:
    """Lower case, without the default port of the scheme."""
    assert value("@authority", SignedRequest("GET", "/", "", (("host", host),), scheme=scheme)) == authority


def test_query_parameters() -> None:
    """Section 2.2.8: read as a form, written again."""
    query = "param=value&foo=bar&baz=batman&qux="
    request = replace(EXAMPLE, query=query)
    assert [value("@query-param", request, name=name) for name in ("baz", "qux", "param")] == ["batman", "", "value"]
    request = replace(
        EXAMPLE,
        query="var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something",
    )
    assert value("@query-param", request, name="var") == "this%20is%20a%20big%0Amultiline%20value"
    assert value("@query-param", request, name="bar") == "with%20plus%20whitespace"
    assert value("@query-param", request, name="fa%C3%A7ade%22%3A%20") == "something"
    assert value("@query-param", replace(EXAMPLE, query="a=1&a=2"), name="a") == ["malformed:duplicate_query_parameter"]
    assert value("@query-param", name="nope") == ["missing_claim:@query-param"]


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        (7, {}, ["malformed:not_a_string"]),
        ("@status", {}, ["malformed:unknown_component"]),
        ("@signature-params", {}, ["malformed:unknown_component"]),
        ("Host", {}, ["malformed:unknown_component"]),
        ("", {}, ["malformed:unknown_component"]),
        ("host", {"sf": True}, ["unsupported_algorithm"]),
        ("@method", {"req": True}, ["unsupported_algorithm"]),
        ("@query-param", {}, ["unsupported_algorithm"]),
        ("host", {"key": True}, ["unsupported_algorithm"]),
        ("example-dict", {"key": "a", "bs": True}, ["unsupported_algorithm"]),
        ("example-dict", {"key": "z"}, ["missing_claim:example-dict;z"]),
        ("x-ows-header", {"key": "a"}, ["malformed:not_a_dictionary"]),
        ("x-absent", {}, ["missing_claim:x-absent"]),
        ("x-latin", {}, ["malformed:not_ascii"]),
    ],
)
def test_components_that_cannot_be_had(name: object, parameters: dict[str, object], expected: list[str]) -> None:
    """Each has its cause."""
    assert value(name, EXAMPLE, **parameters) == expected


def test_one_host() -> None:
    """Two would let sender and receiver mean different ones."""
    assert value("@authority", SignedRequest("GET", "/", "", (("host", "a"), ("host", "b")))) == ["malformed:duplicate"]
    assert value("@target-uri", SignedRequest("GET", "/")) == ["missing_claim:host"]


def test_the_base_is_bounded() -> None:
    """And names no component twice."""
    many = InnerList(tuple(Item(f"x-{number}") for number in range(MAX_COMPONENTS + 1)))
    for covered, problem in ((many, "too_large"), (InnerList((Item("host"), Item("host"))), "duplicate")):
        found = signature_base(EXAMPLE, covered)
        assert isinstance(found, Failure)
        assert found.facts["problem"] == problem
    long = replace(EXAMPLE, headers=(("x", "a" * 20_000),))
    assert value("x", long) == ["malformed:too_large"]
