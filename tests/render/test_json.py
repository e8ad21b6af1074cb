"""The json form of a diagnosis."""

import json

from authwhy.model.diagnosis import Diagnosis
from authwhy.render import render

QUESTION = "date -u; curl -sI https://id.example | grep -i ^date"


def test_the_schema_comes_first_and_the_fields_are_the_stable_ones(narrowed: Diagnosis) -> None:
    """Programs rely on authwhy.diagnosis/1."""
    data = json.loads(render(narrowed, "json"))
    assert list(data)[:2] == ["schema", "verdict"]
    assert data["schema"] == "authwhy.diagnosis/1"
    first = data["findings"][0]
    assert {
        "cause",
        "kind",
        "detail",
        "certainty",
        "among",
        "side",
        "evidence",
        "facts",
        "proof",
        "fixes",
        "page",
    } <= set(first)
    assert first["proof"] == {"edits": ["clock: 313 s earlier"], "runs": 7}
    assert set(first["evidence"][0]) == {"what", "where", "quote"}
    assert set(first["fixes"][0]) == {"who", "do", "check", "applicability"}
    assert data["next_question"] == {"ask": QUESTION, "splits": ["expired", "clock_skew"]}


def test_unexplained_has_no_findings(unexplained: Diagnosis) -> None:
    """Empty list and null, not absent."""
    data = json.loads(render(unexplained, "json"))
    assert (data["verdict"], data["findings"], data["next_question"]) == ("unexplained", [], None)
