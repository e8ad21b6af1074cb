"""Servers whose clock is wrong (faketime): a good token is refused, and the Date header is the witness."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.e2e.answers import names_among, names_first
from tests.e2e.conftest import Start
from tests.e2e.provider import SETTINGS, Heard, Key, key_set, start_api

pytestmark = pytest.mark.e2e
KEY = Key("2026-11")
AHEAD_S, BEHIND_S = 312, -600


@pytest.fixture(scope="module")
def refused_ahead(start: Start, home: Path) -> Heard:
    """A token that lives four more minutes, at a server that is 312 s ahead."""
    return start_api(start, home, KEY, clock=f"+{AHEAD_S}s").curl(KEY.token(lives_s=240))


@pytest.fixture(scope="module")
def refused_behind(start: Start, home: Path) -> Heard:
    """A token that is valid since a minute, at a server that is ten minutes behind."""
    api = start_api(start, home, KEY, clock=f"{BEHIND_S}s")
    now = int(time.time())
    return api.curl(KEY.token(lives_s=300, iat=now - 60, nbf=now - 60))


def everything(heard: Heard) -> tuple[str, str, str]:
    """The exchange, the key set and the settings."""
    return heard.client, json.dumps(key_set(KEY)), SETTINGS


@pytest.mark.parametrize(("kind", "seconds"), [("ahead", AHEAD_S), ("behind", BEHIND_S)])
def test_with_the_callers_time(kind: str, seconds: int, request: pytest.FixtureRequest) -> None:
    """Taking the measured offset away makes the token pass: clock_skew is proven, and by how much."""
    heard: Heard = request.getfixturevalue(f"refused_{kind}")
    visible = ("expired", "not_yet_valid")  # what the server saw; the next test wants it unsure
    found = names_first("clock_skew", *everything(heard), at=heard.at, also=visible).findings[0]
    assert (found.certainty, found.detail) == ("proven", "offset")
    offset = found.facts["offset_s"]
    assert isinstance(offset, int)
    assert abs(offset - seconds) <= 3


@pytest.mark.parametrize("kind", ["ahead", "behind"])
def test_a_proven_offset_takes_the_rest_away(kind: str, request: pytest.FixtureRequest) -> None:
    """Expired means that the clocks agree; they were proven not to."""
    heard: Heard = request.getfixturevalue(f"refused_{kind}")
    names_first("clock_skew", *everything(heard), at=heard.at)


@pytest.mark.parametrize(("kind", "rival"), [("ahead", "expired"), ("behind", "not_yet_valid")])
def test_without_the_callers_time(kind: str, rival: str, request: pytest.FixtureRequest) -> None:
    """Nobody says what time it was for the caller: two causes remain, and the gap is known."""
    found = names_among("clock_skew", *everything(request.getfixturevalue(f"refused_{kind}")))
    assert found.findings[0].certainty == "narrowed"
    assert {cause.value for cause in found.findings[0].among} == {rival, "clock_skew"}


def test_question_asks_for_both_clocks(refused_ahead: Heard) -> None:
    """The one cheapest question between expired and clock_skew is what time it is on both sides."""
    found = names_among("clock_skew", *everything(refused_ahead))
    assert found.next_question is not None
    assert "date -u" in found.next_question.ask


def test_without_keys(refused_ahead: Heard) -> None:
    """The token's exp lies between the caller's time and the Date header: no key is needed to see that."""
    names_first("clock_skew", refused_ahead.client, at=refused_ahead.at)


def test_exchange_alone(refused_ahead: Heard) -> None:
    """Late by the server's clock only: both causes are possible, neither is likely."""
    names_among("clock_skew", refused_ahead.client)


def test_with_the_log(refused_behind: Heard) -> None:
    """The log says that the token is not yet valid."""
    names_among("clock_skew", refused_behind.client, refused_behind.log, also=("not_yet_valid",))
