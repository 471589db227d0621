"""The console command, and what it says when its packages are missing.

The base install has no dependencies, because it belongs into the app's
environment; the same command is there, and must say how to mend that.
"""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec

EXIT_CONFIG = 78
# Objects made and not freed yet before cycles are looked for. Imports alone make 60,000
# that stay, and what is made for a record holds no cycle; 20,000 are a few megabytes.
YOUNG_OBJECTS = 20_000
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
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
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
