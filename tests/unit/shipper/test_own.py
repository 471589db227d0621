"""Our own records among other people's logs."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.formats import FORMATS
from tests.support.json_logs import fitting, read_line, why
from tests.support.records import a_record_line


def test_a_record_of_ours_fits_and_nothing_else_does() -> None:
    """It is known by its version and its entry."""
    assert fitting(a_record_line()) == ["own"]


def test_a_record_of_a_later_version_fits() -> None:
    """What it is, `parse` says."""
    assert fitting({"v": 2, "entry": None}) == ["own"]


@pytest.mark.parametrize("line", [{"v": 1}, {"entry": {}}, "[]", "", "v entry"])
def test_half_of_it_does_not_fit(line: Any) -> None:
    """Both members have to be there."""
    assert "own" not in fitting(line)


def test_the_row_says_that_the_lines_are_records() -> None:
    """Whoever shapes lines passes these on to `parse`."""
    assert [name for name, row in FORMATS.items() if row.is_record] == ["own"]


@pytest.mark.parametrize(
    ("line", "reason"), [(b'{"v":1,"entry":{}}', "shape"), (b" ", "blank")]
)
def test_its_reader_makes_no_exchange(line: bytes, reason: str) -> None:
    """There is nothing foreign about them."""
    assert why(read_line("own", line)) == reason
