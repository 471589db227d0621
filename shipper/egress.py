"""The egress log: one line for every POST, for those who audit what left.

What was posted and what came back goes in; a line of JSON goes to a file, with when,
which records, how many bytes, their SHA-256 and the answer, and never any content. It
is told to every upload thread as a witness. When the file cannot be written, either
uploads go on and an event says so, or they wait: as the operator chose.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC
from hashlib import sha256
from typing import Any, assert_never

from shipper.events import Events
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.transport import Posted

MODE = 0o600  # ids and times are nobody else's business
_FLAGS = (
    os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
)
_ID = re.compile(rb'\{"_id":"([^"\\]*)"')  # as `payload` begins every log object


class EgressLog:
    r"""Appends to one file, which others may rotate away.

    Shapes: ``{"time":…,"duration_ms":…,"ids":[…],"bytes":…,"sha256":…,"outcome":…,
    "status":…,"cause":…}\n``; `status` is null without an answer, `cause` with one
    that settles the records.

    Args:
        path: The file; made with mode 0600 when it is not there.
        is_required: Uploads wait until every line of the past is in the file.
        events: Where trouble is told, once, and its end.
        os_write: Writes; given only by tests, to fail on cue.
    """

    def __init__(
        self,
        *,
        path: str,
        is_required: bool,
        events: Events,
        os_write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        # Mutable state, guarded by `_lock` since every upload thread comes here: the
        # open file; lines that wait for it to be writable again, or how many were left
        # out instead; the trouble told.
        self._path = path
        self._is_required = is_required
        self._events = events
        self._os_write = os_write
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._waiting: deque[bytes] = deque()
        self._left_out = 0
        self._trouble = ""

    def objection(self) -> Deferred | None:
        """Return why nothing may be posted now, or None."""
        if not self._is_required:
            return None
        with self._lock:
            self._try(self._flush)
            if not self._trouble:
                return None
            return Deferred(
                Cause.HOLD,
                f"the egress log cannot be written: {self._path}: {self._trouble}",
                hint="make the file writable, or set egress_log.required = false",
            )

    def note(self, posted: Posted) -> None:
        """Append the line of one POST; trouble is told and never raised."""
        line = line_of(posted)
        with self._lock:
            self._waiting.append(line)
            self._try(self._flush)
            if not self._is_required:
                self._left_out += len(self._waiting)
                self._waiting.clear()

    def close(self) -> None:
        """Try once more to write what waits, and let go of the file.

        What cannot be written by now never will be: nobody else knows of it.
        """
        with self._lock:
            if self._waiting:
                self._try(self._flush)
            missing = self._left_out + len(self._waiting)
            self._waiting.clear()
            self._left_out = 0
            self._forget_file()
        if missing:
            self._events.emit(
                "egress_log_incomplete",
                path=self._path,
                missing=missing,
                why=self._trouble,
            )

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except OSError as error:
            self._forget_file()
            is_news = not self._trouble
            self._trouble = error.strerror or str(error)
            if is_news:
                what = "wait for it" if self._is_required else "go on without it"
                self._events.emit(
                    "egress_log_failed", path=self._path, why=self._trouble, what=what
                )
            return
        if self._trouble:
            self._trouble = ""
            self._events.emit(
                "egress_log_resumed", path=self._path, missing=self._left_out
            )
            self._left_out = 0

    def _flush(self) -> None:
        descriptor = self._opened()
        while self._waiting:
            # A crash, or a full disk under another process, may have left half a line;
            # ours must not be joined to it.
            before = b"\n" if _is_torn(descriptor) else b""
            # One write a line, so that the lines of two processes never mix.
            line = before + self._waiting[0]
            written = self._os_write(descriptor, line)
            if written < len(line):
                # The half cannot be taken back; the whole line will stand after it.
                raise OSError(errno.ENOSPC, "only a part of a line could be written")
            self._waiting.popleft()

    def _opened(self) -> int:
        """Return the file that stands under the path now, opening it if need be."""
        if self._descriptor is not None:
            here = os.fstat(self._descriptor)
            try:
                if os.path.samestat(here, os.stat(self._path)):
                    return self._descriptor
            except FileNotFoundError:
                pass  # rotated away, and nobody has made a new one
            self._forget_file()
        descriptor = os.open(self._path, _FLAGS, MODE)
        self._descriptor = descriptor  # closed by whoever catches what follows
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no plain file")
        return descriptor

    def _forget_file(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return bool(size) and os.pread(descriptor, 1, size - 1) not in {b"", b"\n"}


def line_of(posted: Posted) -> bytes:
    """Return what the log says of one POST, newline included."""
    digest = sha256()
    for chunk in posted.body:
        digest.update(chunk)
    stamp = posted.started.astimezone(UTC).isoformat(timespec="milliseconds")
    line = {
        "time": stamp.replace("+00:00", "Z"),
        "duration_ms": round(posted.seconds * 1000),
        "ids": list(_ids_in(posted.payloads)),
        "bytes": sum(map(len, posted.body)),
        "sha256": digest.hexdigest(),
        **_outcome(posted.receipt),
    }
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _outcome(receipt: Receipt) -> dict[str, Any]:
    match receipt:
        case Delivered(status):
            return {"outcome": "delivered", "status": status, "cause": None}
        case Refused(status):
            return {"outcome": "refused", "status": status, "cause": None}
        case Deferred(cause, _, answered):
            return {"outcome": "deferred", "status": answered, "cause": cause.value}
        case _ as never:
            assert_never(never)


def _ids_in(payloads: Iterable[bytes]) -> Iterable[str | None]:
    for payload in payloads:
        found = _ID.match(payload)
        yield found[1].decode() if found is not None else None
