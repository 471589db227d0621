"""Where secrets are found in an entry, what is told of them, and what is left."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from shipper.model import Suspicion
from shipper.values import Checked, Detector
from tests.support.records import (
    a_record,
    binary_body,
    binary_content,
    json_body,
    json_content,
    text_body,
    text_content,
)
from tests.support.tokens import NAMED_SECRET, PEM, a_jwt

CARD = "4111111111111111"
FORM = "application/x-www-form-urlencoded"


def checked(mode: Any, **entry: Any) -> Checked:
    """Check an entry in which something is suspected."""
    found = Detector(mode=mode).check(a_record(**entry).entry)
    assert found is not None
    return found


def fields(found: Checked) -> list[str]:
    """Return the places told of, in order."""
    return [each.field for each in found.suspicions]


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"url": f"https://h/cards/{CARD}"}, "request.path"),
        ({"url": f"https://h/x?card={CARD}&a=1"}, "request.query.card"),
        ({"url": "https://h/x?card=4111%201111%201111+1111"}, "request.query.card"),
        ({"url": "https://h/cards/4111%201111%201111%201111"}, "request.path"),
        ({"query": [("card", CARD)]}, "request.query.card"),
        ({"pageref": f"/cards/{CARD}"}, "request.path"),
        ({"request_headers": [("X-Card", CARD)]}, "request.header.X-Card"),
        ({"response_headers": [("X-Card", CARD)]}, "response.header.X-Card"),
        (
            {"request_headers": [("Referer", "https://h/?c=4111%2D1111-1111-1111")]},
            "request.header.Referer.c",
        ),
        ({"sent": json_body({"a": [{"card": CARD}]})}, "request.body.a.card"),
        (
            {"given": json_content({"user": {"card": int(CARD)}})},
            "response.body.user.card",
        ),
        ({"given": json_content(CARD)}, "response.body"),
        ({"given": json_content({"a": f'{{"b":"{CARD}"}}'})}, "response.body.a.b"),
        ({"given": json_content({CARD: 1})}, "response.body"),
        ({"given": text_content(f"paid with {CARD}.")}, "response.body"),
        ({"given": text_content(f"a=1&card={CARD}", FORM)}, "response.body.card"),
        ({"sent": text_body(f"<card>{CARD}</card>", "text/xml")}, "request.body"),
        (
            {"sent": {"mimeType": FORM, "params": [{"name": "card", "value": CARD}]}},
            "request.body.card",
        ),
        (
            {"sent": binary_body(b"\xff " + CARD.encode() + b" ", "image/png")},
            "request.body",
        ),
        (
            {"given": binary_content(b"\xff " + CARD.encode() + b" ", "image/png")},
            "response.body",
        ),
    ],
)
def test_a_secret_is_found_and_hidden_wherever_it_stands(
    entry: dict[str, Any], field: str
) -> None:
    """Its place is told in the words of the lists; nothing of it is left."""
    warned, hidden = checked("warn", **entry), checked("redact", **entry)

    assert fields(warned) == [field]
    assert warned.entry == a_record(**entry).entry
    assert fields(hidden) == [field]
    assert Detector(mode="warn").check(hidden.entry) is None
    assert json.loads(hidden.entry)


def test_a_cookie_is_a_header() -> None:
    """As it is for the lists."""
    entry = json.loads(a_record().entry)
    entry["request"]["cookies"] = [{"name": "card", "value": CARD}]

    found = Detector(mode="redact").check(json.dumps(entry).encode())

    assert found is not None
    assert fields(found) == ["request.header.card"]
    cookies = json.loads(found.entry)["request"]["cookies"]
    assert cookies == [{"name": "card", "value": "[REDACTED 16]"}]


def test_only_the_value_is_replaced() -> None:
    """The length is told of text, not of a number; neighbours stay as they are."""
    body = {"a": CARD, "n": int(CARD), "t": f"is {CARD}!", "f": 1.50, "z": [None, "é"]}

    found = checked("redact", given=json_content(body))

    text = json.loads(found.entry)["response"]["content"]["text"]
    assert json.loads(text) == {
        "a": "[REDACTED 16]",
        "n": "[REDACTED]",
        "t": "is [REDACTED 16]!",
        "f": 1.5,
        "z": [None, "é"],
    }


def test_a_url_stays_a_url() -> None:
    """The mark is percent-encoded, and every other piece is what it was."""
    found = checked("redact", url=f"https://h/a%2Fb/{CARD}?x=%20y&c={CARD}&z=1+2")

    assert json.loads(found.entry)["request"]["url"] == (
        "https://h/a%2Fb/%5BREDACTED%2016%5D?x=%20y&c=%5BREDACTED%2016%5D&z=1+2"
    )


@pytest.mark.parametrize(
    "place", ["x?a=b&next={}&c=d", "x?next={}", "x?next={}&next={}"]
)
def test_what_is_hidden_in_a_parameter_is_hidden_in_the_url(place: str) -> None:
    """It may hold a URL of its own, in which the secret is encoded once more."""
    inner = f"https://g/?card={quote('4111 1111 1111 1111')}"
    url = f"https://h/{place.replace('{}', quote(inner, safe=''))}"
    found = checked("redact", url=url, query=parse_qsl(urlsplit(url).query))
    request = json.loads(found.entry)["request"]

    shown = [(pair["name"], pair["value"]) for pair in request["queryString"]]
    assert "1111" not in request["url"]
    assert parse_qsl(urlsplit(request["url"]).query) == shown
    assert "https://g/?card=" in dict(shown)["next"]


def test_a_secret_known_by_its_name_is_found_in_json() -> None:
    """Value and name stand apart there."""
    found = checked("redact", given=json_content({"SecretAccessKey": NAMED_SECRET}))

    assert NAMED_SECRET.encode() not in found.entry
    assert fields(found) == ["response.body.SecretAccessKey"]


def test_binary_content_is_withheld_whole() -> None:
    """Nothing can be replaced in it."""
    found = checked("redact", given=binary_content(b"\xff" + PEM.encode(), "x/y"))

    content = json.loads(found.entry)["response"]["content"]
    assert content["text"] == "[NOT SENT: secret]"
    assert "encoding" not in content
    assert found.withheld == ("secret",)


def test_a_file_of_a_form_is_withheld_whole() -> None:
    """The rest of the form is sent."""
    url = "data:x/y;base64," + base64.b64encode(PEM.encode()).decode()
    params = [
        {"name": "file", "value": url},
        {"name": "a", "value": "1"},
        {"name": "b"},
    ]

    found = checked("redact", sent={"mimeType": "x", "params": params})

    sent = json.loads(found.entry)["request"]["postData"]["params"]
    assert [one.get("value") for one in sent] == ["[NOT SENT: secret]", "1", None]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"cut": "AKIA' + "IOSFODNN7\\u0045XAMPLE", "text/plain"),
        ("%41KIA" + "IOSFODNN7EXAMPLE", "text/plain"),
        ('{"a":1,"' + PEM.replace("\n", "\\n")[:60] + '\\"x":2}', "application/json"),
    ],
)
def test_a_body_in_which_it_cannot_be_replaced_is_withheld(
    text: str, kind: str
) -> None:
    """Behind an escape of a body that is cut, or where JSON would be broken."""
    found = checked("redact", given=text_content(text, kind))

    assert (
        json.loads(found.entry)["response"]["content"]["text"] == "[NOT SENT: secret]"
    )
    assert found.withheld == ("secret",)


def test_a_header_in_which_it_cannot_be_replaced_is_hidden_whole() -> None:
    """So that nothing of it is left."""
    found = checked(
        "redact", request_headers=[("X-A", "\\u0041KIA" + "IOSFODNN7EXAMPLE")]
    )

    assert json.loads(found.entry)["request"]["headers"] == [
        {"name": "X-A", "value": "[REDACTED 25]"}
    ]


def test_what_is_told_holds_no_value() -> None:
    """Neither the operation nor the place, whatever the client called things."""
    found = checked(
        "warn",
        method="PO ST",
        url=f"https://h/users/{CARD}/cards",
        given=json_content({"user@example.com 4111": {CARD: a_jwt()}}),
    )

    assert Suspicion("jwt", "? /users/{id}/cards", "response.body.*.*", False) in (
        found.suspicions
    )
    assert CARD not in repr(found.suspicions)


@pytest.mark.parametrize("name", ["AKIA" + "IOSFODNNEXAMPLEX", "ghp_" + "a1B2" * 9])
@pytest.mark.parametrize("mode", ["warn", "redact"])
def test_what_is_told_holds_no_name_that_is_a_secret(mode: str, name: str) -> None:
    """A token may stand in the place of a name, or in a path that has only words."""
    found = checked(
        mode,
        url=f"https://h/users/{name}/cards?{name}={CARD}",
        sent=json_body({name: {"card": CARD, name: CARD}}),
        given=text_content(f"{name}={CARD}", FORM),
    )

    told = [(each.operation, each.field) for each in found.suspicions]
    assert name not in str(told)
    assert {field for _, field in told if "card" in field or "*" in field} == {
        "request.query.*",
        "request.body.*.card",
        "request.body.*.*",
        "response.body.*",
    }
    assert len(told) == len(set(found.suspicions))


def test_a_kind_is_told_once_a_place() -> None:
    """A list of a hundred cards is one finding."""
    found = checked("warn", given=json_content([{"card": CARD}] * 3))

    assert found.suspicions == (
        Suspicion("card-number", "GET /owls/{id}", "response.body.card", False),
    )


def test_nothing_is_suspected_in_an_ordinary_entry() -> None:
    """Not by the bytes, and not by a closer look."""
    detector = Detector(mode="warn")

    assert detector.check(a_record().entry) is None
    assert detector.examine(a_record().entry) is None


@pytest.mark.parametrize("detector", [Detector(), Detector(mode="warn", kinds=[])])
def test_switched_off_it_does_not_look(detector: Detector) -> None:
    """Nothing is told, nothing is changed, and nothing is spent."""
    entry = a_record(given=json_content({"card": CARD})).entry

    assert not detector.is_on
    assert detector.check(entry) is None


def test_our_own_ids_and_masks_are_never_suspected() -> None:
    """A record that was masked by the writer is clean."""
    mask = "sha512-" + "A" * 61 + "AKIA" + "IOSFODNN7EXAMPLE/" + "AAAA==?4242"
    entry = a_record(
        request_headers=[
            ("Authorization", mask),
            ("X-Id", "41111111-1111-4111-8111-111111111111"),
        ],
        given=json_content({"card": "[REDACTED 16]", "b": "[NOT SENT: binary]"}),
    ).entry

    assert Detector(mode="warn").examine(entry) is None


@pytest.mark.timeout(90)
@pytest.mark.parametrize("piece", ["4 ", "4111-", "\\"])
def test_hostile_text_takes_no_more_time_than_its_length(piece: str) -> None:
    """A client must not be able to hold the shipper up."""
    text = f"{piece * (300_000 // len(piece))}x {CARD} \\u0041"

    found = checked("redact", given=text_content(text))

    assert CARD.encode() not in found.entry
