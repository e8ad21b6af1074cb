"""Where the value after a name begins and ends, in JSON, YAML, env files, headers, code and log lines."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from authwhy.evidence.redaction.names import Slot
from authwhy.evidence.redaction.web import SCHEMES

_MAX_VALUE = 1_048_576
_MAX_ARRAY = 65_536
_SMART = {"\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb"}


class Place(NamedTuple):
    """The value is text[start:end]; `quoted` when quotes say where it ends."""

    start: int
    end: int
    quoted: bool = False


@cache
def assignment(escaped: bool = False) -> re.Pattern[str]:
    """A name (group 1), its closing quote (2) and the separator (3). Starts only at the start of a word: linear.

    `escaped`: the text holds `\\n` as two characters (a program printed its strings), behind which a word starts too.
    """
    start = r"(?:(?<![\w.$\-\\])|(?<=\\[nrt]))" if escaped else r"(?<![\w.$\-])"
    return re.compile(
        start + r"[.\-]{0,2}([A-Za-z_$][\w.\-\[\]$]{0,99}+)(\\{0,3}[\"'`\u201d])?\]?(?:\*\*)?[ \t]*"
        r"(=>|:=|=|:(?:\*\*)?|,(?=[ \t]*[bu]?\\?[\"']))(?![:=/])"
    )


def places(text: str, match: re.Match[str], slot: Slot) -> list[Place]:
    """The values that belong to a name: usually one, several for an array of strings, none for an object."""
    blanks = _any_blanks() if match[2] else _blanks()
    start = found.end() if (found := blanks.match(text, match.end())) else match.end()
    if start >= len(text) or text[start] in "\r\n":
        place = _next_line(text, match, slot) if match[3] == ":" else None
        return [place] if place else []
    if text[start] == "[" and (array := _array(text, start)):
        return array
    if text[start] == "{" and match[2] and (inner := _wrapped().match(text, start)):
        place = _string(text, inner.end())
        return [place] if place else []
    if text[start] in "[{" and match[2]:
        return []
    if match[2] and match[3] == ":" and (scalar := _json_scalar().match(text, start)):
        return [Place(start, scalar.end())]
    place = _string(text, start) or _block(text, match) or _bare(text, match, start, slot)
    return [place] if place else []


@cache
def _wrapped() -> re.Pattern[str]:
    """`{"value": ` around a string."""
    names = r"(?:value|plaintext|plain|text|string|data|_|#text|\$)"
    return re.compile(rf"\{{\s*\\{{0,3}}[\"']{names}\\{{0,3}}[\"']\s*:\s*(?=\\{{0,3}}[\"'])")


@cache
def _json_scalar() -> re.Pattern[str]:
    return re.compile(r"[\w.+\-]+(?=[ \t]*[,}\]\r\n])")


@cache
def _blanks() -> re.Pattern[str]:
    return re.compile(r"[ \t]+")


@cache
def _any_blanks() -> re.Pattern[str]:
    return re.compile(r"\s+")


@cache
def _opening() -> re.Pattern[str]:
    return re.compile(
        r"(?:(?:Some|Ok|Just|Secret|SecretStr|String)\()?(?:[bBrRuUfF]{1,2}|[@$N])?(\"\"\"|'''|\\{0,3}[\"'`])"
    )


def _array(text: str, start: int) -> list[Place]:
    """The strings of an array of strings, or [] when it holds none."""
    limit = min(len(text), start + _MAX_ARRAY)
    found: list[Place] = []
    at = start + 1
    while place := _string(text, _skip(text, at), limit):
        found.append(place)
        at = place.end
        while text[at : at + 1] == "\\":
            at += 1
        at = _skip(text, at + 1)
        if text[at : at + 1] != ",":
            break
        at += 1
    return found


def _skip(text: str, start: int) -> int:
    found = _any_blanks().match(text, start)
    return found.end() if found else start


def _string(text: str, start: int, limit: int | None = None) -> Place | None:
    """The inside of a string that opens here; its quote may be escaped (JSON within JSON), tripled or typographic."""
    if text[start : start + 1] in _SMART and start < len(text):
        end = text.find(_SMART[text[start]], start + 1, start + 4_096)
        return Place(start + 1, end, True) if end >= 0 and text.find("\n", start, end) < 0 else None
    opening = _opening().match(text, start, limit or len(text))
    return _quoted(text, opening.end(), opening[1]) if opening else None


def _quoted(text: str, start: int, quote: str) -> Place:
    limit = min(len(text), start + _MAX_VALUE)
    escaped = quote[0] == "\\"
    at = text.find(quote, start, limit)
    while at >= 0:
        slashes = 0
        while at - slashes > start and text[at - 1 - slashes] == "\\":
            slashes += 1
        doubled = quote == "'" and text[at + 1 : at + 2] == "'" and at > start
        if (slashes == 0 if escaped else slashes % 2 == 0) and not doubled:
            return Place(start, at, True)
        at = text.find(quote, at + len(quote) + doubled, limit)
    return Place(start, min(limit, _line_end(text, start)))


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start, start + _MAX_VALUE)
    return end if end >= 0 else min(len(text), start + _MAX_VALUE)


def _line_start(text: str, at: int) -> int:
    floor = max(0, at - 400)
    return max(floor, text.rfind("\n", floor, at) + 1)


def _next_line(text: str, match: re.Match[str], slot: Slot) -> Place | None:
    """A browser copies `authorization:` and its value as two lines."""
    if slot.how == "always" or slot.how == "if_secret" or not begins_line(text, match):
        return None
    start = _line_end(text, match.end()) + 1
    end = _line_end(text, start)
    if start >= len(text) or _header_line().match(text, start, end):
        return None
    return Place(start, end)


@cache
def _header_line() -> re.Pattern[str]:
    return re.compile(r"\s*(?:[\w\-]{1,60}:|$)")


@cache
def _block_indicator() -> re.Pattern[str]:
    return re.compile(r"[ \t]*[|>][+-]?[ \t]*\n")


def _block(text: str, match: re.Match[str]) -> Place | None:
    """A YAML block scalar: the more indented lines after `name: |`."""
    indicator = _block_indicator().match(text, match.end())
    if indicator is None:
        return None
    head = text[_line_start(text, match.start()) : match.start()]
    start = end = indicator.end()
    while end < len(text):
        stop = _line_end(text, end)
        line = text[end:stop]
        if line.strip() and len(line) - len(line.lstrip()) <= len(head) - len(head.lstrip(" -")):
            break
        end = min(len(text), stop + 1)
    start = _skip(text, start)
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    return Place(start, end, True) if end > start else None


def _bare(text: str, match: re.Match[str], start: int, slot: Slot) -> Place | None:
    """A value without quotes: to the quote around name and value, to the end of the line, or to a delimiter."""
    before = text[match.start() - 1] if match.start() else "\n"
    if before in "\"'`" and not match[2]:
        closing = text.find(before, start, start + _MAX_VALUE)
        if closing >= 0 and (before != "`" or text.find("\n", start, closing) < 0):
            return Place(start, closing, True)
    if slot.how in ("cookies", "set_cookie"):
        return Place(start, _folded_end(text, match, _line_end(text, start)))
    if begins_line(text, match):
        end = _line_end(text, start)
        if not _goes_on(text, start, end, match[3]):
            if slot.how == "credentials":
                return Place(start, _folded_end(text, match, end))
            return Place(start, _before_column(text, start, end))
    return _word(text, start)


def _word(text: str, start: int) -> Place | None:
    """A value amid a line; after a scheme such as Bearer the credential or all parameters belong to it."""
    found = _bare_value().match(text, start)
    end = found.end() if found else start
    if text[end : end + 1] == " " and _inside_dump().search(text, max(0, start - 400), start):
        inner = start + (text[start] == "[")
        if member := _member_of_dump().match(text, inner):
            return Place(inner, member.end(), True)
    for _ in range(4):
        if end - start > 40 or text[start:end].lstrip("[({<").lower() not in SCHEMES:
            break
        after = _after_blanks(text, end)
        more = _bracketed().match(text, after) or _bare_value().match(text, after)
        if more is None:
            break
        if "=" in more[0].rstrip("=") and text[start:end].lower() not in ("basic", "bearer"):
            return Place(start, _line_end(text, start))
        if more[0].lower() not in SCHEMES:
            return Place(start, more.end())
        start, end = more.start(), more.end()
    return Place(start, end) if end > start else None


@cache
def _inside_dump() -> re.Pattern[str]:
    """`Config{a:b c:`, `Request[a=b, c=`, `map[A:[b] C:[`: an open bracket glued to a name on this line."""
    return re.compile(r"[A-Za-z_>%@][\[({](?:[^\[\](){}\n]|\[[^\[\]\n]{0,200}\]){0,380}\[?$")


@cache
def _member_of_dump() -> re.Pattern[str]:
    """The value of a member with blanks in it: up to the next member or the closing bracket."""
    return re.compile(r"[^\n\[\](){}=:\"']{1,200}?(?=,? [A-Za-z_][\w.\-]{0,60}[:=]|[\])}])")


@cache
def _bracketed() -> re.Pattern[str]:
    """`<your token>`, `[secret key]`: words in brackets."""
    return re.compile(r"<[A-Za-z _\-]{1,60}>|\[[A-Za-z _\-]{1,60}\]|\{[A-Za-z _\-]{1,60}\}")


def _after_blanks(text: str, start: int) -> int:
    found = _blanks().match(text, start)
    return found.end() if found else start


def begins_line(text: str, match: re.Match[str]) -> bool:
    """True when only indentation, bullets or words such as `export` stand before the name."""
    head = text[_line_start(text, match.start()) : match.start()]
    return not head.strip(" \t-*<>|$#\"'\u2022") or _exported().fullmatch(head) is not None


@cache
def _exported() -> re.Pattern[str]:
    return re.compile(r"\s*(?:export|set|setx|ENV|ARG|let|const|var|final|String|//\S{0,200}:|\$)[ \t]*")


def _goes_on(text: str, start: int, end: int, separator: str) -> bool:
    """True when something else follows the value on its line: another pair, or a command that gets the variable."""
    if separator != "=":
        return _next_member().search(text, start, end) is not None
    return _next_pair().search(text, start, end) is not None or _command().match(text, start, end) is not None


@cache
def _next_member() -> re.Pattern[str]:
    return re.compile(r",[ \t]+[\"']?[A-Za-z_][\w.\-]{0,60}[\"']?[ \t]?[:=]")


@cache
def _next_pair() -> re.Pattern[str]:
    return re.compile(r"[ \t,;&][ \t]?[A-Za-z_][\w.\-]{0,60}=(?!=)")


@cache
def _command() -> re.Pattern[str]:
    return re.compile(
        r"\S+[ \t]+(?:[a-z][\w.\-]{1,30}[ \t]+-|(?:psql|mysql|curl|python3?|node|npm|docker|make|\./\w+)\b)"
    )


@cache
def _column() -> re.Pattern[str]:
    """What follows a value on its line in another column. One blank and a # may be part of a password."""
    return re.compile(r"(?<![ \t])[ \t]{2,}+(?=\S)|\t")


def _before_column(text: str, start: int, end: int) -> int:
    other = _column().search(text, start, end)
    end = other.start() if other and other.start() > start else end
    while end > start and text[end - 1] in " \t\r,;":
        end -= 1
    return end


def _folded_end(text: str, match: re.Match[str], end: int) -> int:
    """A header value goes on in lines that are indented deeper than its name (obsolete folding, RFC 9112 5.2)."""
    head = text[_line_start(text, match.start()) : match.start()]
    own = len(head) - len(head.lstrip())
    while text[end + 1 : end + 2] in (" ", "\t"):
        stop = _line_end(text, end + 1)
        line = text[end + 1 : stop]
        if not line.strip() or len(line) - len(line.lstrip()) <= own or _header_line().match(line):
            break
        end = stop
    return end


@cache
def _bare_value() -> re.Pattern[str]:
    """Up to a blank, or to a delimiter that is followed by a blank, another delimiter, another name or the end."""
    return re.compile(
        r"(?:[^\s\"'`<>,;&)\]}|\\]|\\(?![rn])|[\"'`<>,;&)\]}|](?![\s\"'`,;&)\]}|]|$|[A-Za-z_][\w.\-]{0,40}\\?[\"']?[=:]))+"
    )
