"""Reading `Authorization: Digest`: good forms, every way to damage one, and no exception for anything."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.verify.digest_client import header, parameters

from authwhy.causes import Cause
from authwhy.model.outcome import Refused
from authwhy.verify.digest_challenge import DigestPolicy
from authwhy.verify.digest_credential import DigestCredential, parse

POLICY = DigestPolicy(realm="ops", algorithms=("SHA-256", "MD5"))
HASHING = replace(POLICY, userhash=True)
SENT = parameters("n1")
GOOD = header(SENT)
NAME = 'username="alice"'


def read(value: str | bytes, policy: DigestPolicy = POLICY) -> DigestCredential:
    credential = parse(value, policy)
    assert isinstance(credential, DigestCredential), credential
    return credential


def with_(**values: str) -> str:
    return header({**SENT, **values})


def without(*names: str) -> str:
    return header({name: value for name, value in SENT.items() if name not in names})


def test_good() -> None:
    """Every parameter arrives unquoted."""
    assert read(GOOD) == DigestCredential(
        "alice", False, "ops", "n1", "/orders?page=2", SENT["response"], "SHA-256", "auth", "00000001",
        "f2/wE4q74E6zIJEt", "",
    )  # fmt: skip
    assert read(GOOD.encode()) == read(GOOD)


@pytest.mark.parametrize(
    "value",
    [
        GOOD.replace("Digest ", "DIGEST "),
        GOOD.replace("Digest ", "digest   "),
        GOOD.replace("qop=auth", 'qop="auth"').replace("algorithm=SHA-256", 'algorithm="sha-256"'),
        GOOD.replace("nc=00000001", 'nc="00000001"'),
        GOOD.replace("username=", "USERNAME=").replace("nonce=", "Nonce="),
        GOOD.replace(", ", ","),
        GOOD.replace(", ", " , , ").replace("=", " =\t"),
        GOOD + ",",
        GOOD.replace('"ops"', '"o\\ps"'),
        GOOD + ', domain-extension="ignored, \\"really\\""',
        GOOD + ", userhash=false",
        GOOD.replace(NAME, "username*=UTF-8''alice"),
        GOOD.replace(NAME, "username*=utf-8'en'%61lice"),
    ],
)
def test_other_spellings(value: str) -> None:
    """What RFC 9110 section 11.2 lets a recipient meet; what the check sees is the same."""
    assert read(value.replace("page =\t2", "page=2")) == read(GOOD)


@pytest.mark.parametrize("name", ["J\u00e4s\u00f8n Doe", "\u6771\u4eac", 'a"b\\c', "a:b", "a'b%41"])
def test_names(name: str) -> None:
    """Quoted UTF-8 and RFC 8187 give the same name."""
    octets = name.encode().decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    extended = "".join(f"%{octet:02X}" for octet in name.encode())
    assert read(GOOD.replace(NAME, f'username="{octets}"')).username == name
    assert read(GOOD.replace(NAME, f"username*=UTF-8''{extended}")).username == name


def test_hashed_name() -> None:
    """Lower-case hex of the algorithm's length, when the policy offers it."""
    credential = read(with_(username="a" * 64, userhash="TRUE"), HASHING)
    assert (credential.username, credential.userhash) == ("a" * 64, True)


def test_algorithm_absent_means_md5() -> None:
    """RFC 2617 section 3.2.1; without MD5 in the policy it is refused, not guessed."""
    value = header({name: text for name, text in parameters("n1", algorithm="MD5").items() if name != "algorithm"})
    assert read(value).algorithm == "MD5"
    outcome = parse(value, DigestPolicy())
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.UNSUPPORTED_ALGORITHM,)
    assert outcome.primary.facts == {"alg": "MD5", "expected": ("SHA-256",)}


