"""The three drivers give a flow the same answers, and nothing but the flow itself ends it."""

from __future__ import annotations

import asyncio

import pytest

from authwhy.causes import Cause
from authwhy.model.outcome import Accepted, Outcome, Refused, refused
from authwhy.verify.flow import (
    Ask,
    Flow,
    KeyAsk,
    RevokedAsk,
    SeenAsk,
    Unanswered,
    Unavailable,
    adrive,
    drive,
    replay,
)

FIRST, SECOND = KeyAsk("https://id.example.com", "k1"), RevokedAsk("https://id.example.com", "t1")


def two_questions() -> Flow:
    """Accepted when both answers are "yes"."""
    one = yield FIRST
    two = yield SECOND
    return Accepted({"answers": (one, two)}) if (one, two) == ("yes", "yes") else refused(Cause.REVOKED)


def no_question() -> Flow:
    """A flow that needs nothing."""
    yield from ()
    return refused(Cause.MALFORMED)


def test_drive_answers_each_ask_in_order() -> None:
    """What was asked is what the flow asked."""
    asked: list[Ask] = []

    def answer(ask: Ask) -> str:
        asked.append(ask)
        return "yes"

    assert drive(two_questions(), answer) == Accepted({"answers": ("yes", "yes")})
    assert asked == [FIRST, SECOND]


def test_a_flow_without_questions_ends_at_once() -> None:
    """The answerer is not called."""
    assert drive(no_question(), lambda ask: pytest.fail(str(ask))) == refused(Cause.MALFORMED)


def test_adrive_awaits_each_answer() -> None:
    """The same outcome as the sync driver."""

    async def answer(ask: Ask) -> str:
        await asyncio.sleep(0)
        return "yes" if ask == FIRST else "no"

    assert asyncio.run(adrive(two_questions(), answer)) == refused(Cause.REVOKED)


def test_replay_uses_recorded_answers() -> None:
    """No world needed."""
    assert isinstance(replay(two_questions(), {FIRST: "yes", SECOND: "yes"}), Accepted)


def test_replay_names_the_question_that_has_no_answer() -> None:
    """An edit that leads to a new question is no proof."""
    with pytest.raises(Unanswered) as raised:
        replay(two_questions(), {FIRST: "yes"})
    assert raised.value.ask == SECOND
    assert "RevokedAsk" in str(raised.value)
    assert "t1" not in str(raised.value)


@pytest.mark.parametrize("error", [StopIteration("not the flow's"), ConnectionError(), KeyError("k1")])
def test_an_answerer_that_raises_is_no_outcome(error: Exception) -> None:
    """Also when it raises what generators use to end: a broken provider is never a decision."""

    def answer(_: Ask) -> object:
        raise error

    class Awaitable:
        def __await__(self) -> object:
            raise error

    with pytest.raises(type(error)):
        drive(two_questions(), answer)
    with pytest.raises((type(error), RuntimeError)):
        asyncio.run(adrive(two_questions(), lambda _: Awaitable()))  # type: ignore[arg-type, return-value]


def test_asks_of_different_kinds_are_different_keys() -> None:
    """A recorded answer belongs to one question."""
    asks = {KeyAsk("a", "b"), RevokedAsk("a", "b"), SeenAsk("a", "b", 1), KeyAsk("a", "b")}
    assert len(asks) == 3


def test_an_outage_refuses_with_its_own_cause() -> None:
    """Law 4: never a bad credential."""
    outcome: Outcome = Unavailable(facts={"waited_s": 2}).refusal()
    assert isinstance(outcome, Refused)
    assert outcome.causes == (Cause.PROVIDER_UNREACHABLE,)
    assert outcome.primary.facts == {"waited_s": 2}
    assert not outcome.primary.attested
