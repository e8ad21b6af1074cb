"""The stable machine form: schema authwhy.diagnosis/1."""

from __future__ import annotations

import msgspec

from authwhy.model.diagnosis import Diagnosis
from authwhy.render.interface import Style

name = "json"


def render(diagnosis: Diagnosis, style: Style) -> str:
    """One JSON object, indented, with the schema first."""
    plain = msgspec.to_builtins(diagnosis)
    ordered = {"schema": plain.pop("schema"), "verdict": plain.pop("verdict"), **plain}
    return msgspec.json.format(msgspec.json.encode(ordered), indent=2).decode() + "\n"
