"""What an outsider may learn, for every cause there is."""

from __future__ import annotations

import itertools
from http import HTTPStatus

import pytest

from authwhy.causes import Cause, Kind, Public, meta
from authwhy.guard.public import TOLD_EXACTLY, translate

EVERY = list(Cause)
FIXED = {
    *("missing", "unsupported_scheme", "malformed", "expired", "not_yet_valid", "insufficient_scope"),
    *("second_factor_required", "rate_limited", "provider_unreachable"),
}


def test_the_list_is_fixed() -> None:
    """Whoever adds a cause to it has to change this line."""
    assert {cause.value for cause in TOLD_EXACTLY} == FIXED


@pytest.mark.parametrize("cause", EVERY)
def test_total(cause: Cause) -> None:
    """Every combination has an answer: a status, a coarse class, and a code that is one of few."""
    for password_like, attested, strict, status in itertools.product(
        (False, True), (False, True), (False, True), (400, 401)
    ):
        told = translate(
            cause, password_like=password_like, attested=attested, strict=strict, malformed_status=status
        )  # fmt: skip
        assert 400 <= HTTPStatus(told.status) < 600
        assert told.title
        if strict:
            assert told.code is None
            assert told.title == HTTPStatus(told.status).phrase
        else:
            assert told.code in FIXED | {public.value for public in Public}
            assert told.code not in {one.value for one in Cause} - FIXED - {public.value for public in Public}
        if cause is Cause.MALFORMED:
            assert told.status == status
        elif not password_like:
            assert told.status == meta(cause).status


@pytest.mark.parametrize("cause", EVERY)
def test_no_title_names_what_may_not_be_told(cause: Cause) -> None:
    """Causes of one class that are not told exactly cannot be told apart."""
    told = translate(cause)
    if cause not in TOLD_EXACTLY:
        assert told.code == told.public.value == meta(cause).public.value
        same = [one for one in EVERY if one not in TOLD_EXACTLY and meta(one).public is told.public]
        assert {(translate(one).code, translate(one).title) for one in same} == {(told.code, told.title)}


def test_passwords_all_look_alike() -> None:
    """Every cause by which a name and its secret can be refused, whoever the name belongs to."""
    alike = {translate(cause, password_like=True) for cause in EVERY if _is_about_one_account(cause)}
    assert alike == {translate(Cause.WRONG_SECRET, password_like=True)}
    assert translate(Cause.WRONG_SECRET, password_like=True).code == "invalid_credentials"


def _is_about_one_account(cause: Cause) -> bool:
    row = meta(cause)
    told_anyway = (
        row.kind is not Kind.INVALID_CREDENTIALS or cause is Cause.MALFORMED or row.public is Public.INVALID_REQUEST
    )
    return not told_anyway or cause is Cause.MISCONFIGURED


def test_what_a_right_password_earns() -> None:
    """Who knows the secret may hear that its time is over; nobody else."""
    for cause in (Cause.EXPIRED, Cause.NOT_YET_VALID):
        assert translate(cause, password_like=True).code == "invalid_credentials"
        assert translate(cause, password_like=True, attested=True).code == cause.value
    assert translate(Cause.REVOKED, password_like=True, attested=True).code == "invalid_credentials"


def test_an_outage_is_never_a_bad_credential() -> None:
    for cause in EVERY:
        if meta(cause).kind is Kind.ERROR:
            assert translate(cause).status >= 500
            assert translate(cause).public in (Public.UNAVAILABLE, Public.MISCONFIGURED)


def test_a_set_up_that_fails_for_everybody_is_told_so() -> None:
    """A wrong service account tells nothing of one name; a hash that cannot be computed tells that there is one."""
    assert translate(Cause.MISCONFIGURED, password_like=True).status == 401
    assert translate(Cause.MISCONFIGURED, password_like=True, everyone=True).status == 500


def test_strict_tells_classes_apart_by_status_only() -> None:
    told = {(one.status, one.code, one.title) for one in (translate(cause, strict=True) for cause in EVERY)}
    assert len(told) == len({status for status, _, _ in told})
