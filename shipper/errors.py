"""The errors an operator can meet, each with its evidence and what to do next.

Data problems are values (`model.Reject`); these are problems of the world
around us: files, settings, the state database. Messages read
``what happened: where: why``, and `hint` says how to mend it.
"""

from __future__ import annotations

from typing import NamedTuple

# How a file that is closed to the shipper's user is opened to it, and to few others.
OPEN_TO_USER = "let this user read it: chgrp it to a group of the user, and chmod 0640"

# sysexits.h numbers; docs/operations.md lists them for operators.
EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_BAD_DATA = 65
EXIT_NO_INPUT = 66
EXIT_CANNOT_CREATE = 73
EXIT_IO_ERROR = 74
EXIT_TRY_AGAIN = 75
EXIT_NO_PERMISSION = 77
EXIT_CONFIG = 78


class ShipperError(Exception):
    """Root of every error this package raises on purpose.

    Attributes:
        hint: One sentence the operator can act on, or None.
        exit_code: The status the command ends with when nobody handles it.
    """

    exit_code = EXIT_BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def in_one_line(self) -> str:
        """The message, for an event or within another one."""
        return str(self)


class Fault(NamedTuple):
    """One thing wrong with the configuration.

    Attributes:
        where: ``FILE:LINE``, ``FILE``, or the name of an environment variable.
        key: The dotted key, such as ``batch.max_records``; empty for a syntax error.
        problem: What is wrong and what was expected, in one sentence.
        hint: How to mend it, or None.
    """

    where: str
    key: str
    problem: str
    hint: str | None = None

    def __str__(self) -> str:
        """Format as ``where: key: problem (hint)``."""
        parts = [part for part in (self.where, self.key, self.problem) if part]
        return ": ".join(parts) + (f" ({self.hint})" if self.hint else "")


class ConfigError(ShipperError):
    """The configuration cannot be used; carries every fault found at once."""

    exit_code = EXIT_CONFIG

    def __init__(self, faults: tuple[Fault, ...], *, hint: str | None = None) -> None:
        super().__init__("\n".join(map(str, faults)), hint=hint)
        self.faults = faults

    @property
    def in_one_line(self) -> str:
        """All faults, one behind the other."""
        return "; ".join(map(str, self.faults))


class StateError(ShipperError):
    """The state directory or its database cannot be read or written.

    Attributes:
        path: The directory or database file.
        is_temporary: True when waiting may mend it (disk full, locked database).
    """

    exit_code = EXIT_IO_ERROR

    def __init__(
        self,
        message: str,
        *,
        path: str,
        is_temporary: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.is_temporary = is_temporary


class StateUnusableError(StateError):
    """The state directory cannot be created, or its database is not ours to use."""

    exit_code = EXIT_CANNOT_CREATE


class StateLockedError(StateError):
    """Another shipper holds the lock of this state directory."""

    exit_code = EXIT_TRY_AGAIN
