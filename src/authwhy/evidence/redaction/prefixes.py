"""Beginnings by which vendors mark their tokens and keys, so that scanners find them."""

from __future__ import annotations

from typing import NamedTuple


class Prefix(NamedTuple):
    """A vendor's mark, the least number of characters after it, and what it is."""

    text: str
    least: int
    kind: str


_ROWS: tuple[tuple[str, int, str], ...] = (
    ("github_token", 8, "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_"),
    ("gitlab_token", 8, "glpat- gldt- glrt- glcbt- glptt- gloas- glsoat- glft- GR1348941"),
    ("stripe_live_key", 8, "sk_live_ rk_live_"),
    ("stripe_test_key", 8, "sk_test_ rk_test_"),
    ("webhook_secret", 8, "whsec_"),
    ("anthropic_key", 8, "sk-ant-"),
    ("openai_key", 8, "sk-proj-"),
    ("api_key", 12, "sk-"),
    ("slack_token", 6, "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xapp-"),
    ("google_api_key", 20, "AIza"),
    ("google_access_token", 8, "ya29."),
    ("google_client_secret", 8, "GOCSPX-"),
    ("npm_token", 8, "npm_"),
    ("pypi_token", 16, "pypi-"),
    ("vault_token", 8, "hvs. hvb. hvr."),
    ("docker_token", 8, "dckr_pat_ dckr_oat_"),
    ("sendgrid_key", 20, "SG."),
    ("shopify_token", 8, "shpat_ shpss_ shpca_"),
    ("facebook_token", 24, "EAA"),
    ("digitalocean_token", 8, "dop_v1_"),
    ("databricks_token", 30, "dapi"),
    ("linear_key", 8, "lin_api_"),
    ("rubygems_key", 8, "rubygems_"),
    ("huggingface_token", 16, "hf_"),
    ("groq_key", 16, "gsk_"),
    ("api_key", 20, "xai-"),
    ("api_key", 16, "pplx-"),
    ("planetscale_token", 8, "pscale_tkn_"),
    ("supabase_token", 16, "sbp_"),
    ("atlassian_token", 8, "ATATT3 ATCTT3"),
    ("newrelic_key", 8, "NRAK-"),
    ("grafana_token", 8, "glsa_"),
    ("figma_token", 8, "figd_"),
    ("tailscale_key", 8, "tskey-"),
    ("private_key", 8, "AGE-SECRET-KEY-1"),
    ("notion_token", 32, "secret_"),
    ("notion_token", 20, "ntn_"),
    ("openshift_token", 16, "sha256~"),
    ("api_key", 28, "key-"),
)
PREFIXES = tuple(
    sorted(
        (Prefix(text, least, kind) for kind, least, texts in _ROWS for text in texts.split()),
        key=lambda one: -len(one.text),
    )
)
"""Longest first, so that `sk-ant-` is found before `sk-`."""
