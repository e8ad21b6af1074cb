"""Mistakes visible in configuration."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.config import observe
from authwhy.model.evidence import Evidence, Setting


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("    environment:\n      - API_KEY='abc'\n", "quotes"),
        ("DATABASE_URL=postgres://app:p@ss@db.example/orders", "encoding"),
    ],
)
def test_the_format_itself_makes_it_wrong(text: str, detail: str) -> None:
    """Quotes that stay, an @ that ends the password early."""
    (one,) = observe(Evidence(text=text))
    assert (one.causes[0][0], one.detail) == (Cause.MALFORMED, detail)


@pytest.mark.parametrize(
    "text", ["- API_KEY=abc", 'environment:\n  API_KEY: "abc"', "postgres://app:p%40ss@db.example/orders"]
)
def test_right_forms_are_left_alone(text: str) -> None:
    """A YAML mapping takes its quotes away."""
    assert list(observe(Evidence(text=text))) == []


@pytest.mark.parametrize(
    "line",
    [
        '    proxy_set_header Authorization "";',
        "fastcgi_param HTTP_AUTHORIZATION '';",
        "  RequestHeader unset Authorization",
    ],
)
def test_a_proxy_told_to_drop_the_header_is_seen(line: str) -> None:
    """nginx sends no field with an empty value; mod_headers takes it away."""
    (one,) = observe(Evidence(text=f"location / {{\n{line}\n}}\n"))
    assert (one.causes[0][0], one.where) == (Cause.STRIPPED_IN_TRANSIT, "line 2")


@pytest.mark.parametrize(
    "line", ["proxy_set_header Authorization $http_authorization;", '# proxy_set_header Authorization "";']
)
def test_a_proxy_that_hands_it_on_is_left_alone(line: str) -> None:
    """Neither a value nor a comment drops anything."""
    assert list(observe(Evidence(text=line))) == []


def aws(*values: tuple[str, str]) -> set[Cause]:
    """The leading causes for these settings."""
    settings = tuple(Setting(key, value) for key, value in values)
    text = "\n".join(f"{key}={value}" for key, value in values)
    return {one.causes[0][0] for one in observe(Evidence(text=text, settings=settings))}


def test_a_temporary_aws_key_needs_its_session_token() -> None:
    """The start of the key id says which kind it is."""
    key = ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
    assert aws(key) == {Cause.MISSING_CLAIM}
    assert aws(key, ("AWS_SESSION_TOKEN", "abc")) == set()


def test_keys_of_the_environment_win_over_the_profile() -> None:
    """Two sources of one credential."""
    key = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    assert aws(key) == set()
    assert aws(key, ("AWS_PROFILE", "prod")) == {Cause.WRONG_CREDENTIAL_SELECTED}


def test_only_names_of_credentials_count_in_a_list() -> None:
    """A quoted time zone breaks no sign-in."""
    assert list(observe(Evidence(text="    environment:\n      - TZ='Europe/Berlin'\n"))) == []


def test_an_address_with_one_at_or_none_is_left_alone() -> None:
    """The second @ is what breaks it."""
    for text in ("postgres://app:secret@db.example/orders", "http://a.example:8080/@scope/name@1", "x://a:b@c@"):
        assert list(observe(Evidence(text=text))) == []
