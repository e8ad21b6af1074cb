"""Negative vectors for every algorithm, as data in tests/verify/vectors (RFC 7515, RFC 7518, RFC 8725)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from authwhy.model.outcome import Accepted, Refused
from authwhy.model.policy import KNOWN_ALGORITHMS, JwtPolicy
from authwhy.verify import jwt
from authwhy.verify.flow import KeyAsk, drive
from authwhy.verify.jwk import KeySet

FOLDER = Path(__file__).parent / "vectors"


def files() -> list[dict[str, Any]]:
    """Every vector file."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]


FILES = files()


def test_every_algorithm_has_its_vectors() -> None:
    """A new algorithm comes with its vectors."""
    assert {file["algorithm"] for file in FILES} == set(KNOWN_ALGORITHMS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["algorithm"])
def test_every_vector_is_refused_with_its_cause(file: dict[str, Any]) -> None:
    """Both ways of checking say the same, and it is what the vector says."""
    policy = JwtPolicy(algorithms=KNOWN_ALGORITHMS, issuers=(file["issuer"],), audiences=(file["audience"],))
    keys = KeySet.from_jwks({"keys": file["keys"]})
    wrong = []
    for vector in file["vectors"]:
        outcome = jwt.check(vector["token"], policy, file["now"], keys)
        flow = drive(
            jwt.verify(vector["token"], policy, file["now"]), lambda ask: keys if isinstance(ask, KeyAsk) else None
        )
        assert flow == outcome
        if isinstance(outcome, Accepted):
            seen: tuple[str | None, str | None] = (None, None)
        else:
            seen = (outcome.primary.cause.value, outcome.primary.detail)
            assert not outcome.primary.attested
            assert len(outcome.failures) == 1
        expected = (vector["cause"], vector["detail"])
        fits = isinstance(outcome, Refused) if expected == ("*", "*") else seen == expected
        if not fits:
            wrong.append((vector["id"], vector["what"], expected, seen))
    assert wrong == []
