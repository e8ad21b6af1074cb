"""The table of vendors' marks."""

from __future__ import annotations

from authwhy.evidence.redaction.prefixes import PREFIXES


def test_longer_marks_come_first() -> None:
    """`sk-ant-` is never taken for `sk-`."""
    for index, one in enumerate(PREFIXES):
        assert not any(other.text.startswith(one.text) for other in PREFIXES[index + 1 :])


def test_marks_are_unique_and_long_enough() -> None:
    """Two characters would match words."""
    texts = [one.text for one in PREFIXES]
    assert len(texts) == len(set(texts))
    assert min(map(len, texts)) >= 3
