"""One log object, as CONTRACT "Log object" has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.model import Caller, Entry
from shipper.payload import PayloadBuilder
from shipper.redact import Redacted
from tests.support.records import RECORD_ID, a_record

OWL = Caller("sha512-x?wxyz", "Owl", "owl@example.com")


def built(caller: Caller = OWL, *, development: bool = False, **record: Any) -> Entry:
    """Build the log object of a record nothing is hidden in."""
    builder = PayloadBuilder(
        version="1.2.3", development_mode=development, comment="x86_64-linux/3.11"
    )
    found = a_record(**record)
    return builder.build(found, caller, Redacted(found.entry))


def log_object(caller: Caller = OWL, **arguments: Any) -> dict[str, Any]:
    """Build a log object and decode it."""
    decoded: dict[str, Any] = json.loads(built(caller, **arguments).payload)
    return decoded


def test_the_log_object_has_every_field_the_contract_names() -> None:
    """Nothing is missing, and nothing is there that the receiver does not know."""
    record = a_record()

    assert log_object() == {
        "_id": RECORD_ID,
        "_version": 3,
        "clientIPAddress": "203.0.113.9",
        "development": False,
        "group": {"id": "sha512-x?wxyz", "label": "Owl", "email": "owl@example.com"},
        "request": {
            "log": {
                "version": "1.2",
                "creator": {
                    "name": "hartail, readme-metrics (python)",
                    "version": "1.2.3",
                    "comment": "x86_64-linux/3.11",
                },
                "entries": [json.loads(record.entry)],
            }
        },
    }


def test_the_entry_is_spliced_in_byte_for_byte() -> None:
    """What lies on disk is what the receiver gets."""
    given = {"size": 1, "mimeType": "text/plain", "text": 'é\u2028 \\ " \x7f'}
    entry = a_record(given=given).entry

    assert entry in built(given=given).payload


@pytest.mark.parametrize("development", [True, False])
def test_development_is_always_told(development: bool) -> None:
    """Left out, the receiver would take it for true."""
    assert log_object(development=development)["development"] is development


def test_a_caller_without_label_and_email_has_neither_key() -> None:
    """An empty string would overwrite what the receiver knows."""
    assert log_object(Caller("a"))["group"] == {"id": "a"}


def test_hostile_text_stays_text() -> None:
    """A caller or client cannot break out of its string."""
    evil = 'x"},"development":true,"é\u2028\\'

    found = log_object(Caller(evil, evil, evil), envelope={"client": evil})

    assert found["group"] == {"id": evil, "label": evil, "email": evil}
    assert found["clientIPAddress"] == evil
    assert found["development"] is False


def test_id_and_reasons_travel_with_the_payload() -> None:
    """The dead letter and the counters need them without parsing the payload."""
    builder = PayloadBuilder(version="1", development_mode=False, comment="")
    record = a_record()

    entry = builder.build(record, OWL, Redacted(record.entry, ("binary",)))

    assert (entry.id, entry.withheld) == (RECORD_ID, ("binary",))
