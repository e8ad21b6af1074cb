"""Every combination of providers and answers: all refusals kept, and doubt never lets a request in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.guard.scripted import Scripted, decide, watched

from authwhy.causes import Cause, Kind, meta
from authwhy.guard import NOT_MINE, Accept, Accepted, Denied, View, custom, deny, need, skip
from authwhy.guard import all_of as every
from authwhy.guard import any_of as either
from authwhy.guard import optional as perhaps
from authwhy.guard.answers import Demand
from authwhy.guard.decide import Gate, failed, unmet
from authwhy.guard.pool import Overloaded
from authwhy.guard.rules import AllOf, AnyOf, Optional, Rule, Skip
from authwhy.stores.interface import StoreUnavailable


def says(value: str) -> object:
    """An answer by the credential's text."""
    if value == "raise":
        raise ConnectionResetError("canary")
    return {
        "good": Accept("mara", scope=frozenset({"read"}), user="mara"),
        "bad": deny(Cause.WRONG_SECRET),
        "no": deny(Cause.POLICY_BLOCKED),
        "second": deny(Cause.SECOND_FACTOR_REQUIRED),
        "other": NOT_MINE,
    }.get(value)


def guard(**settings: Any) -> Any:
    """Providers a, b and c."""
    return watched(Scripted("a", says), Scripted("b", says), Scripted("c", says), **settings)[0]


def causes(rule: Rule, **sent: str) -> dict[str, str] | None:
    """The refusals by provider, None for an accepted request."""
    decision = decide(guard(), {f"x-{name}": value for name, value in sent.items()}, rule)
    return None if isinstance(decision, Accepted) else {r.provider: r.cause.value for r in decision.refusals}


def accepted(rule: Rule, **sent: str) -> Accepted | None:
    """The acceptance, None for a refused request."""
    decision = decide(guard(), {f"x-{name}": value for name, value in sent.items()}, rule)
    return decision if isinstance(decision, Accepted) else None


def test_the_first_that_accepts_decides() -> None:
    one = accepted(either("a", "b"), b="good")
    assert one is not None
    assert (one.provider, one.principal, one.principals) == ("b", "mara", {"b": "mara"})


def test_every_refusal_is_kept_in_order() -> None:
    assert causes(every("b", "a", "c"), a="bad", b="no") == {"b": "policy_blocked", "a": "wrong_secret", "c": "missing"}


def test_one_that_accepted_is_no_refusal() -> None:
    assert causes(every("a", "b"), a="good") == {"b": "missing"}
    assert causes(every("a", "b"), a="good", b="bad") == {"b": "wrong_secret"}


@pytest.mark.parametrize(
    ("sent", "leads"),
    [
        ({"a": "bad", "b": "raise", "c": "no"}, ("b", Cause.PROVIDER_UNREACHABLE)),
        ({"a": "no", "c": "bad"}, ("c", Cause.WRONG_SECRET)),
        ({"b": "no"}, ("b", Cause.POLICY_BLOCKED)),
        ({"c": "second"}, ("c", Cause.SECOND_FACTOR_REQUIRED)),  # before a and b, to which nothing was presented
        ({}, (None, Cause.MISSING)),
        ({"b": "other"}, (None, Cause.MISSING)),
    ],
)
def test_what_leads(sent: dict[str, str], leads: tuple[str | None, Cause]) -> None:
    """error > invalid_credentials > denied > no_credentials."""
    decision = decide(guard(), {f"x-{name}": value for name, value in sent.items()}, every("a", "b", "c"))
    assert isinstance(decision, Denied)
    assert (decision.provider, decision.cause) == leads


