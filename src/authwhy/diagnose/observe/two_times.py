"""Two times printed or sent together: lifetime over, not begun, or two clocks that disagree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.diagnose.observe.topic import is_at_home
from authwhy.diagnose.times import Instant, instants, is_zone_offset, parse_time, spell
from authwhy.model.evidence import Evidence, Exchange

RULE = "two_times"
SIGNED_REQUEST_WINDOW_S = 300
LONGEST_LINE = 6000
FEW_WORDS = 8


@cache
def _words() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(r"\bnow\b|current(?:ly)?\b|utcnow|(?:local|system|server) ?time|presented at", re.I),
        re.compile(r"expir|\bexp\b|not ?after|notonorafter|valid (?:until|to)\b|no later than|after\b", re.I),
        re.compile(r"not ?before|\bnbf\b|valid from|starts?\b|issued at|\biat\b|before\b", re.I),
        re.compile(r"request ?time|timestamp|client ?time|x-amz-date|skew|tolerance|drift", re.I),
    )  # fmt: skip


class _Labelled(NamedTuple):
    role: str
    at: float
    zoned: bool


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Times in one line, and times of each exchange."""
    for number, line in enumerate(evidence.text[:400_000].split("\n"), 1):
        if len(line) < LONGEST_LINE and _words()[0].search(line):
            found = list(_judge(_labelled(line), number, line))
            if found and (evidence.exchanges or is_at_home(evidence.text, line, FEW_WORDS)):
                yield from found
    for exchange in evidence.exchanges:
        yield from _signed_request(exchange)


def _labelled(text: str) -> list[_Labelled]:
    found: list[_Labelled] = []
    last = 0
    for instant in _all_instants(text):
        role = _role(text[max(last, instant.start - 60) : instant.start])
        if text[instant.start - 1 : instant.start] == "(" and re.match(r" [-+] \d{1,3} min", text[instant.end :]):
            role = "clock"  # AWS: A is now earlier than B (C - 5 min.); C is the server's time
        found.append(_Labelled(role, instant.at, instant.zoned))
        last = instant.end
    return found


@cache
def _epochs() -> re.Pattern[str]:
    return re.compile(r"(?<![\w.])(1[3-9]\d{8}|2\d{9})(\d{3})?(?:\.\d{1,9})?(?![\w.])")


def _all_instants(text: str) -> list[Instant]:
    found = list(instants(text))
    for match in _epochs().finditer(text):
        if not any(instant.start <= match.start() < instant.end for instant in found):
            found.append(Instant(float(match[1]), match.start(), match.end(), True))
    return sorted(found, key=lambda instant: instant.start)


def _role(before: str) -> str:
    """The role named last before a time: now, end, begin, request or nothing."""
    best, role = -1, ""
    for name, pattern in zip(("now", "end", "begin", "request"), _words(), strict=True):
        for match in pattern.finditer(before):
            if match.end() > best:
                best, role = match.end(), name
    return role


def _judge(times: list[_Labelled], order: int, quote: str) -> Iterator[Observation]:
    by_role: dict[str, float] = {}
    for role, at, _ in times:
        if role and role not in by_role:
            by_role[role] = at
    now = by_role.get("clock", by_role.get("now"))
    if now is None:
        return
    where, text, quote = f"line {order}", quote, quote.strip()[:300]
    sent = next((by_role[role] for role in ("end", "begin", "now") if role in by_role), now)
    if "clock" in by_role and abs(now - sent) > 1:
        yield _skew(sent, now, where, quote, order)
    elif "request" in by_role and abs(now - by_role["request"]) > 1:
        yield _skew(by_role["request"], now, where, quote, order)
    elif "end" in by_role and now > by_role["end"]:
        late = round(now - by_role["end"])
        yield observed(
            RULE, Strength.SEEN, _of_certificate(text) or late_causes(late),
            f"the end lies {spell(late)} before the clock's time",
            where=where, quote=quote, order=order, late_s=late, expired_at=round(by_role["end"]), now=round(now),
        )  # fmt: skip
    elif "begin" in by_role and now < by_role["begin"]:
        early = round(by_role["begin"] - now)
        yield observed(
            RULE, Strength.SEEN, (Cause.NOT_YET_VALID, Cause.CLOCK_SKEW),
            f"the start lies {spell(early)} after the clock's time", where=where, quote=quote, order=order,
            early_s=early, not_before=round(by_role["begin"]), now=round(now),
        )  # fmt: skip


def _of_certificate(text: str) -> tuple[Cause, ...]:
    """Whoever checks a certificate against two times refuses the other end: mostly a server that a caller looks at."""
    lowered = text.lower()
    if "certificate" not in lowered and "x509" not in lowered:
        return ()
    return () if "client cert" in lowered else (Cause.UNTRUSTED_SERVER, Cause.EXPIRED, Cause.CLOCK_SKEW)


def late_causes(late_s: float) -> tuple[Cause, ...]:
    """Late by minutes, or by whole quarter hours, may be a clock; late by days is a lifetime that is over."""
    return (Cause.EXPIRED,) if late_s > 3600 and not is_zone_offset(late_s) else (Cause.EXPIRED, Cause.CLOCK_SKEW)


def _skew(sent: float, now: float, where: str, quote: str, order: int) -> Observation:
    offset = round(sent - now)
    zone = is_zone_offset(offset)
    return observed(
        RULE, Strength.SEEN, Cause.CLOCK_SKEW,
        f"the sender's time is {spell(offset)} {'ahead of' if offset > 0 else 'behind'} the server's"
        + (", a whole number of quarter hours: a time-zone mistake" if zone else ""),
        where=where, quote=quote, detail="timezone_offset" if zone else "offset", order=order, offset_s=offset,
    )  # fmt: skip


def _signed_request(exchange: Exchange) -> Iterator[Observation]:
    """A signed request's own time against the response's Date header (RFC 9110 6.6.1)."""
    request, response = exchange.request, exchange.response
    if request is None or response is None or response.status < 400:
        return
    sent = next(
        (at for name in ("X-Amz-Date", "x-ms-date", "X-Timestamp", "Date") if (at := parse_time(request.header(name)))),
        None,
    )
    if sent is None and (found := re.search(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)", request.url)):
        sent = parse_time(found[1])
    now = parse_time(response.header("Date"))
    if sent is None or now is None or abs(sent - now) <= SIGNED_REQUEST_WINDOW_S:
        return
    yield _skew(sent, now, exchange.where, f"request time {int(sent)}, server Date {int(now)}", 0)
