"""The command line: one small module for each verb, listed in `table`.

Nothing is imported here, so that a verb costs only what it uses.
"""

from __future__ import annotations
