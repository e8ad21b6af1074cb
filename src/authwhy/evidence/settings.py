"""Keys and values: env files, INI, TOML, YAML-like lines, JSON, Python dicts, pairs in log lines, error URLs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.decode import whole
from authwhy.evidence.interface import Found, Material
from authwhy.model.evidence import Setting

MAX_SETTINGS = 5_000
_MAX_SCANNED = 2_000_000
_MAX_VALUE = 4_000
_MAX_DEPTH = 32


def read(material: Material, found: Found) -> None:
    """Collect settings in the order JSON, lines, pairs, URLs; 5,000 at most."""
    settings: list[Setting] = []
    for setting in _all(material, found):
        settings.append(setting)
        if len(settings) >= MAX_SETTINGS:
            found.notes.append(f"only the first {MAX_SETTINGS:,} settings were kept")
            break
    if settings:
        found.settings.extend(settings)
        found.kinds.append("settings")


def _all(material: Material, found: Found) -> Iterator[Setting]:
    text = material.text
    if "{" in text or "[" in text:
        for document in material.documents():
            where = f"JSON at line {material.line(document.start)}"
            yield from _flatten(document.value, "", where, 0)
        if "{'" in text:
            yield from _python_pairs(material)
    lines = _Lines(material, found)
    yield from lines.read()
    if "=" in text or ": '" in text or ': "' in text:
        yield from _inline_pairs(material, found, lines)
    if "error=" in text:
        yield from _url_parameters(material)


def _flatten(value: object, key: str, where: str, depth: int) -> Iterator[Setting]:
    """Members of JSON objects with dotted keys; a list of plain values is one setting `[a, b]`."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        if "kty" in value:
            return
        for name, item in value.items():
            yield from _flatten(item, f"{key}.{name}" if key else name, where, depth + 1)
    elif isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            if key:
                yield _setting(key, f"[{', '.join(_plain(item) for item in value[:100])}]", where)
            return
        for index, item in enumerate(value[:1000]):
            yield from _flatten(item, f"{key}.{index}" if key else str(index), where, depth + 1)
    elif key:
        yield _setting(key, _plain(value), where)


def _plain(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, float) else repr(value)


def _setting(key: str, value: str, where: str) -> Setting:
    return Setting(whole(key[:200]), whole(value[:_MAX_VALUE]), where)


@cache
def _python_pair() -> re.Pattern[str]:
    return re.compile(
        r"'([A-Za-z_][\w .\-]{0,63})': ?(?:'((?:[^'\\\n]|\\.){0,4000})'|\"((?:[^\"\\\n]|\\.){0,4000})\""
        r"|(-?[\w.+]{1,64})(?=[,}\s]))"
    )


def _python_pairs(material: Material) -> Iterator[Setting]:
    for match in _python_pair().finditer(material.text[:_MAX_SCANNED]):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        yield _setting(match[1], value, f"line {material.line(match.start())}")


@cache
def _line() -> re.Pattern[str]:
    """`key = value`, `key: value`, `export KEY=value`, `- key: value`, `"key": "value"`."""
    return re.compile(
        r"^(?P<indent>[ \t]*)(?P<dash>-[ \t]+)?(?:(?:export|set|ENV|ARG|SET)[ \t]+|\$env:)?(?P<quote>[\"']?)"
        r"(?P<key>[A-Za-z_$][\w.\-/@]{0,80}(?:[ ][\w.\-/()]{1,40}){0,3})(?P=quote)"
        r"[ \t]*(?P<sep>:=|=>|=(?!=)|:(?=\s|$))[ \t]*(?P<value>.*)$",
    )


@cache
def _several() -> re.Pattern[str]:
    return re.compile(r"[ \t,;&][ \t]?[A-Za-z_][\w.\-]{0,60}[ ]?=(?![=>])")


