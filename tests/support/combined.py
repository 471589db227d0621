"""A builder of access logs in the combined format."""

from __future__ import annotations


def a_log(count: int, *, first: int = 0) -> bytes:
    """Return a combined log; every line is another one."""
    return b"".join(
        b'203.0.113.%d - - [23/Nov/2026:12:%02d:%02d +0000] "GET /owls/%d HTTP/1.1" '
        b'200 5 "-" "owl/1.0"\n' % (n % 250, n // 60 % 60, n % 60, n)
        for n in range(first, first + count)
    )
