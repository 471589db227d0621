"""What an HTTP answer means for the records of its request: one table, pure.

Status, headers and body come in, a `Receipt` goes out. This is the only place
that knows what the receiver's answers mean; whoever waits or sends again acts
on the receipt alone. Reasons quote the receiver, shortened to one line.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused

MAX_RETRY_AFTER_SECONDS = 86_400.0  # a longer wish is more likely a mistake
MAX_REASON_CHARACTERS = 300  # one line of a log, with room for what stands before it

_MOST_UNPACKED_BYTES = 65_536  # as much as is read of an answer that is not packed
# With a header of gzip or zlib; and without one, which some servers call deflate.
_PACKINGS = (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS)

_QUEUED = 202  # the receiver's own word for "taken"; nothing in between says it
_REFUSED = frozenset({400, 413, 422})
_TOO_LARGE = 413
_LOGIN = 511  # RFC 6585: of what intercepts, never of the receiver
_HOLD = {
    401: "the key is not accepted",
    402: "the plan does not take more logs",
    407: "the proxy wants credentials",
}
_PASSING = {
    408: "the receiver gave up waiting for the request",
    425: "the receiver does not want the request yet",
    _LOGIN: "this network wants a login",
}
_BUSY = 429
_LOG_IN = "log in to this network, or have it let the endpoint through"

_SECONDS = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")
# For a body cut at our read limit, which is no longer JSON: better to halve a
# delivered batch than to take a refusal for a delivery.
_CUT_ERRORS = re.compile(rb'"errors"\s*:\s*(?:[{\[]\s*[^}\]\s]|"[^"])')
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def receipt_for(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Receipt:
    """Return what the answer means.

    Args:
        status: The HTTP status.
        headers: Names in any case.
        body: As it came, possibly cut.
        now: Wall time, for a ``Retry-After`` that is a date in an answer that does
            not tell its own.
    """
    body = _unpacked(body, _header(headers, "content-encoding").lower())
    if 200 <= status < 300:
        return _receipt_for_success(status, body)
    if status in _REFUSED:
        reason = f"{status}: {_words(body) or 'no reason given'}"
        return Refused(status, reason, is_too_large=status == _TOO_LARGE)
    wish = None
    if status in {_BUSY, 503}:
        # By their own clock: one of ours that is hours behind would wait for hours.
        theirs = date_in(headers) or now
        wish = _retry_after_seconds(_header(headers, "retry-after"), theirs)
    if status == _BUSY or wish is not None:
        what = "too many logs for now" if status == _BUSY else "unavailable"
        return _deferred(Cause.BUSY, status, what, body, wish=wish)
    if status == 403:
        return _deferred(Cause.FORBIDDEN, status, "access is refused", body)
    if status in _PASSING:
        # No record is at fault for what the receiver has never seen.
        is_login = status == _LOGIN
        cause = Cause.NETWORK if is_login else Cause.UNAVAILABLE
        hint = _LOG_IN if is_login else None
        return _deferred(cause, status, _PASSING[status], body, hint=hint)
    if 500 <= status < 600:
        return _deferred(Cause.UNAVAILABLE, status, "the receiver has failed", body)
    if status in _HOLD:
        return _deferred(Cause.HOLD, status, _HOLD[status], body)
    if 300 <= status < 400:
        what = f"redirected{_target(headers)}, which is never followed"
        return _deferred(Cause.HOLD, status, what, b"")
    return _deferred(Cause.HOLD, status, "unexpected answer", body)


def without(secrets: re.Pattern[str], receipt: Receipt) -> Receipt:
    """Return the receipt without credentials that the other side has echoed."""
    if isinstance(receipt, Delivered):
        return receipt
    reason = secrets.sub("[hidden]", receipt.reason)
    return msgspec.structs.replace(receipt, reason=reason)


def _receipt_for_success(status: int, body: bytes) -> Receipt:
    # The vendor's own client expects a refusal under a status of success.
    if b'"errors"' in body and _carries_errors(body):
        return Refused(status, f"{status} with errors: {_words(body)}")
    # A login page answers 200 to everything; the service itself says 202.
    if status != _QUEUED and _is_markup(body):
        what = "a web page instead of an answer (captive portal or login page?)"
        return _deferred(Cause.HOLD, status, what, body, hint=_LOG_IN)
    return Delivered(status)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body as it was before it was packed; as it is if it cannot be told.

    We ask for no packing, and something on the way may pack all the same.
    """
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return body
    for packing in _PACKINGS:
        try:
            return zlib.decompressobj(packing).decompress(body, _MOST_UNPACKED_BYTES)
        except zlib.error:
            continue
    return body


