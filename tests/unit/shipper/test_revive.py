"""A dead letter goes through today's rules, or says why it stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.filters import Filters
from shipper.model import Caller, DeadLetter, Entry, Item, Line, LinePlace, Reject, Skip
from shipper.parse import UnknownVersion, parse
from shipper.payload import PayloadBuilder
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.revive import Reviver, Stays
from shipper.source import Unread
from shipper.values import Detector
from tests.support.exchanges import AN_ID, an_exchange, encoded

LINE = Line("f", 0, 10, 0, 0, b"a line")


class OneShape:
    """Makes the same item of every line."""

    def __init__(self, item: Item | UnknownVersion) -> None:
        self._item = item

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the item."""
        assert line == LINE
        return self._item


class OneLine:
    """Reads the same line for every letter, or cannot."""

    def __init__(self, line: Line | Unread) -> None:
        # Mutable state: how often it was closed.
        self._line = line
        self.closed = 0

    def read(self, letter: DeadLetter) -> Line | Unread:
        """Return the line."""
        assert letter.payload is None
        return self._line

    def close(self) -> None:
        """Count."""
        self.closed += 1


def a_letter(payload: bytes | None) -> DeadLetter:
    """Return a dead letter."""
    return DeadLetter(LinePlace("f", 0, 10), None, "x", "y", payload, "00", 1)


def a_reviver(
    *,
    denylist: tuple[str, ...] = (),
    allowlist: tuple[str, ...] = (),
    hosts: tuple[str, ...] = (),
    item: Item | UnknownVersion = Skip("host"),  # noqa: B008 - frozen
    line: Line | Unread = LINE,
) -> Reviver:
    """Return a reviver with rules."""
    return Reviver(
        shaper=OneShape(item),
        filters=Filters(allowed_http_hosts=hosts),
        redactor=Redactor(denylist=denylist, allowlist=allowlist),
        lines=OneLine(line),
    )


def a_payload(**changes: Any) -> bytes:
    """Return the log object of an exchange, as it was kept without any list."""
    record = parse(encoded(an_exchange(**changes)).removesuffix(b"\n"))
    assert isinstance(record, Record)
    builder = PayloadBuilder(version="1.0", development_mode=False, comment="here")
    return builder.build(record, Caller("owl", "Owl"), Redacted(record.entry)).payload


def test_without_lists_a_payload_goes_out_as_it_is() -> None:
    """Byte for byte: it was laid out for the wire before."""
    payload = a_payload()

    assert a_reviver().revive(a_letter(payload)) == Entry(AN_ID, payload)


JSON = "application/json"


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": JSON, "response_body": b'{"deep": [{"ssn": "SECRET"}]}'},
        {"request_type": JSON, "request_body": b'{"ssn": "SECRET"}'},
        {"target": "/owls/7?ssn=SECRET"},
        {"request_headers": [("SSN", "SECRET")]},
        {"response_headers": [("Location", "/owls?ssn=SECRET")]},
    ],
)
def test_nothing_listed_today_leaves(changes: dict[str, Any]) -> None:
    """Wherever the value stands, it is hidden; id, caller and the rest stay."""
    payload = a_payload(**changes)

    entry = a_reviver(denylist=("ssn",)).revive(a_letter(payload))

    assert isinstance(entry, Entry)
    before, after = json.loads(payload), json.loads(entry.payload)
    assert b"SECRET" in payload
    assert b"SECRET" not in entry.payload
    assert {**before, "request": None} == {**after, "request": None}
    assert before["request"]["log"]["creator"] == after["request"]["log"]["creator"]
    assert entry.id == before["_id"]


def test_what_looks_like_a_secret_today_is_hidden_today() -> None:
    """Whoever switches the detectors on means dead letters too."""
    payload = a_payload(response_type=JSON, response_body=b'{"a":"4111111111111111"}')
    reviver = Reviver(
        shaper=OneShape(Skip("host")),
        filters=Filters(),
        redactor=Redactor(),
        lines=OneLine(LINE),
        detector=Detector(mode="redact"),
    )

    entry = reviver.revive(a_letter(payload))

    assert isinstance(entry, Entry)
    assert b"4111" in payload
    assert b"4111" not in entry.payload
    assert b"[REDACTED 16]" in entry.payload


def test_an_allowlist_of_today_hides_the_rest() -> None:
    """What yesterday's lists let pass does not pass because it was kept."""
    payload = a_payload(
        response_type=JSON, response_body=b'{"a": "SECRET", "b": "open"}'
    )

    entry = a_reviver(allowlist=("b",)).revive(a_letter(payload))

    assert isinstance(entry, Entry)
    assert b"SECRET" not in entry.payload
    assert b"open" in entry.payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not json",
        b"[]",
        b'{"_id":"x"}',
        b'{"_id":"x","clientIPAddress":"","request":{"log":{"entries":[]}}}',
        b'{"_id":"x","clientIPAddress":"","request":{"log":{"entries":[{"a":1}]}}}',
        a_payload().replace(b'"time":12', b'"time":12,"surprise":"ssn"'),
    ],
)
def test_a_payload_that_cannot_be_read_stays(payload: bytes) -> None:
    """It might hold what is listed; it is not sent unseen."""
    reviver = a_reviver(denylist=("ssn",))

    stays = reviver.revive(a_letter(payload))

    assert isinstance(stays, Stays)
    assert "the kept payload cannot be read" in stays.detail


def test_a_payload_of_a_host_not_allowed_today_stays() -> None:
    """The rule is named."""
    stays = a_reviver(hosts=("other.example.com",)).revive(a_letter(a_payload()))

    assert stays == Stays("skipped", "the rule 'host' leaves it out today")


@pytest.mark.parametrize(
    ("item", "outcome"),
    [
        (Entry("id", b"{}"), Entry("id", b"{}")),
        (Skip("host"), Stays("skipped", "the rule 'host' leaves it out today")),
        (Reject("torn", "no"), Stays("torn", "no")),
        (UnknownVersion(9), Stays("version", UnknownVersion(9).why)),
    ],
)
def test_an_unreadable_line_is_shaped_anew(
    item: Item | UnknownVersion, outcome: Entry | Stays
) -> None:
    """Whatever it is today decides."""
    assert a_reviver(item=item).revive(a_letter(None)) == outcome


def test_a_line_that_cannot_be_had_stays() -> None:
    """The reader's words are passed on."""
    reviver = a_reviver(line=Unread("its file is gone"))

    assert reviver.revive(a_letter(None)) == Stays("unread", "its file is gone")
