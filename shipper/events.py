"""What the shipper says about itself: named events, one line each, on stderr.

`EVENTS` is the closed list; docs/operations.md explains every name. An event
holds counts, paths, statuses and reasons. It never holds a header value, a
body, or a credential.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Protocol, TextIO

from msgspec import Struct

Level = Literal["debug", "info", "warning", "error"]
Value = str | int | float | None

_RANK: Mapping[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
# What the journal takes for a priority at the head of a line: sd-daemon(3).
PREFIXES: Mapping[Level, str] = {
    "debug": "<7>",
    "info": "<6>",
    "warning": "<4>",
    "error": "<3>",
}
# What sentences count, and have in the plural behind the blank.
_NOUNS = (
    "bundle",
    "caller",
    "dead letter",
    "failure",
    "line",
    "part",
    "record",
    "source",
    "time",
    "time-out",
)


class Kind(Struct, frozen=True):
    """How an event is told: its level, and a sentence with named blanks."""

    level: Level
    sentence: str


EVENTS: Mapping[str, Kind] = {
    "started": Kind("info", "following {sources} sources, sending to {endpoint}"),
    "stopping": Kind("info", "{signal} received: finishing what is in flight"),
    "stopped": Kind(
        "info",
        "stopped after {seconds:.1f} s: {delivered} delivered, {skipped} skipped, "
        "{dead} dead, {blank} blank",
    ),
    "drained": Kind("info", "nothing left to send"),
    "files_left": Kind(
        "warning", "nothing else left to send, but {files} file(s) are {how}: {paths}"
    ),
    "out_of_time": Kind(
        "warning", "max duration of {seconds:.0f} s reached with work left: {why}"
    ),
    "splayed": Kind("debug", "starting in {seconds:.0f} s, a random part of --splay"),
    "status": Kind(
        "info",
        "{delivered} delivered, {skipped} skipped, {dead} dead, {blank} blank; "
        "{backlog_bytes} bytes not read yet, {in_flight} records in flight; "
        "trouble: {trouble}",
    ),
    "reloaded": Kind(
        "info",
        "the configuration was read again: following {sources} sources, sending to "
        "{endpoint}",
    ),
    "reload_refused": Kind(
        "error", "the configuration was not changed, the one before still holds: {why}"
    ),
    "loop_stuck": Kind(
        "error",
        "nothing has moved for {seconds:.3g} s: the watchdog is not told that all is "
        "well",
    ),
    "loop_resumed": Kind("warning", "the shipper moves again"),
    "worker_started": Kind(
        "info", "worker {worker} of {workers} runs as process {pid}"
    ),
    "worker_lost": Kind(
        "error",
        "worker {worker} is lost: {why}; another one reads its logs on from where they "
        "are committed, in {seconds:.0f} s",
    ),
    "notify_failed": Kind("warning", "the service manager cannot be told: {why}"),
    "file_found": Kind("debug", "{path}: following from byte {position}"),
    "file_gone": Kind("debug", "{path}: gone and fully read"),
    "file_lost": Kind(
        "error", "{path}: vanished with {lost_bytes} bytes unread; they are lost"
    ),
    "file_shrunk": Kind(
        "warning",
        "{path}: the last {shrunk_bytes} bytes that were read of it are gone; reading "
        "on behind what is left",
    ),
    "file_truncated": Kind("warning", "{path}: replaced in place; reading it as new"),
    "file_unreadable": Kind("error", "{path}: cannot be read: {why}"),
    "file_refused": Kind("warning", "{path}: not followed: {why}"),
    "file_stopped": Kind("error", "{path}: stopped at byte {position}: {why}"),
    "source_empty": Kind(
        "warning", "{pattern}: no file that can be read matches yet; {hint}"
    ),
    "watch_degraded": Kind("warning", "{directory}: polling instead of events: {why}"),
    "line_rejected": Kind(
        "warning",
        "{path}: line at byte {position} is a dead letter: {why}; so far: {count}",
    ),
    "records_missing": Kind(
        "error",
        "missing records: {count} (writer pid {pid}): dropped by the writer, or "
        "removed before they were read",
    ),
    "body_withheld": Kind("warning", "bodies not sent, so far: {count}: {why}"),
    "secret_suspected": Kind(
        "warning", "{operation}: {field} holds what looks like a secret: {kind}"
    ),
    "secret_hidden": Kind(
        "info", "{operation}: {field} held what looks like a secret, hidden: {kind}"
    ),
    "record_refused": Kind(
        "error",
        "record {id} was refused with status {status} and is a dead letter: {why}",
    ),
    "batch_refused": Kind(
        "warning", "batch of {records} refused with status {status}: halving it: {why}"
    ),
    "batch_deferred": Kind(
        "warning", "batch of {records} not delivered, trying again: {why}"
    ),
    "batch_deferred_again": Kind(
        "debug", "batch of {records} not delivered, for the same reason: {why}"
    ),
    "uploads_held": Kind("error", "uploads held: {why}: {hint}"),
    "uploads_resumed": Kind("info", "uploads go on after {seconds:.0f} s"),
    "circuit_opened": Kind(
        "warning", "{failures} failures in a row: one probe at a time until it heals"
    ),
    "quiet_hours_began": Kind(
        "info", "quiet hours until {until}: nothing is sent, records wait in the log"
    ),
    "quiet_hours_ended": Kind("info", "quiet hours are over after {seconds:.0f} s"),
    "egress_log_failed": Kind(
        "error", "{path}: the egress log cannot be written, uploads {what}: {why}"
    ),
    "egress_log_resumed": Kind(
        "warning", "{path}: the egress log is written again; {missing} lines missing"
    ),
    "egress_log_incomplete": Kind(
        "error", "{path}: the egress log was closed with {missing} lines missing: {why}"
    ),
    "heartbeat_failed": Kind("warning", "{host}: the heartbeat failed: {why}"),
    "heartbeat_resumed": Kind("info", "{host}: the heartbeat is answered again"),
    "state_write_failed": Kind(
        "error", "positions cannot be saved, reading pauses: {why}: {hint}"
    ),
    "state_rebuilt": Kind(
        "error", "{path} was damaged and set aside: reading from the {where}"
    ),
    "state_write_resumed": Kind("info", "positions are saved again"),
    "request_delayed": Kind("error", "a request has to wait: {why}: {hint}"),
    "letters_retried": Kind(
        "info", "dead letters sent again: {delivered} delivered, {kept} kept"
    ),
    "letters_purged": Kind("info", "{letters} dead letters purged"),
    "letters_evicted": Kind(
        "warning",
        "{letters} dead letters evicted, too old or over the limit: {size_bytes} bytes",
    ),
    "bundles_waiting": Kind(
        "info",
        "{records} records left in {bundles} bundles without an acknowledgement; "
        "nothing of that is sent from here",
    ),
    "bundle_sealed": Kind("info", "{path}: sealed, {records} records in {parts} parts"),
    "bundle_resealed": Kind(
        "warning", "{path}: an export was cut off as it was sealed; it is sealed now"
    ),
    "bundle_missing": Kind(
        "error",
        "{path}: bundle {bundle} is not where an export that was cut off has left "
        "it; counted as exported: {records} records",
    ),
    "bundle_sent": Kind("info", "bundle {bundle}: {delivered} delivered, {dead} dead"),
    "bundle_acknowledged": Kind(
        "info", "bundle acknowledged: {delivered} delivered, {dead} dead"
    ),
    "identify_failed": Kind("warning", "rule {rule} failed {count} times: {why}"),
    "identify_switched_off": Kind(
        "error",
        "rule {rule} is not asked any more after {count} time-outs of {seconds:g} s: "
        "{hint}",
    ),
    "mask_mismatch": Kind(
        "warning",
        "the log has {found} masks, [identify] mask is {expected}: a caller may get "
        "two identities: {hint}",
    ),
    "lookup_loaded": Kind("info", "{path}: {callers} callers known"),
    "lookup_failed": Kind(
        "warning", "{path}: not used, the callers known before are: {why}: {hint}"
    ),
}


class Events(Protocol):
    """Where rooms report what happened."""

    def emit(self, name: str, **fields: Value) -> None:
        """Report one event of `EVENTS` with the blanks of its sentence."""
        ...


class Now(Protocol):
    """The one thing the log asks of a clock."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...