def test_optional() -> None:
    nobody = accepted(perhaps("a", "b"))
    assert nobody is not None
    assert nobody.anonymous
    assert nobody.principal is None
    assert accepted(perhaps("a", "b"), b="good") is not None
    assert causes(perhaps("a", "b"), b="bad") == {"a": "missing", "b": "wrong_secret"}
    assert causes(perhaps("a"), a="raise") == {"a": "provider_unreachable"}
    assert causes(perhaps("a"), a="other") == {"a": "missing"}  # presented, and nobody decided
    assert causes(either(perhaps("a"), "b"), b="bad") == {"a": "missing", "b": "wrong_secret"}
    assert accepted(either(perhaps("a"), "b")) is not None
    assert causes(every(perhaps("a"), "b")) == {"a": "missing", "b": "missing"}
    assert accepted(every(perhaps("a"), perhaps("b"))) is not None


def test_an_unknown_scheme_is_no_anonymous_caller() -> None:
    decision = decide(guard(), {"Authorization": "Hawk id=1"}, perhaps("a"))
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.UNSUPPORTED_SCHEME
    assert decision.refusals[0].facts == {"seen": "other"}
    known = decide(guard(), {"Authorization": "Negotiate abc"}, "a")
    assert isinstance(known, Denied)
    assert known.refusals[0].facts == {"seen": "negotiate"}


def test_two_credentials_where_one_is_wanted() -> None:
    assert causes(either("a", "b"), a="good", b="good") == {"a": "ambiguous", "b": "ambiguous"}
    assert causes(perhaps("a", "b"), a="good", b="bad") == {"a": "ambiguous", "b": "ambiguous"}
    assert accepted(every("a", "b"), a="good", b="good") is not None
    assert accepted(either(every("a", "b"), every("a", "c")), a="good", b="good") is not None


def test_an_ambient_credential_contradicts_nothing() -> None:
    made, _ = watched(Scripted("a", says), Scripted("cookie", says, ambient=True))
    assert decide(made, {"x-a": "good", "x-cookie": "bad"}).accepted
    assert decide(made, {"x-cookie": "other"}, perhaps("a", "cookie")).accepted  # its own word for "nothing here"
    assert not decide(made, {"x-cookie": "bad"}, perhaps("a", "cookie")).accepted


def test_custom_checks_can_be_optional() -> None:
    made, _ = watched(custom("mine", lambda view: "mara" if view.header(b"x-mine") else NOT_MINE))
    assert decide(made, {}, perhaps("mine")).accepted
    assert not decide(made, {}, "mine").accepted
    assert not decide(made, {"Authorization": "Bearer x"}, perhaps("mine")).accepted


def test_a_provider_is_asked_once() -> None:
    provider = Scripted("a", says)
    made, _ = watched(provider)
    asyncio.run(made.decide(View.of("GET", "/", {"x-a": "bad"}), either("a", every("a", "a"))))
    assert provider.asked == 1


def test_demands() -> None:
    assert accepted(need("a", scope="read"), a="good") is not None
    assert causes(need("a", scope="read write"), a="good") == {"a": "insufficient_scope"}
    assert causes(need("a", scope="write"), a="bad") == {"a": "wrong_secret"}
    # another demand on the same credential is another question
    assert accepted(either(need("a", scope="write"), need("a", scope="read")), a="good") is not None
    assert causes(every(need("a", scope="read"), need("a", scope="write")), a="good") == {"a": "insufficient_scope"}
    assert accepted(need(every("a", "b"), scope="read"), a="good", b="good") is not None
    assert accepted(need(perhaps("a"), scope="write")) is not None


