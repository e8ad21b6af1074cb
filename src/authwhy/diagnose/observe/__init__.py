"""The rules of observation, in one explicit tuple. Each looks at the evidence and notices, none decides."""

from __future__ import annotations

from authwhy.diagnose.context import Context
from authwhy.diagnose.observation import Observation
from authwhy.model.evidence import Evidence


def observe(evidence: Evidence, context: Context) -> list[Observation]:
    """Everything every rule notices, in the order of the rules."""
    from authwhy.diagnose.observe import (
        claims,
        config,
        credential,
        echo,
        expected,
        http,
        lexicon_rule,
        story,
        two_times,
    )

    found: list[Observation] = []
    for rule in (lexicon_rule, credential, config, echo, expected, two_times, http, story):
        found += rule.observe(evidence)
    found += claims.observe(evidence, context)
    return found
