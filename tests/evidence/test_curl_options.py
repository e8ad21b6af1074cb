"""Options of curl, sorted."""

from __future__ import annotations

from authwhy.evidence.curl_options import SHORT, VALUED, commands, options
from authwhy.evidence.shell_words import words_at


def sorted_out(line: str) -> list[tuple[str, str]]:
    """Name and value of each option."""
    return [(option.name, option.value) for option in options(words_at(line, 0))]


def test_short_options_may_be_joined() -> None:
    """The last one of a group takes the value, attached or not."""
    assert sorted_out("-sSu a:b -XPOST -kHX:1") == [
        ("silent", ""), ("show-error", ""), ("user", "a:b"), ("request", "POST"), ("insecure", ""), ("header", "X:1"),
    ]  # fmt: skip


def test_long_options() -> None:
    """With a blank, with an equals sign as people write, and without a value."""
    assert sorted_out("--user a:b --header=X:1 --digest --expand-data {{x}} url") == [
        ("user", "a:b"), ("header", "X:1"), ("digest", ""), ("data", "{{x}}"), ("", "url"),
    ]  # fmt: skip


def test_a_missing_value_is_empty() -> None:
    """A command that was cut off."""
    assert sorted_out("-u") == [("user", "")]


def test_only_curl_is_curl() -> None:
    """Not libcurl, php-curl or curl/8.0 in a user agent."""
    text = "libcurl https://x php-curl https://y curl/8.0 https://z /usr/bin/curl https://a.example"
    assert [words[0].value for _, _, words in commands(text)] == ["https://a.example"]


def test_every_short_option_has_a_long_name() -> None:
    """Those with a value are known by it."""
    assert {"user", "header", "data", "cookie", "proxy"} <= set(SHORT.values()) & VALUED
