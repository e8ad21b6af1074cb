"""Challenges of WWW-Authenticate and Proxy-Authenticate, and the like grammar of Authorization (RFC 9110 11.6.1)."""

from __future__ import annotations

import re
from functools import cache

from authwhy.model.evidence import Challenge

_MAX_CHALLENGES = 64
_MAX_PARAMETERS = 128


@cache
def _scheme() -> re.Pattern[str]:
    return re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}(?=[ \t,]|$)")


@cache
def _token68() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z0-9\-._~+/\ue000\ue001]+={0,2})[ \t]*(?=,|$)")


@cache
def _parameter() -> re.Pattern[str]:
    """name = value; the value may be a token, a quoted string, or (leniently) a quoted string that never ends."""
    return re.compile(
        r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)(?:\"|$)|([^\s,\"]*))[ \t]*", re.DOTALL
    )


@cache
def _gap() -> re.Pattern[str]:
    return re.compile(r"[ \t\r\n,;]+")


def parse_challenges(value: str) -> tuple[Challenge, ...]:
    """The challenges of one field value, in order. Lenient: stray commas, missing commas, open quotes. Never raises.

    A credential (`Basic <token68>`, `Digest a=b, ...`) has the same grammar and is read the same way (RFC 9110 11.4).
    Offsets are indices into `value`.
    """
    found: list[Challenge] = []
    at = _skip(value, 0)
    while at < len(value) and len(found) < _MAX_CHALLENGES:
        match = _scheme().match(value, at)
        if match is None:
            at = _skip(value, _next_comma(value, at))
            continue
        challenge = _challenge(value, match)
        found.append(challenge)
        at = _skip(value, max(challenge.end, match.end()))
    return tuple(found)


def _challenge(value: str, scheme: re.Match[str]) -> Challenge:
    at = scheme.end()
    while at < len(value) and value[at] in " \t":
        at += 1
    token = _token68().match(value, at)
    if at > scheme.end() and token and not _parameter().match(value, at, _value_end(value, at, token)):
        return Challenge(scheme[0], token[1], (), scheme.start(), token.end(1))
    parameters: list[tuple[str, str]] = []
    end = scheme.end()
    while len(parameters) < _MAX_PARAMETERS and (match := _parameter().match(value, at)):
        name, quoted, plain = match.groups()
        parameters.append((name, _unescape(quoted) if quoted is not None else plain))
        end = match.end()
        at = _skip(value, end)
    return Challenge(scheme[0], None, tuple(parameters), scheme.start(), len(value[:end].rstrip()))


def _value_end(value: str, at: int, token: re.Match[str]) -> int:
    """A token68 such as `abc=` looks like a parameter without a value; only `name=value` is one."""
    return len(value) if token[1][-1:] != "=" else at


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _skip(value: str, at: int) -> int:
    match = _gap().match(value, at)
    return match.end() if match else at


def _next_comma(value: str, at: int) -> int:
    comma = value.find(",", at)
    return comma if comma >= 0 else len(value)
