"""What the world's systems say: lexicon hits become observations."""

from __future__ import annotations

from collections.abc import Iterator

from authwhy.diagnose.observation import Observation, Strength
from authwhy.lexicon.match import PLAIN_WORDS, Hit, match, resolve
from authwhy.model.evidence import Evidence

RULE = "lexicon"


def observe(evidence: Evidence) -> Iterator[Observation]:
    """One observation a row that matched the text."""
    for hit in resolve(match(evidence.text)):
        yield from_hit(hit)


def from_hit(hit: Hit) -> Observation:
    """The observation of one hit: a vendor's own row says more than plain words."""
    row = hit.row
    strength = Strength.SAID if row.rank == "exact" else Strength.PHRASE
    code = f" {row.code}" if row.code and row.code.lower() not in hit.quote.lower() else ""
    facts = {name: value for name, value in hit.holes.items() if name in ("expected", "seen", "user", "kid", "alg")}
    return Observation(
        rule=f"{RULE}:{row.system}",
        strength=strength,
        causes=row.weighted,
        what=f"{row.system}{code} says so" if row.system != PLAIN_WORDS else "the words themselves say so",
        where=f"line {hit.line}",
        quote=hit.quote[:300],
        detail=row.detail,
        side=row.side,
        facts=facts,
        order=hit.line,
        look=row.look,
        outcome=row.outcome,
    )