REFUSED = [
    ("", "missing", {}),
    (" \t", "missing", {}),
    ("Basic YTpi", "unsupported_scheme", {"seen": "basic", "offered": ("digest",)}),
    ("Bearer abc", "unsupported_scheme", {"seen": "bearer"}),
    ("Secret-canary abc", "unsupported_scheme", {"seen": "other"}),
    ("Digest", "malformed", {"problem": "no_parameters"}),
    ("Digest ", "malformed", {"problem": "no_parameters"}),
    ("Digest: " + GOOD[7:], "malformed", {"problem": "header_name_in_value"}),
    ("Authorization: " + GOOD, "malformed", {"problem": "header_name_in_value"}),
    (" " + GOOD, "malformed", {"problem": "whitespace_around"}),
    ('"' + GOOD, "malformed", {"problem": "no_scheme"}),
    ("Digest YWxpY2U6c2VjcmV0", "malformed", {"problem": "not_a_parameter"}),
    (GOOD.replace(", nc", " nc"), "malformed", {"problem": "not_a_parameter"}),
    (GOOD.replace(", nc", "; nc"), "malformed", {"problem": "not_a_parameter"}),
    (GOOD.replace('uri="', "uri=").replace('2"', "2"), "malformed", {"problem": "not_a_parameter"}),
    (GOOD[:-1], "malformed", {"problem": "open_quote"}),
    (GOOD[:-1] + "\\", "malformed", {"problem": "open_quote"}),
    (GOOD.replace("ops", "o\nps"), "malformed", {"problem": "control_character"}),
    (GOOD.replace("ops", "o\x00ps"), "malformed", {"problem": "control_character"}),
    (GOOD.replace("ops", "o\x1b[0mps"), "malformed", {"problem": "escape_codes"}),
    (GOOD.replace("alice", "\u6771"), "malformed", {"problem": "not_octets"}),
    (GOOD.replace("alice", "\xe4"), "malformed", {"problem": "not_utf8"}),
    (GOOD.replace("ops", "\xc3\xa4"), "malformed", {"problem": "not_ascii", "part": "realm"}),
    (with_(username=""), "malformed", {"problem": "empty_name"}),
    (with_(username="x" * 257), "malformed", {"problem": "name_too_long", "limit": 256}),
    (GOOD.replace(NAME, "username*=UTF-8''a%00"), "malformed", {"problem": "control_character"}),
    (GOOD.replace(NAME, "username*=UTF-8''a%ff"), "malformed", {"problem": "not_utf8"}),
    (GOOD.replace(NAME, "username*=UTF-8''a%4"), "malformed", {"problem": "not_rfc8187"}),
    (GOOD.replace(NAME, "username*=iso-8859-1''a"), "malformed", {"problem": "not_rfc8187"}),
    (GOOD.replace(NAME, "username*=UTF-8''a") + ", userhash=true", "malformed", {"problem": "hashed_and_extended"}),
    (with_(nc="1"), "malformed", {"problem": "not_a_count", "part": "nc"}),
    (with_(nc="0000000A"), "malformed", {"problem": "not_a_count"}),
    (with_(nc="00000000"), "malformed", {"problem": "not_a_count"}),
    (with_(cnonce=""), "malformed", {"problem": "length", "part": "cnonce"}),
    (with_(cnonce="x" * 257), "malformed", {"problem": "length", "part": "cnonce"}),
    (with_(userhash="yes"), "malformed", {"problem": "not_a_flag"}),
    (with_(response=SENT["response"][:-1]), "malformed", {"problem": "length", "expected_digits": 64}),
    (with_(response=SENT["response"] + "0"), "malformed", {"problem": "length", "seen_digits": 65}),
    (with_(response="X" * 64), "malformed", {"problem": "not_hex", "part": "response"}),
    (with_(response=SENT["response"].upper()), "malformed", {"problem": "not_hex"}),
    (with_(algorithm="MD5"), "malformed", {"problem": "length", "expected_digits": 32}),
    (GOOD + ", nc=00000001", "ambiguous", {"parameter": "nc"}),
    (GOOD + ', USERNAME="bob"', "ambiguous", {"parameter": "username"}),
    (GOOD + ", x-canary=1, x-canary=2", "ambiguous", {"parameter": "other"}),
    (GOOD + ", username*=UTF-8''bob", "ambiguous", {"parameter": "username*"}),
    (GOOD + ", Basic YTpi", "ambiguous", {"parameter": "scheme"}),
    (GOOD + ", " + GOOD, "ambiguous", {"parameter": "scheme"}),
    (with_(algorithm="SHA-512-256"), "unsupported_algorithm", {"alg": "SHA-512-256"}),
    (with_(algorithm="SHA-256-sess"), "unsupported_algorithm", {"alg": "SHA-256-sess"}),
    (with_(algorithm="x" * 999), "unsupported_algorithm", {"expected": ("SHA-256", "MD5")}),
    (with_(qop="auth-int"), "unsupported_algorithm", {"parameter": "qop", "seen": "auth-int"}),
    (with_(username="a" * 64, userhash="true"), "unsupported_algorithm", {"parameter": "userhash"}),
    *((without(name), "missing_claim", {"claim": name}) for name in SENT if name != "algorithm"),
    ("Digest " + "x" * 4_090, "malformed", {"problem": "too_long", "limit": 4_096}),
]


