"""Reading times out of texts: the forms that protocols and logs use, as seconds since 1970. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

_MONTHS = {m: i for i, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
QUARTER_HOUR_S = 900
LAST_S = 253_402_300_800  # the first second of the year 10000


class Instant(NamedTuple):
    """A time found in a text: seconds since 1970, where it stands, and whether its zone was written."""

    at: float
    start: int
    end: int
    zoned: bool


def epoch(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: float = 0) -> float | None:
    """Seconds since 1970 of a UTC civil time, None for impossible ones (proleptic Gregorian)."""
    if not (1970 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 25 and minute < 60 and second < 61):
        return None
    leap_days = (year - 1969) // 4 - (year - 1901) // 100 + (year - 1601) // 400
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (year - 1970) * 365 + leap_days + _DAYS_BEFORE[month - 1] + (1 if leap and month > 2 else 0) + day - 1
    return days * 86400 + hour * 3600 + minute * 60 + second


@cache
def _forms() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    clock = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    zone = r"(?:\s?(Z\b|UTC\b|GMT\b|[+-]\d{2}:?\d{2}\b))?"
    return (
        re.compile(rf"\b(\d{{4}})[-/](\d{{2}})[-/](\d{{2}})[T ]{clock}\s?([AaPp][Mm]\b)?{zone}"),
        re.compile(r"\b(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\b"),
        re.compile(rf"\b(\d{{1,2}})[ /-]([A-Za-z]{{3}})[a-z]{{0,6}}[ /-](\d{{4}})[ :]{clock}{zone}"),
        re.compile(rf"\b([A-Z][a-z]{{2}}) +(\d{{1,2}}),? {clock}(?: ?(UTC|GMT|Z))?,? (\d{{4}})"),
    )


def _zone_offset(zone: str | None) -> int:
    if not zone or zone in ("Z", "UTC", "GMT"):
        return 0
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def instants(text: str) -> Iterator[Instant]:
    """Every time written in the text (ISO 8601, RFC 1123, Common Log, compact AWS, asctime), by position."""
    iso, compact, rfc1123, asctime = _forms()
    found: list[Instant] = []
    for match in iso.finditer(text):
        year, month, day, hour, minute, second, fraction, noon, zone = match.groups()
        hours = int(hour) % 12 + (12 if noon.lower() == "pm" else 0) if noon else int(hour)
        at = epoch(int(year), int(month), int(day), hours, int(minute), _seconds(second, fraction))
        found += _instant(at, zone, match)
    for match in compact.finditer(text):
        at = epoch(*(int(part) for part in match.groups()))
        found += _instant(at, "Z", match)
    for match in rfc1123.finditer(text):
        day, name, year, hour, minute, second, fraction, zone = match.groups()
        month = _MONTHS.get(name.lower(), 0)
        at = epoch(int(year), month, int(day), int(hour), int(minute), _seconds(second, fraction)) if month else None
        found += _instant(at, zone, match)
    for match in asctime.finditer(text):
        name, day, hour, minute, second, fraction, zone, year = match.groups()
        month = _MONTHS.get(name.lower(), 0)
        at = epoch(int(year), month, int(day), int(hour), int(minute), _seconds(second, fraction)) if month else None
        found += _instant(at, zone, match)
    yield from sorted(found, key=lambda instant: instant.start)


def _seconds(second: str | None, fraction: str | None) -> float:
    return int(second or 0) + (float(f"0.{fraction}") if fraction else 0.0)


def _instant(at: float | None, zone: str | None, match: re.Match[str]) -> list[Instant]:
    if at is None:
        return []
    return [Instant(at - _zone_offset(zone), match.start(), match.end(), zone is not None)]


def parse_time(text: str | None) -> float | None:
    """One time in any of the known forms, or a number of seconds or milliseconds since 1970; None otherwise."""
    if not text:
        return None
    text = text.strip()
    if re.fullmatch(r"\d{9,11}(\.\d{1,9})?", text):
        return float(text)
    if re.fullmatch(r"\d{12,14}", text):
        return int(text) / 1000
    first = next(instants(text), None)
    return first.at if first else None


def is_zone_offset(seconds: float) -> bool:
    """True when a difference looks like a time-zone mistake: a multiple of 15 minutes, from 1 to 14 hours."""
    size = abs(seconds)
    return 3600 - 60 <= size <= 14 * 3600 + 60 and abs(size - round(size / QUARTER_HOUR_S) * QUARTER_HOUR_S) <= 45


def spell(seconds: float) -> str:
    """A duration as people say it: 45 s, 312 s, 26 min, 5 h, 12 days."""
    size = abs(round(seconds))
    if size < 600:
        return f"{size} s"
    if size < 2 * 3600:
        return f"{size // 60} min"
    if size < 2 * 86400:
        return f"{size / 3600:.0f} h"
    return f"{size // 86400} days"


def iso(at: float) -> str:
    """A time as 2026-01-31T14:02:11Z; a number outside the years 1970 to 9999 as `<number> s since 1970`."""
    if not 0 <= at < LAST_S:
        return f"{at:.0f} s since 1970"
    days, rest = divmod(int(at), 86400)
    # Days to a civil date, with years that begin in March and eras of 400 years (proleptic Gregorian).
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year, month = era * 400 + year + (month > 9), month + (3 if month < 10 else -9)
    return f"{year:04d}-{month:02d}-{day + 1:02d}T{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}Z"
