"""Azure Shared Key: the strings to sign that Microsoft documents, every way to be refused, and that any change is."""

from __future__ import annotations

import base64
from hashlib import md5
from hmac import digest as hmac_digest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.hmac_request.world import judge, known, said

from authwhy.model.outcome import Accepted, Outcome, Refused
from authwhy.verify.hmac_request import azure_shared_key
from authwhy.verify.hmac_request.azure_shared_key import AzureSharedKeyPolicy
from authwhy.verify.hmac_request.interface import SignedRequest
from authwhy.verify.hmac_request.timing import imf_fixdate

# the account key of the storage emulator, which Microsoft documents
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
KNOWN = known(KEY)
BLANK = "A" * 43 + "="
DATE = "Fri, 26 Jun 2015 23:39:12 GMT"
NOW = imf_fixdate(DATE) or 0
BLOB, TABLE = AzureSharedKeyPolicy(), AzureSharedKeyPolicy(service="table")


def request(
    method: str, target: str, *headers: tuple[str, str], scheme: str = "SharedKey", account: str
) -> SignedRequest:
    path, _, query = target.partition("?")
    return SignedRequest(method, path, query, (*headers, ("authorization", f"{scheme} {account}:{BLANK}")))


def sign(unsigned: SignedRequest, policy: AzureSharedKeyPolicy = BLOB) -> SignedRequest:
    text = azure_shared_key.string_to_sign(unsigned, policy)
    assert text is not None
    mac = base64.b64encode(hmac_digest(base64.b64decode(KEY), text, "sha256")).decode()
    (*others, (name, value)) = unsigned.headers
    return replace(unsigned, headers=(*others, (name, value.replace(BLANK, mac))))


def check(sent: SignedRequest, policy: AzureSharedKeyPolicy = BLOB, now: int = NOW, secrets: object = KNOWN) -> Outcome:
    return judge(azure_shared_key.verify(sent, policy, now), secrets)


DOCUMENTED = [
    (
        BLOB,
        request(
            "GET",
            "/mycontainer?restype=container&comp=metadata&timeout=20",
            ("x-ms-version", "2009-09-19"),
            ("x-ms-date", "Sun, 11 Oct 2009 21:49:13 GMT"),
            account="myaccount",
        ),
        (
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Sun, 11 Oct 2009 21:49:13 GMT\nx-ms-version:2009-09-19\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
        ),
    ),
    (
        BLOB,
        request(
            "PUT",
            "/mycontainer?restype=container&timeout=30",
            ("x-ms-version", "2015-02-21"),
            ("x-ms-date", DATE),
            ("content-length", "0"),
            account="myaccount",
        ),
        (
            f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{DATE}\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\nrestype:container\ntimeout:30"
        ),
    ),
    (
        BLOB,
        request(
            "PUT",
            "/mycontainer?restype=container&timeout=30",
            ("x-ms-version", "2014-02-14"),
            ("x-ms-date", DATE),
            ("content-length", "0"),
            account="myaccount",
        ),
        (
            f"PUT\n\n\n0\n\n\n\n\n\n\n\n\nx-ms-date:{DATE}\nx-ms-version:2014-02-14\n"
            "/myaccount/mycontainer\nrestype:container\ntimeout:30"
        ),
    ),
    (
        BLOB,
        request(
            "GET",
            "/?comp=list",
            ("x-ms-date", "Fri, 17 Nov 2017 01:07:37 GMT"),
            ("x-ms-version", "2017-07-29"),
            account="contosorest",
        ),
        (
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 17 Nov 2017 01:07:37 GMT\nx-ms-version:2017-07-29\n"
            "/contosorest/\ncomp:list"
        ),
    ),
    (
        BLOB,
        request(
            "GET",
            "/mycontainer?restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
            ("x-ms-date", DATE),
            account="myaccount",
        ),
        (
            f"GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{DATE}\n/myaccount/mycontainer\ncomp:list\n"
            "include:metadata,snapshots,uncommittedblobs\nrestype:container"
        ),
    ),
    (
        BLOB,
        request(
            "PUT",
            "/mycontainer/hello.txt?timeout=9",
            ("content-type", "text/plain; charset=UTF-8"),
            ("x-ms-meta-m2", "v2"),
            ("x-ms-date", "Sun, 20 Sep 2009 20:36:40 GMT"),
            ("x-ms-meta-m1", "v1"),
            scheme="SharedKeyLite",
            account="testaccount1",
        ),
        (
            "PUT\n\ntext/plain; charset=UTF-8\n\nx-ms-date:Sun, 20 Sep 2009 20:36:40 GMT\nx-ms-meta-m1:v1\n"
            "x-ms-meta-m2:v2\n/testaccount1/mycontainer/hello.txt"
        ),
    ),
    (
        TABLE,
        request(
            "POST",
            "/Tables",
            ("date", "Sun, 11 Oct 2009 19:52:39 GMT"),
            scheme="SharedKeyLite",
            account="testaccount1",
        ),
        "Sun, 11 Oct 2009 19:52:39 GMT\n/testaccount1/Tables",
    ),
    (
        TABLE,
        request(
            "PUT",
            "/Tables?x=1&comp=acl",
            ("x-ms-date", DATE),
            ("date", "Sun, 11 Oct 2009 19:52:39 GMT"),
            ("content-type", "text/plain; charset=UTF-8"),
            account="testaccount1",
        ),
        f"PUT\n\ntext/plain; charset=UTF-8\n{DATE}\n/testaccount1/Tables?comp=acl",
    ),
]


