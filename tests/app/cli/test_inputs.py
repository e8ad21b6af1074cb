"""Where input comes from, bounded."""

import io

import pytest

from authwhy.app.cli.inputs import CHUNK, HALF, looks_like_a_path, read_bounded


def test_small_inputs_come_whole() -> None:
    """Nothing is lost below the limit."""
    data = b"x" * (3 * CHUNK + 17)
    assert read_bounded(io.BytesIO(data)) == data


def test_of_a_huge_input_head_and_tail_are_kept() -> None:
    """Both ends of a log matter; the middle is named as left out."""
    data = b"head" + b"x" * (3 * HALF) + b"tail"
    kept = read_bounded(io.BytesIO(data))
    assert kept.startswith(b"head")
    assert kept.endswith(b"tail")
    assert b"left out" in kept
    assert len(kept) < 2 * HALF + 2 * CHUNK


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("./x", True),
        ("session.har", True),
        ("401 Unauthorized", False),
        ("https://a/b.json", False),
        ("invalid_token", False),
    ],
)
def test_only_what_can_be_nothing_else_is_a_path(text: str, path: bool) -> None:
    """A mistyped file name is an error, an error text is not."""
    assert looks_like_a_path(text) is path
