"""Mistakes that stand visibly in pasted configuration, true of the format itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from authwhy.causes import Cause
from authwhy.diagnose.observation import Observation, Strength, observed
from authwhy.model.evidence import Evidence

RULE = "config"


@cache
def _compose_list_item() -> re.Pattern[str]:
    """`- NAME='value'` with a name that says it holds a credential or where to sign in."""
    return re.compile(
        r"^[ \t]{1,20}-[ \t]{1,4}"
        r"(?=\w{0,60}?(?:KEY|SECRET|TOKEN|PASS|PWD|CREDENTIAL|AUTH|CLIENT|USER|LOGIN|CERT|URL|URI|DSN))"
        r"[A-Za-z_]\w{0,60}=(['\"])[^'\"\n]{1,400}\1[ \t]*$",
        re.MULTILINE | re.IGNORECASE,
    )


@cache
def _authority() -> re.Pattern[str]:
    """`scheme://` and what stands before the next slash (RFC 3986 3.2)."""
    return re.compile(r"(?<![A-Za-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://([^\s/@:'\"]{1,100}:[^\s/'\"]{1,400})")


@cache
def _taken_away() -> re.Pattern[str]:
    """A proxy told to send no Authorization: nginx passes no field with an empty value, Apache unsets it."""
    return re.compile(
        r"^[ \t]{0,40}(?:(?:proxy_set_header|grpc_set_header|fastcgi_param|uwsgi_param)[ \t]{1,20}"
        r"(?:HTTP_)?Authorization[ \t]{1,20}(?:\"\"|'')[ \t]{0,4};"
        r"|RequestHeader[ \t]{1,20}(?:early[ \t]{1,4})?unset[ \t]{1,20}\"?Authorization\b)",
        re.MULTILINE | re.IGNORECASE,
    )


def observe(evidence: Evidence) -> Iterator[Observation]:
    """Quotes that a format keeps, addresses whose password breaks them, a proxy that drops the header, AWS keys."""
    text = evidence.text[:400_000]
    if ("uthorization" in text or "AUTHORIZATION" in text) and (match := _taken_away().search(text)):
        order = text.count("\n", 0, match.start()) + 1
        yield observed(
            RULE, Strength.SEEN, Cause.STRIPPED_IN_TRANSIT,
            "this line tells the proxy to send no Authorization header on", where=f"line {order}",
            quote=match[0].strip(), side="path", order=order,
        )  # fmt: skip
    yield from _aws_environment(evidence, text)
    if "-" in text and (match := _compose_list_item().search(text)):
        yield observed(
            RULE, Strength.SAID, Cause.MALFORMED,
            "in a list item `- NAME='value'` the quotation marks are part of the value and are sent with it",
            where=f"line {text.count(chr(10), 0, match.start()) + 1}", quote=match[0].strip(), detail="quotes",
            order=text.count("\n", 0, match.start()) + 1,
        )  # fmt: skip
    if "://" in text and (match := _two_ats(text)):
        yield observed(
            RULE, Strength.SEEN, Cause.MALFORMED,
            "the password in this address holds an @ that is not percent-encoded, so the host is read wrongly",
            where=f"line {text.count(chr(10), 0, match.start()) + 1}", quote=match[0], detail="encoding",
            order=text.count("\n", 0, match.start()) + 1,
        )  # fmt: skip


def _aws_environment(evidence: Evidence, text: str) -> Iterator[Observation]:
    """A temporary key without its session token; keys of the environment that win over the profile beside them."""
    values = {setting.key.upper(): setting for setting in evidence.settings[:500] if setting.value}
    key = values.get("AWS_ACCESS_KEY_ID")
    if key is None:
        return
    if key.value.startswith("ASIA") and not re.search(r"(?i)session[-_ ]?token|security[-_]token\b", text):
        yield observed(
            RULE, Strength.SEEN, (Cause.MISSING_CLAIM, Cause.EXPIRED),
            "an access key that begins with ASIA is temporary and counts only with its session token; none is set",
            where=key.where or "", quote="AWS_ACCESS_KEY_ID=ASIA",
        )  # fmt: skip
    if "AWS_PROFILE" in values:
        yield observed(
            RULE, Strength.SAID, Cause.WRONG_CREDENTIAL_SELECTED,
            "AWS_PROFILE and AWS_ACCESS_KEY_ID are both set: the key of the environment wins over the profile",
            where=key.where or "", quote="AWS_PROFILE", detail=None,
        )  # fmt: skip


def _two_ats(text: str) -> re.Match[str] | None:
    """The first address with a second @ before its host; linear, where one expression for it would not be."""
    for match in _authority().finditer(text):
        before, _, host = match[1].rpartition("@")
        if "@" in before and (host[:1].isalnum() or host[:1] in ("[", "_")):
            return match
    return None
