"""What only the operator can say of a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.backfill.choices import Choices
from shipper.backfill.needs import NeedsMoreError
from shipper.backfill.survey import Log


def test_a_zone_is_asked_for_where_stamps_name_none(tmp_path: Path) -> None:
    """Everything that is missing is asked for at once."""
    path = tmp_path / "haproxy.log"
    path.write_bytes(
        b"10.0.1.2:33317 [06/Feb/2026:12:14:14.655] www s/1 10/0/30/69/109 200 2750 "
        b'- - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"\n'
    )
    with pytest.raises(NeedsMoreError, match="no time zone, no host, no caller"):
        Log(str(path), Choices(has_rule=False))
