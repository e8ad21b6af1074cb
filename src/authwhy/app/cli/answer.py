"""What `authwhy explain` does, whoever parsed its arguments."""

from __future__ import annotations

from typing import Any

from authwhy.app.cli.inputs import read_file, read_inputs, read_text_file
from authwhy.app.cli.output import show
from authwhy.render import FORMATS


class WrongUsage(Exception):
    """The arguments cannot be meant; the message says what is wrong with them."""


def answer(
    inputs: tuple[str, ...],
    *,
    format: str = "text",  # noqa: A002  the option's own name
    at: str | None = None,
    token_file: str | None = None,
    secret_file: str | None = None,
    jwks: str | None = None,
    retired_jwks: str | None = None,
    issuer: tuple[str, ...] = (),
    audience: tuple[str, ...] = (),
    config: str | None = None,
    events: str | None = None,
) -> int:
    """Read everything, explain it, print it; return the exit status. Raises WrongUsage and UnreadableInput."""
    if format not in FORMATS:
        raise WrongUsage(f"{format!r} is not one of {', '.join(FORMATS)}")
    context: dict[str, Any] = {"issuer": issuer, "audience": audience, "at": at}
    if events:
        from authwhy.app.cli import from_events

        if len(inputs) > 1 or (token_file and not inputs):
            raise WrongUsage("--events wants one reference: authwhy explain REF --events FILE")
        if not inputs:
            return from_events.show_failures(events, format)
        context["event"] = from_events.chosen(inputs[0], events)
        if context["event"] is None:
            return from_events.show_absent(inputs[0], events, format)
    pieces = read_inputs(inputs) if not events else []
    if token_file:
        pieces.append(f"Authorization: Bearer {read_text_file(token_file)}")  # as it would be sent, damage and all
    if not pieces and not events:
        raise WrongUsage("nothing to explain: give a text, a file, or - for standard input")
    if secret_file:
        context["secret"] = read_text_file(secret_file)
    for name, path in (("jwks", jwks), ("retired_jwks", retired_jwks)):
        if path:
            context[name] = read_text_file(path)
    if config:
        context["config"] = read_file(config)
    from authwhy.face import explain

    try:
        diagnosis = explain(pieces, **context)
    except ValueError as error:
        raise WrongUsage(str(error)) from None
    return show(diagnosis, format)
