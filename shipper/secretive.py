"""Values of which a part must not be read in a log or a traceback.

What is made from such a class shows its fields in `repr`, all but those it names.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Secretive(Struct, frozen=True):
    """A frozen value that keeps some of its fields to itself.

    Attributes:
        hidden: The names of the fields that `repr` leaves out.
    """

    hidden: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        """Return the value as an expression, without what is hidden."""
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name in self.__struct_fields__
            if name not in self.hidden
        )
        return f"{type(self).__name__}({', '.join(shown)})"
