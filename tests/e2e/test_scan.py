"""``shipper scan`` as an operator meets it: before anything has been sent."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from tests.support.access_logs import combined
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


@pytest.mark.parametrize("command", ["scan", "identify", "preview"])
def test_a_followed_file_that_cannot_be_read_is_not_passed_over(
    shop: Shop, command: str
) -> None:
    """What could be read is shown; that it is not all is told, by the code too."""
    shop.log.write_bytes(encoded(an_exchange()))
    archive = shop.log.with_name(f"{shop.log.name}.1.gz")
    packed = bytearray(gzip.compress(encoded(an_exchange())))
    packed[20:60] = b"\xff" * 40
    archive.write_bytes(packed)
    os.utime(archive, (0, 0))

    done = shop.shipper(command)

    assert done.returncode == 66, done.stdout + done.stderr
    assert archive.name in done.stderr
    assert "1 record" in done.stdout or "1 would be sent" in done.stderr


def test_a_file_without_any_record_is_not_called_clean(shop: Shop) -> None:
    """The log of another program, or one that is packed in an unknown way."""
    log = shop.directory / "access.log"
    log.write_bytes(combined(1) * 2)
    done = shop.shipper("scan", str(log))

    assert done.returncode == 65
    assert f"{log}: none of its lines is a record" in done.stderr


def test_a_file_that_is_not_there_is_told(shop: Shop) -> None:
    """With the code for it."""
    assert shop.shipper("scan", "nowhere.jsonl").returncode == 66
