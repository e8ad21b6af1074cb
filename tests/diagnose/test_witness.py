"""Whose clock says what, as far as the input shows it."""

from authwhy.diagnose.witness import client_time, clock_offset, server_time
from authwhy.model.evidence import Evidence, Exchange, HttpResponse


def exchange(status: int, date: str | None, at: float | None = None) -> Exchange:
    """A response with a Date header, and the caller's clock where recorded."""
    headers = (("date", date),) if date else ()
    return Exchange(None, HttpResponse(status, headers=headers), at=at)


LATER = "Mon, 21 Sep 2026 14:13:20 GMT"
EARLIER = "Mon, 21 Sep 2026 14:00:00 GMT"


def test_the_refusing_response_is_the_witness() -> None:
    """The redirect before it may come from another machine."""
    evidence = Evidence(exchanges=(exchange(302, EARLIER), exchange(401, LATER, at=1_789_999_990.0)))
    assert server_time(evidence) == 1_790_000_000
    assert client_time(evidence) == 1_789_999_990
    assert clock_offset(evidence) == 10


def test_without_both_clocks_there_is_no_offset() -> None:
    """A success, a missing Date or a missing recording is no witness."""
    assert clock_offset(Evidence(exchanges=(exchange(200, LATER, 1.0),))) is None
    assert clock_offset(Evidence(exchanges=(exchange(401, None, 1.0),))) is None
    assert clock_offset(Evidence(exchanges=(exchange(401, LATER),))) is None
