"""Entries of the lists, narrowed to a side and a kind of place."""

from __future__ import annotations

import pytest

from shipper.policy import Policy, check_entry
from shipper.redact import Redactor
from tests.support.records import a_record, header, json_body, json_content, redacted

PART_OF_A_NAME = "* stands for a whole step of a path, and not for a part of a name"
STAR_ALONE = "* needs a name beside it; an allowlist hides every name but those on it"
FROM_THE_ROOT = "a path begins at the root of a body: leave out $."
ELEMENT = "an element is a step, or none: items.0.pin, or items.pin for all of them"


def shown(entry: str) -> dict[str, str]:
    """Return what leaves of one value named `pin` in every place, by place."""
    cookies = [("Cookie", "pin=4711; a=1"), ("Pin", "4711")]
    record = a_record(
        url="https://h/p?pin=4711",
        query=[("pin", "4711")],
        request_headers=[*cookies, ("Referer", "https://h/?pin=4711")],
        response_headers=[("Pin", "4711"), ("Location", "https://h/?pin=4711")],
        sent=json_body({"user": {"pin": "4711"}}),
        given=json_content({"pin": "4711", "user": {"pin": "4711"}}),
    )
    entry_left = redacted(Redactor(denylist=[entry]), record)
    request, response = entry_left["request"], entry_left["response"]
    return {
        "url": request["url"],
        "query": request["queryString"][0]["value"],
        "cookie": header(request, "Cookie"),
        "header": header(request, "Pin"),
        "referer": header(request, "Referer"),
        "sent": request["postData"]["text"],
        "response header": header(response, "Pin"),
        "location": header(response, "Location"),
        "given": response["content"]["text"],
    }


EVERYWHERE = {
    "url", "query", "cookie", "header", "referer", "sent", "response header",
    "location", "given",
}  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ("pin", EVERYWHERE),
        ("PIN", EVERYWHERE),
        ("request.pin", EVERYWHERE - {"response header", "location", "given"}),
        ("response.pin", {"response header", "location", "given"}),
        ("header.pin", {"cookie", "header", "referer", "response header", "location"}),
        ("query.pin", {"url", "query", "referer", "location"}),
        ("body.pin", {"sent", "given"}),
        ("response.body.pin", {"given"}),
        ("request.header.pin", {"cookie", "header", "referer"}),
        ("Request.Query.Pin", {"url", "query", "referer"}),
        ("user.pin", {"sent", "given"}),
        ("response.user.pin", {"given"}),
        ("request.body.user.pin", {"sent"}),
        ("header.user.pin", set()),
    ],
)
def test_an_entry_holds_where_its_prefix_says(entry: str, places: set[str]) -> None:
    """A side and a kind of place in front narrow a name, and nothing else."""
    found = {place for place, text in shown(entry).items() if "REDACTED" in text}

    assert found == places


def test_a_path_under_a_prefix_is_a_path_still() -> None:
    """What follows the prefix means what it means without one."""
    assert shown("response.body.user.pin")["given"] == (
        '{"pin":"4711","user":{"pin":"[REDACTED 4]"}}'
    )


def test_a_narrowed_entry_is_on_an_allowlist_in_its_place_alone() -> None:
    """What is allowed on one side is not allowed on the other."""
    record = a_record(sent=json_body({"id": 1}), given=json_content({"id": 1}))
    entry = redacted(Redactor(allowlist=["request.body.id"]), record)

    assert entry["request"]["postData"]["text"] == '{"id":1}'
    assert entry["response"]["content"]["text"] == '{"id":"[REDACTED]"}'


def test_a_member_called_like_a_prefix_is_reached_through_body() -> None:
    """`body.request` is the member of that name, whatever it holds."""
    record = a_record(given=json_content({"request": {"id": "7"}, "id": "8"}))
    entry = redacted(Redactor(denylist=["body.request.id"]), record)

    assert entry["response"]["content"]["text"] == (
        '{"request":{"id":"[REDACTED 1]"},"id":"8"}'
    )


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("user[card][number]", True),
        ("user.card.number", True),
        ("items[0][pin]", True),
        ("user[0][card][number]", True),
        ("user[card][name]", False),
        ("card[number]", False),
        ("user[card]", False),
        ("[]", False),
    ],
)
def test_a_path_is_found_in_the_names_of_form_fields(name: str, hidden: bool) -> None:
    """A nested field of a form is the same field as in JSON."""
    params = [{"name": name, "value": "4711"}]
    record = a_record(sent={"mimeType": "x/y", "params": params})
    redactor = Redactor(denylist=["user.card.number", "items.*.pin"])
    entry = redacted(redactor, record)

    assert (entry["request"]["postData"]["params"][0]["value"] != "4711") is hidden


@pytest.mark.parametrize(
    ("side", "place", "name", "entry"),
    [
        ("request", "header", "X-Pin", "header.x-pin"),
        ("response", "body", "user.pin", "body.User.Pin"),
        ("response", "body", "users.0.secret", "secret"),
        ("request", "body", "items.3.id", "items.*.id"),
        ("request", "query", "pin", None),
        ("request", "query", "secret", "secret"),
        ("request", "query", "pins", None),
    ],
)
def test_the_entry_that_hides_a_name_can_be_named(
    side: str, place: str, name: str, entry: str | None
) -> None:
    """A reviewer is shown the line of the configuration that did it."""
    lists = ["header.x-pin", "body.User.Pin", "secret", "items.*.id"]

    assert Policy(denylist=lists).entry_for(side, place, name) == entry


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("pin", None),
        ("header", None),
        ("header.x", None),
        ("header.", "names nothing after the prefix, as header.NAME would"),
        ("response.body.", "names nothing after the prefix, as body.NAME would"),
        ("...", "names nothing"),
        (" ", "names nothing"),
        ("pass*", PART_OF_A_NAME),
        ("header.x-*", PART_OF_A_NAME),
        ("user.**.pin", PART_OF_A_NAME),
        ("*", STAR_ALONE),
        ("response.body.*", STAR_ALONE),
        ("$.user.pin", FROM_THE_ROOT),
        ("body.$.user.pin", FROM_THE_ROOT),
        (".pin", "a step of it is empty: write pin"),
        ("request.user..pin", "a step of it is empty: write request.user.pin"),
        ("pin.", "a step of it is empty: write pin"),
        ("items[0].pin", ELEMENT),
        ("items[].pin", ELEMENT),
        ("$filter", None),
        ("items[]", None),
        ("user[pin]", None),
        ("*.*", None),
        ("user.*", None),
        ("*.pin", None),
    ],
)
def test_an_entry_that_names_nothing_is_a_fault(
    entry: str, problem: str | None
) -> None:
    """A prefix alone would hide nothing, and nobody would know."""
    assert check_entry(entry) == problem


def test_lists_that_say_the_same_are_one() -> None:
    """Without prefixes nothing is decided twice for the places."""
    policy = Policy(denylist=["pin"])

    assert policy.request.body is policy.response.headers is policy.anywhere
