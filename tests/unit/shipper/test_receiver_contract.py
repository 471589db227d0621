"""What the embedded receiver takes, and the reasons it gives for what it refuses."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from shipper.receiver.contract import MAX_REASONS, Accepted, Faulty, Reason, check
from tests.support.log_objects import ABSENT, a_log_object, a_payload

ENTRY = "request__log__entries__0"


def reason_of(**changes: Any) -> Reason:
    """Return the reason for refusing the second of three records."""
    body = b",".join([a_payload(1), a_payload(2, **changes), a_payload(3)])
    outcome = check(b"[" + body + b"]")
    assert isinstance(outcome, Faulty), outcome
    (reason,) = outcome.reasons
    return reason


def dotted(path: str) -> str:
    """Return the path of a change as reasons write it."""
    if path.startswith("_"):
        return path
    steps = (f"[{step}]" if step.isdigit() else f".{step}" for step in path.split("__"))
    return "".join(steps).removeprefix(".")


def test_a_valid_body_is_taken_byte_for_byte() -> None:
    """Log objects and ids come out as they came in, in order."""
    payloads = (a_payload(1), a_payload(2))

    expected = Accepted(
        payloads, tuple(str(UUID(int=number, version=4)) for number in (1, 2))
    )
    assert expected == check(b"[" + b" , ".join(payloads) + b"]\n")


def test_line_breaks_between_tokens_are_taken_out() -> None:
    """Each log object fits one line, however it was laid out."""
    log_object = a_log_object(1, **{f"{ENTRY}__response__statusText": "a\nb"})
    outcome = check(json.dumps([log_object], indent=2).encode())

    assert isinstance(outcome, Accepted)
    (kept,) = outcome.log_objects
    assert b"\n" not in kept
    assert log_object == json.loads(kept)


@pytest.mark.parametrize(
    "changes",
    [
        {"_id": ABSENT},
        {"_version": ABSENT},
        {"development": ABSENT},
        {"group": {"id": 5}},
        {"clientIPAddress": "2001:db8::1"},
        {f"{ENTRY}__pageref": ABSENT},
        {f"{ENTRY}__cache": ABSENT},
        {f"{ENTRY}__timings": ABSENT},
        {f"{ENTRY}__startedDateTime": "2026-11-23T12:00:00Z"},
        {f"{ENTRY}__request__postData": ABSENT},
        {f"{ENTRY}__request__postData__text": ABSENT},
        {f"{ENTRY}__request__postData": {"mimeType": "a/b", "params": []}},
        {f"{ENTRY}__request__queryString": []},
        {f"{ENTRY}__request__queryString__0__value": ""},
        {f"{ENTRY}__response__statusText": ""},
        {f"{ENTRY}__response__content": {}},
        {f"{ENTRY}__response__status": 599},
        {f"{ENTRY}__extra": {"of": ["later", "versions"]}},
    ],
)
def test_what_the_contract_leaves_open_is_taken(changes: dict[str, Any]) -> None:
    """Optional fields may be missing, and unknown ones present."""
    assert isinstance(check(b"[" + a_payload(1, **changes) + b"]"), Accepted)


@pytest.mark.parametrize(
    "path",
    [
        "clientIPAddress",
        "group",
        "group__id",
        "request",
        "request__log",
        "request__log__creator",
        "request__log__creator__name",
        "request__log__creator__version",
        "request__log__entries",
        f"{ENTRY}__startedDateTime",
        f"{ENTRY}__time",
        f"{ENTRY}__request",
        f"{ENTRY}__response",
        f"{ENTRY}__request__method",
        f"{ENTRY}__request__url",
        f"{ENTRY}__request__httpVersion",
        f"{ENTRY}__request__headers",
        f"{ENTRY}__request__headers__0__name",
        f"{ENTRY}__request__headers__0__value",
        f"{ENTRY}__request__queryString",
        f"{ENTRY}__request__postData__mimeType",
        f"{ENTRY}__response__status",
        f"{ENTRY}__response__statusText",
        f"{ENTRY}__response__headers",
        f"{ENTRY}__response__content",
    ],
)
@pytest.mark.parametrize("is_null", [True, False])
def test_required_fields_are_missed(path: str, is_null: bool) -> None:
    """Each required field, absent or null, is named with its record and path."""
    reason = reason_of(**{path: None if is_null else ABSENT})

    assert (1, dotted(path)) == (reason.record, reason.field)
    assert reason.expected.startswith("Expected ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("_id", "log-1"),
        ("_version", 2),
        ("development", "false"),
        ("clientIPAddress", ""),
        ("group__id", ""),
        ("group__label", 5),
        ("request__log__creator__name", "hartail"),
        ("request__log__entries", []),
        (f"{ENTRY}__pageref", 1),
        (f"{ENTRY}__startedDateTime", "2026-11-23T12:00:00+00:00"),
        (f"{ENTRY}__startedDateTime", "2026-11-23 12:00:00Z"),
        (f"{ENTRY}__startedDateTime", "2026-11-23T12:00:00.1234567Z"),
        (f"{ENTRY}__startedDateTime", "2026-02-30T12:00:00Z"),
        (f"{ENTRY}__startedDateTime", "2026-11-23T25:00:00Z"),
        (f"{ENTRY}__time", "12"),
        (f"{ENTRY}__time", -1),
        (f"{ENTRY}__time", 1.5),
        (f"{ENTRY}__request__url", "/users/1"),
        (f"{ENTRY}__request__url", "https://api.example.com/stra\u00dfe"),
        (f"{ENTRY}__request__url", "https://api.example.com/a b"),
        (f"{ENTRY}__request__headers__0__value", 5),
        (f"{ENTRY}__request__bodySize", "2"),
        (f"{ENTRY}__request__postData", {"mimeType": "a", "text": "", "params": []}),
        (f"{ENTRY}__request__postData__params", "a=b"),
        (f"{ENTRY}__response__status", "200"),
        (f"{ENTRY}__response__status", 99),
        (f"{ENTRY}__response__status", 600),
        (f"{ENTRY}__response__content__size", -2),
        (f"{ENTRY}__response__content__text", 5),
    ],
)
def test_wrong_values_are_refused(path: str, value: object) -> None:
    """A field of the wrong type or shape is refused, and its record named."""
    reason = reason_of(**{path: value})

    assert (1, dotted(path)) == (reason.record, reason.field)
    assert reason.expected


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[", b"[]", b"[{}] x", b'[{"a":"\xff"}]', b"[" * 100_000],
)
def test_anything_but_an_array_of_objects_is_refused(body: bytes) -> None:
    """A body that is no JSON array, or an empty one, is at fault as a whole."""
    outcome = check(body)

    assert isinstance(outcome, Faulty)
    assert [reason.record for reason in outcome.reasons] == [None]


def test_every_record_at_fault_is_named() -> None:
    """Reasons tell all records at fault, up to a readable number."""
    bad = [a_payload(number, clientIPAddress=None) for number in range(50)]
    outcome = check(b"[" + a_payload(99) + b"," + b",".join(bad) + b"]")

    assert isinstance(outcome, Faulty)
    assert list(range(1, MAX_REASONS + 1)) == [
        reason.record for reason in outcome.reasons
    ]


def test_a_reason_holds_no_value() -> None:
    """What a record contains is not repeated in the reason for refusing it."""
    reason = reason_of(**{f"{ENTRY}__request__url": "s3cret"})

    assert "s3cret" not in repr(reason)
