"""The times of signed requests: how they are written (RFC 9110 5.6.7, ISO 8601), and whether they are near enough."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from authwhy.causes import Cause
from authwhy.model.outcome import Failure

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IMF = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
).fullmatch
_BASIC = re.compile(r"(\d{8})T(\d\d)(\d\d)(\d\d)Z", re.ASCII).fullmatch
_SECONDS = re.compile(r"\d{1,11}", re.ASCII).fullmatch


def imf_fixdate(text: str) -> int | None:
    """`Sun, 06 Nov 1994 08:49:37 GMT` in s since 1970, or None when it is anything else."""
    found = _IMF(text) if len(text) == 29 else None
    if found is None or found[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second = found.groups()
    return _at(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))


def basic_time(text: str) -> int | None:
    """`20150830T123600Z` in s since 1970, or None when it is anything else."""
    found = _BASIC(text) if len(text) == 16 else None
    midnight = basic_day(found[1]) if found else None
    if found is None or midnight is None:
        return None
    hour, minute, second = int(found[2]), int(found[3]), int(found[4])
    return midnight + hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None


@lru_cache(maxsize=64)
def basic_day(text: str) -> int | None:
    """`20150830` as its first second since 1970, or None when there is no such day."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return None
    return _at(int(text[:4]), int(text[4:6]), int(text[6:]), 0, 0, 0)


def unix_time(text: str) -> int | None:
    """Digits in s since 1970, or None when it is anything else."""
    return int(text) if _SECONDS(text) else None


def _at(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def window_failure(made_at: int, not_before: int, expires_at: int, now: int) -> Failure | None:
    """Why `now` is outside [not_before, expires_at], or None; all in s since 1970."""
    if now > expires_at:
        late: dict[str, int] = {"issued_at": made_at, "expired_at": expires_at, "late_s": now - expires_at, "now": now}
        return Failure(Cause.EXPIRED, None, dict(late))
    if now < not_before:
        early: dict[str, int] = {"valid_from": not_before, "early_s": not_before - now, "now": now}
        return Failure(Cause.NOT_YET_VALID, None, dict(early))
    return None
