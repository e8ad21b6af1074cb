"""Spoiling well-formed inputs: cutting, doubling, joining, and putting in what parsers trip over."""

from __future__ import annotations

import random
from collections.abc import Callable

NASTY = (
    *(
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\x1b[31m",
        "\ufeff",
        "\ue000",
        "\ue0000\ue001",
        "\u2028",
        "\u202e",
        "\ud800",
    ),
    *(
        "İ",
        "ß",
        "é",
        "日",
        '"',
        "'",
        "`",
        "\\",
        '\\"',
        "\\u0000",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "</a>",
        "&",
        "&amp;",
    ),
    *(
        "%00",
        "%zz",
        "=",
        "==",
        ":",
        "::",
        "://",
        "@",
        "#",
        "?",
        ",",
        ";",
        ".",
        "..",
        "-",
        "--",
        "$'",
        "${x}",
        "{{x}}",
        "%X%",
    ),
    *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "eyJ", "Bearer ", "Basic ", "password=", "token: "),
    *(
        "Authorization: ",
        "Cookie: ",
        "curl ",
        "HTTP/1.1 401 ",
        "GET / ",
        "> ",
        "< ",
        "* ",
        "^",
        "|",
        "null",
        "NaN",
        "1e999",
    ),
    *("-0", "9" * 40, "a" * 200, "[" * 200, '{"a":' * 60, "\\" * 60, '"' * 60, " " * 200),
)
MAX_LENGTH = 60_000


def mutated(seeds: tuple[str, ...], generator: random.Random) -> str:
    """A seed after one to eight changes."""
    text = generator.choice(seeds)
    for _ in range(generator.randint(1, 8)):
        text = generator.choice(CHANGES)(text, seeds, generator)[:MAX_LENGTH]
    return text


Change = Callable[[str, tuple[str, ...], random.Random], str]


def _slice(text: str, generator: random.Random) -> tuple[int, int]:
    start = generator.randint(0, len(text))
    return start, min(len(text), start + generator.choice((1, 2, 5, 20, 100, 1000)))


def cut(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Leave a piece out."""
    start, end = _slice(text, generator)
    return text[:start] + text[end:]


def cut_off(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Leave the end out."""
    return text[: generator.randint(0, len(text))]


def double(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Repeat a piece, sometimes often."""
    start, end = _slice(text, generator)
    return text[:end] + text[start:end] * generator.choice((1, 2, 10, 300)) + text[end:]


def insert(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Put something nasty in, sometimes often."""
    at = generator.randint(0, len(text))
    return text[:at] + generator.choice(NASTY) * generator.choice((1, 1, 1, 2, 50)) + text[at:]


def replace(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Exchange a piece for something nasty."""
    start, end = _slice(text, generator)
    return text[:start] + generator.choice(NASTY) + text[end:]


def flip(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Exchange one character for any other."""
    at = generator.randint(0, len(text))
    return text[:at] + chr(generator.choice((generator.randint(0, 127), generator.randint(0, 0x2FFF)))) + text[at + 1 :]


def move(text: str, _: tuple[str, ...], generator: random.Random) -> str:
    """Put a piece elsewhere."""
    start, end = _slice(text, generator)
    rest, at = text[:start] + text[end:], generator.randint(0, max(0, len(text) - (end - start)))
    return rest[:at] + text[start:end] + rest[at:]


def join(text: str, seeds: tuple[str, ...], generator: random.Random) -> str:
    """Put another seed, or a piece of it, in."""
    other = generator.choice(seeds)
    start, end = _slice(other, generator)
    at = generator.randint(0, len(text))
    return text[:at] + other[start:end] + text[at:]


CHANGES: tuple[Change, ...] = (cut, cut_off, double, insert, insert, replace, flip, flip, move, join)
