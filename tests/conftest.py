"""What holds for every test: a slow machine is no failure."""

from __future__ import annotations

from hypothesis import settings

# A deadline for each example would fail wherever other work shares the machine.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