@pytest.mark.parametrize(
    ("demand", "accept", "cause"),
    [
        (Demand(acr=("mfa",)), Accept(1, acr="mfa"), None),
        (Demand(acr=("mfa", "hw")), Accept(1, acr="pwd"), Cause.STRONGER_AUTHENTICATION_REQUIRED),
        (Demand(acr=("mfa",)), Accept(1), Cause.STRONGER_AUTHENTICATION_REQUIRED),
        (Demand(max_age=60), Accept(1, authenticated_at=940), None),
        (Demand(max_age=60), Accept(1, authenticated_at=939), Cause.STRONGER_AUTHENTICATION_REQUIRED),
        (Demand(max_age=60), Accept(1), Cause.STRONGER_AUTHENTICATION_REQUIRED),
        (Demand(frozenset({"a"})), Accept(1, scope=frozenset({"a", "b"})), None),
        (Demand(frozenset({"a"})), Accept(1, scope=frozenset({"ab"})), Cause.INSUFFICIENT_SCOPE),
        (Demand(frozenset({"a"})), Accept(1), Cause.INSUFFICIENT_SCOPE),
        (Demand(frozenset({"a"}), ("mfa",)), Accept(1), Cause.STRONGER_AUTHENTICATION_REQUIRED),
    ],
)
def test_unmet(demand: Demand, accept: Accept, cause: Cause | None) -> None:
    """Whole words, never parts of them; what is not known is not met."""
    found = unmet(accept, demand, 1_000)
    assert (None if found is None else found.cause) == cause
    assert found is None or found.attested


def test_skip() -> None:
    def here(view: View) -> bool:
        return view.header(b"x-skip") is not None

    a = skip("a", here)
    assert accepted(every(a, "b"), skip="1", b="good") is not None
    assert accepted(every(a, "b"), a="good", b="good") is not None
    assert causes(a, skip="1") == {"a": "policy_blocked"}
    assert causes(either(a, skip("b", here)), skip="1", a="good") == {"a": "policy_blocked"}
    assert causes(every(a, skip("b", here)), skip="1", a="good") == {"a": "policy_blocked"}
    assert causes(perhaps(a), skip="1") == {"a": "policy_blocked"}
    assert accepted(every(a, perhaps("b")), skip="1") is not None
    # left out, and yet something was presented to it: nobody decided about that
    assert causes(every(a, perhaps("b")), skip="1", a="bad") == {"b": "missing"}


@pytest.mark.parametrize("answer", [None, 1, "yes", 0, object()])
def test_only_true_skips(answer: object) -> None:
    assert causes(every(skip("a", lambda view: answer), "b"), b="good") == {"a": "missing"}  # type: ignore[arg-type, return-value]


def test_a_broken_predicate_closes() -> None:
    def broken(view: View) -> bool:
        raise KeyError("canary")

    assert causes(every(skip("a", broken), "b"), b="good") == {"a": "provider_error"}
    assert causes(perhaps(skip("a", broken))) == {"a": "provider_error"}


def test_an_asynchronous_predicate_is_awaited() -> None:
    async def when(view: View) -> bool:
        return False

    assert causes(every(skip("a", when), "b"), b="good") == {"a": "missing"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("canary"), Cause.PROVIDER_ERROR),
        (ConnectionRefusedError("canary"), Cause.PROVIDER_UNREACHABLE),
        (TimeoutError(), Cause.PROVIDER_UNREACHABLE),
        (EOFError(), Cause.PROVIDER_UNREACHABLE),
        (Overloaded("canary"), Cause.RATE_LIMITED),
        (StoreUnavailable("redis", "full"), Cause.PROVIDER_ERROR),
        (StoreUnavailable("memory", "full"), Cause.RATE_LIMITED),
    ],
)
def test_exceptions(error: Exception, cause: Cause) -> None:
    deny = failed(error)
    assert deny.cause is cause
    assert "canary" not in repr(deny)


def test_facts_of_a_strange_exception_are_not_told() -> None:
    class Strange(Exception):
        cause = Cause.WRONG_SECRET  # no error cause: an exception is an outage, never a bad credential
        facts = {"password": "canary"}  # noqa: RUF012

    deny = failed(Strange())
    assert deny.cause is Cause.PROVIDER_ERROR
    assert deny.failures[0].facts == {"exception": "Strange"}


