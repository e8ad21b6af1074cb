"""`authwhy explain` with plain arguments, parsed without click. Anything unusual is left to click, with its messages.

A test holds both ways against each other: same output, same status.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

SINGLE = ("--format", "--at", "--token-file", "--secret-file", "--jwks", "--retired-jwks", "--config", "--events")
SEVERAL = ("--issuer", "--audience")


def parse(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, object]] | None:
    """(inputs, options of `answer`), or None where click should look at it: help, unknown or unfinished options."""
    if not arguments or arguments[0] != "explain" or "_AUTHWHY_COMPLETE" in os.environ:
        return None
    inputs: list[str] = []
    options: dict[str, object] = {}
    words = iter(arguments[1:])
    for word in words:
        if word == "-" or not word.startswith("-"):
            inputs.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in SINGLE + SEVERAL:
            return None
        given = value if equals else next(words, None)
        if given is None:
            return None
        key = name[2:].replace("-", "_")
        if name in SEVERAL:
            options[key] = (*_texts(options.get(key)), given)
        else:
            options[key] = given
    return tuple(inputs), options


def _texts(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def quick(arguments: Sequence[str]) -> int | None:
    """Answer a plain `explain`; None where click should take over, wrong usage included."""
    parsed = parse(arguments)
    if parsed is None:
        return None
    from authwhy.app.cli.answer import WrongUsage, answer

    inputs, options = parsed
    try:
        return answer(inputs, **options)  # type: ignore[arg-type]
    except WrongUsage:
        return None
