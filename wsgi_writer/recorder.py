"""One exchange under way: what has been seen of it so far, and when it is over.

It stands between server and application as `start_response` and as the watcher of
the response body, and hands itself to the journal exactly once. It passes every
call on first and unchanged; the one thing it adds is the documentation header.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic_ns, time_ns
from typing import TYPE_CHECKING, Any, Final, Protocol

from wsgi_writer.capture import Prefix, RequestBody
from wsgi_writer.response import stand_in
from wsgi_writer.sendfile import (
    FileWrapperSpy,
    is_server_file,
    lend_spy,
    take_back,
    watch_close,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wsgi_writer.record import Caller
    from wsgi_writer.request import Headers

DOCUMENTATION_HEADER: Final = "x-documentation-url"
CALLER: Final = "wsgi_writer.caller"


# Beside a request body that fills its limit, a response leaves a seventh of its own:
# then both, and all else that is held of the exchange, take twice the limit at most.
_SPARED: Final = 7

NOBODY: Final = object()  # the source of a verdict that no answer stands behind


@dataclass(slots=True)
class Verdict:
    """Whether an exchange is recorded, and in whose name.

    `source` is the very answer it was made from, to notice a later one.
    """

    source: object = NOBODY
    caller: Caller | None = None
    is_wanted: bool = True
    has_failed: bool = False


class Keeper(Protocol):
    """Where a recorder goes when its exchange is over. None of these may raise."""

    logs_url: str | None
    epoch: object  # another one in each process

    def judge(self, environ: dict[str, Any]) -> Verdict:
        """Ask once who is calling."""

    def record(self, recorder: Recorder) -> None:
        """Write the record of a finished exchange."""

    def adopt(self, recorder: Recorder) -> None:
        """Keep an exchange that the server abandoned, to be recorded later."""

    def trouble(self, where: str, error: Exception) -> None:
        """Report a fault that was kept from the application."""


class Recorder:
    """The state of one exchange, from the server's call to the end of the response.

    Times ending in `_ns` are of the monotonic clock, but for `started_ns`.
    """

    # Left to the class until it is told otherwise, which saves stores per request.
    status: object = None
    headers: Headers = []  # noqa: RUF012 - replaced, never changed
    is_finished = False
    has_failed = False
    is_closed_early = False
    is_complete = False
    is_file = False
    is_unclosed = False
    first_byte_ns = 0
    ended_ns = 0
    _server_write: Callable[[bytes], object] | None = None
    _spy: FileWrapperSpy | None = None
    judged: Verdict | None = None

    def __init__(  # noqa: PLR0917 - keywords would cost a third more per request
        self,
        keeper: Keeper,
        environ: dict[str, Any],
        received: dict[str, Any],
        exchange_id: str,
        server_start: Callable[..., Callable[[bytes], object]],
        request_body: RequestBody,
        limit: int,
    ) -> None:
        # Touched only by the thread that is serving the exchange, and after it by
        # whoever finds it abandoned.
        self.begun_ns = monotonic_ns()
        self.started_ns = time_ns()
        self._keeper = keeper
        self.id = exchange_id
        self.environ = environ
        self.received = received
        self._server_start = server_start
        self.epoch = keeper.epoch
        self.request_body = request_body
        self.response_body = Prefix(limit)

    # The application's side.

    def start_response(
        self, status: str, headers: Any, exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """Pass the call on; remember it if the server accepted it."""
        try:
            logs_url = self._keeper.logs_url
            if logs_url is not None:
                headers = self._documented(headers, logs_url)
            # The server may add its own to the list; the next response of the
            # application may, too. What is not a list is not read: it may be an
            # iterator, and is the server's to refuse.
            kept = list(headers) if isinstance(headers, (list, tuple)) else []
        except Exception as error:  # noqa: BLE001 - the response must go out
            self._keeper.trouble("start_response", error)
            kept = []
        try:
            if exc_info is None:  # some servers take two arguments only
                write = self._server_start(status, headers)
            else:
                write = self._server_start(status, headers, exc_info)
        finally:
            exc_info = None  # our frame is in that traceback: leave no cycle
        self.status = status
        self.headers = kept
        self._server_write = write
        return self.write

    def write(self, data: bytes) -> object:
        """Count what the application sends by PEP 3333's imperative interface."""
        self.passed(data)
        assert self._server_write is not None
        return self._server_write(data)

    def lend_file_wrapper(self) -> None:
        """Have the application's use of the server's file wrapper noticed."""
        self._spy = lend_spy(self.environ, self.received)

    def returned(self, result: Iterable[bytes]) -> Iterable[bytes]:
        """Return what the server gets for the application's result."""
        try:
            # What an application returns may be anything, whatever it promised. A
            # plain list is no file of any server.
            if (
                type(result) is not list or self._spy is not None
            ) and not self._takes_over(result):
                return result
            return stand_in(result, self.response_body, self)
        except Exception as error:  # noqa: BLE001 - the result must reach the server
            self._keeper.trouble("result", error)
            return result

    def raised(self, error: BaseException) -> None:
        """Record an application that raised instead of returning a response."""
        try:
            if self._spy is not None:
                take_back(self.environ, self.received, self._spy)
            self.failed(error)
            self.close()
        except Exception as ours:  # noqa: BLE001 - the application's error must rise
            self._keeper.trouble("finish", ours)

    # The watcher of the response body.

    def passed(self, chunk: object) -> None:
        """Keep what there is room for, and note when the client began to be served."""
        try:
            body = self.response_body
            if chunk and not body.size:
                self.first_byte_ns = self.first_byte_ns or monotonic_ns()
                if not self.request_body.prefix.room:
                    body.room -= body.room // _SPARED
            body.feed(chunk)
        except Exception as error:  # noqa: BLE001 - the chunk must reach the client
            self._keeper.trouble("feed", error)

    def ended(self) -> None:
        """Note when the application had given all."""
        if not self.ended_ns:
            self.is_complete = True
            self.ended_ns = monotonic_ns()

    def failed(self, error: BaseException) -> None:
        """Note that an exception came out of the application."""
        # After a websocket some servers expect StopIteration, as their "handled".
        if not (self.is_upgrade and isinstance(error, StopIteration)):
            self.has_failed = True
        self.ended_ns = self.ended_ns or monotonic_ns()

    def close(self) -> None:
        """End the exchange and have it recorded; a second call does nothing."""
        if self.is_finished:
            return
        self.is_finished = self.request_body.finished = True
        if not self.ended_ns:
            self.is_closed_early = True
            self.ended_ns = monotonic_ns()
        self._keeper.record(self)

    def __del__(self) -> None:
        # Some servers forget to close a response that never started. No file is
        # written here: the collector may run while this thread holds its lock.
        if not self.is_finished:
            self.is_unclosed = True
            self.ended_ns = self.ended_ns or monotonic_ns()
            self._keeper.adopt(self)

    # The journal's side.

    @property
    def is_upgrade(self) -> bool:
        """Whether the application took the connection over instead of answering."""
        return (
            self.status is None
            and not self.response_body.size
            and "HTTP_UPGRADE" in self.received
        )

    @property
    def duration_ns(self) -> int:
        """From the call to the last byte."""
        return self.ended_ns - self.begun_ns

    @property
    def wait_ns(self) -> int:
        """From the call to the first byte."""
        return (self.first_byte_ns or self.ended_ns) - self.begun_ns

    def verdict(self) -> Verdict:
        """Return whether and for whom this exchange is recorded, asking once.

        What the application put into the environment counts whenever it did so.
        """
        verdict = self.judged
        if verdict is None or (
            verdict.is_wanted
            and CALLER in self.environ
            and self.environ[CALLER] is not verdict.source
        ):
            verdict = self.judged = self._keeper.judge(self.environ)
            if not verdict.is_wanted:
                self.request_body.prefix.discard()
                self.response_body.discard()
        return verdict

    def _takes_over(self, result: object) -> bool:
        """Whether the result can be sent through a stand-in of ours."""
        spy = self._spy
        if spy is not None:
            take_back(self.environ, self.received, spy)
        if is_server_file(result, self.received, spy):
            self.is_file = True
            if watch_close(result, self):
                return False
        elif not isinstance(result, (str, bytes)) and (
            hasattr(result, "__iter__") or hasattr(result, "__getitem__")
        ):
            return True
        else:
            # Not a response, or one that only this server knows what to do with.
            self.response_body.feed(result)
        self.ended()
        self.close()
        return False

    def _documented(self, headers: Any, logs_url: str) -> Any:
        if not isinstance(headers, list):
            return headers
        if not self.verdict().is_wanted:
            return headers
        # A new list each time: applications reuse theirs.
        length = len(DOCUMENTATION_HEADER)
        documented = [
            header
            for header in headers
            if len(header[0]) != length or header[0].lower() != DOCUMENTATION_HEADER
        ]
        documented.append((DOCUMENTATION_HEADER, logs_url + self.id))
        return documented
