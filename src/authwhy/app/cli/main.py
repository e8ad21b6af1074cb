"""Entry point. The commonest call is answered without importing click, which is half of a cold start."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `authwhy` with this process's arguments and end it with the documented exit status."""
    from authwhy.app.cli.quick import quick

    status = quick(sys.argv[1:])
    if status is None:
        from authwhy.app.cli.group import run

        status = run()
    sys.exit(status)
