"""Lexicon hits as observations."""

from authwhy.causes import Cause
from authwhy.diagnose.observe.lexicon_rule import observe
from authwhy.model.evidence import Evidence


def test_a_vendors_row_says_plain_words_only_phrase() -> None:
    """Strength follows the row's rank."""
    (vendor,) = [one for one in observe(Evidence(text="AADSTS50055: whatever follows")) if one.rule == "lexicon:entra"]
    assert (vendor.causes[0][0], vendor.strength.name, vendor.where) == (Cause.PASSWORD_EXPIRED, "SAID", "line 1")
    (plain,) = observe(Evidence(text="\nthe account has been suspended"))
    assert (plain.causes[0][0], plain.strength.name, plain.where) == (Cause.ACCOUNT_DISABLED, "PHRASE", "line 2")
