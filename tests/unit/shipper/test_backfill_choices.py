"""What is sent of a log: by time and by path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shipper.backfill.choices import Choices, Selection
from tests.support.records import a_record

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (None, None, None),
        (NOON, None, None),
        (NOON + timedelta(seconds=1), None, "since"),
        (NOON + timedelta(milliseconds=123), None, None),
        (NOON + timedelta(milliseconds=124), None, "since"),
        (None, NOON, "until"),
        (None, NOON + timedelta(milliseconds=123), "until"),
        (None, NOON + timedelta(seconds=1), None),
        (NOON.astimezone(timezone(timedelta(hours=5))), None, None),
    ],
)
def test_a_record_is_kept_from_since_to_before_until(
    since: datetime | None, until: datetime | None, reason: str | None
) -> None:
    """The record began at noon and 123 milliseconds."""
    selection = Selection(since=since, until=until)

    assert selection.reason_to_skip(a_record()) == reason


def test_paths_are_left_out_and_methods_are_not() -> None:
    """Of the rules that leave records out, only those asked for hold."""
    selection = Selection(exclude_paths=("/static/**",))

    assert selection.reason_to_skip(a_record(url="https://h/static/a")) == "path"
    assert selection.reason_to_skip(a_record(method="OPTIONS")) is None


def test_a_selection_is_told_in_words() -> None:
    """It is what two runs are compared by."""
    some = Choices(since=NOON, exclude=("/b", "/a"))

    assert Choices().selection == ""
    assert some.selection == "--since 2026-11-23T12:00:00 --exclude /a --exclude /b"
    assert Choices(until=NOON).selection == "--until 2026-11-23T12:00:00"


def test_readers_are_told_the_zone() -> None:
    """By its name in the configuration, as a zone to the reader."""
    assert str(Choices(timezone="Europe/Berlin").hints.zone) == "Europe/Berlin"
    assert Choices().hints.zone is None
