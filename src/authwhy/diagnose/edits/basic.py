"""Replays of name and password against the stored hashes at hand (RFC 7617): swapped, quoted, encoded, damaged.

The hash rounds make each run dear, so the budget is small; only hashes handed in by the person are tried.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator

from msgspec import Struct, structs

from authwhy.causes import Cause
from authwhy.diagnose.context import Context
from authwhy.diagnose.edits.text import text_edits
from authwhy.diagnose.observation import Strength, observed
from authwhy.diagnose.observe.credential import slots
from authwhy.diagnose.prove import Budget, Edit, Trial, prove
from authwhy.diagnose.replays import Replayed
from authwhy.diagnose.settle import settle
from authwhy.model.evidence import Evidence
from authwhy.model.outcome import Outcome, Refused
from authwhy.model.policy import BasicPolicy
from authwhy.verify.basic import verify
from authwhy.verify.basic_account import Account
from authwhy.verify.flow import AccountAsk, Ask, drive
from authwhy.verify.password import STANDARD
from authwhy.verify.password_format import identify

RULE = "replay:basic"
MOST_ACCOUNTS = 200
BUDGET = Budget(runs=24, depth=2)
_POLICY = BasicPolicy(id="explain")
# name:hash, as htpasswd and its kin write it; the hash is a placeholder by the time this is read.
_LINE = re.compile(r"^([^\s:]{1,128}):(\ue000\d{1,6}\ue001)", re.MULTILINE)


class BasicCase(Struct, frozen=True):
    """A name, a password, and the accounts known."""

    name: str
    password: str
    accounts: tuple[Account, ...]


BasicEdit = Edit[BasicCase]


def run(case: BasicCase) -> Outcome:
    """The real check, as guard makes it."""
    pair = f"{case.name}:{case.password}".encode("utf-8", "surrogatepass")
    known = {account.name: account for account in case.accounts}

    def answer(ask: Ask) -> object:
        return known.get(ask.name) if isinstance(ask, AccountAsk) else None

    return drive(verify(b64encode(pair), _POLICY, 0, STANDARD), answer)


def accounts(evidence: Evidence) -> tuple[Account, ...]:
    """Every `name:hash` line of the input whose hash is one we know."""
    found = (
        Account(match[1], stored)
        for match in _LINE.finditer(evidence.text[:400_000])
        if identify(stored := evidence.vault.reveal(match[2])) is not None
    )
    return tuple(account for account, _ in zip(found, range(MOST_ACCOUNTS), strict=False))


def replays(evidence: Evidence, context: Context) -> list[Replayed]:
    """Check the first name and password sent against the hashes found; nothing without both."""
    known = accounts(evidence)
    pair = _pair(evidence) if known else None
    if pair is None:
        return []
    trial = prove(BasicCase(*pair, known), run, edits, BUDGET)
    return [_replayed(trial, evidence, context)]


def _pair(evidence: Evidence) -> tuple[str, str] | None:
    for slot in slots(evidence):
        if slot.scheme is not None and slot.scheme.lower() == "basic":
            try:
                name, colon, password = b64decode(slot.value).decode("utf-8").partition(":")
            except (Error, UnicodeDecodeError):
                continue
            if colon:
                return name, password
    return None


def edits(case: BasicCase, outcome: Refused) -> Iterator[BasicEdit]:
    """Swapped, then the text of either part, then the name as another system writes it."""
    yield Edit(
        name="name and password swapped", touches="credential", cause=Cause.WRONG_SECRET, detail="swapped_with_name",
        apply=_setter(name=case.password, password=case.name),
    )  # fmt: skip
    for edit, changed in text_edits(case.password):
        yield Edit(
            name=f"password: {edit.name}", touches="credential", cause=Cause.MALFORMED, detail=edit.detail,
            apply=_setter(password=changed),
        )  # fmt: skip
    for word, changed in _names(case.name):
        yield Edit(
            name=f"name: {word}", touches="credential", cause=Cause.UNKNOWN_IDENTITY, apply=_setter(name=changed)
        )


def _names(name: str) -> Iterator[tuple[str, str]]:
    forms = (
        ("white space removed", name.strip()),
        ("in lower case", name.lower()),
        ("without its domain", re.split(r"[@\\]", name)[0] if "@" in name else name.rpartition("\\")[2]),
    )
    for word, changed in forms:
        if changed and changed != name:
            yield word, changed


def _setter(**fields: str) -> Callable[[BasicCase], BasicCase]:
    return lambda case: structs.replace(case, **fields)


def _replayed(trial: Trial[BasicCase], evidence: Evidence, context: Context) -> Replayed:
    if not isinstance(trial.baseline, Refused):
        return Replayed((), {}, trial.runs, passed="name and password fit the stored hash")
    proved = settle(trial, evidence, context)
    what = "the real check was run here against the stored hash and refuses"
    noticed = tuple(
        observed(RULE, Strength.REPLAYED, failure.cause, what, detail=failure.detail, facts=failure.facts)
        for failure in trial.baseline.failures
    )
    extra = tuple(
        observed(RULE, Strength.REPLAYED, cause, "the check passes with: " + "; ".join(one.edits), detail=one.detail)
        for cause, one in proved.items()
        if cause not in trial.failures
    )
    return Replayed(extra + noticed, proved, trial.runs)
