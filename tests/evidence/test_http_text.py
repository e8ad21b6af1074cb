"""Header blocks and bodies of pasted messages."""

from __future__ import annotations

from authwhy.evidence.http_text import MAX_BODY, read_body, read_headers, unquoted


def test_headers_end_at_the_blank_line() -> None:
    """The body begins behind it."""
    text = "A: 1\nB: 2\n\nbody"
    block = read_headers(text, 0, len(text), "")
    assert (block.headers, text[block.body :]) == ((("A", "1"), ("B", "2")), "body")


def test_headers_end_where_a_line_is_none() -> None:
    """Without a blank line the first other line is the body."""
    text = 'A: 1\n{"x":1}'
    block = read_headers(text, 0, len(text), "")
    assert (block.headers, text[block.body :]) == ((("A", "1"),), '{"x":1}')


def test_folded_values_are_joined() -> None:
    """Obsolete line folding (RFC 9112 5.2)."""
    text = "WWW-Authenticate: Basic,\n   Bearer\nB: 2"
    assert read_headers(text, 0, len(text), "").headers == (("WWW-Authenticate", "Basic, Bearer"), ("B", "2"))


def test_urls_and_times_are_no_headers() -> None:
    """`https://...` has a colon too."""
    text = "https://a.example/"
    assert read_headers(text, 0, len(text), "").headers == ()


def test_bodies_are_capped() -> None:
    """64 kB are enough for an error page."""
    assert len(read_body("x" * 100_000, 0, 100_000, "", ())) == MAX_BODY


def test_json_bodies_end_with_their_bracket() -> None:
    """What people write behind it is not the body; broken JSON stays whole."""
    text = '{"a": [1, 2]} is what I get'
    assert read_body(text, 0, len(text), "", ()) == '{"a": [1, 2]}'
    assert read_body('{"a": [1', 0, 8, "", ()) == '{"a": [1'


def test_quoting_is_taken_off() -> None:
    """Also where a line is only the mark."""
    assert [unquoted(line, "> ") for line in ("> a", ">", "b")] == ["a", "", "b"]
