"""The vocabulary is closed: every cause has a page, an emitter, a case that runs, a public answer, a fix and mappings."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from authwhy import Cause, explain
from authwhy.causes import Kind, Public, Side, meta
from authwhy.causes._fixes import FIXES
from authwhy.causes.schema import FOLDER, Page, PageCase, read_page, read_pages
from authwhy.lexicon.build import read_all

SRC = Path(__file__).resolve().parent.parent / "src/authwhy"
# Causes that nothing can emit yet, with the issue that will. This table only shrinks.
NOT_YET_EMITTED: dict[str, str] = {}
PAGES = {page.code: page for page in read_pages()}
CASES = [(page, case) for page in PAGES.values() for case in page.cases]


@cache
def emitted() -> frozenset[str]:
    """Every cause that a lexicon row, a verifier or a rule of the diagnosis can name."""
    found = {cause.value for _, rows in read_all() for source in rows for cause in source.row.causes}
    for folder in ("verify", "diagnose"):
        for path in (SRC / folder).rglob("*.py"):
            if path.name not in ("companions.py", "questions.py"):
                found |= {name.lower() for name in re.findall(r"\b(?:Cause|C)\.([A-Z_]+)\b", path.read_text("utf-8"))}
    return frozenset(found)


def test_pages_and_enum_are_the_same_set() -> None:
    """A page without its member, or a member without its page, means `make generate` was not run."""
    assert sorted(PAGES) == sorted(cause.value for cause in Cause)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_the_generated_row_says_what_the_page_says(code: str) -> None:
    """Enum data and fixes come from the page."""
    page, row = PAGES[code], meta(code)
    assert (row.kind, row.level, row.status, row.public) == (page.kind, page.level, page.status, page.public)
    assert (row.title, row.details, row.sides, row.refines) == (page.title, page.details, page.side, page.refines)
    assert FIXES[code] == tuple((fix.who, fix.do, fix.check, fix.applicability, fix.when) for fix in page.fixes)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_every_cause_can_be_emitted(code: str) -> None:
    """Something in the program can say it, or the table says who will."""
    assert (code in emitted()) != (code in NOT_YET_EMITTED)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_every_cause_is_mapped_and_can_be_fixed(code: str) -> None:
    """Public answer, OCSF 3002, ECS, and a fix with a command."""
    page = PAGES[code]
    assert page.public in set(Public)
    assert set(page.side) <= set(Side)
    assert page.kind in set(Kind)
    assert page.ocsf["class_uid"] == 3002
    assert page.ocsf["status_detail"]
    assert page.ecs["event.reason"] == code
    assert page.ecs["event.outcome"] == "failure"
    assert any(fix.check for fix in page.fixes)


@pytest.mark.parametrize("code", sorted(PAGES))
def test_neighbours_named_in_prose_exist(code: str) -> None:
    """A page that says what not to confuse it with names real causes, and talks about them."""
    page = PAGES[code]
    assert page.not_to_confuse
    for neighbour in page.not_to_confuse:
        assert neighbour in PAGES, neighbour
        assert neighbour in page.body, neighbour


def test_root_causes_refine_proximate_ones_of_the_vocabulary() -> None:
    """A root refines what a verifier may have seen."""
    for cause in Cause:
        for refined in meta(cause).refines:
            assert meta(refined).level == "proximate"


def test_case_ids_are_unique() -> None:
    """A case can be named in a discussion."""
    ids = [case.id for _, case in CASES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("page", "case"), CASES, ids=[case.id for _, case in CASES])
def test_every_case_is_explained(page: Page, case: PageCase) -> None:
    """What the page says a person would paste leads to the cause the page is about."""
    diagnosis = explain(case.input, **case.context)
    found = [finding.cause.value for finding in diagnosis.findings]
    assert case.expect == page.code
    assert case.expect in found
    if case.first:
        assert found[0] == case.expect


def public_enumerations() -> Iterator[str]:
    """Names the pages module exports; used to prove that the schema module stays standard-library only."""
    for node in ast.walk(ast.parse((SRC / "causes/schema.py").read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_ring_0_uses_only_the_standard_library() -> None:
    """The vocabulary can be read by any Python."""
    assert set(public_enumerations()) <= {"__future__", "dataclasses", "pathlib", "typing"}


def test_reading_an_unknown_page_is_a_key_error() -> None:
    """A path is never built from hostile text."""
    for name in ("nothing", "../schema", "expired.md", ""):
        with pytest.raises(KeyError):
            read_page(name)
    assert FOLDER.is_dir()
