"""``shipper scan`` as an operator meets it: before anything has been sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import Shop
from tests.support.exchanges import an_exchange, encoded

pytestmark = pytest.mark.e2e

CARD = "4111111111111111"
NOWHERE = "http://127.0.0.1:9/v1/request"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with a log that holds a card number."""
    shop = Shop(tmp_path)
    shop.configure(NOWHERE)
    shop.log.write_bytes(encoded(an_exchange(target=f"/owls?card={CARD}")))
    return shop


def test_what_would_leak_is_shown_with_the_lines_that_hide_it(shop: Shop) -> None:
    """Pasted into the configuration, they do."""
    found = shop.shipper("scan", str(shop.log))
    shop.configure_more('[filter]\ndenylist = [\n    "request.query.card",\n]\n')
    mended = shop.shipper("scan")

    assert found.returncode == 65
    assert 'denylist = [\n    "request.query.card",\n]' in found.stdout
    assert "request.query.card: 9999999999999999 (16 characters)" in found.stdout
    assert CARD not in found.stdout + found.stderr
    assert mended.returncode == 0, mended.stderr
    assert "1 record looked at, 0 places" in mended.stdout
    assert not (shop.log.parent / "state").exists()


def test_the_report_is_one_json_object(shop: Shop) -> None:
    """For machines: the same facts."""
    found = shop.shipper("scan", "--json")

    report = json.loads(found.stdout)
    assert found.returncode == 65
    assert report["denylist"] == ["request.query.card"]
    assert [leak["kind"] for leak in report["leaks"]] == ["card-number"]
    assert report["detectors"] == "warn"


def test_an_allowlist_gets_no_denylist_beside_it(shop: Shop) -> None:
    """That would switch it off."""
    shop.configure_more('[filter]\nallowlist = ["card"]\ndetectors = "redact"\n')

    found = shop.shipper("scan")

    assert found.returncode == 65
    assert "denylist = [" not in found.stdout
    assert "take the names off it" in found.stdout
    assert 'detectors = "redact"' in found.stdout


def test_a_file_that_is_not_there_is_told(shop: Shop) -> None:
    """With the code for it."""
    assert shop.shipper("scan", "nowhere.jsonl").returncode == 66
