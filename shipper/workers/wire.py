"""A worker's end of the connection to its parent.

Questions go out and wait for their answer; notes go out; orders come in on a thread of
its own. When the parent is gone, so is this process, at once: nobody is left who could
move a position.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar, cast

from shipper.errors import EXIT_TRY_AGAIN, StateError
from shipper.workers.messages import (
    Answered,
    Hold,
    Note,
    Order,
    Pause,
    Question,
    Refused,
    Stop,
)

Answer = TypeVar("Answer")


class Wire:
    """Speaks to the parent; questions are asked by one thread, notes by any.

    Args:
        connection: To the parent.
        on_order: Called on the wire's own thread.
    """

    def __init__(
        self, connection: Connection, *, on_order: Callable[[Order], None]
    ) -> None:
        # Mutable state: answers that nobody has fetched. `_lock` keeps messages of
        # several threads whole.
        self._connection = connection
        self._on_order = on_order
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[Answered | Refused] = queue.SimpleQueue()
        threading.Thread(target=self._listen, name="wire", daemon=True).start()

    def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer to a question.

        Raises:
            StateError: The parent could not use the state.
        """
        self._send(question)
        answer = self._answers.get()
        if isinstance(answer, Refused):
            raise StateError(
                answer.why,
                path=answer.path,
                is_temporary=answer.is_temporary,
                hint=answer.hint,
            )
        return cast("Answer", answer.value)  # both ends are of one version

    def tell(self, note: Note) -> None:
        """Send a note."""
        self._send(note)

    def _send(self, message: Question[Answer] | Note) -> None:
        try:
            with self._lock:
                self._connection.send(message)
        except OSError:
            _end()

    def _listen(self) -> None:
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                _end()
            if isinstance(message, Stop | Pause | Hold):
                self._on_order(message)
            else:
                self._answers.put(message)


def _end() -> None:
    """End with the parent: what is in flight is all that may still arrive."""
    os._exit(EXIT_TRY_AGAIN)
