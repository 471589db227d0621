"""Stand in for the application's response while the server sends it.

In go the objects an application may return; out come stand-ins that servers treat
just alike. One ``next`` of the server is one ``next`` of the application's iterable,
with nothing kept back, read ahead, or lost when one of the two raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wsgi_writer.capture import Prefix


class Watcher(Protocol):
    """What the response's stand-ins tell about its progress. Must not raise."""

    def passed(self, chunk: object) -> None:
        """The application gave this chunk, which is on its way."""

    def ended(self) -> None:
        """The application has no more to give."""

    def failed(self, error: BaseException) -> None:
        """The application raised while it was asked for the next chunk."""

    def close(self) -> None:
        """The server is done with the response; the exchange is over."""


class ResponseBody:
    """Stands in for the application's iterable: one ``next`` for one ``next``."""

    __slots__ = (
        "_is_closed",
        "_is_over",
        "_is_past_limit",
        "_iterator",
        "_prefix",
        "_watcher",
        "source",
    )

    def __init__(
        self, source: Iterable[bytes], prefix: Prefix, watcher: Watcher
    ) -> None:
        # Touched only by the thread that is serving the exchange.
        self.source = source
        self._prefix = prefix
        self._watcher = watcher
        # Used as it is by a server that does not ask for an iterator first.
        self._iterator: Iterator[bytes] = source  # type: ignore[assignment] # see above
        self._is_past_limit = False
        self._is_over = False
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            iterator = iter(self.source)
        except BaseException as error:
            self._watcher.failed(error)
            raise
        if self._iterator is not self.source and (self._is_over or self._prefix.size):
            # Some servers go through a list a second time, while they send it or
            # before, to add up its chunks: what is under way must stay where it is.
            return self if iterator is self._iterator else iterator
        self._iterator = iterator
        # Itself, as some close what they iterate over instead of the result.
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._iterator)
        except StopIteration:
            self._is_over = True
            self._watcher.ended()
            raise
        except BaseException as error:
            self._watcher.failed(error)
            raise
        if self._is_past_limit and type(chunk) is bytes:
            self._prefix.size += len(chunk)  # as most of a long stream is
        else:
            self._watcher.passed(chunk)
            prefix = self._prefix
            self._is_past_limit = not prefix.room and prefix.size > 0
        return chunk

    # Servers compare the result with a sentinel of theirs ("already handled").
    def __eq__(self, other: object) -> bool:
        return self is other or bool(self.source == other)

    __hash__ = object.__hash__

    def close(self) -> None:
        """Close the application's iterable, once, then end the exchange."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            close = getattr(self.source, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._watcher.failed(error)
            raise
        finally:
            self._watcher.close()


class SizedResponseBody(ResponseBody):
    """For iterables with a length: servers set Content-Length when it is 1."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.source)  # type: ignore[arg-type] # chosen because it has one


def stand_in(source: Iterable[bytes], prefix: Prefix, watcher: Watcher) -> ResponseBody:
    """Return the stand-in that has a length exactly when the original has one."""
    if hasattr(source, "__len__"):
        return SizedResponseBody(source, prefix, watcher)
    return ResponseBody(source, prefix, watcher)
