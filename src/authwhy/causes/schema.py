"""A cause's page: TOML front matter between `+++` lines, then prose. Read by tools, tests and `authwhy causes`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

KINDS = ("no_credentials", "invalid_credentials", "denied", "error")
LEVELS = ("proximate", "root")
SIDES = ("caller", "verifier", "provider", "path", "rule")
PUBLIC = (
    "missing",
    "invalid_request",
    "invalid_token",
    "invalid_credentials",
    "insufficient_scope",
    "stronger_authentication_required",
    "denied",
    "rate_limited",
    "payment_required",
    "unavailable",
    "misconfigured",
)
AUDIENCES = ("caller", "developer", "administrator")
APPLICABILITY = ("safe", "unsafe", "display")
TOPICS = ("certificate", "api_key")
FACT_TYPES = ("time", "int", "str", "list", "bool")
SECTIONS = (
    "What happened",
    "How it is proven",
    "Fix",
    "Prevent",
    "Not to be confused with",
    "What to include when you report it",
)


class PageError(ValueError):
    """A page does not follow the schema; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class PageFix:
    """Who does what, and the command that checks it (None where no command exists).

    `when` says for which failures it is: `fact`, `fact=value`, `detail=value` or `about=topic`, with `!` before it for
    all others. `{fact}` in `do` is filled in; without that fact the fix is left out.
    """

    who: str
    do: str
    applicability: str = "safe"
    check: str | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class PageCase:
    """An executable case: the text a person hands in and the cause it must lead to."""

    id: str
    input: str
    expect: str
    first: bool = False
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One row of the vocabulary with everything that is said about it."""

    code: str
    kind: str
    level: str
    side: tuple[str, ...]
    status: int
    public: str
    since: str
    title: str
    rfc: tuple[str, ...]
    ocsf: dict[str, Any]
    ecs: dict[str, Any]
    facts: dict[str, str]
    fixes: tuple[PageFix, ...]
    cases: tuple[PageCase, ...]
    body: str
    refines: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    oauth_error: str | None = None
    not_to_confuse: tuple[str, ...] = ()


def split_front_matter(text: str, name: str = "page") -> tuple[dict[str, Any], str]:
    """Return (front matter, prose). Raises PageError when the `+++` fence or the TOML is broken."""
    parts = text.split("+++\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise PageError(f"{name}: front matter must stand between two lines of +++")
    try:
        return tomllib.loads(parts[1]), parts[2].strip() + "\n"
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"{name}: {error}") from error


def parse_page(code: str, text: str) -> Page:
    """Parse one page. Raises PageError with the first thing that is wrong."""
    data, body = split_front_matter(text, code)
    cases = tuple(
        PageCase(
            id=case.pop("id"),
            input=case.pop("input"),
            expect=case.pop("expect"),
            first=case.pop("first", False),
            context=case,
        )
        for case in data.pop("case", [])
    )
    try:
        fixes = tuple(PageFix(**fix) for fix in data.pop("fix", []))
        members: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        page = Page(
            code=code,
            fixes=fixes,
            cases=cases,
            body=body,
            **members,
        )
    except TypeError as error:
        raise PageError(f"{code}: {error}") from error
    problem = check_page(page)
    if problem:
        raise PageError(f"{code}: {problem}")
    return page


def check_page(page: Page) -> str | None:
    """Say the first thing that breaks the schema, or None."""
    allowed = (
        ("kind", (page.kind,), KINDS),
        ("level", (page.level,), LEVELS),
        ("side", page.side, SIDES),
        ("public", (page.public,), PUBLIC),
        ("facts", tuple(page.facts.values()), FACT_TYPES),
        ("fix.who", tuple(fix.who for fix in page.fixes), AUDIENCES),
        ("fix.applicability", tuple(fix.applicability for fix in page.fixes), APPLICABILITY),
    )
    for name, values, known in allowed:
        strange = [value for value in values if value not in known]
        if strange or (not values and name not in ("facts",)):
            return f"{name} must come from {', '.join(known)}; found {strange or 'nothing'}"
    if (page.level == "root") != bool(page.refines):
        return "a root cause names what it refines, a proximate one refines nothing"
    strange = [fix.when or fix.do for fix in page.fixes if not _can_hold(page, fix)]
    if strange:
        return f"fix.when must name a fact or detail of this page, or a topic; found {strange}"
    if not any(fix.check for fix in page.fixes):
        return "at least one fix needs a command that checks it"
    if not page.cases:
        return "at least one executable case is needed"
    absent = [title for title in SECTIONS if f"## {title}\n" not in page.body]
    if absent:
        return f"sections missing: {', '.join(absent)}"
    return None


def _can_hold(page: Page, fix: PageFix) -> bool:
    """True when the condition of a fix, and the facts its text wants, exist for this cause."""
    if not set(re.findall(r"\{(\w+)\}", fix.do)) <= set(page.facts):
        return False
    name, has_value, value = (fix.when or "").removeprefix("!").partition("=")
    if not fix.when or name in page.facts:
        return not has_value or value != ""
    return value in {"detail": page.details, "about": TOPICS}.get(name, ())


def read_page(code: str) -> Page:
    """Read the page of one cause. Raises KeyError for a code outside the vocabulary."""
    path = FOLDER / f"{code}.md"
    if not code.isidentifier() or not path.is_file():
        raise KeyError(code)
    return parse_page(code, path.read_text("utf-8"))


def read_pages() -> tuple[Page, ...]:
    """Read every page, ordered by code."""
    return tuple(parse_page(path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.md")))
