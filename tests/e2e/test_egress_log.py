"""The egress log of the installed command agrees with what the receiver keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Shop

pytestmark = pytest.mark.e2e


def test_every_record_that_arrived_is_in_the_egress_log(tmp_path: Path) -> None:
    """A run says what left, and no more than ids and sums of it."""
    shop = Shop(tmp_path)
    with shop.receiving():
        shop.configure_more('[egress_log]\nfile = "egress.jsonl"\n')
        ids = shop.record(25)
        done = shop.shipper("run", "--once")
    lines = [
        json.loads(line) for line in (tmp_path / "egress.jsonl").read_bytes().split()
    ]

    assert done.returncode == 0, done.stderr
    assert sorted(id_ for line in lines for id_ in line["ids"]) == sorted(ids)
    assert {line["status"] for line in lines} == {202}
