"""What only the operator can say of a log."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log
from shipper.backfill.needs import NeedsMoreError
from tests.support.json_logs import a_har, a_har_entry

NO_ZONE_NO_HOST = {
    "startedDateTime": "2026-07-31T12:00:00.5",
    "request/url": "/owls",
    "request/headers": [],
}


def test_a_zone_is_asked_for_where_stamps_name_none(tmp_path: Path) -> None:
    """Everything that is missing is asked for at once."""
    path = tmp_path / "haproxy.log"
    path.write_bytes(
        b"10.0.1.2:33317 [06/Feb/2026:12:14:14.655] www s/1 10/0/30/69/109 200 2750 "
        b'- - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"\n'
    )
    with pytest.raises(NeedsMoreError, match="no time zone, no host, no caller"):
        Log(str(path), Choices(has_rule=False))


def test_what_the_entries_of_a_har_lack_is_asked_for_too(tmp_path: Path) -> None:
    """Refused for it they would be settled, and not sent once it is given."""
    path = tmp_path / "a.har"
    path.write_bytes(a_har(a_har_entry(NO_ZONE_NO_HOST)))
    with pytest.raises(NeedsMoreError, match="no time zone, no host"):
        Log(str(path), Choices())


def test_what_was_given_is_not_asked_for(tmp_path: Path) -> None:
    """And an entry that is none at all lacks nothing that somebody could give."""
    path = tmp_path / "a.har"
    path.write_bytes(a_har(a_har_entry(NO_ZONE_NO_HOST), {}))
    given = Choices(timezone="Europe/Berlin", base_url="https://api.example.com")
    with Log(str(path), given) as log:
        assert log.format.name == "har"
