"""Every refusal that the tests of the newer verifiers, and of guard itself, know: for the contract on facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from tests.guard.scripted import Scripted, watched
from tests.verify import test_digest as digests
from tests.verify import test_digest_credential as digest_credentials
from tests.verify import test_dpop as dpops
from tests.verify import test_dpop_key as dpop_keys
from tests.verify import test_id_token as id_tokens
from tests.verify import test_introspection as introspections
from tests.verify import test_login_state as login_states
from tests.verify import test_oauth_login as logins
from tests.verify import test_session as sessions
from tests.verify import test_token_answer as token_answers
from tests.verify.digest_client import header
from tests.verify.hmac_request import test_azure_shared_key as azures
from tests.verify.hmac_request import test_http_signature as signatures
from tests.verify.hmac_request import test_settle as settles
from tests.verify.hmac_request import test_sigv4 as sigv4s
from tests.verify.hmac_request import test_webhook as webhooks
from tests.verify.hmac_request.world import judge, known
from tests.verify.jose_tokens import NOW

from authwhy.causes import Cause
from authwhy.guard import Throttle, View, any_of, deny, need, skip
from authwhy.guard.answers import Accept, Decision, Denied, Deny, answer_of
from authwhy.guard.pool import Overloaded
from authwhy.guard.rules import Rule
from authwhy.model.outcome import Accepted, Failure, Outcome, Refused
from authwhy.stores.interface import StoreUnavailable
from authwhy.verify import digest, dpop, session
from authwhy.verify.dpop import mtls_binding
from authwhy.verify.dpop_key import ProofHeader
from authwhy.verify.flow import Ask, Unavailable, drive
from authwhy.verify.hmac_request.settle import settle
from authwhy.verify.login_state import open_login
from authwhy.verify.oauth_login import check_callback
from authwhy.verify.token_answer import read_token_answer


def table(test: Callable[..., None]) -> list[Any]:
    """The rows that a parametrized test runs over."""
    marks: list[Any] = vars(test)["pytestmark"]
    return list(marks[0].args[1])


def always(answer: object) -> Callable[[Ask], object]:
    """A world that knows one answer."""
    return lambda _: answer


def digest_refusals() -> Iterator[Outcome]:
    """Every answer to a challenge, every damaged header, every state of the world."""
    for value, secret, _ in table(digests.test_refused):
        yield digests.check(value, secret)
    for seen in (True, None, Unavailable()):
        yield digests.check(header(digests.GOOD), seen=seen)
    for value, *_ in table(digest_credentials.test_refused):
        flow = digest.verify(value, digests.REQUEST, digest_credentials.POLICY, digests.NONCES, 0)
        yield drive(flow, always(None))


def signed_refusals() -> Iterator[Outcome]:
    """Every dialect: each request that its tests change, and every answer."""
    for value, now, _ in table(sigv4s.test_refused):
        yield sigv4s.check(value, now=now)
    for value, now, _ in table(azures.test_causes):
        yield azures.check(value, now=now)
    for value, now, _ in table(signatures.test_causes):
        yield signatures.check(value, signatures.POLICY, now, signatures.KNOWN)
    for pairs, now, _ in table(webhooks.test_stripe):
        yield webhooks.check(webhooks.stripe(*pairs), "stripe", known(webhooks.SECRET), now)
    for value, dialect, _ in table(webhooks.test_causes):
        yield webhooks.check(value, dialect, known(webhooks.SECRET))
    for secrets, _ in table(settles.test_answers_of_the_world):
        yield judge(settle(settles.signed(), settles.POLICY, settles.NOW), secrets)
    replayed = replace(settles.POLICY, check_replay=True)
    for seen, _ in table(settles.test_replay):
        yield judge(settle(settles.signed(replay=("v", 9)), replayed, settles.NOW), known("good"), seen)


def session_refusals() -> Iterator[Outcome]:
    """Every cookie and every record."""
    for cookie, *_ in sessions.MALFORMED:
        yield drive(session.verify(cookie, sessions.POLICY, sessions.NOW), always(None))
    for cookie, now, *_ in table(sessions.test_refused_before_anything_is_looked_up):
        yield drive(session.verify(cookie, sessions.POLICY, now), always(None))
    for record, _ in sessions.ANSWERS:
        yield sessions.check(record=record)


def dpop_refusals() -> Iterator[Outcome]:
    """Every proof, key and answer."""
    for text, request, _ in dpops.ONE_CAUSE:
        yield dpops.check(text, request)
    for policy, text, answers, _ in dpops.ANSWERS:
        yield drive(dpop.verify(text, dpops.REQUEST, policy, NOW), dpops.world(**answers))
    for claims, certificate, _ in dpops.BINDINGS:
        yield of(mtls_binding(claims, certificate))
    for jwk, _ in dpop_keys.DAMAGED:
        yield of(dpop_keys.read({**dpop_keys.HEADER, "jwk": jwk}))
    for changes, _ in dpop_keys.UNWANTED:
        found = dpop_keys.read({**dpop_keys.HEADER, **changes})
        assert isinstance(found, ProofHeader)
        yield of(*found.resolution.algorithm, *found.resolution.key)


def of(*found: object) -> Outcome:
    """The failures among these as a refusal; accepted when there is none."""
    failures = tuple(one for one in found if isinstance(one, Failure))
    return Refused(failures) if failures else Accepted()


def login_refusals() -> Iterator[Outcome]:
    """A sign-in elsewhere: the kept state, the way back, what the provider reports, its tokens."""
    for cookie, *_ in login_states.REFUSED:
        yield outcome_of(open_login(cookie, login_states.KEYS))
    for pairs, state, _ in logins.CALLBACKS:
        yield outcome_of(check_callback(pairs, state, logins.NOW, logins.POLICY))
    for error, _ in logins.REPORTED:
        pairs = [logins.GOOD[0], ("error", error), ("error_description", "why")]
        yield outcome_of(check_callback(pairs, logins.STATE, logins.NOW, logins.POLICY))
    for status, kind, body, *_ in token_answers.REFUSED:
        yield outcome_of(read_token_answer(status, kind, body))
    for changes, state, _ in id_tokens.FAILING:
        yield of(*id_tokens.check({**id_tokens.CLAIMS, **changes}, state))


def outcome_of(found: object) -> Outcome:
    """The refusal, when it is one."""
    return found if isinstance(found, Refused) else Accepted()


def introspection_refusals() -> Iterator[Outcome]:
    """Every answer of the provider, and every text that is no token."""
    for members, _ in table(introspections.test_every_failing_check_in_the_fixed_order):
        yield introspections.check(introspections.changed(**members))
    for members, _ in table(introspections.test_an_answer_that_cannot_be_read_is_the_providers_fault):
        yield introspections.check(introspections.changed(**members))
    for answer, *_ in table(introspections.test_no_answer_is_an_error_and_never_a_bad_credential):
        yield introspections.check(answer)
    for token, *_ in table(introspections.test_no_question_for_a_text_that_is_no_token):
        yield introspections.check(None, token=token)


class Failing(OSError):
    """A store's own fault, with facts."""

    cause = Cause.PROVIDER_UNREACHABLE
    facts: Mapping[str, str] = StoreUnavailable("redis", "timeout").facts


