"""What a request says about its SigV4 signature."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.verify.hmac_request import sigv4_vectors as aws
from tests.verify.hmac_request.world import said

from authwhy.model.outcome import Failure, Refused
from authwhy.verify.hmac_request.interface import SignedRequest, by_name
from authwhy.verify.hmac_request.sigv4_credential import Presented, read

SIGNATURE = "0123456789abcdef" * 4
SCOPE = f"AKID/{aws.SCOPE}"
HEAD = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature="


def header(value: str, *more: tuple[str, str]) -> Presented | Failure:
    request = SignedRequest("GET", "/", "", (("authorization", value), *(more or (aws.DATE,))))
    return read(request, by_name(request))


def problems(presented: Presented | Failure) -> list[str]:
    return said(Refused((presented,))) if isinstance(presented, Failure) else []


def test_a_header() -> None:
    """Its members in any order, with or without blanks between them."""
    presented = header(HEAD + SIGNATURE)
    assert isinstance(presented, Presented)
    assert (presented.credential.key_id, presented.credential.region) == ("AKID", "us-east-1")
    assert (presented.made_at, presented.expires_s, presented.in_query) == (aws.AT, None, False)
    for other in (
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host;x-amz-date,Signature={SIGNATURE}",
        f"AWS4-HMAC-SHA256 Signature={SIGNATURE}, SignedHeaders=host;x-amz-date,  Credential={SCOPE}",
    ):
        again = header(other)
        assert isinstance(again, Presented)
        assert again.signature == SIGNATURE
        assert again.credential.scope == aws.SCOPE


def test_no_text_form_tells_a_signature() -> None:
    """Nor the session token."""
    assert repr(header(HEAD + SIGNATURE, aws.DATE, aws.TOKEN)) == "Presented('AKID')"


def test_a_key_id_with_slashes() -> None:
    """The scope is the end of the credential."""
    presented = header(HEAD.replace("AKID", "a/b") + SIGNATURE)
    assert isinstance(presented, Presented)
    assert presented.credential.key_id == "a/b"


def test_the_date_header() -> None:
    """Taken where there is no X-Amz-Date, in the form of HTTP, and signed in the form of AWS."""
    presented = header(HEAD + SIGNATURE, ("date", "Sun, 30 Aug 2015 12:36:00 GMT"))
    assert isinstance(presented, Presented)
    assert (presented.made_at, presented.date) == (aws.AT, "20150830T123600Z")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ["unsupported_scheme"]),
        ("Bearer abc", ["unsupported_scheme"]),
        ("AWS AKID:signature", ["unsupported_algorithm/too_old"]),
        ("AWS4-ECDSA-P256-SHA256 Credential=x", ["unsupported_algorithm"]),
        ("AWS4-HMAC-SHA256", ["malformed:members"]),
        ("AWS4-HMAC-SHA256 Credential=x", ["missing_claim:SignedHeaders"]),
        (HEAD, ["malformed/truncated:cut"]),
        (HEAD + SIGNATURE[1:], ["malformed/truncated:cut"]),
        (HEAD + SIGNATURE.upper(), ["malformed:not_hex"]),
        (HEAD + SIGNATURE + ",Signature=" + SIGNATURE, ["malformed:members"]),
        (HEAD.replace("aws4_request", "aws4") + SIGNATURE, ["malformed:scope"]),
        (HEAD.replace("/us-east-1", "") + SIGNATURE, ["malformed:scope"]),
        (HEAD.replace("20150830", "20151330") + SIGNATURE, ["malformed:scope"]),
        (HEAD.replace("AKID", "A" * 257) + SIGNATURE, ["malformed:scope"]),
        (HEAD.replace("AKID", "A\x00") + SIGNATURE, ["malformed:scope"]),
        (HEAD.replace("host;x-amz-date", "x-amz-date;host") + SIGNATURE, ["malformed:not_sorted"]),
        (HEAD.replace("host;x-amz-date", "host;host") + SIGNATURE, ["malformed:not_sorted"]),
        (HEAD.replace("host;x-amz-date", "Host") + SIGNATURE, ["malformed:not_header_names"]),
        (HEAD.replace("host;x-amz-date", "") + SIGNATURE, ["malformed:not_header_names"]),
        (HEAD + SIGNATURE + " " * 5_000 + "x", ["malformed:too_large"]),
    ],
)
def test_headers_that_cannot_be_read(value: str, expected: list[str]) -> None:
    """Each with one word of what is wrong."""
    assert problems(header(value)) == expected


def query(text: str) -> Presented | Failure:
    return read(replace(aws.PRESIGNED, query=text), {})


QUERY = aws.PRESIGNED.query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QUERY, []),
        (QUERY.replace("X-Amz-Expires=86400&", ""), ["missing_claim:X-Amz-Expires"]),
        (QUERY.replace("86400", "604801"), ["malformed:out_of_range"]),
        (QUERY.replace("86400", "0"), ["malformed:out_of_range"]),
        (QUERY.replace("86400", "-1"), ["malformed:out_of_range"]),
        (QUERY.replace("86400", "\u0661"), ["malformed:out_of_range"]),
        (QUERY + "&X-Amz-Expires=1", ["malformed:duplicate"]),
        (QUERY.replace("SHA256", "SHA1"), ["unsupported_algorithm"]),
        (QUERY[:-1], ["malformed/truncated:cut"]),
        (QUERY.replace("20130524T", "20130525T"), ["malformed:date_mismatch"]),
        (QUERY.replace("20130524T000000Z", "now"), ["malformed:not_a_date"]),
    ],
)
def test_queries(text: str, expected: list[str]) -> None:
    """Each parameter once, all of them."""
    assert problems(query(text)) == expected
