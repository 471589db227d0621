"""A monitor is called while records are delivered, and only then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipper.cli.root import main
from tests.support.commands import KEY, Shop
from tests.support.loopback import LoopbackServer, Reply

pytestmark = pytest.mark.e2e


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A log with records."""
    for name in [name for name in os.environ if name.startswith(("SHIPPER_", "READ"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("README_API_KEY", KEY)
    shop = Shop(tmp_path)
    shop.record(30)
    return shop


def shipped(shop: Shop, readme: LoopbackServer, monitor: LoopbackServer) -> int:
    """Ship what is there, one record a request."""
    shop.configure(readme.url)
    url = monitor.url.replace("/v1/request", "/ping/t0ken?state=up")
    shop.configure_more(f'[batch]\nmax_records = 5\n[heartbeat]\nurl = "{url}"\n')
    words = ["run", "--once", "--max-duration", "2s", "--config", str(shop.config)]
    return main(words)


def test_after_deliveries_the_monitor_is_called_once_a_minute(shop: Shop) -> None:
    """A GET without body, key or credentials, however many requests there were."""
    with LoopbackServer() as readme, LoopbackServer() as monitor:
        code = shipped(shop, readme, monitor)
        posted, (call,) = len(readme.heard), monitor.heard

    assert (code, posted) == (0, 6)
    assert call.line == "GET /ping/t0ken?state=up HTTP/1.1"
    assert call.body == b""
    assert sorted(call.headers) == ["accept-encoding", "host", "user-agent"]
    assert KEY not in str(call)


def test_while_uploads_are_held_the_monitor_is_not_called(shop: Shop) -> None:
    """A refused key must raise the alarm that silence raises."""
    with (
        LoopbackServer(Reply(401) for _ in range(99)) as readme,
        LoopbackServer() as monitor,
    ):
        code = shipped(shop, readme, monitor)

    assert (code, bool(readme.heard), monitor.heard) == (75, True, [])


def test_a_monitor_that_fails_is_told_of_and_holds_nothing(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """One event without the address, and every record is delivered."""
    with LoopbackServer() as readme, LoopbackServer([Reply(500)]) as monitor:
        code = shipped(shop, readme, monitor)
    said = capsys.readouterr().err

    assert (code, len(readme.heard)) == (0, 6)
    assert said.count("heartbeat_failed") == 1
    assert "answered 500" in said
    assert "t0ken" not in said
