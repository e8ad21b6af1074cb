"""Facts are typed: what verifiers and diagnosis attach to a cause is what its page lists (law 2 of the design)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests import refusals
from tests.refusals import always, table
from tests.verify import test_api_key as api_keys
from tests.verify import test_api_key_shape as api_key_shapes
from tests.verify import test_basic as basics
from tests.verify import test_basic_credential as basic_credentials
from tests.verify import test_certificate_checks as certificates
from tests.verify import test_certificate_path as paths
from tests.verify import test_client_cert as client_certs
from tests.verify import test_damaged as damaged
from tests.verify import test_jwt as jwts
from tests.verify import test_password as passwords
from tests.verify import test_totp as totps
from tests.verify.certificate_factory import NOW as CERTIFICATE_NOW
from tests.verify.certificate_factory import issue, rsa_key, with_signature_algorithm
from tests.verify.jose_generator import ALGORITHMS, SIGNERS, make
from tests.verify.jose_tokens import AUDIENCE, ISSUER, NOW, POLICY, number, signer

from authwhy import explain
from authwhy.causes import Cause
from authwhy.causes.schema import PageCase, read_pages
from authwhy.diagnose.observe.lexicon_rule import from_hit
from authwhy.lexicon.build import read_all
from authwhy.lexicon.match import Hit
from authwhy.model.outcome import FactValue, Outcome, Refused
from authwhy.model.policy import ApiKeyPolicy, BasicPolicy, ClientCertPolicy, JwtPolicy
from authwhy.verify import api_key, basic, client_cert, jwt, totp
from authwhy.verify.basic import Account
from authwhy.verify.client_cert import ClientCertificate
from authwhy.verify.flow import Unavailable, drive
from authwhy.verify.jwk import KeySet

SRC = Path(__file__).resolve().parent.parent / "src/authwhy"
LISTED = {page.code: page.facts for page in read_pages()}
CASES = [case for page in read_pages() for case in page.cases]
# What was wanted and what was there: one value for some causes, several for others.
COMPARED = {"expected", "seen"}


def fits(value: FactValue, kind: str) -> bool:
    """Has a value the type of the page? None is a fact that is not there, such as the key id of a token without one.

    A list of one may stand alone: a token or a sentence names one audience where a policy names several.
    """
    if value is None:
        return True
    if kind == "list":
        return type(value) is str or (type(value) is tuple and all(type(one) is str for one in value))
    return type(value) is {"time": int, "int": int, "str": str, "bool": bool}[kind]


def unlisted(causes: Iterable[str], facts: Mapping[str, FactValue]) -> list[str]:
    """The facts that no page of these causes lists with a fitting type, with where they were found."""
    pages = [LISTED[cause] for cause in causes]
    return [
        f"{', '.join(causes)}: {name} = {value!r}"
        for name, value in facts.items()
        if not any(name in page and fits(value, page[name]) for page in pages)
    ]


def basic_refusals() -> Iterator[Outcome]:
    """Every account, every damaged header, every stored hash that cannot be computed."""
    for secret, account, _ in table(basics.test_causes):
        yield basics.check(secret, account)
    for value, *_ in table(basic_credentials.test_refused):
        yield drive(basic.verify(value, basic_credentials.POLICY, 0), always(None))
    for stored, *_ in table(passwords.test_hashes_that_cannot_be_checked) + table(
        passwords.test_hostile_cost_is_not_computed
    ):
        yield basics.check("secret", Account("alice", stored))
    yield basics.check("x" * 73, Account("alice", passwords.bcrypted(b"x" * 72)))
    yield drive(basic.verify("x" * 9_999, BasicPolicy(), 0), always(None))


def api_key_refusals() -> Iterator[Outcome]:
    """Every record, and every text that is no key."""
    for record, _ in table(api_keys.test_refused):
        yield api_keys.check(record, api_keys.SCOPED)
    for test, policy in (
        (api_key_shapes.test_malformed, api_key_shapes.POLICY),
        (api_key_shapes.test_other_kind, api_key_shapes.LIVE),
        (api_key_shapes.test_other_kind, ApiKeyPolicy()),
    ):
        for key, *_ in table(test):
            yield drive(api_key.verify(key, policy, 0), always(None))


def totp_refusals() -> Iterator[Outcome]:
    """Every code, policy and answer."""
    for sent, *_ in table(totps.test_shape):
        yield totps.check(sent)
    for offset, _ in table(totps.test_codes_of_other_periods):
        yield totps.check(totps.code(offset))
    for policy in table(totps.test_policy_that_cannot_work):
        yield drive(totp.verify(totp.TotpCode("1" * policy.digits, "alice"), policy, NOW), always(None))
    for enrolment, seen, _ in table(totps.test_answers_of_the_world):
        yield totps.check(totps.code(0), enrolment=enrolment, seen=seen)


def client_cert_refusals() -> Iterator[Outcome]:
    """Every leaf, path and answer."""
    for leaf, sent, policy, now, _ in table(client_certs.test_one_cause):
        yield client_certs.check(leaf, *sent, policy=policy, now=now)
    for leaf, *_ in table(certificates.test_leaf_key):
        yield client_certs.check(leaf)
    for extensions, _ in table(certificates.test_usage):
        leaf = issue("a", client_certs.ROOT, days=(1, 9), extensions=extensions)
        yield client_certs.check(leaf, policy=client_certs.FOR_BOB)
    trusted = ClientCertPolicy(roots=(paths.ROOT.der,))
    for issuer, _ in table(paths.test_issuer_rules):
        yield client_certs.check(issue("leaf", issuer), issuer, policy=trusted)
    short = issue("short", paths.ROOT, ca=True, path_length=0)
    below = issue("below", short, ca=True)
    yield client_certs.check(issue("leaf", below), below, short, policy=trusted)
    yield client_certs.check(paths.LEAF, paths.MIDDLE, policy=ClientCertPolicy(roots=(paths.ROOT.der,), names=("b",)))
    yield client_certs.check(paths.LEAF, paths.MIDDLE, policy=ClientCertPolicy(roots=trusted.roots, max_chain_depth=0))
    rsa_root = issue("rsa root", ca=True, key=rsa_key(2048))
    old = with_signature_algorithm(issue("a", rsa_root).der, 5)
    asking = ClientCertPolicy(roots=trusted.roots, check_revoked=True)
    for credential, policy, answer in (
        (ClientCertificate(old), ClientCertPolicy(roots=(rsa_root.der,)), None),
        (ClientCertificate(b"", (b"x",)), trusted, None),
        (ClientCertificate(b"", (b"x",) * 17), trusted, None),
        (ClientCertificate(paths.LEAF.der, (paths.MIDDLE.der,)), asking, True),
        (ClientCertificate(paths.LEAF.der, (paths.MIDDLE.der,)), asking, None),
        (ClientCertificate(paths.LEAF.der, (paths.MIDDLE.der,)), asking, Unavailable()),
    ):
        yield drive(client_cert.verify(credential, policy, CERTIFICATE_NOW), always(answer))


def jwt_refusals() -> Iterator[Outcome]:
    """Tokens changed in every way the generator knows, damaged ones, keys that do not fit, and every answer."""
    usual = JwtPolicy(algorithms=ALGORITHMS, issuers=(ISSUER, "https://b.example"), audiences=(AUDIENCE,))
    strict = replace(usual, typ=("at+jwt",), required=("tenant",), scope=("admin",), max_age_s=60)
    keys = KeySet.from_jwks({"keys": [one.jwk for one in SIGNERS.values()]})
    for seed in range(400):
        for policy in (usual, strict):
            yield jwt.check(make(seed, NOW).token, policy, NOW, keys)
    for token, *_ in (*table(damaged.test_what_is_wrong_inside), ("x" * 16_385,), (damaged.GOOD[:-8],)):
        yield jwt.check(token, POLICY, NOW, damaged.ONE.keys)
    one = jwts.ONE
    yield jwt.check(one.token(at_hash="x"), strict, NOW, jwts.KEYS)
    weak = {"kty": "RSA", "e": "AQAB", "n": number(2**1023 + 1), "kid": "k1"}
    for jwk in (weak, {**one.jwk, "use": "enc"}, signer("HS256").jwk):
        yield jwt.check(signer("RS256").token(), POLICY, NOW, KeySet.from_jwks({"keys": [jwk]}))
        yield jwt.check(one.token(), POLICY, NOW, KeySet.from_jwks({"keys": [jwk]}))
    asking = JwtPolicy(check_revoked=True, check_replay=True)
    for name in ("KeyAsk", "RevokedAsk", "SeenAsk"):
        for answer in (True, None, Unavailable()):
            yield drive(jwt.verify(one.token(), asking, NOW), jwts.world(**{name: answer}))
    yield jwt.check(one.token(), asking, NOW, jwts.KEYS)


REFUSALS: Mapping[str, Callable[[], Iterator[Outcome]]] = {
    "jwt": jwt_refusals,
    "basic": basic_refusals,
    "api_key": api_key_refusals,
    "totp": totp_refusals,
    "client_cert": client_cert_refusals,
    "digest": refusals.digest_refusals,
    "signed_request": refusals.signed_refusals,
    "session": refusals.session_refusals,
    "dpop": refusals.dpop_refusals,
    "login": refusals.login_refusals,
    "introspection": refusals.introspection_refusals,
    "guard": refusals.guard_refusals,
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_facts_of_a_refusal_are_on_the_page_of_its_cause(kind: str) -> None:
    """By name and type, for every refusal that the tests of a verifier know."""
    failures = [failure for outcome in REFUSALS[kind]() if isinstance(outcome, Refused) for failure in outcome.failures]
    assert any(failure.facts for failure in failures)
    assert {line for failure in failures for line in unlisted([failure.cause.value], failure.facts)} == set()


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_facts_of_a_finding_are_on_the_page_of_its_cause(case: PageCase) -> None:
    """Or on that of one of the causes it is still undecided among."""
    for finding in explain(case.input, **case.context).findings:
        causes = dict.fromkeys([finding.cause.value, *(cause.value for cause in finding.among)])
        assert unlisted(list(causes), finding.facts) == []


def test_facts_of_a_lexicon_row_are_on_a_page_of_its_causes() -> None:
    """A row with a hole such as {user} attaches a fact: list it under [facts] of the row's first cause."""
    problems: set[str] = set()
    for _, rows in read_all():
        for row in (source.row for source in rows if source.row.causes):
            holes = dict.fromkeys(re.findall(r"\{(\w+)\}", row.pattern), "x")
            facts = from_hit(Hit(row, 0, 1, 1, "", holes)).facts
            problems.update(unlisted([cause.value for cause in row.causes], facts))
    assert problems == set()