def factor(value: str) -> object:
    return deny(Cause.WRONG_SECOND_FACTOR) if value == "bad" else Accept(value, user=value)


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        ({"a": "mara", "otp": "1"}, None), ({"b": "mara", "otp": "1"}, None), ({"a": "mara"}, Cause.SECOND_FACTOR_REQUIRED),
        ({"b": "mara"}, Cause.SECOND_FACTOR_REQUIRED), ({"a": "mara", "otp": "bad"}, Cause.WRONG_SECOND_FACTOR),
        ({"b": "mara", "otp": "bad"}, Cause.WRONG_SECOND_FACTOR), ({"otp": "1"}, Cause.MISSING), ({}, Cause.MISSING),
    ],
)  # fmt: skip
def test_second_factor(sent: dict[str, str], cause: Cause | None) -> None:
    """It belongs to whoever the same all_of accepted first, and is nothing alone, whichever first factor was used."""
    otp = Scripted("otp", factor, second_factor=True)
    made, events = watched(Scripted("a", factor), Scripted("b", factor), otp)
    decision = decide(
        made, {f"x-{name}": value for name, value in sent.items()}, either(every("otp", "a"), every("b", "otp"))
    )
    assert getattr(decision, "cause", None) is cause
    if cause in (Cause.SECOND_FACTOR_REQUIRED, Cause.WRONG_SECOND_FACTOR):
        assert (decision.provider, events[-1].outcome == "interrupt") == ("otp", cause is Cause.SECOND_FACTOR_REQUIRED)
    assert not decide(made, {"x-otp": "1"}, "otp").accepted
    assert not decide(made, {"x-otp": "1"}, perhaps("otp")).accepted
    assert not decide(made, {"x-otp": "1", "x-a": "mara"}, every(perhaps("b"), "otp")).accepted