@pytest.mark.parametrize(("policy", "unsigned", "text"), DOCUMENTED)
def test_documented_strings_to_sign(policy: AzureSharedKeyPolicy, unsigned: SignedRequest, text: str) -> None:
    """Microsoft's examples: both schemes, blob and table, Content-Length before and since 2015-02-21."""
    assert azure_shared_key.string_to_sign(unsigned, policy) == text.encode()
    headers = dict(unsigned.headers)
    now = imf_fixdate(headers.get("x-ms-date", headers.get("date", ""))) or 0
    assert said(check(sign(unsigned, policy), policy, now)) == []
    assert said(check(unsigned, policy, now)) == ["bad_signature"]


def test_canonical_headers() -> None:
    """Blanks outside quotes as one; an empty value counts since version 2016-05-31."""
    pairs = (("x-ms-date", DATE), ("x-ms-meta-a", ' a \t b  "c  d" '), ("x-ms-meta-e", ""))
    for version, empty in (("2016-05-31", "x-ms-meta-e:\n"), ("2015-12-11", "")):
        unsigned = request("GET", "/c", *pairs, ("x-ms-version", version), account="acc")
        text = azure_shared_key.string_to_sign(unsigned, BLOB) or b""
        assert f'\nx-ms-date:{DATE}\nx-ms-meta-a:a b "c  d"\n{empty}x-ms-version:'.encode() in text


ORDER = request(
    "PUT",
    "/c/blob%20a?comp=block&blockid=x%3D",
    ("content-length", "5"),
    ("content-md5", base64.b64encode(md5(b"hello").digest()).decode()),
    ("range", "bytes=0-9"),
    ("x-ms-version", "2021-08-06"),
    ("x-ms-date", DATE),
    account="acc",
)
GOOD = replace(sign(ORDER), body=b"hello")


def changed(name: str, value: str | None) -> SignedRequest:
    pairs = [(known, value if known == name else text) for known, text in GOOD.headers]
    return replace(GOOD, headers=tuple((known, text) for known, text in pairs if text is not None))


SIGNATURE = GOOD.headers[-1][1].partition(":")[2]


