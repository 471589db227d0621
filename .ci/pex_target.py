"""Print a target of the one file as pex wants it: pex_target.py PYTHON MACHINE.

All that is asked of a host: CPython of that version, Linux with glibc 2.28 or newer.
"""

from __future__ import annotations

import json
import sys
from itertools import chain

from packaging.tags import compatible_tags, cpython_tags

NEWEST, OLDEST = 28, 17  # of glibc 2: what a host has, and the oldest wheels are for


def target(python: str, machine: str) -> dict[str, object]:
    """Return the tags of the wheels that fit, best first, and the markers."""
    version = [int(part) for part in python.split(".")]
    abi = "cp" + python.replace(".", "")
    platforms = [
        *(f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST, OLDEST - 1, -1)),
        f"manylinux2014_{machine}",
    ]
    tags = chain(
        cpython_tags(version, [abi], platforms),
        compatible_tags(version, abi, platforms),
    )
    return {
        "compatible_tags": list(map(str, tags)),
        "marker_environment": {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": "linux",
        },
    }


if __name__ == "__main__":
    json.dump(target(*sys.argv[1:]), sys.stdout)