def _deferred(
    cause: Cause,
    status: int,
    what: str,
    body: bytes,
    *,
    wish: float | None = None,
    hint: str | None = None,
) -> Deferred:
    words = _words(body)
    reason = f"{status}: {what}" + (f": {words}" if words else "")
    return Deferred(cause, reason, status=status, retry_after_seconds=wish, hint=hint)


def _carries_errors(body: bytes) -> bool:
    try:
        answer: Any = msgspec.json.decode(body)  # JSON of somebody else
    except (msgspec.DecodeError, RecursionError):
        return _CUT_ERRORS.search(body) is not None
    return isinstance(answer, dict) and bool(answer.get("errors"))


def _is_markup(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


def _words(body: bytes) -> str:
    """Return the receiver's own words on one line, or empty."""
    if _is_markup(body):
        title = _TITLE.search(body)
        text = _one_line(title.group(1).decode(errors="replace")) if title else ""
        return f"page titled {text!r}" if text else "a page"
    try:
        answer: Any = msgspec.json.decode(body)  # JSON of somebody else
    except (msgspec.DecodeError, RecursionError):
        return _one_line(body.decode(errors="replace"))
    return _one_line(_words_of_json(answer))


def _words_of_json(answer: Any) -> str:
    """Flatten ``{"message": …, "errors": {PATH: {"message": …}}}``."""
    if isinstance(answer, str):
        return answer
    if not isinstance(answer, dict):
        return msgspec.json.encode(answer).decode() if answer else ""
    words = [
        text
        for name in ("message", "error", "error_description", "detail", "title")
        if isinstance(text := answer.get(name), str) and text
    ]
    errors = answer.get("errors")
    if isinstance(errors, dict):
        words += [f"{path}: {_message_of(problem)}" for path, problem in errors.items()]
    elif isinstance(errors, list):
        words += [_message_of(problem) for problem in errors]
    elif errors:
        words.append(str(errors))
    if not words and answer:
        return msgspec.json.encode(answer).decode()
    return "; ".join(words)


def _message_of(problem: Any) -> str:
    if isinstance(problem, str):
        return problem
    if isinstance(problem, dict) and isinstance(problem.get("message"), str):
        return str(problem["message"])
    return msgspec.json.encode(problem).decode()


def _one_line(text: str) -> str:
    # Cut first: a page of 64 KiB is not worth cleaning to its end.
    text = text[: 4 * MAX_REASON_CHARACTERS]
    shown = "".join(character if character.isprintable() else " " for character in text)
    shown = " ".join(shown.split())
    if len(shown) > MAX_REASON_CHARACTERS:
        return shown[: MAX_REASON_CHARACTERS - 1] + "…"
    return shown


def date_in(headers: Mapping[str, str]) -> datetime | None:
    """Return the ``Date`` of an answer (RFC 9110, section 6.6.1), aware."""
    return _date(_header(headers, "date"))


def _header(headers: Mapping[str, str], wanted: str) -> str:
    for name, text in headers.items():
        if name.lower() == wanted:
            return text.strip()
    return ""


def _retry_after_seconds(text: str, now: datetime) -> float | None:
    """Read ``Retry-After`` (RFC 9110, section 10.2.3): seconds, or a date."""
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_RETRY_AFTER_SECONDS)
    date = _date(text)
    if date is None:
        return None
    # A wish, not a wait: the difference becomes a pause of the monotonic clock.
    seconds = (date - now).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _date(text: str) -> datetime | None:
    """Read a date of HTTP (RFC 9110, section 5.6.7), which is in UTC."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _target(headers: Mapping[str, str]) -> str:
    """Name where a redirect leads: never its path or query, which may hold tokens."""
    location = _header(headers, "location")
    if not location:
        return ""
    try:
        parts = urlsplit(urljoin("//", location))
        host = parts.hostname
    except ValueError:
        return ""
    if not host:
        return " to another path of the same host"
    origin = f"{parts.scheme}://{host}" if parts.scheme else host
    return f" to {_one_line(origin)}"
