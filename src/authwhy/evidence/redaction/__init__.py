"""How each kind of secret is found. `authwhy.evidence.redact` runs them in order; nothing here reads evidence."""
