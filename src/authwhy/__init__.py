"""authwhy says why authentication failed: the cause, the proof, the fix.

>>> import authwhy
>>> authwhy.explain("jwt.exceptions.ExpiredSignatureError: Signature has expired").cause
<Cause.EXPIRED: 'expired'>
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would double the cost of `import authwhy`
if TYPE_CHECKING:
    from typing import Any

    from authwhy.app.observe import observe as observe
    from authwhy.causes import Cause as Cause
    from authwhy.causes import Kind as Kind
    from authwhy.face import explain as explain
    from authwhy.model.diagnosis import Diagnosis as Diagnosis
    from authwhy.model.event import Event as Event

__version__ = "0.1.0"
__all__ = ["Cause", "Diagnosis", "Event", "Kind", "__version__", "explain", "observe"]

_HOMES = {
    "Cause": "authwhy.causes",
    "Diagnosis": "authwhy.model.diagnosis",
    "Event": "authwhy.model.event",
    "Kind": "authwhy.causes",
    "explain": "authwhy.face",
    "observe": "authwhy.app.observe",
}


def __getattr__(name: str) -> Any:
    """Import the public face on first use, so that `import authwhy` stays cheap."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'authwhy' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
