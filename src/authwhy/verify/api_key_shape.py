"""What is visibly wrong with the text of an API key, before anything is looked up. Pure, linear, never raises."""

from __future__ import annotations

import re
from functools import cache

from authwhy.causes import Cause
from authwhy.model.outcome import Failure
from authwhy.model.policy import ApiKeyPolicy

# public starts of well-known kinds of keys; the longest that fits names the kind
KNOWN_KINDS = {
    "-----BEGIN": "pem",
    "AIza": "google_api_key",
    "AKIA": "aws_access_key_id",
    "ASIA": "aws_temporary_access_key_id",
    "SG.": "sendgrid",
    "dop_v1_": "digitalocean",
    "eyJ": "jwt",
    "ghp_": "github_personal",
    "gho_": "github_oauth",
    "ghs_": "github_app_installation",
    "ghu_": "github_app_user",
    "github_pat_": "github_fine_grained",
    "glpat-": "gitlab_personal",
    "hf_": "hugging_face",
    "npm_": "npm",
    "pk_live_": "stripe_publishable_live",
    "pk_test_": "stripe_publishable_test",
    "pypi-": "pypi",
    "rk_live_": "stripe_restricted_live",
    "rk_test_": "stripe_restricted_test",
    "sk-": "openai_style",
    "sk-ant-": "anthropic",
    "sk_live_": "stripe_secret_live",
    "sk_test_": "stripe_secret_test",
    "whsec_": "webhook_secret",
    "xoxb-": "slack_bot",
    "xoxp-": "slack_user",
    "ya29.": "google_access_token",
}
_KNOWN_STARTS = tuple(KNOWN_KINDS)
ENVIRONMENTS = ("live", "test", "prod", "production", "dev", "development", "staging", "sandbox")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_FILL = "me|this|your|here|with|the|a|an|own|api|access|secret|key|token|goes|value"
_PLACEHOLDER = (
    r"[<\[{].*[>\]}]|\$\{?\w+\}?|%\w+%|[*xX.\u2022]+|0+|.{0,12}\*{3,}.{0,12}|none|null|nil|undefined|true|false"
    r"|(?:your|my|insert|enter|paste|put|replace|change|example|sample|dummy|placeholder|todo|xxx)"
    rf"(?:[\s_-]?(?:{_FILL}))*"
    r"|(?:api|secret|access)[_-]?(?:key|token)(?:[_-]here)?"
)


@cache
def _prefix() -> re.Pattern[str]:
    return re.compile(r"(?:bearer|api-?key|token|key|basic)[\s:]+|(?:authorization|x-api-key)\s*[:=]", re.IGNORECASE)


@cache
def _placeholder() -> re.Pattern[str]:
    """Compiled at the first use: a program that meets no odd key does not pay for it."""
    return re.compile(_PLACEHOLDER, re.IGNORECASE | re.DOTALL)


def shape_failure(key: str, policy: ApiKeyPolicy) -> Failure | None:
    """The first thing that is wrong with the text, or None. Its fact `problem` is one word from a fixed list."""
    if len(key) > policy.max_length:
        return Failure(Cause.MALFORMED, facts={"problem": "too_long", "limit": policy.max_length})
    stripped = key.strip()
    if not stripped:
        return Failure(Cause.WRONG_SECRET, "empty")
    if is_placeholder(stripped.strip(_QUOTES)):
        return Failure(Cause.WRONG_SECRET, "placeholder")
    problem = _damage(key, stripped)
    if problem:
        return problem
    if len(key) < policy.min_length:
        return Failure(Cause.MALFORMED, "truncated", {"problem": "too_short", "limit": policy.min_length})
    return _kind(key, policy)


def is_placeholder(text: str) -> bool:
    """True for what templates, masks and unset variables put where the key belongs."""
    return _placeholder().fullmatch(text) is not None


def _damage(key: str, stripped: str) -> Failure | None:
    if "\x1b" in key or "\\" in key:
        return Failure(Cause.MALFORMED, "escape_codes", {"problem": "escape_codes"})
    if stripped[0] in _QUOTES or stripped[-1] in _QUOTES:
        return Failure(Cause.MALFORMED, "quotes", {"problem": "quoted"})
    if _prefix().match(stripped):
        return Failure(Cause.MALFORMED, "prefix", {"problem": "scheme_or_header_in_value"})
    if key != stripped:
        return Failure(Cause.MALFORMED, "whitespace", {"problem": "whitespace_around"})
    if stripped.endswith(("...", "\u2026")):
        return Failure(Cause.MALFORMED, "truncated", {"problem": "ellipsis"})
    if len(stripped.split(None, 1)) > 1:
        return Failure(Cause.MALFORMED, "whitespace", {"problem": "whitespace_inside"})
    if not (key.isascii() and key.isprintable()):
        return Failure(Cause.MALFORMED, "encoding", {"problem": "not_printable_ascii"})
    return None


def _kind(key: str, policy: ApiKeyPolicy) -> Failure | None:
    """Another kind of key, or the same kind from another environment, by the public prefix alone."""
    if key.startswith(policy.prefix):
        return None
    environment = next((word for word, start in _other_environments(policy.prefix) if key.startswith(start)), None)
    if environment:
        facts = {"expected": policy.prefix, "seen": environment}
        return Failure(Cause.WRONG_SECRET, "other_environment", facts)
    return Failure(Cause.WRONG_SECRET, "other_kind", {"expected": policy.prefix, "seen": known_kind(key)})


def known_kind(key: str) -> str:
    """The public name of the kind of key that this text starts like; "unknown" for none."""
    if not key.startswith(_KNOWN_STARTS):
        return "unknown"
    return KNOWN_KINDS[max((start for start in KNOWN_KINDS if key.startswith(start)), key=len)]


@cache
def _other_environments(prefix: str) -> tuple[tuple[str, str], ...]:
    """(environment, prefix) for the same prefix with another environment's word in it."""
    parts = re.split(r"([_.-])", prefix)
    return tuple(
        (word, "".join([*parts[:at], word, *parts[at + 1 :]]))
        for at, part in enumerate(parts)
        if part in ENVIRONMENTS
        for word in ENVIRONMENTS
        if word != part
    )
