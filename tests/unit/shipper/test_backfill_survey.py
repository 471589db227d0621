"""All logs are looked at before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipper.backfill.choices import Choices
from shipper.backfill.outcome import LEFT_ALONE, UNFINISHED
from shipper.backfill.survey import survey
from shipper.logfile import BadInputError
from tests.support.combined import a_log

CHOICES = Choices(base_url="https://h")
ERRORS = b"2026/11/22 10:00:00 [error] 7#7: *1 open() failed\n"


@pytest.mark.parametrize("count", [1, 300])
def test_texts_of_a_container_that_never_end_are_told_as_such(
    count: int, tmp_path: Path
) -> None:
    """A collector took the newlines away by which Docker ends a text."""
    text = {"log": "GET / 200", "stream": "stdout", "time": "2026-11-23T12:00:00Z"}
    path = tmp_path / "c-json.log"
    path.write_text((json.dumps(text) + "\n") * count)

    (found,) = survey([str(path)], CHOICES)

    assert found.why == "no text in it has its end, which is a newline with Docker"


def test_an_error_log_is_left_alone_beside_others(tmp_path: Path) -> None:
    """By itself, or with access lines in it, it is refused."""
    access, errors, mixed = (tmp_path / name for name in ("a.log", "e.log", "m.log"))
    access.write_bytes(a_log(1))
    errors.write_bytes(ERRORS * 3)
    mixed.write_bytes(ERRORS * 3 + a_log(1))

    found = survey([str(errors), str(access)], CHOICES)

    assert [file.state for file in found] == [LEFT_ALONE, UNFINISHED]
    assert found[0].why.endswith("an error log of nginx, which tells of no exchange")
    for paths in ([errors, errors], [access, mixed]):
        with pytest.raises(BadInputError, match="no format fits"):
            survey(list(map(str, paths)), CHOICES)
