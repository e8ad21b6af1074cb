"""JSON values anywhere in a text, within budgets."""

from __future__ import annotations

import re
from functools import cache
from json import JSONDecodeError, JSONDecoder

from authwhy.evidence.interface import Document

_MAX_DOCUMENTS = 500
_MAX_FAILED = 2_000
_BUDGET = 4_000_000


@cache
def _opening() -> re.Pattern[str]:
    """A brace or bracket that may open a document: what follows fits, and it is no index such as a[0]."""
    return re.compile(r"\{(?=\s{0,200}[\"}])|(?<![\w\])])\[(?=\s{0,200}[\[{\"\d\]])")


def documents_in(text: str) -> tuple[Document, ...]:
    """The outermost JSON objects and arrays. Parsing of broken ones is bounded by a budget of characters."""
    decoder = JSONDecoder()
    found: list[Document] = []
    failed = spent = at = 0
    while len(found) < _MAX_DOCUMENTS and failed < _MAX_FAILED and spent < _BUDGET:
        match = _opening().search(text, at)
        if match is None:
            break
        start = match.start()
        try:
            value, at = decoder.raw_decode(text, start)
        except JSONDecodeError as error:
            failed += 1
            spent += error.pos - start
            at = start + 1
        except (RecursionError, ValueError):
            failed += 1
            spent += 100_000
            at = _after_run(text, start)
        else:
            found.append(Document(value, start, at))
    return tuple(found)


def _after_run(text: str, start: int) -> int:
    """Behind a run of brackets that was too deep."""
    match = re.compile(r"[\[{\s\":]+").match(text, start)
    return max(start + 1, match.end() if match else start + 1)
