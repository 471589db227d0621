"""What would leak is counted by place, and nothing of it is shown."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.detect import KINDS
from shipper.filters import Filters
from shipper.redact import Redactor
from shipper.reports.browse import Seen
from shipper.reports.leaks import Leak, Leaks, Report, entry_for, is_telling
from tests.support.lines import lines_of
from tests.support.records import MASK, a_record_line, json_content

CARD = "4111111111111111"


def report_of(*lines: bytes, **lists: Any) -> Report:
    """Return the sums of lines under lists."""
    leaks = Leaks(
        filters=Filters(skip_methods=["OPTIONS"]),
        redactor=Redactor(**lists),
        kinds=KINDS,
    )
    for line in lines_of(list(lines)):
        leaks.add(Seen("log", line))
    return leaks.report()


def test_a_leak_is_told_by_operation_place_and_kind() -> None:
    """With the number of records, a sample, and the entry that would hide it."""
    body = json_content({"user": [{"card": CARD}, {"card": CARD}]})
    lines = [a_record_line(url=f"https://h/users/{n}", given=body) for n in (1, 2)]

    report = report_of(*lines)

    assert report.leaks == (
        Leak(
            records=2,
            kind="card-number",
            operation="GET /users/{id}",
            field="response.body.user.card",
            sample="9999999999999999 (16 characters)",
            entry="response.body.user.card",
        ),
    )
    assert report.denylist == ("response.body.user.card",)
    assert CARD not in repr(report)


def test_a_name_that_is_a_secret_is_neither_told_nor_proposed() -> None:
    """The lines are read on a screen, and pasted into a file."""
    tokens = ["ghp_" + "a1B2" * 9, "ghp_" + "b2C3" * 9]
    body = json_content({token: {"card": CARD} for token in tokens})
    line = a_record_line(url="https://h/AKIA" + "IOSFODNNEXAMPLEX", given=body)

    report = report_of(line)

    assert {(leak.operation, leak.field, leak.records) for leak in report.leaks} == {
        ("GET /*", "request.path", 1),
        ("GET /*", "response.body", 1),
        ("GET /*", "response.body.*.card", 1),
    }
    assert report.denylist == ("response.body.*.card",)


def test_what_is_proposed_hides_what_was_found() -> None:
    """Pasted into the list, nothing is left to propose."""
    line = a_record_line(
        request_headers=[("X-Card", CARD), ("Referer", f"https://h/?c={CARD}")],
        query=[("q", CARD)],
        url=f"https://h/x?q={CARD}",
        given=json_content({"a": {"iban": "DE02120300000000202051"}}),
    )
    before = report_of(line)

    after = report_of(line, denylist=before.denylist)

    assert set(before.denylist) == {
        "request.header.X-Card",
        "request.query.c",
        "request.query.q",
        "response.body.a.iban",
    }
    assert after.leaks == ()


@pytest.mark.parametrize("url", ["https://h/x%23card={}", "https://h/%23/r?card={}"])
def test_a_parameter_behind_an_escaped_hash_is_proposed_by_its_name(url: str) -> None:
    """The entry hides it there as in a query."""
    line = a_record_line(url=url.format(CARD))
    before = report_of(line)

    after = report_of(line, denylist=before.denylist)

    assert before.denylist == ("request.query.card",)
    assert after.leaks == ()


def test_values_under_telling_names_are_listed_unless_they_are_masked() -> None:
    """What the writer has masked is no leak."""
    line = a_record_line(
        request_headers=[("Authorization", MASK), ("X-Session", "[REDACTED 9]")],
        given=json_content({"ssn": "078-05-1120", "token_type": "Bearer", "pin": ""}),
    )

    (leak,) = report_of(line).leaks

    assert (leak.kind, leak.field) == ("name", "response.body.ssn")
    assert leak.sample == "999-99-9999 (11 characters)"


def test_only_what_would_be_sent_is_looked_at() -> None:
    """Skipped records, listed names and unreadable lines are no leaks."""
    body = json_content({"card": CARD})

    report = report_of(
        a_record_line(method="OPTIONS", given=body),
        a_record_line(given=body),
        b"",
        b"no record",
        denylist=["card"],
    )

    assert (report.records, report.skipped, report.unreadable) == (1, 1, 1)
    assert report.leaks == ()


def test_the_most_frequent_stands_first() -> None:
    """Where to begin."""
    often, once = json_content({"often": CARD}), json_content({"once": CARD})
    lines = [a_record_line(given=body) for body in (once, often, often)]

    assert [leak.field for leak in report_of(*lines).leaks] == [
        "response.body.often",
        "response.body.once",
    ]


@pytest.mark.parametrize(
    "name",
    ["password", "userPassword", "API-Key", "api_key", "X-Auth-Token", "sessionId",
     "dateOfBirth", "CVV", "creditCardNumber", "client_secret"],
)  # fmt: skip
def test_a_telling_name_is_known(name: str) -> None:
    """Whatever the way of writing it."""
    assert is_telling(name)


@pytest.mark.parametrize(
    "name",
    ["token_type", "passwordHint", "spinner", "company", "tokenize", "", "--",
     "token_endpoint", "expansion", "secret-name"],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    """A word within a word is none."""
    assert not is_telling(name)


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("request.header.X-Card", "request.header.X-Card"),
        ("request.header.Referer.card", "request.query.card"),
        ("response.body.*.card", "response.body.*.card"),
        ("response.body.a.*", None),
        ("response.body", None),
        ("request.path", None),
    ],
)
def test_an_entry_is_proposed_where_one_can_help(field: str, entry: str | None) -> None:
    """What has no name is on no list."""
    assert entry_for(field) == entry
