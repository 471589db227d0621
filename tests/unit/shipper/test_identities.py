"""The census of callers: sums, reasons, and nothing that may be a credential."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.filters import Filters
from shipper.identify import APPLICATION, Identifier
from shipper.model import Caller, Line, LineFault
from shipper.reports.browse import Seen
from shipper.reports.identities import (
    MAX_PLACES,
    OTHER,
    Census,
    Explained,
    Missed,
    PlaceSum,
    RuleSum,
    place_of,
)
from tests.support.records import MASK, a_record, a_record_line
from wsgi_writer.mask import mask_key

RULES = ("bearer", "query:team")


def census(**options: Any) -> Census:
    """Return an empty census of the hosts that are shipped."""
    return Census(
        filters=Filters(allowed_http_hosts=("api.example.com",)),
        identifier=Identifier(rules=RULES, **options),
    )


def seen(data: bytes, fault: LineFault | None = None) -> Seen:
    """Return a line as it is browsed."""
    return Seen("a.jsonl", Line("f", 40, 41 + len(data), 0, 0, data, fault))


def by_team(team: str) -> Seen:
    """Return a record whose caller a rule finds."""
    return seen(a_record_line(query=[("team", team)]))


BY_APPLICATION = seen(a_record_line(envelope={"caller": {"id": MASK}}))
NOBODY = seen(a_record_line())


def test_each_rule_gets_its_records_and_callers() -> None:
    """Rules without a match are listed as well; unidentified records have a place."""
    counted = census()
    for each in (
        BY_APPLICATION,
        by_team("owls"),
        by_team("owls"),
        by_team("x"),
        NOBODY,
    ):
        counted.add(each)

    sums = counted.sums(own=APPLICATION)

    assert sums.rules == (
        RuleSum("application", 1, 1),
        RuleSum("bearer", 0, 0),
        RuleSum("query:team", 3, 2),
    )
    assert (sums.records, sums.unidentified) == (5, 1)
    assert sums.places == (PlaceSum("api.example.com", "/owls/{…}", 1),)
    assert (sums.sha512, sums.hmac) == (1, 0)


def test_what_is_no_record_and_what_a_filter_leaves_out_is_counted() -> None:
    """Neither is looked at for a caller; a blank line is nothing."""
    counted = census()
    for each in (
        seen(b"nonsense"),
        seen(b""),
        seen(b"x", LineFault("torn", "")),
        seen(a_record_line(url="https://other.example.com/")),
    ):
        assert counted.add(each) is None

    sums = counted.sums(own=APPLICATION)

    assert (sums.records, sums.skipped, sums.unreadable) == (1, 1, 2)
    assert sums.unidentified == 0


def test_a_record_is_explained() -> None:
    """Where it stands, which rule matched, and why the others did not."""
    assert census().add(by_team("owls")) == Explained(
        file="a.jsonl",
        byte=40,
        method="GET",
        host="api.example.com",
        path="/owls/{…}",
        status=200,
        rule="query:team",
        caller=Caller(mask_key("owls")),
        missed=(Missed("bearer", "not there"),),
    )


def test_a_record_that_is_left_out_is_explained() -> None:
    """It has no caller, and every rule's reason."""
    found = census(unidentified="drop").add(NOBODY)

    assert found is not None
    assert (found.rule, found.caller) == (None, None)
    assert [missed.rule for missed in found.missed] == ["bearer", "query:team"]


def test_places_are_bounded() -> None:
    """A scanner that tries every path does not fill the memory."""
    counted = census()
    for number in range(MAX_PLACES + 2):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        counted.add(seen(a_record_line(url=f"https://api.example.com/{word}")))

    places = counted.sums(own=APPLICATION).places

    assert len(places) == MAX_PLACES + 1
    assert places[0] == PlaceSum(OTHER, OTHER, 2)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://api.example.com", "/"),
        ("https://api.example.com/v1/owls?team=a#b", "/v1/owls"),
        ("https://api.example.com/owls/7/eggs/", "/owls/{…}/eggs/"),
        ("https://api.example.com/0d4f8c1e-6f0a-4c52-9b1e-2a7d3c9e5f10", "/{…}"),
        ("https://api.example.com/cafe1234/facade", "/{…}/facade"),
        ("https://api.example.com/anna@example.com/anna%20o", "/{…}/{…}"),
        ("https://api.example.com/aQ9zPlW3xT7kM", "/{…}"),
        ("https://api.example.com/" + "a" * 70_000, "/{…}"),
        ("https://[broken/owls", OTHER),
    ],
)
def test_a_path_is_shown_without_what_is_somebody_s_own(url: str, path: str) -> None:
    """Ids, addresses and tokens are left out, and so is the query."""
    assert place_of(a_record(url=url)).path == path


def test_a_route_is_shown_where_it_is_known() -> None:
    """The application knows its endpoints best."""
    assert place_of(a_record(pageref="/owls/{id}")).path == "/owls/{id}"
    assert place_of(a_record(pageref="https://x/y?z")).path == "/owls/{…}"
