"""Which checks are run again."""

from authwhy.diagnose.context import Context
from authwhy.diagnose.replays import replays
from authwhy.model.evidence import Evidence, Setting, Token
from authwhy.model.secret import Vault


def test_without_a_key_or_a_code_nothing_runs() -> None:
    """A token alone cannot be checked."""
    vault = Vault()
    evidence = Evidence(tokens=(Token(vault.hide("a.b.c", "jwt")),), vault=vault)
    assert replays(evidence, Context(clock=0)) == []


def test_each_kind_of_check_runs_when_it_has_what_it_needs() -> None:
    """A token with a secret, a code with a seed."""
    vault = Vault()
    settings = (Setting("totp_secret", "MFRGGZDFMZTWQ2LK"), Setting("code", "123456"), Setting("time", "1790000000"))
    evidence = Evidence(tokens=(Token(vault.hide("a.b.c", "jwt")),), settings=settings, vault=vault)
    found = replays(evidence, Context(clock=0, at=1_790_000_000, secret="a secret of thirty-two bytes, or more"))
    assert len(found) == 2
    assert all(one.runs >= 1 for one in found)
