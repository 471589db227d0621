"""The console command, and what it says when its packages are missing.

The base install has no dependencies, because it belongs into the app's
environment; the same command is there, and must say how to mend that.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from shipper import cycles
from shipper.cli import streams

EXIT_CONFIG = 78
NEEDED = (
    "click",
    "hyperscan",
    "jsonschema",
    "msgspec",
    "prometheus_client",
    "requests",
    "watchdog",
)


def main() -> int:
    """Run the command line and return its exit code."""
    cycles.hold_off()
    streams.guard()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"shipper: {', '.join(missing)} not installed: "
            "pip install 'hartail[shipper]'\n"
        )
        return EXIT_CONFIG
    # The command line needs click, which may be what is missing.
    from shipper.cli.root import main as run_command  # noqa: PLC0415

    return run_command()


if __name__ == "__main__":
    sys.exit(main())
