"""A log opened for a backfill, and what its lines become."""

from __future__ import annotations

import json
from pathlib import Path

from shipper.backfill.choices import Choices
from shipper.backfill.survey import Log
from shipper.follow import Position
from tests.support.combined import a_log
from wsgi_writer.mask import Masks

CHOICES = Choices(base_url="https://h")


def test_the_columns_are_known_wherever_reading_begins(tmp_path: Path) -> None:
    """The header stands at the front of the log, and of no piece of it."""
    text = (
        b"#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status\n"
        b"2026-11-23 12:00:00 GET /a 200\n"
    )
    path = tmp_path / "u_ex.log"
    path.write_bytes(text)
    with Log(str(path), CHOICES) as log:
        translator = log.translator(Masks())
        (line,) = [one for one in log.lines(Position(), "f") if one.data[:1] != b"#"]
        record = translator.translate(line)

    assert isinstance(record, bytes)
    assert json.loads(record)["entry"]["request"]["url"] == "https://h/a"


def test_a_log_that_has_shrunk_has_fewer_lines_before_a_place(
    tmp_path: Path,
) -> None:
    """Counting stops where the log does."""
    path = tmp_path / "a.log"
    path.write_bytes(a_log(10))
    with Log(str(path), CHOICES) as found:
        assert found.line_number(Position(offset_bytes=10_000)) == 10