def written() -> Iterator[tuple[str, str, str]]:
    """(place, cause, name) of every fact that guard's source attaches to a cause it names."""
    for path in sorted((SRC / "guard").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            first = node.args[0]
            if not isinstance(first, ast.Attribute) or getattr(first.value, "id", "") != "Cause":
                continue
            names = [keyword.arg for keyword in node.keywords if keyword.arg and keyword.arg != "attested"]
            for part in (part for part in node.args if isinstance(part, ast.Dict)):
                names += [str(key.value) for key in part.keys if isinstance(key, ast.Constant)]
            yield from ((f"{path.name}:{node.lineno}", Cause[first.attr].value, str(name)) for name in names)


def test_facts_that_guard_writes_are_on_the_page_of_their_cause() -> None:
    """Also those of refusals that no test of this file brings about."""
    found = list(written())
    assert len(found) > 20
    assert [row for row in found if row[2] not in LISTED[row[1]]] == []


def test_a_fact_has_the_same_type_on_every_page() -> None:
    """A reader of the JSON form learns a name once."""
    types: dict[str, set[str]] = defaultdict(set)
    for facts in LISTED.values():
        for name, kind in facts.items():
            types[name].add(kind)
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1 and name not in COMPARED} == {}


def test_names_of_facts_say_what_is_counted() -> None:
    """A time, s since 1970, ends in _at or is one of the words of certificates and tokens; a duration ends in _s."""
    for facts in LISTED.values():
        for name, kind in facts.items():
            is_time = name.endswith("_at") or name in ("now", "not_before", "not_after", "valid_from")
            assert (kind == "time") == is_time, name
            assert kind == "int" or not name.endswith("_s"), name


def test_every_fact_of_a_page_is_one_that_the_code_names() -> None:
    """A page promises no fact that nothing attaches."""
    sources = [path.read_text("utf-8") for path in sorted(SRC.rglob("*.py")) if path.parent.name != "causes"]
    named = {name for text in sources for pair in re.findall(r'"(\w+)"|\b(\w+)=', text) for name in pair}
    assert {name for facts in LISTED.values() for name in facts} - named == set()
