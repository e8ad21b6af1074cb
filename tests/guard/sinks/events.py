"""Events with invented values, and a wait for what a worker does."""

from __future__ import annotations

from authwhy.causes import Cause, Kind
from authwhy.model.event import Event, Refusal, Weighed

USER = "mara.invented"
ADDRESS = "192.0.2.7"


def success(ref: str = "r-1") -> Event:
    """Somebody got in."""
    return Event(
        time="2026-03-01T10:00:00.250Z",
        outcome="success",
        user=USER,
        app="orders",
        provider="token",
        method="bearer",
        address=ADDRESS,
        status=200,
        ref=ref,
        duration_us=41,
    )


def failure(ref: str = "r-2", cause: Cause = Cause.EXPIRED, kind: Kind = Kind.INVALID_CREDENTIALS) -> Event:
    """Somebody did not."""
    return Event(
        time="2026-03-01T10:00:01Z",
        outcome="failure",
        causes=(Weighed(cause),),
        kind=kind,
        user_digest="k1:9f2c",
        app="orders",
        provider="token",
        method="bearer",
        address=ADDRESS,
        agent="curl/8.9",
        status=401,
        ref=ref,
        route="/orders",
        verb="GET",
        facts={"late_s": 312},
        refusals=(Refusal("token", (cause,)),),
        duration_us=57,
    )
