"""Counts, bytes and durations as people read them."""

from __future__ import annotations

import pytest

from shipper.reports.amounts import counted, in_bytes, in_time


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 seconds"),
        (1, "1 second"),
        (90, "1.5 minutes"),
        (5400, "1.5 hours"),
        (172_800, "2.0 days"),
    ],
)
def test_durations_are_in_the_largest_unit_that_fits(
    seconds: float, words: str
) -> None:
    """One unit is enough for a person."""
    assert words == in_time(seconds)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1_572_864, "1.5 MiB"),
        (5 * 1024**4, "5,120.0 GiB"),
    ],
)
def test_bytes_are_in_the_largest_unit_that_fits(count: float, words: str) -> None:
    """Powers of 1024, and said so."""
    assert words == in_bytes(count)


def test_what_is_counted_is_named_as_often_as_it_is() -> None:
    """One record, and no records, and a thousand."""
    assert [counted(count, "record") for count in (0, 1, 1_000)] == [
        "0 records",
        "1 record",
        "1,000 records",
    ]
