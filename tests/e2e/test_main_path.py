"""A WSGI app's exchanges reach ReadMe through a file, every one of them once."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.support import commands, servers
from wsgi_writer.mask import mask_key

EXCHANGES = 10_000
CLIENTS = 8
CALLERS = ("ann", "bob", "eve")
SECONDS = 120.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2 * SECONDS)]


def text_of(number: int) -> str:
    """Return the body of a request: JSON of 20 to 300 bytes, not only ASCII."""
    return json.dumps({"number": number, "text": "grün " * (number % 40)})


def call(port: int, first: int, answers: dict[int, str]) -> None:
    """Send every CLIENTS-th request from `first` on, and note the log ids."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for number in range(first, EXCHANGES, CLIENTS):
        headers = {
            "Content-Type": "application/json",
            "X-Number": str(number),
            "X-Caller": CALLERS[number % 3],
        }
        body = text_of(number).encode()
        connection.request("POST", f"/things/{number}?page=1", body, headers)
        response = connection.getresponse()
        response.read()
        link = response.getheader("x-documentation-url") or ""
        answers[number] = link.rpartition("/")[2]
    connection.close()


def drive(port: int) -> dict[int, str]:
    """Send all requests over parallel connections; log ids by request number."""
    answers: dict[int, str] = {}
    clients = [
        threading.Thread(target=call, args=(port, first, answers))
        for first in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return answers


def test_ten_thousand_exchanges_arrive_once(tmp_path: Path) -> None:
    """Scenario 26: 4 workers, rotation every 1 MB: every id once, same bodies."""
    shop = commands.Shop(tmp_path)
    server = servers.gunicorn("-w", "4", "-k", "gthread", "--threads", "2")
    environ = {"EXCHANGES": str(shop.log), "ROTATE_BYTES": "1000000"}
    # Made by the first request otherwise: a shipper that is quicker to start than the
    # server would say that it waits for it.
    shop.log.touch(mode=0o640)
    with (
        shop.receiving() as receiver,
        commands.running("run", "--quiet", "--config", str(shop.config)) as shipper,
        servers.running(server, "tests.support.apps.echo", environ=environ) as port,
    ):
        answers = drive(port)
        servers.awaited(
            lambda: receiver.counts.records >= EXCHANGES or None,
            "all records",
            seconds=60,  # other tests run beside it
        )
        code, _, errors = commands.stop(shipper, signal.SIGTERM)

    logs = (tmp_path / "received/logs.jsonl").read_text()
    received = [json.loads(line) for line in logs.splitlines()]
    ids = Counter(one["_id"] for one in received)
    assert len(list(tmp_path.glob("exchanges.jsonl.*"))) > 5, "the log has rotated"
    assert set(ids) == set(answers.values())
    assert len(ids) == EXCHANGES
    assert max(ids.values()) == 1
    assert (code, errors) == (143, "")
    numbers = {log_id: number for number, log_id in answers.items()}
    for one in received:
        number = numbers[one["_id"]]
        caller = CALLERS[number % 3]
        entry = one["request"]["log"]["entries"][0]
        assert one["group"] == {
            "id": mask_key(f"key-of-{caller}"),
            "label": caller,
            "email": f"{caller}@example.com",
        }
        assert entry["request"]["postData"]["text"] == text_of(number)
        assert json.loads(entry["response"]["content"]["text"]) == {
            "number": str(number),
            "got": text_of(number),
        }
