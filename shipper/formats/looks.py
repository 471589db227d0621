"""What a line is when it is no line of an access log: a word for the operator.

One line comes in; what kind of log such lines come from goes out, or None. Of a file
that holds other files the first line tells, and that no lines of it are to be read;
all else is only for messages.
"""

from __future__ import annotations

import re
from typing import Final

NO_EXCHANGE: Final = "which tells of no exchange"

_BEGINNING_BYTES: Final = 512

_LOOKS: Final[tuple[tuple[str, re.Pattern[bytes]], ...]] = (
    (
        f"an error log of Apache, {NO_EXCHANGE}",
        re.compile(
            rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]{1,2} [0-9:.]{8,15} [0-9]{4}\] \["
        ),
    ),
    (
        f"an error log of nginx, {NO_EXCHANGE}",
        re.compile(rb"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[[a-z]{3,6}\] [0-9]+#"),
    ),
    (
        f"a status dump, {NO_EXCHANGE}",
        re.compile(
            rb"(?:Total Accesses|Total kBytes|BusyWorkers|IdleWorkers|Scoreboard"
            rb"|Uptime|ReqPerSec|BytesPerSec|BytesPerReq|CPULoad|ServerUptime[A-Za-z]*"
            rb"|Load(?:1|5|15)|ServerVersion|ServerMPM|CacheType|Conns[A-Z][A-Za-z]*"
            rb"|Active connections|Reading|server accepts|[A-Z][A-Za-z]+PerReq): "
        ),
    ),
    (
        "syslog of another program",
        re.compile(
            rb"(?:<[0-9]{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}"
            rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(?:Z|[+\-][0-9:]{5})) "
            rb"[^ ]{1,255} [^ :]{1,64}:? "
        ),
    ),
    (
        "an access log with two addresses before the user, of which the first may be "
        "the virtual host (vhost_combined) or X-Forwarded-For",
        re.compile(rb"[0-9A-Fa-f.:]{7,45} [0-9A-Fa-f.:]{7,45} [^ ]+ [^ ]+ \["),
    ),
    (
        "an access log with other fields than those of Common and Combined",
        re.compile(
            rb"(?![{\[<])(?:[^ ]+ ){2,4}"
            rb"\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[^\]\"]{8,32}\] "
        ),
    ),
    ("a Python traceback", re.compile(rb'Traceback \(most recent|  File "')),
    ("JSON with other members", re.compile(rb"\s*\{")),
    (
        "key=value lines (logfmt)",
        re.compile(rb'[A-Za-z_.]+=(?:"|[^ ])[^=]{0,200} [A-Za-z_.]+='),
    ),
    (
        "labels and values with tabs between them (LTSV)",
        re.compile(rb"[A-Za-z][\w.\-]{0,63}:[^\t]{0,400}\t[A-Za-z][\w.\-]{0,63}:"),
    ),
    (
        "the format that IIS calls its own; of those it writes, W3C is read",
        re.compile(
            rb"[0-9A-Fa-f.:%]{2,64}, [^,]{1,128}, [0-9/.\-]{6,10}, [0-9:]{7,8}, "
            rb"[A-Z0-9]{1,8}SVC[0-9]*, "
        ),
    ),
    ("text that is no log", re.compile(rb"<(?:!DOCTYPE|html|\?xml)", re.IGNORECASE)),
)


# Files that hold others, or are packed in a way that is not undone here.
_CONTAINERS: Final[tuple[tuple[str, int, bytes], ...]] = (
    ("a zip archive", 0, b"PK\x03\x04"),
    ("a tar archive", 257, b"ustar"),
    ("a 7z archive", 0, b"7z\xbc\xaf\x27\x1c"),
    ("an archive packed by compress", 0, b"\x1f\x9d"),
    ("an archive packed with LZ4", 0, b"\x04\x22\x4d\x18"),
    ("an archive packed with LZMA", 0, b"]\0\0"),
)
_ARRAY: Final = re.compile(rb"\s*\[\s*(?:\{|\Z)")


def archive_of(first: bytes) -> str | None:
    """Return what holds the log, told by the beginning of the file, or None."""
    for archive, at, magic in _CONTAINERS:
        if first.startswith(magic, at):
            return archive
    return None


def layout_of(first: bytes) -> str | None:
    """Return how a file of JSON is laid out if not an object a line, or None."""
    if first.strip() == b"{":
        return "JSON laid out over several lines"
    return "an array of JSON" if _ARRAY.match(first) else None


def look_of(line: bytes) -> str | None:
    """Return what a line seems to come from."""
    beginning = line[:_BEGINNING_BYTES]
    if b"\0" in beginning:
        return "binary data, or text in UTF-16"
    for look, pattern in _LOOKS:
        if pattern.match(beginning):
            return look
    return None
