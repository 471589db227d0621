"""A system that has no thread left, without starting all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

STACK_BYTES = 1 << 46  # more than an address space has room for


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Let no thread of this process start."""
    before = threading.stack_size(STACK_BYTES)
    try:
        yield
    finally:
        threading.stack_size(before)