def guard_refusals() -> Iterator[Outcome]:
    """What guard itself says: no answer, nonsense, exceptions, rules, demands, limits, one credential too many."""
    said: Mapping[str, Callable[[], object]] = {
        "nothing": lambda: None, "true": lambda: answer_of(True), "text": lambda: "who", "denied": lambda: Deny(()),
        "late": lambda: failing(TimeoutError()), "own": lambda: failing(Failing()), "bug": lambda: failing(KeyError()),
        "full": lambda: failing(Overloaded("hash")), "bad": lambda: deny(Cause.WRONG_SECRET),
        "good": lambda: Accept("alice", scope=frozenset(("read",)), acr="pwd", authenticated_at=1),
        "plain": lambda: Accept("alice"),
    }  # fmt: skip
    one, two = (Scripted(name, lambda value: said[value](), guessable=True, password_like=True) for name in "ab")
    guard, _ = watched(one, two, throttle=Throttle(1))
    demands: list[Rule] = [need("a", scope="write"), need("a", acr="mfa"), need("a", max_age=5)]
    rules: list[Rule] = [any_of("a", "b"), skip("a", lambda view: True), *demands]
    for rule in rules:
        for value in (*said, None):
            headers = {"x-a": value} if value else {"Authorization": "Basic x"}
            yield refusal(guard.decide_sync(View.of("GET", "/", headers), rule))
    yield refusal(guard.decide_sync(View.of("GET", "/", {"x-a": "good", "x-b": "good"}), any_of("a", "b")))
    yield refusal(guard.refuse(View.of("GET", "/"), Cause.POLICY_BLOCKED, problem="no_rule"))


def failing(error: Exception) -> object:
    """Raise it."""
    raise error


def refusal(decision: Decision) -> Outcome:
    """The first reason of each provider."""
    if not isinstance(decision, Denied):
        return Accepted()
    return of(*(Failure(one.cause, one.detail, one.facts) for one in decision.refusals))
