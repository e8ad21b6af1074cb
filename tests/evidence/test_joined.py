"""Several inputs as one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.canaries import SECRETS, SLOTS, leaks

from authwhy.evidence.read import merge, read


def test_placeholders_point_into_the_new_vault() -> None:
    """Each input's first secret has number 0; joined they differ."""
    joined = merge([read("password=hunter2a", name="one"), read("password=hunter2b", name="two")])
    assert joined.vault.reveal(joined.text) == "password=hunter2a\n\npassword=hunter2b"
    assert [joined.vault.reveal(one.value) for one in joined.settings] == ["hunter2a", "hunter2b"]
    assert [one.where for one in joined.settings] == ["one, line 1", "two, line 1"]


def test_the_same_secret_stays_the_same() -> None:
    """Two inputs with one secret share its placeholder, so they can be compared."""
    joined = merge([read("password=hunter2a"), read("secret: hunter2a")])
    assert len({one.value for one in joined.settings}) == 1


def test_one_input_is_itself() -> None:
    """Nothing is copied for one."""
    evidence = read("x")
    assert merge([evidence]) is evidence


@given(st.lists(st.tuples(st.sampled_from(sorted(SLOTS)), st.sampled_from(sorted(SECRETS))), min_size=2, max_size=3))
def test_joining_leaks_nothing_and_loses_nothing(pieces: list[tuple[str, str]]) -> None:
    """Counts add up and every secret stays hidden."""
    parts = [read(SLOTS[slot](SECRETS[shape])) for slot, shape in pieces]
    whole = merge(parts)
    for name in ("exchanges", "commands", "tokens", "key_sets", "settings", "notes"):
        assert len(getattr(whole, name)) == sum(len(getattr(part, name)) for part in parts)
    assert [leaks(whole, SECRETS[shape]) for _, shape in pieces] == [[] for _ in pieces]
