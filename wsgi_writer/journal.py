"""Turn finished exchanges into records and hand them to the file.

In come recorders whose exchange is over; out go lines. This room asks who the
caller is, runs after the response is on the wire, and is the last guard: whatever
fails here is counted and reported once, and never reaches the application.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from wsgi_writer.caller import AnswerError
from wsgi_writer.express import ROUTE, Express
from wsgi_writer.mask import Masks
from wsgi_writer.outcome import announced_size, outcome_of
from wsgi_writer.proxies import TrustedProxies, peer_address
from wsgi_writer.record import Exchange, caller_from, encode_record
from wsgi_writer.recorder import CALLER, Recorder, Verdict
from wsgi_writer.request import (
    HeaderReader,
    Headers,
    only_text,
    read_origin,
    read_target,
)

_logger: Final = logging.getLogger("wsgi_writer")
_NS_PER_MS: Final = 1_000_000


class RecordFile(Protocol):
    """Where lines go. None of these may raise."""

    @property
    def is_cooling(self) -> bool:
        """Whether a record offered now would be dropped unseen."""

    def count_dropped(self) -> None:
        """Count one record that was not offered."""

    def write(self, head: bytes, tail: bytes) -> bool:
        """Append one line."""

    def close(self) -> None:
        """Close the file; a later write opens it again."""


class Journal:
    """Keeps the records of one writer.

    Args:
        file: Where the lines go.
        masks: What may not reach it in clear.
        identify: The user's function from environment to caller.
        logs_url: What stands before the id in the documentation header.
        proxies: The peers whose forwarding headers are believed.
        max_body_bytes: How much of each body a record keeps.
        max_record_bytes: How large a record may be.
    """

    def __init__(
        self,
        file: RecordFile,
        masks: Masks,
        *,
        identify: Callable[[dict[str, Any]], object] | None,
        logs_url: str | None,
        proxies: TrustedProxies,
        max_body_bytes: int,
        max_record_bytes: int,
    ) -> None:
        # Mutable state: abandoned (any thread or destructor appends, any thread
        # takes; a deque's two ends are atomic) and _reported (a fault reported twice
        # by a race does no harm). A forked child replaces epoch.
        self.logs_url = logs_url
        self.begin_epoch()
        self._file = file
        self._masks = masks
        self._identify = identify
        self._proxies = proxies
        self._everyone = Verdict()
        self._headers = HeaderReader()
        self._express = Express(
            masks,
            proxies,
            max_body_bytes=max_body_bytes,
            max_record_bytes=max_record_bytes,
        )
        self._max_body_bytes = max_body_bytes
        self._max_record_bytes = max_record_bytes
        self.abandoned: deque[Recorder] = deque()
        self._reported: set[tuple[str, type[BaseException]]] = set()
        itself = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _begin_in_child(itself))
        atexit.register(_record_at_exit, itself)

    def begin_epoch(self) -> None:
        """Leave the exchanges under way to the parent process: they are its own."""
        self.epoch = object()

    def judge(self, environ: dict[str, Any]) -> Verdict:
        """Ask the application's word, then the user's function, who is calling."""
        answer: object = None
        try:
            if CALLER in environ:
                answer = environ[CALLER]
            elif self._identify is None:
                return self._everyone
            else:
                answer = self._identify(environ)
            if answer is None:
                return Verdict(is_wanted=False)
            return Verdict(answer, caller_from(answer, self._masks))
        except Exception as error:  # noqa: BLE001 - a user's function
            self.trouble("identify", error)
            return Verdict(answer, has_failed=True)

    def record(self, recorder: Recorder) -> None:
        """Write the record of a finished exchange, if it is wanted."""
        try:
            # A fork inside the application must not record the exchange twice.
            if recorder.epoch is not self.epoch:
                return
            if (
                self._identify is None
                and recorder.judged is None
                and CALLER not in recorder.environ
            ):
                verdict = self._everyone  # what `judge` would say
            else:
                verdict = recorder.verdict()
                if not verdict.is_wanted:
                    return
            if self._file.is_cooling:
                self._file.count_dropped()
                return
            try:
                line = self.usual_line(recorder, verdict) or self.plain_line(
                    recorder, recorder.received, recorder.headers
                )
            except Exception as error:  # noqa: BLE001 - a server or application gave
                # something that is not text; what is text can still be told.
                self.trouble("record (tried again with text only)", error)
                line = self.plain_line(
                    recorder, only_text(recorder.received), _texts(recorder.headers)
                )
            self._file.write(*line)
        except Exception as error:  # noqa: BLE001 - the guard of the finish
            self._file.count_dropped()
            self.trouble("record", error)

    def adopt(self, recorder: Recorder) -> None:
        """Keep an exchange that the server let go of without closing it."""
        self.abandoned.append(recorder)

    def record_abandoned(self) -> None:
        """Record what the collector found since the last request."""
        while self.abandoned:
            try:
                recorder = self.abandoned.popleft()
            except IndexError:
                return  # another thread was faster
            recorder.close()

    def trouble(self, where: str, error: Exception) -> None:
        """Report a fault, once for each place and kind.

        Only the type and the line: a message may hold what must not be logged, unless
        it is our own.
        """
        kind = (where, type(error))
        if kind in self._reported:
            return
        self._reported.add(kind)
        if isinstance(error, AnswerError):
            why = str(error)
        else:
            frames = traceback.extract_tb(error.__traceback__)
            last = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
            why = f"{type(error).__name__} at {last}"
        # The application's filters and handlers may do anything, such as ask for the
        # request that is over by now. Nobody is left to be told of that.
        with contextlib.suppress(Exception):
            _logger.warning("%s failed: %s (reported once)", where, why)

    def close(self) -> None:
        """Record what was abandoned and close the file."""
        self.record_abandoned()
        self._file.close()

    def usual_line(
        self, recorder: Recorder, verdict: Verdict
    ) -> tuple[bytes, bytes] | None:
        """Return the line of an exchange with nothing unusual; None for any other."""
        try:
            return self._express.line(recorder, recorder.received, verdict)
        except Exception:  # noqa: BLE001 - the plain way has the word
            return None

    def plain_line(
        self, recorder: Recorder, received: Mapping[str, Any], headers: Headers
    ) -> tuple[bytes, bytes]:
        """Return the line of any exchange; `usual_line` gives the same, or none.

        Args:
            recorder: The exchange, finished.
            received: The environment as the server gave it.
            headers: What the application gave as the response's headers.
        """
        return encode_record(
            self._exchange(recorder, received, headers),
            self._masks,
            max_body_bytes=self._max_body_bytes,
            max_record_bytes=self._max_record_bytes,
        )

    def _exchange(
        self, recorder: Recorder, received: Mapping[str, Any], headers: Headers
    ) -> Exchange:
        origin = read_origin(received)
        if self._proxies:
            origin = self._proxies.resolve(received, origin)
        verdict = recorder.verdict()
        outcome = outcome_of(recorder, verdict, received, headers)
        request, response = recorder.request_body.prefix, recorder.response_body
        response_size = response.size
        if recorder.is_file:
            response_size = max(response_size, announced_size(outcome.headers) or 0)
        duration_ms = recorder.duration_ns // _NS_PER_MS
        route = recorder.environ.get(ROUTE)
        return Exchange(  # by position: 21 keywords would cost a microsecond
            recorder.id,
            recorder.started_ns,
            duration_ms,
            min(recorder.wait_ns // _NS_PER_MS, duration_ms),
            peer_address(origin.client),
            received.get("REQUEST_METHOD") or "GET",
            origin.scheme,
            origin.host,
            read_target(received),
            received.get("SERVER_PROTOCOL") or "HTTP/1.1",
            self._headers.read(received),
            request.content,
            request.size,
            outcome.status,
            outcome.reason,
            outcome.headers,
            response.content,
            response_size,
            route if isinstance(route, str) and route else None,
            verdict.caller,
            outcome.notes,
        )


def _begin_in_child(reference: weakref.ref[Journal]) -> None:
    journal = reference()
    if journal is not None:
        journal.begin_epoch()


def _record_at_exit(reference: weakref.ref[Journal]) -> None:
    journal = reference()
    if journal is not None:
        journal.record_abandoned()  # no further request will


def _texts(headers: Iterable[Any]) -> Headers:
    return [
        (header[0], header[1])
        for header in headers
        if isinstance(header, tuple | list)
        and len(header) == 2
        and all(isinstance(part, str) for part in header)
    ]
