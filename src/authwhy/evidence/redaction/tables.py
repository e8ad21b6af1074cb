"""Secrets in tables: Markdown rows, CSV and TSV columns, `.pgpass` lines, Kubernetes Secrets, multipart forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.evidence.redaction.masked import is_readable
from authwhy.evidence.redaction.names import is_open_parameter, slot_of
from authwhy.evidence.redaction.spans import Span, splice
from authwhy.evidence.redaction.web import redact_credential
from authwhy.model.secret import Vault

_MAX_ROWS = 2_000
_MAX_LINE = 4_000


def hide_tables(text: str, vault: Vault) -> str:
    """Hide what stands in the column, row or part of a name that announces a secret."""
    if "|" in text:
        text = splice(text, _markdown(text, vault))
    if "name=" in text:
        text = splice(text, _parts(text, vault))
    if "Secret" in text and "ata" in text:
        text = splice(text, _kubernetes(text, vault))
    if "input_value=" in text:
        text = splice(text, _validation(text, vault))
    if ":" in text:
        text = splice(text, _pgpass(text, vault))
    return splice(text, _columns(text, vault)) if "," in text or "\t" in text else text


def _hidden(text: str, start: int, end: int, kind: str, vault: Vault) -> Iterator[Span]:
    value = text[start:end]
    if value.strip() and not is_readable(value):
        yield Span(start, end, redact_credential(value, vault, kind))


@cache
def _row() -> re.Pattern[str]:
    return re.compile(
        r"\|[ \t*`_]{0,8}([A-Za-z][\w .\-]{1,60}?)[ \t*`_:]{0,8}\|[ \t*`_]{0,8}([^|\n]{1,2000}?)[ \t*`_]{0,8}\|"
    )


def _markdown(text: str, vault: Vault) -> Iterator[Span]:
    """`| password | x |`; the heads of a table are names themselves and stay."""
    for match in _row().finditer(text):
        slot = slot_of(match[1])
        if slot is not None and slot.how != "if_secret" and not slot_of(match[2]):
            yield from _hidden(text, match.start(2), match.end(2), slot.kind, vault)


@cache
def _part() -> re.Pattern[str]:
    """One part of multipart/form-data (RFC 7578 4.2)."""
    return re.compile(
        r"Content-Disposition:[ \t]*form-data;[^\n]{0,200}?\bname=\"?([^\"\n;]{1,100})\"?[^\n]{0,200}\n"
        r"(?:[A-Za-z][\w\-]{1,40}:[^\n]{0,200}\n){0,8}"
        r"[ \t>]*\n([^\n]{1,65536}(?:\n(?!-{2,})[^\n]{0,65536}){0,200})",
        re.IGNORECASE,
    )


def _parts(text: str, vault: Vault) -> Iterator[Span]:
    for match in _part().finditer(text):
        if not is_open_parameter(match[1]) and "filename=" not in match[0][: match.start(2) - match.start()]:
            slot = slot_of(match[1])
            value = match[2].rstrip("\n")
            yield from _hidden(text, match.start(2), match.start(2) + len(value), slot.kind if slot else "value", vault)


@cache
def _secret_resource() -> re.Pattern[str]:
    return re.compile(r"(?m)^([ \t]*)kind:[ \t]*[\"']?Secret\b")


def _kubernetes(text: str, vault: Vault) -> Iterator[Span]:
    """The values under `data:` and `stringData:` of a Secret, to the end of its document."""
    for match in _secret_resource().finditer(text):
        start = max(text.rfind("\n---", 0, match.start()), 0)
        end = text.find("\n---", match.end())
        end = len(text) if end < 0 else end
        yield from _data_block(text, start, min(end, start + 65_536), vault)


def _data_block(text: str, start: int, end: int, vault: Vault) -> Iterator[Span]:
    inside = -1
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        line = text[at:stop]
        indent = len(line) - len(line.lstrip())
        if inside >= 0 and line.strip() and indent <= inside:
            inside = -1
        if re.fullmatch(r"[ \t]*(?:data|stringData):[ \t]*", line):
            inside = indent
        elif inside >= 0 and (pair := re.match(r"[ \t]*[\w.\-\"']{1,100}:[ \t]+(\S.*)", line)):
            yield from _hidden(text, at + pair.start(1), at + pair.end(1), "secret", vault)
        at = stop + 1


@cache
def _input_value() -> re.Pattern[str]:
    return re.compile(r"(?m)^(\S{1,100})\n[^\n]{0,300}?input_value=(?:'([^'\n]{1,1000})'|\"([^\"\n]{1,1000})\")")


def _validation(text: str, vault: Vault) -> Iterator[Span]:
    """pydantic prints the value of the field whose name stands on the line above."""
    for match in _input_value().finditer(text):
        slot = slot_of(match[1])
        group = 2 if match[2] else 3
        if slot is not None:
            yield from _hidden(text, match.start(group), match.end(group), slot.kind, vault)


@cache
def _pgpass_line() -> re.Pattern[str]:
    """host:port:database:user:password"""
    return re.compile(r"(?m)^[ \t]*[\w.*\-]{1,100}:(?:\d{2,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}:(\S{1,300})[ \t]*$")


def _pgpass(text: str, vault: Vault) -> Iterator[Span]:
    for match in _pgpass_line().finditer(text):
        yield from _hidden(text, match.start(1), match.end(1), "password", vault)


@cache
def _head() -> re.Pattern[str]:
    """A line of names only, at least two, between commas or tabs."""
    return re.compile(r"(?m)^[\"']?[A-Za-z][\w .\-]{0,40}[\"']?(?:[,\t;][ ]?[\"']?[A-Za-z][\w .\-]{0,40}[\"']?){1,60}$")


def _columns(text: str, vault: Vault) -> Iterator[Span]:
    """The columns of CSV and TSV whose head announces a secret, for as long as rows have as many fields."""
    done = 0
    for head in _head().finditer(text):
        mark = next((mark for mark in ",\t;" if mark in head[0]), ",")
        names = [name.strip(" \"'") for name in head[0].split(mark)]
        slots = {at: slot for at, name in enumerate(names) if (slot := slot_of(name)) and slot.how == "always"}
        if head.start() < done or not slots:
            continue
        at = head.end() + 1
        for _ in range(_MAX_ROWS):
            stop = text.find("\n", at, at + _MAX_LINE)
            stop = min(len(text), at + _MAX_LINE) if stop < 0 else stop
            fields = text[at:stop].split(mark)
            if len(fields) != len(names):
                break
            for index, slot in slots.items():
                start = at + sum(len(field) + 1 for field in fields[:index])
                yield from _hidden(text, start, start + len(fields[index]), slot.kind, vault)
            at = done = stop + 1
