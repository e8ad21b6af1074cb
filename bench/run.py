"""Every benchmark, one after the other, in one run: `make bench`. Ratios, not times; name one to run it alone."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

BENCHES = (
    "cold_start",
    "explain",
    "guard_keys",
    "guard_passwords",
    "guard_requests",
    "guard_schemes",
    "guard_servers",
    "scan",
    "verify_hmac_request",
    "verify_jwt",
    "verify_other",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, all by default."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    for name in names or BENCHES:
        print(f"\n== {name} ==", flush=True)
        import_module(name).main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
