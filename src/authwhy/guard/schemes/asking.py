"""A verifier's questions, answered by Calls: how a provider runs a verifier of authwhy.verify."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from msgspec import Struct

from authwhy.guard.effects import Call, Place, Step, place_of
from authwhy.stores.interface import SeenStore
from authwhy.verify.flow import Ask, Flow, SeenAsk


class Door(Struct, frozen=True):
    """Who answers a kind of question, and where that is done."""

    function: Callable[[Any], object]
    place: Place = "here"


Doors: TypeAlias = Mapping[type[Ask], Door]


def through(flow: Flow, doors: Doors, heard: MutableMapping[type[Ask], object] | None = None) -> Step:
    """Run a verifier; returns its outcome. A question without a door is answered by None: not wired, which it reports.

    `heard` takes the last answer to each kind of question. Raises what a door raises.
    """
    reply: object = None
    while True:
        try:
            ask = flow.send(reply)
        except StopIteration as stop:
            return stop.value
        door = doors.get(type(ask))
        reply = None if door is None else (yield Call(door.function, (ask,), door.place))
        if heard is not None:
            heard[type(ask)] = reply


def by_function(function: Callable[..., object] | None, *fields: str) -> Door | None:
    """A door that calls an application's own function with these fields of the question."""
    if function is None:
        return None
    place = place_of(function)
    return Door(lambda ask: function(*(getattr(ask, name) for name in fields)), place)


def seen_by(store: SeenStore, now: int) -> Door:
    """One-time values, remembered by a store."""

    def seen(ask: SeenAsk) -> bool:
        return store.seen(ask.scope, ask.value, ask.until, now)

    return Door(seen, "thread" if store.blocking else "here")
