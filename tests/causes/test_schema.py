"""Pages follow their schema, and a page that does not is refused by name."""

import pytest

from authwhy.causes.schema import FOLDER, PageError, parse_page, read_pages

GOOD = (FOLDER / "expired.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('kind = "invalid_credentials"', 'kind = "bad"', "kind"),
        ('public = "invalid_token"', 'public = "secret"', "public"),
        ('side = ["caller"]', "side = []", "side"),
        ('level = "proximate"', 'level = "root"', "root cause"),
        ("## Prevent", "## Avoid", "sections missing: Prevent"),
        ('who = "caller"', 'who = "nobody"', "fix.who"),
        ('title = "', 'titel = "', "titel"),
        ('when = "about=certificate"', 'when = "about=weather"', "fix.when"),
        ('when = "about=certificate"', 'when = "no_such_fact"', "fix.when"),
        ('when = "about=certificate"', 'when = "detail=prefix"', "fix.when"),
        ('when = "about=certificate"', 'when = "late_s="', "fix.when"),
        ('do = "Renew', 'do = "{no_such_fact}', "fix.when"),
        ("+++\n", "---\n", "front matter"),
    ],
)
def test_a_page_that_breaks_the_schema_says_what_is_wrong(old: str, new: str, complaint: str) -> None:
    """The author is told in one line."""
    with pytest.raises(PageError, match=complaint):
        parse_page("expired", GOOD.replace(old, new, 1))


def test_every_page_parses() -> None:
    """All of them, in order."""
    codes = [page.code for page in read_pages()]
    assert codes == sorted(codes)
    assert len(codes) > 50
