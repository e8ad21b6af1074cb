"""Entry point. The commonest call is answered without importing click, which is half of a cold start."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run `authwhy` with this process's arguments and end it with the documented exit status."""
    from authwhy.app.cli.inputs import EXIT_INTERRUPTED, EXIT_UNREADABLE, UnreadableInput
    from authwhy.app.cli.quick import quick

    try:
        status = quick(sys.argv[1:])
        if status is None:
            from authwhy.app.cli.group import run

            status = run()
        sys.stdout.flush()
    except UnreadableInput as error:
        sys.stderr.write(f"Error: {error}\n")
        status = EXIT_UNREADABLE
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        os._exit(0)
    except OSError as error:  # a full disk behind standard output
        sys.stderr.write(f"Error: cannot write: {error.strerror or error}\n")
        os._exit(1)
    sys.exit(status)
