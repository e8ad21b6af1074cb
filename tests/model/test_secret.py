"""Secrets leave the text; what stays says only what kind they were and how long."""

from hypothesis import given
from hypothesis import strategies as st

from authwhy.model.secret import Vault, without_placeholders


@given(st.lists(st.text(min_size=1, max_size=40), max_size=8))
def test_what_is_hidden_comes_back_only_through_the_vault(values: list[str]) -> None:
    """Reveal is the inverse of hide; mask tells kind and length."""
    vault = Vault()
    clean = [without_placeholders(value) for value in values]
    safe = [vault.hide(value, "token") for value in clean]
    assert [vault.reveal(text) for text in safe] == clean
    assert [vault.mask(text) for text in safe] == [f"<token, {len(value)} chars>" for value in clean]


def test_the_vault_never_shows_what_it_holds() -> None:
    """Not in its repr, not for a forged number."""
    vault = Vault()
    placeholder = vault.hide("hunter2-canary", "password")
    assert "hunter2" not in repr(vault)
    assert vault.kind(placeholder) == "password"
    assert vault.kind("x" + placeholder) is None
    assert vault.reveal("\ue00099\ue001") == ""
    assert vault.mask("\ue00099\ue001") == ""


def test_the_same_secret_is_one_secret() -> None:
    """Two places that hold the same value are seen to agree."""
    vault = Vault()
    assert vault.hide("a", "token") == vault.hide("a", "cookie")
    assert len(vault) == 1


def test_placeholders_cannot_be_forged() -> None:
    """Private-use characters in hostile text are removed before anything else."""
    assert without_placeholders("a\ue0000\ue001b") == "a0b"
