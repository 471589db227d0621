"""What signals ask of a run: to end, to read the configuration again, to tell.

A handler only makes a note and rings the bell; the pipeline's thread reads the notes
when it comes round. The main thread alone may use this room.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Self


class Signals:
    """Takes signals for the time of a ``with`` block.

    SIGTERM and SIGINT ask for the end, and a second one of the same kind ends the
    process at once: someone is in a hurry. SIGHUP asks for a reload, SIGUSR1 for the
    status.

    Args:
        wake: Rings the bell that ends every wait; must be safe in a handler.
        only_the_end: Leave SIGHUP and SIGUSR1 what they are.

    Attributes:
        ended_by: The number of the signal that asked for the end, or None.
        on_stop: Called with the signal's name when it does; replaced as parts come
            and go. Must be safe in a handler.
    """

    def __init__(self, wake: Callable[[], None], *, only_the_end: bool = False) -> None:
        # Mutable state: notes set by handlers and taken by the pipeline's thread,
        # which is the thread that handlers interrupt; the handlers of before.
        self._wake = wake
        self._only_the_end = only_the_end
        self._wants_reload = False
        self._wants_status = False
        self._before: Mapping[signal.Signals, object] = {}
        self.ended_by: int | None = None
        self.on_stop: Callable[[str], None] = _ignore

    def __enter__(self) -> Self:
        handlers = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop}
        if not self._only_the_end:
            handlers[signal.SIGHUP] = self._reload
            handlers[signal.SIGUSR1] = self._status
        self._before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
        }
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as it was given

    @property
    def stop_name(self) -> str | None:
        """The name of the signal that asked for the end, or None."""
        return None if self.ended_by is None else signal.Signals(self.ended_by).name

    def take_reload(self) -> bool:
        """Return True once after one or more SIGHUP."""
        wanted, self._wants_reload = self._wants_reload, False
        return wanted

    def take_status(self) -> bool:
        """Return True once after one or more SIGUSR1."""
        wanted, self._wants_status = self._wants_status, False
        return wanted

    def _stop(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        if self.ended_by is None:
            self.ended_by = number
            self.on_stop(signal.Signals(number).name)
        self._wake()

    def _reload(self, number: int, frame: FrameType | None) -> None:
        self._wants_reload = True
        self._wake()

    def _status(self, number: int, frame: FrameType | None) -> None:
        self._wants_status = True
        self._wake()


def _ignore(signal_name: str) -> None:
    """Nothing runs yet that could be stopped."""