class EventLog:
    """Writes events as text or JSON lines.

    Shapes: text is ``STAMP LEVEL NAME: sentence``; JSON is one object with
    ``time``, ``level``, ``event``, ``message`` and the event's fields. For the
    journal, which has stamps and levels of its own, text is ``<6>NAME: sentence``,
    and an object stands behind such a prefix too.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Now,
        least: Level = "info",
        as_json: bool = False,
        for_journal: bool = False,
    ) -> None:
        # Mutable state: the stream alone; one write per event keeps lines whole.
        self._stream = stream
        self._clock = clock
        self._least = _RANK[least]
        self._as_json = as_json
        self._for_journal = for_journal

    def emit(self, name: str, **fields: Value) -> None:
        """Write one line; an unknown name is a KeyError, a fault of the caller."""
        kind = EVENTS[name]
        if _RANK[kind.level] < self._least:
            return
        message = one_line(_worded(kind.sentence, fields))
        stamp = self._clock.now().isoformat(timespec="milliseconds")
        stamp = stamp.replace("+00:00", "Z")
        if self._as_json:
            text = json.dumps(
                {
                    "time": stamp,
                    "level": kind.level,
                    "event": name,
                    "message": message,
                    **fields,
                }
            )
        elif self._for_journal:
            text = f"{name}: {message}"
        else:
            text = f"{stamp} {kind.level:<7} {name}: {message}"
        if self._for_journal:
            text = PREFIXES[kind.level] + text
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:
            # A closed or full stderr must not stop shipping; the facts are in
            # the state database as well.
            return


def _worded(sentence: str, fields: Mapping[str, Value]) -> str:
    """Fill in the blanks of a sentence; of what is counted and is one, no plural."""
    for name, value in fields.items():
        if value == 1:
            for noun in _NOUNS:
                blank = f"{{{name}}} {noun}"
                sentence = sentence.replace(f"{blank}s", blank)
    return sentence.format(**fields)


def one_line(text: str) -> str:
    """Return `text` with control characters shown, so that one event is one line."""
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape").decode()
        for character in text
    )