@pytest.mark.parametrize(("value", "cause", "facts"), REFUSED)
def test_refused(value: str, cause: str, facts: dict[str, object]) -> None:
    """One cause each; facts come from a fixed list or are the policy's own."""
    outcome = parse(value, POLICY)
    assert isinstance(outcome, Refused)
    assert outcome.causes == (cause,)
    assert facts.items() <= outcome.primary.facts.items()
    assert "canary" not in repr(outcome)


@pytest.mark.parametrize("name", ["A" * 64, "a" * 63, "alice"])
def test_hashed_names_that_are_none(name: str) -> None:
    """A hash in another spelling would be looked up in vain."""
    outcome = parse(with_(username=name, userhash="true"), HASHING)
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.MALFORMED,)
    assert outcome.primary.facts["part"] == "username"


def test_every_failing_check_is_listed() -> None:
    """Absent parameters together, damaged ones together, refused choices together."""
    for value, causes in (
        (without("nc", "qop", "username"), [Cause.MISSING_CLAIM] * 3),
        (with_(nc="x", cnonce="", userhash="maybe"), [Cause.MALFORMED] * 3),
        (with_(qop="auth-int", algorithm="SHA-1"), [Cause.UNSUPPORTED_ALGORITHM] * 2),
        (GOOD + ", nc=1, uri=x", [Cause.AMBIGUOUS] * 2),
    ):
        outcome = parse(value, POLICY)
        assert isinstance(outcome, Refused)
        assert list(outcome.causes) == causes


def test_opaque_is_needed_when_there_is_one() -> None:
    """It must come back (RFC 7616 section 3.4)."""
    policy = replace(POLICY, opaque="o1")
    outcome = parse(GOOD, policy)
    assert isinstance(outcome, Refused)
    assert outcome.primary.facts == {"claim": "opaque"}
    assert read(with_(opaque="o1"), policy).opaque == "o1"


def test_text_form_tells_nothing() -> None:
    """A response can be guessed from."""
    assert repr(read(GOOD)) == "DigestCredential(...)"


PIECES = st.sampled_from(
    ["Digest ", ",", " ", "=", '"', "\\", "\\\\", "\t", "\x00", "\x1b", "\xe4", "\u6771", "\ud800", "username", "nc"]
)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60), st.lists(PIECES | st.text(max_size=4)).map("".join)))
@example("Digest " + "a=b," * 1_000)
@example("Digest " + "a," * 2_000)
@example('Digest a="' + "\\" * 4_000)
@example('Digest a="' + '\\"' * 2_000)
@example("Digest a" + " " * 4_000)
@example("Digest " + "a=" * 2_000)
def test_any_text_is_refused_without_an_exception(value: str | bytes) -> None:
    """With and without the scheme in front; no cause of kind error."""
    for sent in (value, "Digest " + value if isinstance(value, str) else b"Digest " + value):
        outcome = parse(sent, POLICY)
        assert isinstance(outcome, Refused)
        assert all(failure.cause.value not in ("misconfigured", "provider_error") for failure in outcome.failures)


@given(st.integers(7, len(GOOD) - 1), st.characters(max_codepoint=0x2FF))
def test_a_damaged_header_never_raises(at: int, character: str) -> None:
    """Each character of a good one replaced by any other."""
    outcome = parse(GOOD[:at] + character + GOOD[at + 1 :], POLICY)
    assert isinstance(outcome, DigestCredential | Refused)
