"""One POST against a scripted server: what goes out, and that no secret comes back."""

from __future__ import annotations

import base64
import json

import pytest

from shipper.network import NetworkSettings, route_to
from shipper.receipt import Deferred, Delivered, Refused
from shipper.transport import Transport
from tests.support.answering import KEY, receipt_of
from tests.support.clock import FakeClock
from tests.support.loopback import LoopbackServer, Reply


def test_a_post_is_what_the_contract_asks_for() -> None:
    """Path, key with empty password, type and agent are exact; nothing is packed."""
    with LoopbackServer() as server:
        receipt = receipt_of(server.url, payload=b'{"a":1}')
        (heard,) = server.heard

    assert Delivered(202) == receipt
    assert heard.line == "POST /v1/request HTTP/1.1"
    token = base64.b64encode(f"{KEY}:".encode()).decode()
    assert f"Basic {token}" == heard.headers["authorization"]
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["user-agent"] == "hartail/1.0"
    assert f"127.0.0.1:{server.port}" == heard.headers["host"]
    assert heard.body == b'[{"a":1}]'
    assert {
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    } == set(heard.headers)


def test_the_vendors_auth_vector() -> None:
    """The key ``rdme_test`` gives the header that the vendor's SDK was seen to send."""
    with LoopbackServer() as server:
        transport = Transport(
            route=route_to(server.url, NetworkSettings(environ={})),
            api_key="rdme_test",
            user_agent="x",
            timeout_seconds=5,
            clock=FakeClock(),
            witness=None,
        )
        channel = transport.channel()
        transport.post(channel, b"[{}]", [b"{}"])
        channel.close()

    assert server.heard[0].headers["authorization"] == "Basic cmRtZV90ZXN0Og=="


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_an_echoed_credential_is_hidden(status: int) -> None:
    """A server that repeats the key in its answer does not get it into our log."""
    token = base64.b64encode(f"{KEY}:".encode()).decode()
    echo = json.dumps({"errors": [f"got {KEY} in Basic {token}"]}).encode()
    with LoopbackServer([Reply(status, echo)]) as server:
        receipt = receipt_of(server.url)

    assert isinstance(receipt, Deferred | Refused)
    assert receipt.reason.endswith("got [hidden] in Basic [hidden]")


@pytest.mark.parametrize("shown", [5, 12, len(KEY) - 1])
def test_an_echoed_credential_is_hidden_where_the_reason_is_cut(shown: int) -> None:
    """A long answer that repeats the key leaves no beginning of it either."""
    cut_at = 299  # answers.MAX_REASON_CHARACTERS, less the mark of the cut
    echo = "." * (cut_at - shown) + KEY + " and more" * 9
    with LoopbackServer([Reply(400, json.dumps(echo).encode())]) as server:
        receipt = receipt_of(server.url)

    assert isinstance(receipt, Refused)
    assert receipt.reason.endswith(".[hidden]…")
