"""The options of the log file, checked once at construction.

In come the values a programmer gave; out comes nothing, or one error that names
every option at fault. This room must never touch the disk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Literal

WhenFull = Literal["drop_oldest", "drop_newest"]
Fsync = Literal["never", "rotate", "always"]

_CHOICES: Final = {
    "when_full": ("drop_oldest", "drop_newest"),
    "fsync": ("never", "rotate", "always"),
}
_OWNER_ACCESS: Final = 0o600  # we open the file for reading and writing ourselves
_LONGEST_WAIT_SECONDS: Final = 60.0  # a longer wait than this is a unit mistake


def check_options(
    path: str | os.PathLike[str],
    *,
    max_bytes: int,
    max_total_bytes: int,
    min_free_bytes: int,
    when_full: str,
    mode: int,
    fsync: str,
    lock_timeout: float = 0.05,
    cooldown: float = 1.0,
) -> None:
    """Refuse option values that the log file cannot work with.

    Args:
        path: The active file; it must name a file, not a directory.
        max_bytes: Size at which a file is rotated; positive.
        max_total_bytes: Budget of active and rotated files; at least `max_bytes`.
        min_free_bytes: Space left to others on the file system; 0 switches it off.
        when_full: What `max_total_bytes` costs: "drop_oldest" or "drop_newest".
        mode: Permission bits of a new file; the owner must be able to read and write.
        fsync: "never", "rotate" or "always".
        lock_timeout: Longest wait for a lock, in seconds.
        cooldown: Pause after a failure, in seconds.

    Raises:
        TypeError: If any option is of the wrong type; names all faults.
        ValueError: If all types are right and any value is not; names all faults.
    """
    whole = {
        "max_bytes": max_bytes,
        "max_total_bytes": max_total_bytes,
        "min_free_bytes": min_free_bytes,
        "mode": mode,
    }
    waits = {"lock_timeout": lock_timeout, "cooldown": cooldown}
    words = {"when_full": when_full, "fsync": fsync}
    faults = [
        *_type_faults(
            "a path (str or os.PathLike)", {"path": path}, (str, os.PathLike)
        ),
        *_type_faults("a whole number", whole, (int,)),
        *_type_faults("a number of seconds", waits, (int, float)),
        *_type_faults("a string", words, (str,)),
    ]
    if faults:
        raise TypeError("; ".join(faults))
    faults = [
        *_path_faults(path),
        *_size_faults(max_bytes, max_total_bytes, min_free_bytes),
        *_wait_faults(waits),
        *_word_faults(words),
    ]
    if not 0 <= mode <= 0o777 or mode & _OWNER_ACCESS != _OWNER_ACCESS:
        faults.append(f"mode must lie between 0o600 and 0o777, got {mode:#o}")
    if faults:
        raise ValueError("; ".join(faults))


def _type_faults(
    wanted: str, values: Mapping[str, object], types: tuple[type, ...]
) -> list[str]:
    return [
        f"{name} must be {wanted}, got {type(value).__name__}"
        for name, value in values.items()
        # True is an int to Python, and a mistake here.
        if not isinstance(value, types) or isinstance(value, bool)
    ]


def _path_faults(path: str | os.PathLike[str]) -> list[str]:
    text = os.fspath(path)
    if os.path.basename(text) in {"", ".", ".."} or "\0" in text:
        return [f"path must name a file, got {text!r}"]
    return []


def _size_faults(
    max_bytes: int, max_total_bytes: int, min_free_bytes: int
) -> list[str]:
    sizes = {"max_bytes": max_bytes, "max_total_bytes": max_total_bytes}
    faults = [
        f"{name} must be positive, got {size}"
        for name, size in sizes.items()
        if size <= 0
    ]
    if min_free_bytes < 0:
        faults.append(f"min_free_bytes must not be negative, got {min_free_bytes}")
    if 0 < max_total_bytes < max_bytes:
        faults.append(
            f"max_total_bytes ({max_total_bytes}) must not be smaller "
            f"than max_bytes ({max_bytes})"
        )
    return faults


def _wait_faults(waits: Mapping[str, float]) -> list[str]:
    return [
        f"{name} must lie between 0 and 60 seconds, got {seconds}"
        for name, seconds in waits.items()
        if not 0 <= seconds <= _LONGEST_WAIT_SECONDS  # false for nan and inf too
    ]


def _word_faults(words: Mapping[str, str]) -> list[str]:
    return [
        f"{name} must be {' or '.join(map(repr, _CHOICES[name]))}, got {word!r}"
        for name, word in words.items()
        if word not in _CHOICES[name]
    ]