class Counting(Gate):
    """A gate that refuses on the word, and keeps what it was told."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.left: list[tuple[object, object]] = []

    def enter(self, provider: Any, view: Any, found: Any, now: int) -> Any:
        yield from ()
        if self.refuse == "raise":
            raise StoreUnavailable("redis", "unreachable")
        return deny(Cause.RATE_LIMITED) if found.value == self.refuse else ("held", found.value)

    def leave(self, held: Any, view: Any, found: Any, answer: Any, now: int) -> Any:
        yield from ()
        self.left.append((held, answer))
        if found.value == "leave":
            raise StoreUnavailable("redis", "unreachable")
        return answer


def gated(gate: Gate, value: str, guessable: bool = True) -> tuple[Any, Scripted]:
    provider = Scripted("a", says, guessable=guessable)
    made, _ = watched(provider)
    made.gate = gate
    return asyncio.run(made.decide(View.of("GET", "/", {"x-a": value}), "a")), provider


def test_the_gate_stands_before_the_check() -> None:
    decision, provider = gated(Counting("good"), "good")
    assert (decision.cause, provider.asked) == (Cause.RATE_LIMITED, 0)
    decision, provider = gated(Counting("raise"), "good")
    assert (decision.cause, provider.asked) == (Cause.PROVIDER_UNREACHABLE, 0)
    assert gated(Counting("good"), "good", guessable=False)[0].accepted


@pytest.mark.parametrize("value", ["good", "bad", "raise", "nonsense"])
def test_the_gate_is_left_after_every_check(value: str) -> None:
    gate = Counting()
    gated(gate, value)
    assert [held for held, _ in gate.left] == [("held", value)]


def test_an_attempt_that_cannot_be_counted_is_not_decided() -> None:
    provider = Scripted("a", lambda value: Accept("mara"), guessable=True)
    made, _ = watched(provider)
    made.gate = Counting()
    decision = asyncio.run(made.decide(View.of("GET", "/", {"x-a": "leave"}), "a"))
    assert isinstance(decision, Denied)
    assert decision.cause is Cause.PROVIDER_UNREACHABLE


WORDS = ("", "good", "bad", "no", "other", "raise", "nonsense")
NAMES = st.sampled_from(["a", "b", "c"])
RULES: st.SearchStrategy[Rule] = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda rules: AnyOf(tuple(rules))),
        st.lists(inner, min_size=1, max_size=3).map(lambda rules: AllOf(tuple(rules))),
        inner.map(Optional),
        inner.map(lambda rule: Skip(rule, lambda view: view.header(b"x-skip") is not None)),
        inner.map(lambda rule: need(rule, scope="read")),
    ),
    max_leaves=6,
)


@given(RULES, st.tuples(*[st.sampled_from(WORDS)] * 3), st.booleans())
def test_invariants(rule: Rule, words: tuple[str, str, str], skipping: bool) -> None:
    """Accepted: by somebody who accepted. Anonymous: nothing was presented to anybody. Refused: never without a cause."""
    sent = {f"x-{name}": word for name, word in zip("abc", words, strict=True) if word}
    made = guard()
    decision = made.decide_sync(View.of("GET", "/", {**sent, **({"x-skip": "1"} if skipping else {})}), rule)
    if isinstance(decision, Accepted):
        assert all(sent[f"x-{name}"] == "good" for name in decision.principals)
        if decision.anonymous:
            named = {name for name in "abc" if name in repr(rule).replace("scope", "").replace("need", "")}
            assert not any(f"x-{name}" in sent for name in named & _names(rule))
    else:
        kinds = [meta(refusal.cause).kind for refusal in decision.refusals]
        assert kinds
        assert (Kind.ERROR in kinds) == (decision.kind is Kind.ERROR)
        assert 400 <= decision.status < 600


def _names(rule: Rule) -> set[str]:
    from authwhy.guard.rules import names_of

    return set(names_of(rule))


def _leaf(word: str) -> Callable[[str], object]:
    return lambda value: says(word)


@pytest.mark.parametrize("words", list(itertools.product(("good", "bad", "raise", "nonsense"), repeat=2)))
@pytest.mark.parametrize("shape", [either, every, lambda *rules: perhaps(either(*rules))])
def test_truth_table(shape: Callable[..., Rule], words: tuple[str, str]) -> None:
    """Of two providers that were both presented something by browsers (no contradiction)."""
    providers = [Scripted(name, _leaf(word), ambient=True) for name, word in zip("ab", words, strict=True)]
    made, events = watched(*providers)
    decision = decide(made, {"x-a": "1", "x-b": "1"}, shape("a", "b"))
    good = [word == "good" for word in words]
    assert decision.accepted == (all(good) if shape is every else any(good))
    if isinstance(decision, Denied) and {"raise", "nonsense"} & set(words):
        assert decision.kind is Kind.ERROR
        assert events[-1].kind is Kind.ERROR


def test_what_was_sent_on_purpose_decides_before_what_a_browser_adds() -> None:
    """A cookie of one person beside the password of another: the password was meant."""
    cookie = Scripted("cookie", lambda value: Accept("bob"), ambient=True)
    find = cookie.find
    cookie.find = lambda view: None if (one := find(view)) is None else replace(one, slot="cookie:session")  # type: ignore[method-assign]
    guard, _ = watched(cookie, Scripted("password", lambda value: Accept("ann")))
    rule = either("cookie", "password")
    both = decide(guard, {"x-cookie": "1", "x-password": "2"}, rule)
    alone = decide(guard, {"x-cookie": "1"}, rule)
    assert isinstance(both, Accepted)
    assert isinstance(alone, Accepted)
    assert (both.principal, alone.principal) == ("ann", "bob")


def test_where_a_check_of_the_application_broke() -> None:
    """File and line, which tell no secret; the text of the exception, which may, is nowhere."""

    def broken(value: str) -> Any:
        raise KeyError(value)

    guard, events = watched(Scripted("a", broken))
    assert isinstance(decide(guard, {"x-a": "s3cret-canary"}), Denied)
    facts = events[-1].facts
    assert facts["exception"] == "KeyError"
    assert str(facts["raised_in"]).startswith("test_decide.py:")
    assert "s3cret" not in events[-1].to_json().decode()
