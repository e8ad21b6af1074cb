"""Who does what: the fixes of a cause's page, those for the side that must act first."""

from __future__ import annotations

from authwhy.causes import Cause
from authwhy.model.diagnosis import Fix

_AUDIENCE_OF_SIDE = {
    "caller": ("caller", "developer", "administrator"),
    "verifier": ("administrator", "developer", "caller"),
    "provider": ("administrator", "developer", "caller"),
    "rule": ("administrator", "caller", "developer"),
    "path": ("administrator", "developer", "caller"),
}


def fixes_for(cause: Cause, side: str) -> tuple[Fix, ...]:
    """The fixes of the cause's page, ordered by who must act."""
    from authwhy.causes._fixes import FIXES

    order = _AUDIENCE_OF_SIDE.get(side, ("caller", "developer", "administrator"))
    rows = sorted(FIXES.get(cause.value, ()), key=lambda row: order.index(row[0]))
    return tuple(Fix(who, do, check, applicability) for who, do, check, applicability in rows)
