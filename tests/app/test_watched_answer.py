"""What of an answer is kept while it passes."""

from collections.abc import Callable
from time import perf_counter

from authwhy.app.refusal import BODY_BYTES, Refusal
from authwhy.app.watched_answer import WatchedAnswer
from authwhy.guard.view import View


class Taker:
    """Keeps what is taken."""

    def __init__(self) -> None:
        self.taken: list[Refusal] = []

    def take(self, refusal: Refusal) -> None:
        """Keep."""
        self.taken.append(refusal)

    def quietly(self, function: Callable[..., object], *arguments: object) -> None:
        """Call."""
        function(*arguments)


def watched() -> tuple[WatchedAnswer, Taker]:
    """An answer to GET /orders."""
    taker = Taker()
    return WatchedAnswer(taker, lambda: (View.of("GET", "/orders"), "/{x}"), perf_counter()), taker


def test_a_refusal_is_taken_once_at_its_end() -> None:
    """With head and body."""
    answer, taker = watched()
    answer.start(401, [(b"a", b"b")], 12.5)
    answer.add(b"one ")
    answer.add(b"two")
    assert taker.taken == []
    answer.end()
    answer.end()
    (one,) = taker.taken
    assert (one.status, one.headers, one.body, one.at, one.route) == (401, ((b"a", b"b"),), b"one two", 12.5, "/{x}")
    assert one.duration_us >= 0


def test_a_long_body_is_cut_and_not_waited_for() -> None:
    """A stream without an end is told as soon as enough of it passed."""
    answer, taker = watched()
    answer.start(403, [], 0.0)
    answer.add(b"x" * (BODY_BYTES - 1))
    answer.add(b"yz")
    answer.add(b"more")
    answer.end()
    (one,) = taker.taken
    assert one.body == b"x" * (BODY_BYTES - 1) + b"y"


def test_any_other_answer_is_let_go() -> None:
    """Also a refusal that the application took back."""
    answer, taker = watched()
    answer.start(200, [], 0.0)
    answer.add(b"x")
    answer.end()
    answer.start(401, [], 0.0)
    answer.start(500, [], 0.0)
    answer.end()
    assert taker.taken == []
    assert not answer.wanted
