"""Programs of the system that some tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def require_program(name: str) -> str:
    """Return the path of a program; without it the test is skipped.

    Where HARTAIL_REQUIRE_SYSTEM=1 stands, as in continuous checks, it fails instead:
    there a missing program is a fault of the set-up, not of the machine.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is not None:
        return found
    if os.environ.get("HARTAIL_REQUIRE_SYSTEM") == "1":
        pytest.fail(f"{name} is not installed, and HARTAIL_REQUIRE_SYSTEM=1")
    pytest.skip(f"{name} is not installed")
