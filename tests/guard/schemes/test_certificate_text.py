"""Certificates as servers and proxies hand them over; anything else is none."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authwhy.guard.schemes.certificate_text import MAX_CHARS, from_header, from_pem_chain

DER = bytes(range(200))
TEXT = base64.encodebytes(DER).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{TEXT}-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "value",
    [
        PEM, quote(PEM), PEM.replace("\n", " "), f":{base64.b64encode(DER).decode()}:", base64.b64encode(DER).decode(),
        quote(PEM, safe=""), f" :{base64.b64encode(DER).decode()}: ",
    ],
)  # fmt: skip
def test_one(value: str) -> None:
    found = from_header(value)
    assert found is not None
    assert found.leaf == DER


def test_chain() -> None:
    found = from_pem_chain([PEM, PEM + PEM])
    assert found is not None
    assert (found.leaf, len(found.intermediates)) == (DER, 2)


@pytest.mark.parametrize(
    "value",
    ["", "nonsense!", ":", "::", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
     "A" * (MAX_CHARS + 4), "%00", "é"],
)  # fmt: skip
def test_none(value: str) -> None:
    assert from_header(value) is None


def test_long_texts_are_left_alone() -> None:
    assert from_pem_chain([PEM + " " * MAX_CHARS]) is None
    assert from_pem_chain([]) is None


@given(st.text())
def test_total(value: str) -> None:
    found = from_header(value)
    assert found is None or isinstance(found.leaf, bytes)
