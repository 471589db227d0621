"""Which entry of the denylist or the allowlist hides a value, in words.

The policy in force comes in; a name and where it stands get an answer. Nothing is
decided here: the answer explains what the redactor did.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from shipper.policy import Policy
from shipper.reports.leaf import Part, Side

REMEMBERED_NAMES: Final = 4096

# What stands inside a header is hidden by entries for queries and by those for headers.
_PLACES: Final = {
    "header": ("header",),
    "cookie": ("header",),
    "query": ("query", "header"),
    "param": ("body",),
    "body": ("body",),
}


class Listed:
    """Answers for one policy."""

    def __init__(self, policy: Policy) -> None:
        # Mutable state: a bounded memory of a pure function.
        self._policy = policy
        self._entry = lru_cache(REMEMBERED_NAMES)(self._find)

    def why(self, side: Side, part: Part, path: tuple[str, ...]) -> str | None:
        """Return the entry that hides a value, such as ``denylist "ssn"``."""
        if not self._policy.is_set or not part:
            return None
        if self._policy.is_allowlist:
            return "not on the allowlist"
        entry = self._entry(side or "request", part, ".".join(path))
        if entry is None and len(path) > 1:
            # A path through an XML document may begin below its root.
            entry = self._entry(side or "request", part, ".".join(path[1:]))
        return None if entry is None else f'denylist "{entry}"'

    def occur_in(self, text: str) -> bool:
        """Tell whether a listed name stands in free text."""
        return self._policy.anywhere.occurs_in(text)

    def _find(self, side: Side, part: Part, name: str) -> str | None:
        for place in _PLACES[part]:
            entry = self._policy.entry_for(side, place, name)
            if entry is not None:
                return entry
        return None
