"""One diagnosis of each sort for all renderers."""

import pytest

from authwhy.causes import Cause
from authwhy.model.diagnosis import Diagnosis, EvidenceItem, Finding, Fix, Proof, Question

ESCAPE = "\x1b[2J\x07evil\u202egnp.exe `tick` <b>"


def finding(cause: Cause = Cause.EXPIRED, **changes: object) -> Finding:
    """A finding with everything filled."""
    fields: dict[str, object] = {
        "cause": cause,
        "kind": "invalid_credentials",
        "certainty": "narrowed",
        "among": (Cause.EXPIRED, Cause.CLOCK_SKEW),
        "side": "undecided",
        "evidence": (EvidenceItem("exp lies 312 s before the server's Date", "line 3", ESCAPE),),
        "facts": {"expired_at": 1_790_000_000, "late_s": 312, "slot": "Authorization"},
        "proof": Proof(("clock: 313 s earlier",), 7),
        "fixes": (Fix("caller", "Fetch a new token", "authwhy explain -"), Fix("administrator", "Set the clock", None)),
        "page": "causes/expired",
    }
    return Finding(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def narrowed() -> Diagnosis:
    """Two causes remain."""
    other = finding(Cause.CLOCK_SKEW)
    question = Question("date -u; curl -sI https://id.example | grep -i ^date", (Cause.EXPIRED, Cause.CLOCK_SKEW))
    return Diagnosis("explained", (finding(), other), question, tried=7)


@pytest.fixture
def unexplained() -> Diagnosis:
    """Nothing was found."""
    return Diagnosis("unexplained", reason="the input is empty")
