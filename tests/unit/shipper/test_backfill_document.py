"""A HAR among the logs of a backfill: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.follow import Position
from shipper.logfile import BadInputError

CHOICES = Choices(base_url="https://h")


def test_a_har_that_breaks_off_is_refused_as_a_whole(tmp_path: Path) -> None:
    """No entry of it can be told apart."""
    path = tmp_path / "half.har"
    path.write_bytes(b'{"log": {"entries": [{"request"')
    with pytest.raises(BadInputError, match="no JSON, or not all of it"):
        Log(str(path), CHOICES)


def test_a_har_that_was_replaced_is_told(tmp_path: Path) -> None:
    """It was whole when it was opened, and is not when it is read."""
    path = tmp_path / "a.har"
    path.write_bytes(b'{"log": {"entries": []}}')
    with Log(str(path), CHOICES) as log:
        path.write_bytes(b'{"log": {"entries": [')
        with pytest.raises(BadInputError, match="no JSON"):
            list(log.lines(Position(), "f"))
