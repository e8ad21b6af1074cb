"""Hostile text to typed evidence: pure, redacted first. Its doors are `read.read` and `read.merge`."""
