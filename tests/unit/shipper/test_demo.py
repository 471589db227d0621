"""The demo: an app that behaves, and sums that cannot lie."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from shipper.demo.processes import DemoError, serving
from shipper.demo.shop import identify, shop
from shipper.demo.story import Outcome, files_holding
from shipper.demo.traffic import CALLS, PLANTED, Call

RECORDED = tuple(str(at) for at, call in enumerate(CALLS) if call.is_recorded)
SHIPPED = tuple(str(at) for at, c in enumerate(CALLS) if c.is_recorded and c.is_shipped)

ALL_IS_WELL = Outcome(
    answered=len(CALLS),
    promised=frozenset(RECORDED),
    recorded=RECORDED,
    files=(Path("exchanges.jsonl"),),
    sums={
        "delivered": len(SHIPPED),
        "skipped": len(RECORDED) - len(SHIPPED),
        "dead": 0,
    },
    received=SHIPPED,
    payload={},
    leaks=(),
)


def test_sums_that_add_up_are_no_fault() -> None:
    """The demo is content when everything is where it belongs."""
    assert ALL_IS_WELL.faults() == ()


@pytest.mark.parametrize(
    "outcome",
    [
        replace(ALL_IS_WELL, recorded=RECORDED[1:]),
        replace(ALL_IS_WELL, promised=frozenset({"nowhere"})),
        replace(ALL_IS_WELL, received=SHIPPED[1:]),
        replace(ALL_IS_WELL, received=(*SHIPPED[1:], SHIPPED[1])),
        replace(ALL_IS_WELL, sums={**ALL_IS_WELL.sums, "dead": 1}),
        replace(ALL_IS_WELL, leaks=("exchanges.jsonl",)),
    ],
)
def test_anything_lost_doubled_or_leaked_is_a_fault(outcome: Outcome) -> None:
    """The demo cannot end well when a record or a secret went astray."""
    assert outcome.faults()


@pytest.mark.parametrize("before", ["", "x", "xx", "xxx"])
def test_a_secret_is_found_inside_base64(before: str, tmp_path: Path) -> None:
    """Wherever in an encoded text the word stands, the search sees it."""
    encoded = base64.b64encode(f"{before}{PLANTED}-password".encode())
    (tmp_path / "leak").write_bytes(b"Basic " + encoded)
    (tmp_path / "clean").write_bytes(base64.b64encode(b"nothing of the kind"))

    assert files_holding(PLANTED, tmp_path) == [f"{tmp_path}/leak"]


def _answer(call: Call) -> tuple[str, bytes]:
    """Return status and body of the shop's answer, checked against PEP 3333."""
    path, _, query = call.target.partition("?")
    environ = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(call.body)),
        "CONTENT_TYPE": call.headers.get("Content-Type", ""),
        "wsgi.input": io.BytesIO(call.body),
        **{
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in call.headers.items()
            if name != "Content-Type"
        },
    }
    setup_testing_defaults(environ)
    told: list[str] = []

    def start_response(status: str, *_: object) -> None:
        told.append(status)

    answer = validator(shop)(environ, start_response)  # type: ignore[arg-type]  # write() unused
    body = b"".join(answer)
    answer.close()  # type: ignore[attr-defined]  # the validator's iterator has it
    return told[0], body


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if call.target != "/crash"],
    ids=lambda call: f"{call.method} {call.target}",
)
def test_the_shop_keeps_to_the_protocol(call: Call) -> None:
    """Every page is a correct WSGI answer, so that the demo shows our faults only."""
    status, _ = _answer(call)

    assert 200 <= int(status.split()[0]) < 405


def test_callers_are_named_by_their_key() -> None:
    """Who shows a key is grouped by it; who asks to be left out is."""
    caller = identify({"HTTP_X_API_KEY": f"{PLANTED}-owl-key"})

    assert caller is not None
    assert caller["label"] == "Owl"
    assert identify({"HTTP_X_DO_NOT_LOG": "please"}) is None


def test_a_part_that_does_not_start_is_told() -> None:
    """The demo does not wait for what will never come."""
    with (
        pytest.raises(DemoError, match="ended before it served"),
        serving("shipper.demo.nowhere"),
    ):
        pass
