"""What a line is when it is no line of an access log: a word for the operator.

Only for messages: nothing is decided by it. One line comes in; what kind of log such
lines come from goes out, or None.
"""

from __future__ import annotations

import re
from typing import Final

_BEGINNING_BYTES: Final = 512

_LOOKS: Final[tuple[tuple[str, re.Pattern[bytes]], ...]] = (
    (
        "an error log of Apache, which tells of no exchange",
        re.compile(
            rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]{1,2} [0-9:.]{8,15} [0-9]{4}\] \["
        ),
    ),
    (
        "an error log of nginx, which tells of no exchange",
        re.compile(rb"[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9:]{8} \[[a-z]{3,6}\] [0-9]+#"),
    ),
    (
        "a status dump, which tells of no exchange",
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
    ("a Python traceback", re.compile(rb'Traceback \(most recent|  File "')),
    ("JSON with other members", re.compile(rb"\s*\{")),
    (
        "key=value lines (logfmt)",
        re.compile(rb'[A-Za-z_.]+=(?:"|[^ ])[^=]{0,200} [A-Za-z_.]+='),
    ),
    ("text that is no log", re.compile(rb"<(?:!DOCTYPE|html|\?xml)", re.IGNORECASE)),
)


def look_of(line: bytes) -> str | None:
    """Return what a line seems to come from."""
    beginning = line[:_BEGINNING_BYTES]
    if b"\0" in beginning:
        return "binary data, or text in UTF-16"
    for look, pattern in _LOOKS:
        if pattern.match(beginning):
            return look
    return None
