"""The options of the log file: what is refused, and with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsgi_writer.rotate.options import check_options

GOOD: dict[str, Any] = {
    "max_bytes": 1000,
    "max_total_bytes": 1000,
    "min_free_bytes": 0,
    "when_full": "drop_oldest",
    "mode": 0o640,
    "fsync": "never",
    "lock_timeout": 0,
    "cooldown": 1,
}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"when_full": "drop_newest", "fsync": "always"},
        {"mode": 0o600, "lock_timeout": 60.0},
        {"max_bytes": 1},
    ],
)
def test_sensible_options_pass(changed: dict[str, Any]) -> None:
    """Every documented value is accepted, a path object as well as a string."""
    check_options(Path("/var/log/x.jsonl"), **(GOOD | changed))
    check_options("x.jsonl", **(GOOD | changed))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_bytes", "64 MiB"),
        ("max_bytes", 1e6),
        ("max_bytes", True),
        ("max_total_bytes", None),
        ("min_free_bytes", 1.5),
        ("mode", "0640"),
        ("when_full", 1),
        ("fsync", None),
        ("lock_timeout", "50ms"),
        ("cooldown", False),
        ("path", b"/var/log/x"),
        ("path", 3),
    ],
)
def test_wrong_type_is_named(option: str, value: object) -> None:
    """A wrong type raises TypeError with the option and the type that came."""
    options: dict[str, Any] = {"path": "/x", **GOOD, option: value}

    with pytest.raises(TypeError, match=rf"{option} .*{type(value).__name__}"):
        check_options(**options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_bytes", 0),
        ("max_bytes", -1),
        ("max_total_bytes", 0),
        ("max_total_bytes", 999),
        ("min_free_bytes", -1),
        ("mode", 0o440),
        ("mode", 0o1640),
        ("mode", -1),
        ("when_full", "drop"),
        ("fsync", "sometimes"),
        ("lock_timeout", -0.1),
        ("lock_timeout", float("nan")),
        ("cooldown", float("inf")),
        ("path", ""),
        ("path", "/var/log/"),
        ("path", "/var/log/.."),
        ("path", "a\0b"),
    ],
)
def test_impossible_value_is_named(option: str, value: object) -> None:
    """A value that cannot work raises ValueError with the option's name."""
    options: dict[str, Any] = {"path": "/x", **GOOD, option: value}

    with pytest.raises(ValueError, match=option):
        check_options(**options)


def test_all_faults_are_told_at_once() -> None:
    """Three wrong options are one error with three complaints."""
    with pytest.raises(ValueError, match=r"max_bytes.*; .*mode.*") as caught:
        check_options("", **(GOOD | {"max_bytes": 0, "mode": 0}))

    assert str(caught.value).count("; ") == 2
