"""What the receiver got, as JSON lines in a directory, and the sums of it.

``logs.jsonl`` has one line per log object, byte for byte as it came (line breaks
between tokens left out). ``requests.jsonl`` has one line per request: time,
status, bytes, ids, the fault that was played, the reasons of a refusal. Lines
are whole and in the order of arrival; they are not synced to the disk.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError
from shipper.receiver.contract import Reason

LOGS_NAME = "logs.jsonl"
REQUESTS_NAME = "requests.jsonl"


class StoreError(ShipperError):
    """The receiver's directory cannot be made or written to."""

    exit_code = EXIT_CANNOT_CREATE

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the receiver's store cannot be used: {path}: {why}",
            hint="name another directory with --store",
        )
        self.path = path


class NotKeptError(Exception):
    """The disk does not take a request; nothing of it was kept or counted."""


class Request(Struct, frozen=True):
    """One request, as it is written down.

    Attributes:
        time: When it was answered, RFC 3339 in UTC.
        status: The status that was answered or meant; 0 when there was none.
        bytes: Length of the body.
        ids: Of the log objects that were kept.
        fault: The misdeed that was played, or None.
        reasons: Why it was refused.
    """

    time: str
    status: int
    bytes: int
    ids: tuple[str | None, ...] = ()
    fault: str | None = None
    reasons: tuple[Reason, ...] = ()


class Counts(Struct, frozen=True):
    """Sums since the start.

    Attributes:
        requests: Everything that was a whole HTTP request.
        accepted: Requests whose records were kept.
        records: Log objects that were kept, repeats included.
        refused: Requests that the contract or the key check refused.
        faults: Requests that met a fault.
        lost_answers: Accepted requests whose sender was not told.
    """

    requests: int = 0
    accepted: int = 0
    records: int = 0
    refused: int = 0
    faults: int = 0
    lost_answers: int = 0


class Keeper:
    """Writes both files; safe to call from many threads."""

    def __init__(self, store: Path | None) -> None:
        # Mutable state, guarded by `_lock`: two descriptors and the sums.
        self._lock = threading.Lock()
        self._counts = Counts()
        self._descriptors: tuple[int, int] | None = None
        if store is not None:
            self._descriptors = _open(store)

    @property
    def counts(self) -> Counts:
        """The sums so far."""
        with self._lock:
            return self._counts

    def keep(self, request: Request, log_objects: Sequence[bytes]) -> None:
        """Write down one request and the log objects it brought.

        Raises:
            NotKeptError: The disk does not take it.
        """
        with self._lock:
            try:
                self._write_down(request, log_objects)
            except OSError as error:
                raise NotKeptError(error.strerror or str(error)) from error
            self._counts = _counted(self._counts, request, len(log_objects))

    def _write_down(self, request: Request, log_objects: Sequence[bytes]) -> None:
        if self._descriptors is None:
            return
        logs, requests = self._descriptors
        start = os.fstat(logs).st_size
        _write(logs, b"".join(log_object + b"\n" for log_object in log_objects))
        try:
            _write(requests, msgspec.json.encode(request) + b"\n")
        except OSError:
            # Its sender is told so, and sends them again.
            with suppress(OSError):
                os.ftruncate(logs, start)
            raise

    def close(self) -> None:
        """Close both files."""
        with self._lock:
            for descriptor in self._descriptors or ():
                os.close(descriptor)
            self._descriptors = None


def _counted(counts: Counts, request: Request, records: int) -> Counts:
    is_fault = request.fault is not None
    return Counts(
        requests=counts.requests + 1,
        accepted=counts.accepted + (records > 0),
        records=counts.records + records,
        refused=counts.refused + (request.status >= 400 and not is_fault),
        faults=counts.faults + is_fault,
        lost_answers=counts.lost_answers + (is_fault and records > 0),
    )


def _open(store: Path) -> tuple[int, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What API clients sent: for nobody else's eyes.
        logs = os.open(store / LOGS_NAME, flags, 0o600)
        return logs, os.open(store / REQUESTS_NAME, flags, 0o600)
    except OSError as error:
        raise StoreError(store, error.strerror or str(error)) from error


def _write(descriptor: int, lines: bytes) -> None:
    """Write whole lines, or none: a line cut by a full disk is taken back."""
    rest = memoryview(lines)
    start = os.fstat(descriptor).st_size
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        with suppress(OSError):  # the first error is the one to tell
            os.ftruncate(descriptor, start)
        raise
