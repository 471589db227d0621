"""Stamps of logs, read without the locale's help."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.formats.stamps import (
    FOLDED,
    Moment,
    read_clf,
    read_epoch,
    read_iso,
)
from shipper.model import Reject

BERLIN = ZoneInfo("Europe/Berlin")


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
)
def test_a_common_stamp_is_read_back(moment: datetime) -> None:
    """What `strftime` writes in English comes back to the second."""
    text = moment.strftime("%d/%b/%Y:%H:%M:%S +0000")
    text = text.replace(f"/{moment.year}:", f"/{moment.year:04d}:")

    assert int(moment.replace(microsecond=0).timestamp()) * 10**9 == read_clf(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17/May/2015:10:05:03 -0730", 1_431_884_103),
        ("31/Dec/2016:23:59:60 +0000", 1_483_228_800),
        ("01/Jan/1970:00:00:00 +0000", 0),
        ("01/Jan/1970:00:00:00 +0100", None),
        ("17/may/2015:10:05:03 +0000", None),
        ("17/May/2015:10:05:03 +0060", None),
        ("17/May/2015:10:60:03 +0000", None),
        ("29/Feb/2015:10:05:03 +0000", None),
        ("\u0661\u0667/May/2015:10:05:03 +0000", None),
        ("17/May/2015:10:05:\u0660\u0663 +0000", None),
    ],
)
def test_edges_of_common_stamps(text: str, expected: int | None) -> None:
    """Offsets both ways, a leap second, and dates that never were."""
    ns = read_clf(text)

    assert expected == (None if ns is None else ns // 10**9)


@pytest.mark.parametrize(
    ("text", "zone", "ns"),
    [
        ("2026-11-23T12:00:00Z", None, 1_795_435_200_000_000_000),
        ("2026-11-23t12:00:00.5z", None, 1_795_435_200_500_000_000),
        ("2026-11-23 12:00:00,123456789Z", None, 1_795_435_200_123_456_789),
        ("2026-11-23T12:00:00.1234567891Z", None, 1_795_435_200_123_456_789),
        ("2026-11-23T13:00:00+01:00", None, 1_795_435_200_000_000_000),
        ("2026-11-23T11:00:00 -0100", None, 1_795_435_200_000_000_000),
        ("2026-11-23T13:00:00", BERLIN, 1_795_435_200_000_000_000),
        ("2016-12-31T23:59:60Z", None, 1_483_228_800_000_000_000),
    ],
)
def test_iso_stamps_keep_their_last_digit(
    text: str, zone: tzinfo | None, ns: int
) -> None:
    """Down to the nanosecond, in any of the usual spellings."""
    assert Moment(ns) == read_iso(text, zone)


@pytest.mark.parametrize(
    ("text", "zone", "reason"),
    [
        ("2026-11-23T12:00:00", None, "time-zone"),
        ("2026-03-29T02:30:00", BERLIN, "time-gap"),
        ("2026-13-23T12:00:00Z", None, "time"),
        ("2026-11-23T12:00:00+24:00", None, "time"),
        ("1969-11-23T12:00:00Z", None, "time"),
        ("9999-12-31T23:59:59-23:00", None, "time"),
        ("yesterday", None, "time"),
    ],
)
def test_what_is_no_time_is_refused(
    text: str, zone: tzinfo | None, reason: str
) -> None:
    """The reason tells a missing zone from a time that never was."""
    found = read_iso(text, zone)

    assert isinstance(found, Reject)
    assert reason == found.reason


def test_a_time_that_came_twice_is_the_first_and_says_so() -> None:
    """Clocks went back from 3 to 2 on that morning."""
    assert Moment(1_792_888_200_000_000_000, (FOLDED,)) == read_iso(
        "2026-10-25T02:30:00", BERLIN
    )


@pytest.mark.parametrize(
    ("number", "unit_ns", "expected"),
    [
        ("1646861401.5241024", 10**9, 1_646_861_401_524_102_400),
        (1646861401.25, 10**9, 1_646_861_401_250_000_000),
        (1_646_861_401_524, 10**6, 1_646_861_401_524_000_000),
        (1.5e17, 1, 150_000_000_000_000_000),
        ("x", 1, None),
        ("1.x", 1, None),
        (-1, 1, None),
        (float("inf"), 1, None),
        (1e300, 10**9, None),
    ],
)
def test_counts_since_1970(
    number: float | str, unit_ns: int, expected: int | None
) -> None:
    """The unit is given; the size of the number is never asked."""
    assert expected == read_epoch(number, unit_ns)
