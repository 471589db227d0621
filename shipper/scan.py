"""Where in a record a listed name may stand, decided cheaply.

The bytes of an entry come in and places in them go out. A place may be wrong and only
costs time; none is ever missing: property tests compare with what the redactor finds
in every record. Names can hide in JSON escapes, in percent-encoding, in letters that
fold to ASCII, and in Base64; all of these are places too, unless what is escaped cannot
be a letter of a name.

All is looked for at once in the bytes of the whole entry, and nearly all records end
there. Where something was found, the redactor looks at that member of the entry and at
no other: "ssn" stands in "className" as well.
"""

from __future__ import annotations

from typing import Final

from shipper import har
from shipper.disguises import DISGUISES, FOLDING, are_plain
from shipper.lists import Lists, last_name
from shipper.needles import Automaton, Needles, Span

# What a name may be disguised by, as it stands in the bytes of an entry: also a folding
# letter in a header, each of whose bytes is a character there, and an escape of an
# ASCII character or of a folding letter; bodies in Base64 hide anything.
_HIDING: Final = (
    *DISGUISES,
    *(letter.encode().decode("latin-1").encode() for letter in FOLDING),
    *sorted({f"\\u{ord(letter):04x}"[:4].encode() for letter in ("\0", *FOLDING)}),
    b"base64",
)


class Scan:
    """Looks for the names of a denylist in entries.

    Attributes:
        is_blind: Nothing is known: every member of every record has to be looked at.
    """

    def __init__(self, lists: Lists) -> None:
        words = lists.names | {last_name(path) for path in lists.paths}
        # A name with other characters may be escaped in ways not looked for here.
        self.is_blind = lists.is_allowlist or not are_plain(words)
        names = [word.encode() for word in words]
        # The entry's own names are not meant by "name" or "cookie".
        keys = "\n".join(har.KEYS).lower().encode()
        own = [name for name in names if name in keys]
        self._needles = Needles(
            (*names, *_HIDING), ignores_case=True, not_in_keys=frozenset(own)
        )

    @property
    def automata(self) -> tuple[Automaton, ...]:
        """One of these finds something in every entry that holds a name."""
        return (self._needles,)

    def load(self) -> None:
        """Make ready for the first entry."""
        self._needles.load()

    def spans(self, entry: bytes) -> list[Span]:
        """Return where something stands that may be a name, first to last."""
        return self._needles.spans_in(entry)
