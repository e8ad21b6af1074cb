"""What the world's systems say: lexicon hits become observations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import structs

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength
from authwhy.diagnose.observe.topic import is_at_home
from authwhy.lexicon.match import PLAIN_WORDS, Hit, match, resolve
from authwhy.lexicon.row import Row
from authwhy.model.evidence import Evidence

RULE = "lexicon"
_REALM = re.compile(r"\brealm=\"([^\"]*)\"")
ACCOUNT = frozenset(["account", "accounts", "user", "username", "{user}"])  # words that need no company
CODE = ("throw ", "raise ", "return ", "console.", "print(", "//", "/*", "assert ", "const ", "let ", "var ", "def ")


def observe(evidence: Evidence) -> Iterator[Observation]:
    """One observation a row that matched the text. Plain words count only where the text is about authentication."""
    lines: list[str] = []
    home: dict[int, bool] = {}
    company = bool(evidence.exchanges or evidence.commands or evidence.tokens or evidence.certificates)
    asked = any(exchange.request and exchange.response for exchange in evidence.exchanges)
    for hit in resolve(_without_realms(match(evidence.text), evidence.text)):
        if asked and hit.row.rank == "stock":  # it says no more than the status: the request itself does
            continue
        observation = from_hit(hit)
        if observation.strength == Strength.PHRASE and _is_plain(hit):
            lines = lines or evidence.text.split("\n")
            line = lines[hit.line - 1] if hit.line <= len(lines) else ""
            if _counts_none(hit, line):
                continue
            if hit.line not in home:
                home[hit.line] = company or is_at_home(evidence.text, _around(lines, hit.line))
            if _is_code(line) or not (home[hit.line] or _names_an_account(hit) or _names_itself(hit, lines)):
                observation = structs.replace(observation, strength=Strength.HINT)
        yield observation


def _without_realms(hits: list[Hit], text: str) -> list[Hit]:
    """A realm is a name that somebody gave a place (RFC 9110 section 11.5): "Login Required" says nothing there."""
    if "realm=" not in text:
        return hits
    realms = {number: found for number, line in enumerate(text.split("\n"), 1) if (found := _realms(line))}
    return [hit for hit in hits if not any(hit.quote in realm for realm in realms.get(hit.line, ()))]


def _realms(line: str) -> list[str]:
    at = line.lower().find("-authenticate") if "realm=" in line else -1
    return _REALM.findall(line, at, at + 4_000) if at >= 0 else []


def _is_plain(hit: Hit) -> bool:
    """Plain words, whoever says them: "invalid format", but not AccessDenied or ORA-01017."""
    return hit.row.system == PLAIN_WORDS or hit.row.pattern.replace(" ", "").lower() == "".join(
        word[:1].lower() + word[1:] for word in hit.row.pattern.split() if word.isalpha()
    )


def _around(lines: list[str], line: int) -> str:
    return "\n".join(lines[max(0, line - 4) : line + 3])


def _names_itself(hit: Hit, lines: list[str]) -> bool:
    """snmpget: Unsupported security level."""
    return hit.row.system.partition("_")[0] in _around(lines, hit.line)[:4000].lower()


def _names_an_account(hit: Hit) -> bool:
    """user not found, account is locked; but "cancelled by user" is what any program says after Ctrl-C."""
    said = hit.row.causes[0] if hit.row.causes else None
    return said != Cause.DECLINED_BY_USER and not ACCOUNT.isdisjoint(hit.row.pattern.lower().split())


def _counts_none(hit: Hit, line: str) -> bool:
    """`unreachable=0  failed=0`: a summary that says it did not happen."""
    at = line.find(hit.quote)
    return at >= 0 and re.match(r"[\"']?\s?[=:]\s?0\b", line[at + len(hit.quote) :]) is not None


def _is_code(line: str) -> bool:
    """A statement or comment of a program: its message was not said, only written."""
    start = line.lstrip("+- \t")
    return start.startswith(CODE) or (start.startswith(("if ", "if(")) and line.rstrip().endswith(("{", ";", ":")))


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
        what=_who(row, code),
        where=f"line {hit.line}",
        quote=hit.quote[:300],
        detail=row.detail,
        side=row.side,
        facts=facts,
        order=hit.line,
        look=row.look,
        outcome=row.outcome,
    )


def _who(row: Row, code: str) -> str:
    if row.rank == "stock":
        return "the stock page of a server or framework, which says no more than the status"
    return f"{row.system}{code} says so" if row.system != PLAIN_WORDS else "the words themselves say so"