@pytest.mark.parametrize(
    ("sent", "now", "expected"),
    [
        (GOOD, NOW, []),
        (GOOD, NOW + 900, []),
        (GOOD, NOW + 901, ["expired"]),
        (GOOD, NOW - 901, ["not_yet_valid"]),
        (replace(GOOD, body=b"bye"), NOW, ["bad_signature/body_changed"]),
        (replace(GOOD, body=None, body_sha256="00"), NOW, []),
        (replace(GOOD, path="/c/blob a"), NOW, ["bad_signature"]),
        (replace(GOOD, query="comp=block&blockid=y%3D"), NOW, ["bad_signature"]),
        (replace(GOOD, method="DELETE"), NOW, ["bad_signature"]),
        (replace(GOOD, query="comp=block%0Ablockid:x="), NOW, ["malformed:delimiter"]),
        (replace(GOOD, query="comp=block&blockid%3ax="), NOW, ["malformed:delimiter"]),
        (changed("range", "bytes=0-8"), NOW, ["bad_signature"]),
        (changed("x-ms-version", None), NOW, ["bad_signature"]),
        (changed("x-ms-date", None), NOW, ["missing_claim:x-ms-date"]),
        (changed("x-ms-date", "today"), NOW, ["malformed:not_a_date"]),
        (changed("authorization", None), NOW, ["missing"]),
        (changed("authorization", "Bearer x"), NOW, ["unsupported_scheme"]),
        (changed("authorization", "SharedKey acc"), NOW, ["malformed:members"]),
        (changed("authorization", f"SharedKey a/b:{SIGNATURE}"), NOW, ["malformed:members"]),
        (changed("authorization", f"SharedKey acc:{SIGNATURE[:-4]}"), NOW, ["malformed/truncated:not_base64"]),
        (changed("authorization", f"SharedKey acc:{SIGNATURE}x"), NOW, ["malformed:not_base64"]),
        (changed("authorization", f"SharedKey other:{SIGNATURE}"), NOW, ["bad_signature"]),
        (changed("range", "\u2603"), NOW, ["malformed:not_octets"]),
        (replace(GOOD, headers=(*GOOD.headers, GOOD.headers[-1])), NOW, ["malformed:duplicate"]),
    ],
)
def test_causes(sent: SignedRequest, now: int, expected: list[str]) -> None:
    """Every failing check, in order."""
    assert said(check(sent, now=now)) == expected


def test_other_answers() -> None:
    """An account that is not known, a key that is no base64, a scheme that the policy does not take."""
    assert said(check(GOOD, secrets=None)) == ["unknown_identity"]
    assert said(check(GOOD, secrets=known("not base64!"))) == ["misconfigured:secret_not_usable"]
    assert said(check(GOOD, AzureSharedKeyPolicy(schemes=("SharedKeyLite",)))) == ["unsupported_scheme"]
    assert azure_shared_key.string_to_sign(changed("range", "\u2603"), BLOB) is None
    assert azure_shared_key.string_to_sign(changed("authorization", None), BLOB) is None


@pytest.mark.parametrize("settings", [{"service": "cosmos"}, {"schemes": ("AWS",)}, {"window_s": -1}])
def test_settings_that_cannot_work(settings: dict[str, object]) -> None:
    """Told when the policy is made."""
    with pytest.raises(ValueError):
        AzureSharedKeyPolicy(**settings)  # type: ignore[arg-type]


OCTETS = st.text(st.characters(max_codepoint=255), max_size=20)


@given(OCTETS, OCTETS, OCTETS, OCTETS)
def test_any_change_to_a_signed_part_is_refused(path: str, query: str, span: str, version: str) -> None:
    """Accepted again only where the string to sign is the same."""
    sent = replace(changed("range", span), path=path, query=query)
    sent = replace(sent, headers=tuple((n, version if n == "x-ms-version" else v) for n, v in sent.headers))
    same = azure_shared_key.string_to_sign(sent, BLOB) == azure_shared_key.string_to_sign(GOOD, BLOB)
    assert isinstance(check(sent), Accepted) == same


@given(
    st.sampled_from([BLOB, TABLE]),
    st.text(max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(["authorization", "x-ms-date", "date", "content-md5", "x-ms-version"]),
            st.text(max_size=40) | st.sampled_from([DATE, GOOD.headers[-1][1]]),
        ),
        max_size=6,
    ),
)
def test_hostile_requests_never_raise(policy: AzureSharedKeyPolicy, text: str, headers: list[tuple[str, str]]) -> None:
    """And never are an error of the verifier's."""
    outcome = check(SignedRequest("GET", text, text, tuple(headers)), policy)
    assert isinstance(outcome, Refused)
    assert not {"misconfigured", "provider_error"} & set(outcome.causes)
