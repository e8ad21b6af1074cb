"""Ring 0: the closed vocabulary of causes. Standard library only."""

from functools import cache
from typing import NamedTuple

from authwhy.causes._generated import ROWS, Cause, CauseCode, Detail, Kind, Public, Side

__all__ = ["Cause", "CauseCode", "CauseMeta", "Detail", "Kind", "Public", "Side", "meta"]


class CauseMeta(NamedTuple):
    """What is fixed about a cause: its row in the vocabulary."""

    kind: Kind
    level: str
    refines: tuple[Cause, ...]
    sides: tuple[Side, ...]
    status: int
    public: Public
    title: str
    details: tuple[str, ...]

    @property
    def is_root(self) -> bool:
        """True when only a diagnosis may conclude it."""
        return self.level == "root"


@cache
def meta(cause: Cause | str) -> CauseMeta:
    """Return the row of a cause. Raises KeyError for a code outside the vocabulary."""
    kind, level, refines, sides, status, public, title, details = ROWS[cause]
    return CauseMeta(
        Kind(kind),
        level,
        tuple(Cause(code) for code in refines),
        tuple(Side(side) for side in sides),
        status,
        Public(public),
        title,
        details,
    )