class _Lines:
    """Reads line by line; keeps the section of INI files and the nesting of YAML."""

    def __init__(self, material: Material, found: Found) -> None:
        self.material = material
        self.found = found
        self.section = ""
        self.nest: list[tuple[int, str]] = []
        self.name = ""
        self.seen: set[tuple[int, str]] = set()
        self.documents = [(one.start, one.end) for one in material.documents()] if "{" in material.text else []

    def read(self) -> Iterator[Setting]:
        """Every setting of the lines that no other reader has taken."""
        at = 0
        for number, line in enumerate(self.material.text[:_MAX_SCANNED].split("\n"), 1):
            start, at = at, at + len(line) + 1
            if ("=" in line or ":" in line) and len(line) < 8_000 and not self._is_read(start):
                yield from self._line(line, number)
            elif line[:1] == "[" and re.fullmatch(r"\[{1,2}[\w.\- \"':/]{1,80}\]{1,2}\s*", line):
                self.section, self.nest = line.strip(" []\"'\r") + ".", []

    def _is_read(self, start: int) -> bool:
        return self.holds(start) or self.found.is_taken(start)

    def holds(self, offset: int) -> bool:
        """True inside a JSON document, whose members are read already."""
        index = bisect_left(self.documents, (offset, 0)) - 1
        return index >= 0 and offset < self.documents[index][1]

    def _line(self, line: str, number: int) -> Iterator[Setting]:
        match = _line().match(line)
        if match is None or (match["sep"] == "=" and (" " in match["key"] or _several().search(match["value"]))):
            return  # pairs amid the line are read one by one
        indent = len(match["indent"].expandtabs()) + len(match["dash"] or "")
        while self.nest and self.nest[-1][0] >= indent:
            self.nest.pop()
        key, value = match["key"], clean(match["value"])
        if ". " in key:
            return  # a sentence
        if not match["value"].strip() and match["sep"] == ":":
            self.nest.append((indent, key))
            return
        if key.lower() == "value" and self.name:
            key, self.name = self.name, ""
        else:
            self.name = value if key.lower() == "name" else ""
        self.seen.add((number, match["key"]))
        path = ".".join(name for _, name in self.nest) + "." if self.nest and indent else ""
        yield _setting(f"{self.section}{path}{key}", value, f"line {number}")


def clean(value: str) -> str:
    """A value without its quotes, trailing comma, semicolon or comment."""
    bare = value.strip()
    if bare[:1] in ("'", '"') and (end := bare.find(bare[0], 1)) > 0 and bare[end + 1 :].strip(" ,;")[:1] in ("", "#"):
        return bare[1:end]
    comment = bare.find(" #")
    bare = bare[:comment].rstrip() if comment > 0 else bare
    return bare.rstrip(",;") if not bare.endswith("};") else bare


@cache
def _inline() -> re.Pattern[str]:
    """`name=value`, `name = value`, `Name: 'value'` amid a line; the value in quotes, brackets or up to a blank."""
    return re.compile(
        r"(?<![\w.\-$?&/%])([A-Za-z_][\w.\-]{0,60})(?:[ ]?=[ ]?(?![=>])|:[ ]{1,2}(?=[\"']))"
        r"(?:\"((?:[^\"\\\n]|\\.){0,2000})\"|'([^'\n]{0,2000})'|<([^<>\n]{0,300})>|(\[[^\]\n]{0,300}\])"
        r"|([^\s,;&\"'<>()\[\]]{1,2000}))"
    )


def _inline_pairs(material: Material, found: Found, lines: _Lines) -> Iterator[Setting]:
    """`name=value` amid a line, unless it is the line's own setting."""
    for match in _inline().finditer(material.text[:_MAX_SCANNED]):
        number = material.line(match.start())
        if (number, match[1]) in lines.seen or found.is_taken(match.start()) or lines.holds(match.start()):
            continue
        value = next((group for group in match.groups()[1:] if group is not None), "")
        yield _setting(match[1], value, f"line {number}")


@cache
def _query() -> re.Pattern[str]:
    return re.compile(r"[^\s\"'<>#]{0,4000}")


def _url_parameters(material: Material) -> Iterator[Setting]:
    """The parameters of an error redirect (RFC 6749 4.1.2.1), decoded."""
    from urllib.parse import unquote_plus

    text = material.text[:_MAX_SCANNED]
    at = text.find("error=")
    while at >= 0:
        start = max(text.rfind(mark, max(0, at - 2_000), at) for mark in "?#\n \"'")
        end = _query().match(text, at).end()  # type: ignore[union-attr]
        if start >= 0 and text[start] in "?#":
            where = f"URL at line {material.line(at)}"
            for pair in text[start + 1 : end].replace("&amp;", "&").split("&")[:50]:
                name, equals, value = pair.partition("=")
                if equals:
                    yield _setting(name, unquote_plus(value), where)
        at = text.find("error=", max(end, at + 1))
