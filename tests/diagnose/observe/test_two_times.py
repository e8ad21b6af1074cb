"""Two times in one message."""

import pytest

from authwhy.causes import Cause
from authwhy.diagnose.observe.two_times import observe
from authwhy.model.evidence import Evidence, Exchange, HttpRequest, HttpResponse


def noticed(text: str) -> list[tuple[Cause, str | None]]:
    """Causes and details of a text."""
    return [(one.causes[0][0], one.detail) for one in observe(Evidence(text=text))]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "token not to be used after 2026-01-05 10:00:00 +0000 UTC - currently 2026-01-05 10:05:12 +0000 UTC",
            (Cause.EXPIRED, None),
        ),
        (
            "token expiry time: Mon, 05 Jan 2026 10:00:00 GMT, current server time: Mon, 05 Jan 2026 11:30:00 GMT",
            (Cause.EXPIRED, None),
        ),
        ("not valid before 2026-01-05T10:00:00Z, current time 2026-01-05T09:58:00Z", (Cause.NOT_YET_VALID, None)),
        ("request time 2026-01-05T15:00:00Z, server time 2026-01-05T10:00:00Z", (Cause.CLOCK_SKEW, "timezone_offset")),
        ("RequestTime 2026-01-05T10:00:00Z ServerTime 2026-01-05T10:20:13Z", (Cause.CLOCK_SKEW, "offset")),
    ],
)
def test_the_difference_names_the_cause(text: str, cause: tuple[Cause, str | None]) -> None:
    """Whoever printed it."""
    assert noticed(text) == [cause]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00:00Z started, 2026-01-05T10:00:09Z done",
        "expires 2026-01-05T10:00:00Z",
        "exp 1700000000 now 1600000000",
        "current time 2026-01-05T10:00:00Z, expires 2026-01-05T11:00:00Z",
    ],
)
def test_times_that_accuse_nobody_are_left_alone(text: str) -> None:
    """One time, no roles, or an order that is fine."""
    assert noticed(text) == []


def test_a_signed_request_is_compared_with_the_servers_date() -> None:
    """SigV4's X-Amz-Date against Date."""
    request = HttpRequest("GET", "/", (("X-Amz-Date", "20260105T100000Z"),))
    response = HttpResponse(403, headers=(("Date", "Mon, 05 Jan 2026 10:20:00 GMT"),))
    (one,) = observe(Evidence(exchanges=(Exchange(request, response),)))
    assert (one.causes[0][0], one.facts["offset_s"]) == (Cause.CLOCK_SKEW, -1200)


@pytest.mark.parametrize(
    "text",
    [
        "The offer is valid until 2026-01-01 00:00:00; current time 2026-01-05 00:00:00. lease expired",
        "NTP: local time 2026-01-05T12:00:00Z, last timestamp 2026-01-05T11:00:00Z processed by the scheduler",
    ],
)
def test_times_of_other_things_accuse_nobody(text: str) -> None:
    """A lease, a scheduler."""
    assert list(observe(Evidence(text=text))) == []


def test_the_servers_time_in_brackets_is_the_clock() -> None:
    """AWS prints the edge of its window and, in brackets, its own time: 20 minutes, not 15."""
    text = "Signature expired: 20260105T120000Z is now earlier than 20260105T121500Z (20260105T122000Z - 5 min.)"
    (one,) = observe(Evidence(text=text))
    assert (one.causes[0][0], one.facts["offset_s"]) == (Cause.CLOCK_SKEW, -1200)
    early = (
        "Signature not yet current: 20260105T123000Z is still later than 20260105T121500Z (20260105T121000Z + 5 min.)"
    )
    (one,) = observe(Evidence(text=early))
    assert one.facts["offset_s"] == 1200


def test_a_certificate_checked_against_two_times_is_the_other_ends() -> None:
    """Mostly a caller that looks at a server; never a token to fetch again."""
    text = "x509: certificate has expired: current time 2026-01-05T12:00:00Z is after 2025-12-31T23:59:59Z"
    (one,) = observe(Evidence(text=text))
    assert [cause for cause, _ in one.causes][:2] == [Cause.UNTRUSTED_SERVER, Cause.EXPIRED]
