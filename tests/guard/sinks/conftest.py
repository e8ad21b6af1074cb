"""Every test has complaints of its own, so that no other test's minute hides them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from authwhy.guard.sinks import complaints


@pytest.fixture(autouse=True)
def own_complaints(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fresh once-a-minute."""
    fresh = complaints.Complaints()
    monkeypatch.setattr(complaints, "_COMPLAINTS", fresh)
    yield
    fresh._worker.close()
