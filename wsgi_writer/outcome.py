"""What became of an exchange: the status the client got, and the notes.

In goes a recorder whose exchange is over; out come status, reason, headers and the
notes of the record format. Nothing here changes the recorder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from wsgi_writer.request import Headers, is_chunked, read_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsgi_writer.recorder import Recorder, Verdict

_NOT_SENT: Final = "500 Internal Server Error"  # what servers answer in the app's place
_UPGRADED: Final = "101 Switching Protocols"
_NO_BODY_STATUSES: Final = frozenset({204, 304})


@dataclass(slots=True)
class Outcome:
    """How an exchange ended, as its client saw it.

    Built once per request, hence not frozen.
    """

    status: int
    reason: str
    headers: Headers
    notes: tuple[str, ...]


def outcome_of(
    recorder: Recorder, verdict: Verdict, received: Mapping[str, Any], headers: Headers
) -> Outcome:
    """Judge a finished exchange.

    Args:
        recorder: The exchange.
        verdict: Whose it is.
        received: The environment as the server gave it.
        headers: What the application gave as the response's headers.
    """
    line = recorder.status
    is_upgrade = False
    if line is None:
        # The connection was taken over instead of answered: a websocket.
        is_upgrade = recorder.is_upgrade and not recorder.has_failed
        line, headers = (_UPGRADED if is_upgrade else _NOT_SENT), []
    elif recorder.has_failed and not _has_begun(recorder):
        line, headers = _NOT_SENT, []
    status, reason = parse_status(line)
    notes = []
    if recorder.is_closed_early and _is_cut_short(recorder, status, received, headers):
        notes.append("aborted")
    if _is_unread(recorder, received):
        notes.append("unread-body")
    if recorder.status is None:
        notes.append("upgrade" if is_upgrade else "unstarted")
    if recorder.has_failed:
        notes.append("error")
    if recorder.is_file:
        notes.append("sendfile")
    if recorder.is_unclosed:
        notes.append("unclosed")
    if verdict.has_failed:
        notes.append("identify-failed")
    return Outcome(status, reason, headers, tuple(notes))


def announced_size(headers: Headers) -> int | None:
    """Return the size that the response's own headers give, or None."""
    for name, value in headers:
        if name.lower() == "content-length" and value.isascii() and value.isdigit():
            return int(value)
    return None


def parse_status(line: object) -> tuple[int, str]:
    """Return code and reason of what the application gave as its status."""
    text = line if isinstance(line, str) else _as_text(line)
    code = text[:3]
    if code.isdigit() and code.isascii() and len(code) == 3 and text[3:4] in ("", " "):
        return int(code), text[4:]
    return 500, text  # the server let it pass; its client cannot have understood it


def _as_text(line: object) -> str:
    return line.decode("latin-1") if isinstance(line, bytes) else str(line)


def _has_begun(recorder: Recorder) -> bool:
    """Whether status and headers were on the wire when the application failed."""
    return recorder.response_body.size > 0 or recorder.is_file or recorder.is_complete


def _is_cut_short(
    recorder: Recorder, status: int, received: Mapping[str, Any], headers: Headers
) -> bool:
    """Whether a server that stopped asking still lacked something."""
    if recorder.status is None or status in _NO_BODY_STATUSES:
        return False
    if received.get("REQUEST_METHOD") == "HEAD":
        return False
    return announced_size(headers) != recorder.response_body.size


def _is_unread(recorder: Recorder, received: Mapping[str, Any]) -> bool:
    body = recorder.request_body
    announced = read_length(received)
    if announced is not None:
        return body.prefix.size < announced
    return not body.at_end and is_chunked(received)
