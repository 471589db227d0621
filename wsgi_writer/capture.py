"""Watch a body go by, and stand in for ``wsgi.input`` while the application reads.

In go the chunks of a body and the server's input object; out come the first bytes,
the true size, and a stand-in that behaves as the input does. Nothing here reads
ahead, waits, or lets an error of its own reach the application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

_LINES_AT_A_TIME: Final = 256  # of a whole body the application has one copy already


class Prefix:
    """The first bytes of a body, and the true size of the whole of it.

    `room` is how many bytes more would be kept.
    """

    __slots__ = ("_kept", "room", "size")

    def __init__(self, limit: int) -> None:
        # Touched only by the thread that is serving the exchange.
        self.size = 0
        self.room = limit
        self._kept: bytes | bytearray = b""

    @property
    def content(self) -> bytes:
        """The kept bytes, at most ``limit`` of them."""
        kept = self._kept
        return kept if type(kept) is bytes else bytes(kept)

    def feed(self, chunk: object) -> None:
        """Count one chunk and keep what there is room for.

        What is not bytes is left out: the server is about to refuse it.
        """
        if type(chunk) is bytes and not self.size and (size := len(chunk)) <= self.room:
            # Most bodies come in one piece, which is kept as it is.
            self._kept = chunk
            self.size = size
            self.room -= size
            return
        if not isinstance(chunk, bytes):
            if not isinstance(chunk, bytearray | memoryview):
                return
            chunk = memoryview(chunk).cast("B")
        count = len(chunk)
        self.size += count
        room = self.room
        if room:
            # A whole bytes object is kept as it is. Anything else is copied: the
            # application may reuse its buffer, and a slice must not hold a huge one.
            piece = bytes(chunk if count <= room else chunk[:room])
            self.room = room - len(piece)
            if self._kept:
                self._append(piece)
            else:
                self._kept = piece

    def discard(self) -> None:
        """Let go of the kept bytes and keep no more; the size is still counted."""
        self.room = 0
        self._kept = b""

    def _append(self, piece: bytes) -> None:
        if not isinstance(self._kept, bytearray):
            self._kept = bytearray(self._kept)
        self._kept += piece
        if not self.room:
            # A bytearray may hold an eighth more memory than it shows.
            self._kept = bytes(self._kept)


class RequestBody:
    """Stands in for ``wsgi.input``: passes every call on, keeps what was read.

    It never asks the server for more than the application did: reading ahead
    would answer ``Expect: 100-continue`` in the application's place.
    Methods that PEP 3333 does not require exist here exactly when the real
    object has them.
    """

    __slots__ = ("_behind", "_iterator", "_source", "at_end", "finished", "prefix")

    def __init__(self, source: Any, limit: int) -> None:
        # Touched only by the thread that is serving the exchange.
        self.prefix = Prefix(limit)
        self.at_end = False
        self.finished = False
        self._source = source
        self._iterator: Iterator[bytes] | None = None
        # How far a seek has put the next read before (or, negative, past) the
        # furthest byte read so far. Bytes read twice are counted once.
        self._behind = 0

    @property
    def source(self) -> Any:
        """The server's own object."""
        return self._source

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        """Read as the server does, and keep what came."""
        read = self._source.read
        chunk: bytes = read(*args, **kwargs) if kwargs else read(*args)
        self._passed(chunk, args or tuple(kwargs.values()))
        return chunk

    def readline(self, *args: Any, **kwargs: Any) -> bytes:
        """Read one line as the server does, and keep it."""
        chunk: bytes = self._source.readline(*args, **kwargs)
        # A line is shorter than asked for without being the last one.
        self._passed(chunk, (1,))
        return chunk

    def readlines(self, *args: Any, **kwargs: Any) -> list[bytes]:
        """Read lines as the server does, and keep them."""
        lines: list[bytes] = self._source.readlines(*args, **kwargs)
        try:
            for at in range(0, len(lines), _LINES_AT_A_TIME):
                self._feed(b"".join(lines[at : at + _LINES_AT_A_TIME]))
            self.at_end = self.at_end or not lines or not any(args)
        except Exception:  # noqa: BLE001 - the body stays unrecorded, the app has it
            self.prefix.discard()
        return lines

    def __iter__(self) -> Iterator[bytes]:
        self._iterator = iter(self._source)
        return self

    def __next__(self) -> bytes:
        try:
            line: bytes = next(self._iterator or self._source)
        except StopIteration:
            self.at_end = True
            raise
        self._passed(line, (1,))
        return line

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> Any:
        return self._source.__exit__(*exc_info)

    def __getattr__(self, name: str) -> Any:
        if name in RequestBody.__slots__:
            raise AttributeError(name)  # copied half-made: do not look for ever
        attribute = getattr(self._source, name)
        if name == "read1":
            return self._reading(attribute)
        if name in ("readinto", "readinto1"):
            return self._filling(attribute)
        if name == "seek":
            return self._seeking(attribute)
        return attribute

    def _reading(self, method: Callable[..., bytes]) -> Callable[..., bytes]:
        def read(*args: Any, **kwargs: Any) -> bytes:
            chunk = method(*args, **kwargs)
            # read1 gives what is at hand: only nothing at all means the end.
            self._passed(chunk, args or tuple(kwargs.values()) or (1,))
            return chunk

        return read

    def _filling(self, method: Callable[..., int]) -> Callable[..., int]:
        def readinto(buffer: Any, *args: Any, **kwargs: Any) -> int:
            count = method(buffer, *args, **kwargs)
            try:
                view = memoryview(buffer).cast("B")
                self._feed(view[:count])
                self.at_end = self.at_end or (count == 0 and len(view) > 0)
            except Exception:  # noqa: BLE001 - as in _passed
                self.prefix.discard()
            return count

        return readinto

    def _seeking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def seek(*args: Any, **kwargs: Any) -> Any:
            position = method(*args, **kwargs)
            try:
                if not isinstance(position, int):
                    position = self._source.tell()
                self._behind = self.prefix.size - position
            except Exception:  # noqa: BLE001 - where we are is unknown: keep no more
                self._behind = -1
            return position

        return seek

    def _passed(self, chunk: bytes, args: tuple[Any, ...]) -> None:
        try:
            if self._behind:
                self._feed(chunk)
            else:
                self.prefix.feed(chunk)
            asked = args[0] if args else None
            if asked is None or asked < 0 or (asked and not chunk):
                self.at_end = True
        except Exception:  # noqa: BLE001 - the body stays unrecorded, the app has it
            self.prefix.discard()

    def _feed(self, chunk: bytes | memoryview) -> None:
        """Take a chunk that may begin elsewhere than where the last one ended."""
        behind = self._behind
        if behind < 0:  # past a gap: what follows is not the body's beginning
            self._behind = behind - len(chunk)
            return
        self._behind = max(0, behind - len(chunk))
        self.prefix.feed(chunk[behind:])
