"""How often cycles among objects are looked for.

What is made for a record holds none, and modules and classes stay to the end; a search
that goes over them is time for nothing.
"""

from __future__ import annotations

import gc
from typing import Final

# Objects made and not freed yet before there is a search. Imports alone make 60,000
# that stay; 20,000 are a few megabytes.
STARTING_OBJECTS: Final = 200_000
YOUNG_OBJECTS: Final = 20_000


def hold_off() -> None:
    """Search hardly at all for now: a program begins, and what it imports will stay."""
    gc.set_threshold(STARTING_OBJECTS, *gc.get_threshold()[1:])


def settle() -> None:
    """Never look at what is there by now, and seldom at what comes.

    The search at the end of the process is spared it too.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
