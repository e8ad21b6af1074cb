"""What the verifier wants, found in its configuration."""

import pytest

from authwhy.diagnose.context import Context, bare_key, complete
from authwhy.model.evidence import Evidence, Setting
from authwhy.model.secret import Vault


@pytest.mark.parametrize(
    ("key", "bare"),
    [("validation.Valid-Audience", "validaudience"), ("JWT_ISSUER", "jwtissuer"), ("a/b.secret_key", "secretkey")],
)
def test_setting_names_lose_their_separators(key: str, bare: str) -> None:
    """The last part decides."""
    assert bare_key(key) == bare


def test_settings_fill_what_was_not_given_by_name() -> None:
    """Issuer, audience, algorithms and secret come from the configuration; a token's own claims do not."""
    vault = Vault()
    settings = (
        Setting("JWT_ISSUER", "https://id.example"),
        Setting("app.audience", "['orders', 'billing']"),
        Setting("claims.audience", "other"),
        Setting("algorithms", "HS256"),
        Setting("JWT_SECRET", vault.hide("s3cret", "secret")),
    )
    context = complete(Context(clock=1, issuers=("https://given.example",)), Evidence(settings=settings, vault=vault))
    assert context.issuers == ("https://given.example",)
    assert context.audiences == ("orders", "billing")
    assert (context.algorithms, context.secret) == (("HS256",), "s3cret")


def test_now_is_the_given_time_or_this_machines() -> None:
    """`--at` wins."""
    assert Context(clock=5).now == 5
    assert Context(clock=5, at=3).now == 3
