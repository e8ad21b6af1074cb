"""Redaction as a whole: canaries in every slot, what stays readable, and that it can be undone in memory."""

from __future__ import annotations

import tomllib
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.canaries import PLAIN_SLOTS, SECRETS, SLOTS, leaks

from authwhy import lexicon
from authwhy.evidence.read import read
from authwhy.evidence.redact import hide_repeats, redact
from authwhy.lexicon.match import match
from authwhy.model.secret import Vault

TABLE = tomllib.loads((Path(__file__).parent / "data/redaction.toml").read_text("utf-8"))["case"]
LEXICON = Path(str(lexicon.__file__)).parent
ENDS_A_PLAIN_VALUE = set(" \t\"'`,;<>")


@pytest.mark.parametrize("slot", SLOTS)
def test_no_secret_of_any_shape_leaks_from_any_slot(slot: str) -> None:
    """Neither the secret nor half of it, neither plain nor encoded, is in the evidence outside of the vault."""
    leaked = {shape: found for shape, secret in SECRETS.items() if (found := leaks(read(SLOTS[slot](secret)), secret))}
    assert leaked == {}


@pytest.mark.parametrize("slot", PLAIN_SLOTS)
def test_no_secret_leaks_from_slots_without_quotes(slot: str) -> None:
    """The same where the value has no quotes of its own, for secrets that can stand there."""
    able = {shape: secret for shape, secret in SECRETS.items() if not ENDS_A_PLAIN_VALUE.intersection(secret)}
    leaked = {shape: found for shape, one in able.items() if (found := leaks(read(PLAIN_SLOTS[slot](one)), one))}
    assert leaked == {}


@given(
    secret=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40),
    slot=st.sampled_from(sorted(SLOTS)),
)
def test_no_random_secret_leaks(secret: str, slot: str) -> None:
    """Letters and digits in any order and any slot."""
    secret = f"Zq7{secret}7qZ"
    assert leaks(read(SLOTS[slot](secret)), secret) == []


@pytest.mark.parametrize("case", TABLE, ids=[case["id"] for case in TABLE])
def test_table(case: dict[str, str | list[str]]) -> None:
    """What is hidden, what stays, and the safe text where the whole matters."""
    vault = Vault()
    safe = redact(str(case["text"]), vault)
    shown = vault.mask(safe)
    assert [secret for secret in case.get("hidden", []) if secret in safe] == []
    assert [word for word in case.get("kept", []) if word not in safe] == []
    assert "shown" not in case or shown == case["shown"]
    assert "nothing" not in case or (safe == case["text"] and len(vault) == 0)


@given(st.text(max_size=300))
def test_redaction_never_raises_and_can_be_undone(text: str) -> None:
    """What was taken out is in the vault, nothing else changed (a bare JSON number gets quotes)."""
    vault = Vault()
    safe = redact(text, vault)
    assert vault.reveal(safe).replace('"', "") == text.replace("\ue000", "").replace("\ue001", "").replace('"', "")


@given(st.lists(st.sampled_from(sorted(SLOTS)), min_size=1, max_size=4), st.sampled_from(sorted(SECRETS)))
def test_redacting_twice_changes_nothing(slots: list[str], shape: str) -> None:
    """A safe text is safe: nothing in it is taken for a secret again."""
    vault = Vault()
    safe = redact("\n".join(SLOTS[slot](SECRETS[shape]) for slot in slots), vault)
    again = redact_safe(safe, vault)
    assert vault.reveal(again) == vault.reveal(safe)


def redact_safe(safe: str, vault: Vault) -> str:
    """Redact a text that holds placeholders already."""
    from authwhy.evidence.redact import redact_part

    return redact_part(safe, vault)


def test_forged_placeholders_are_taken_out() -> None:
    """Private-use characters in hostile text can not point into the vault, however they are encoded."""
    token = "eyJhbGciOiJub25lIn0." + urlsafe_b64encode(b'{"a":"\\ue0000\\ue001"}').decode().rstrip("=") + "."
    text = (
        'password=hunter2\n\ue0000\ue001 {"error": "\\ue0000\\uE001"} https://a.example/?error=%EE%80%800%EE%80%81 '
        + token
    )
    evidence = read(text)
    assert evidence.text.count("\ue000") == 2
    assert not any("\ue000" in one.value for one in evidence.settings if one.key != "password")
    assert "\ue000" not in str(evidence.tokens[0].claims)


def test_a_secret_seen_once_is_hidden_everywhere() -> None:
    """An error that echoes the key it was given does not give it away."""
    vault = Vault()
    safe = redact("API_KEY=Zq7xK2mWv9\nerror: no such key Zq7xK2mWv9 (Zq7xK2mWv9%21)", vault)
    assert "Zq7x" not in safe


def test_plain_words_are_not_hidden_elsewhere() -> None:
    """A password that is a word does not blank the sentence that explains the failure."""
    vault = Vault()
    assert "password authentication failed" in redact("password: password\npassword authentication failed", vault)


def test_repeats_are_found_in_their_encoded_form() -> None:
    """The percent-encoded form of a known secret is the secret."""
    vault = Vault()
    mark = vault.hide("p@ss/w0rd", "password")
    assert hide_repeats("x p%40ss%2Fw0rd y", vault) == f"x {mark} y"


def test_error_texts_survive() -> None:
    """The other side of redaction: what systems say about a failure must still be found in the safe text.

    Of all samples of the lexicon at most one in a thousand may lose its row.
    """
    samples = [
        row["sample"]
        for path in sorted(LEXICON.glob("*.toml"))
        for row in tomllib.loads(path.read_text("utf-8")).get("row", [])
    ]
    lost = []
    for sample in samples:
        safe = redact(sample, Vault())
        if safe != sample and not {hit.row.pattern for hit in match(sample)} <= {
            hit.row.pattern for hit in match(safe)
        }:
            lost.append(sample)
    assert len(lost) <= len(samples) / 1000, lost
