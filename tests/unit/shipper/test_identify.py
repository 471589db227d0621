"""Who made a request: which word of the record is believed, and how it is masked."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

from shipper.identify import (
    APPLICATION,
    Identified,
    Identifier,
    Known,
    mask_kind,
)
from shipper.matching import Answer, Miss
from shipper.model import Caller
from shipper.request_view import RequestView
from tests.support.records import (
    MASK,
    a_record,
    binary_body,
    json_body,
    text_body,
)
from wsgi_writer.mask import Masks, mask_key

ANONYMOUS = Caller("anonymous", "anonymous")
OTHER_MASK = MASK.replace("wxyz", "abcd")
FORM = "application/x-www-form-urlencoded"
HMAC = Masks(mask="hmac", mask_key=b"sixteen bytes!!!")


class Answers:
    """Implements `Function`: always says the same, and remembers what it saw."""

    def __init__(self, answer: Answer | Miss) -> None:
        # Mutable state: what was asked.
        self.asked: list[RequestView] = []
        self._answer = answer

    def ask(self, request: RequestView) -> Answer | Miss:
        """Return the answer."""
        self.asked.append(request)
        return self._answer


class Callers(dict[str, Known]):
    """Implements `Directory` over a dictionary."""

    def find(self, id_: str) -> Known | None:
        """Return what is known of a masked id."""
        return self.get(id_)


def caller_id(*rules: str, **record: Any) -> str | None:
    """Return the id that the rules find; None when the record is left out."""
    identifier = Identifier(rules=rules, unidentified="drop")
    caller = identifier.caller_of(a_record(**record))
    return None if caller is None else caller.id


def auth(**members: Any) -> dict[str, Any]:
    """Return an envelope with an auth."""
    return {"auth": members}


def test_the_application_s_word_comes_first() -> None:
    """A caller the application named is not looked for again."""
    envelope = {"caller": {"id": "app", "label": "Owl", "email": "owl@example.com"}}
    record = a_record(envelope={**envelope, **auth(scheme="bearer", id=MASK)})

    caller = Identifier(rules=["bearer"]).caller_of(record)

    assert Caller("app", "Owl", "owl@example.com") == caller


def test_nobody_is_anonymous() -> None:
    """The anonymous caller has one id and one label everywhere."""
    assert Identifier().caller_of(a_record()) == ANONYMOUS


def test_nobody_can_be_left_out() -> None:
    """With "drop" an unidentified record is left out."""
    assert Identifier(unidentified="drop").caller_of(a_record()) is None


def test_the_first_rule_that_matches_wins() -> None:
    """Rules are a list, not a vote."""
    envelope = auth(scheme="bearer", id=MASK, headers={"x-api-key": OTHER_MASK})

    assert caller_id("bearer", "header:x-api-key", envelope=envelope) == MASK
    assert caller_id("header:x-api-key", "bearer", envelope=envelope) == OTHER_MASK
    assert caller_id("header:other", "bearer", envelope=envelope) == MASK


def test_a_bearer_is_known_by_its_token() -> None:
    """Only the bearer scheme counts as bearer."""
    assert caller_id("bearer", envelope=auth(scheme="bearer", id=MASK)) == MASK
    assert caller_id("bearer", envelope=auth(scheme="token", id=MASK)) is None
    assert caller_id("bearer") is None


def test_a_masked_header_is_taken_from_auth_unchanged() -> None:
    """Nothing is masked twice."""
    found = caller_id(
        "header:X-Api-Key",
        envelope=auth(headers={"x-api-key": MASK}),
        request_headers=[("X-Api-Key", MASK)],
    )

    assert found == MASK


@pytest.mark.parametrize("value", [MASK, "hmac-" + MASK, "[REDACTED 9]"])
@pytest.mark.parametrize("rule", ["header:X-Api-Key", "query:key"])
def test_what_merely_looks_masked_is_nobody(value: str, rule: str) -> None:
    """A client could send another caller's mask; it is not believed."""
    found = caller_id(
        rule, request_headers=[("X-Api-Key", value)], query=[("key", value)]
    )

    assert found is None


def test_a_header_in_clear_is_masked_as_readme_masks() -> None:
    """Callers keep the identity they had with the vendor's SDK."""
    found = caller_id(
        "header:x-customer", request_headers=[("X-Customer", "owlbert-api-key")]
    )

    assert found == mask_key("owlbert-api-key")


def test_short_keys_show_no_end_unless_asked() -> None:
    """Four of five characters would be the key."""
    record = a_record(request_headers=[("X-C", "12345")])

    masks = Masks(mask_short_keys=True)
    shown = Identifier(rules=["header:x-c"], masks=masks).caller_of(record)
    hidden = Identifier(rules=["header:x-c"]).caller_of(record)

    assert shown == Caller(mask_key("12345", mask_short_keys=True))
    assert hidden == Caller(mask_key("12345"))


def test_a_query_parameter_is_masked_or_taken_from_auth() -> None:
    """Names are compared without case; the first value that is there counts."""
    query = [("Team", ""), ("team", "owls-united"), ("TEAM", "x")]

    assert caller_id("query:TEAM", query=query) == mask_key("owls-united")
    masked = caller_id("query:Key", envelope=auth(query={"key": MASK}), query=query)
    assert masked == MASK


def test_the_user_of_basic_authentication_is_masked() -> None:
    """The name is in clear on the disk, and leaves it masked."""
    found = caller_id("basic-user", envelope=auth(scheme="basic", user="owlbert-user"))

    assert found == mask_key("owlbert-user")


def test_the_key_of_basic_authentication_is_masked_already() -> None:
    """A user name without a password is one; no other scheme's mask is."""
    assert caller_id("basic-user", envelope=auth(scheme="basic", id=MASK)) == MASK
    assert caller_id("basic-user", envelope=auth(scheme="bearer", id=MASK)) is None
    assert caller_id("bearer", envelope=auth(scheme="basic", id=MASK)) is None


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("known", [{"user": "owlbert-user"}, {"id": MASK}])
def test_a_refused_user_name_proves_nothing(known: dict[str, str], status: int) -> None:
    """Anybody could fill another's log with refused requests."""
    envelope = auth(scheme="basic", **known)

    assert caller_id("basic-user", envelope=envelope, status=status) is None


def test_an_empty_value_is_nobody() -> None:
    """An empty header names nobody."""
    assert caller_id("header:x-a", request_headers=[("X-A", "")]) is None


@pytest.mark.parametrize(
    "value",
    [
        "[SHED 300]",
        "Basic [REDACTED 20]",
        "[NOT SENT: packed]",
        "session=[REDACTED 9]; other=[REDACTED 9]",
        "https://owl:[REDACTED 6]@api.example.com/",
    ],
)
def test_a_mark_that_many_values_share_is_nobody(value: str) -> None:
    """Everybody with a long header would be one caller."""
    assert caller_id("header:X-A", request_headers=[("X-A", value)]) is None


def test_a_header_is_found_whatever_separates_its_words() -> None:
    """The writer files the mask of X_Api_Key under x-api-key."""
    envelope = auth(headers={"x-api-key": MASK})

    assert caller_id("header:X_Api_Key", envelope=envelope) == MASK


def test_a_claim_of_a_token_is_masked() -> None:
    """Texts and whole numbers name callers; a claim that is not there does not."""
    envelope = auth(scheme="bearer", id=MASK, claims={"sub": "owl-7", "org_id": 42})

    assert caller_id("jwt:sub", envelope=envelope) == mask_key("owl-7")
    assert caller_id("jwt:org_id", envelope=envelope) == mask_key("42")
    assert caller_id("jwt:azp", envelope=envelope) is None
    assert caller_id("jwt:sub") is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_proves_nothing(status: int) -> None:
    """Anybody can write a token with another's name in it."""
    envelope = auth(scheme="bearer", id=MASK, claims={"sub": "owl-7"})

    assert caller_id("jwt:sub", envelope=envelope, status=status) is None


def test_a_cookie_is_known_by_what_the_writer_kept_of_it() -> None:
    """The header's values are gone; another cookie's mask is not taken for it."""
    envelope = auth(cookies={"session": MASK})
    headers = [("Cookie", "session=[REDACTED 9]; other=[REDACTED 9]")]

    found = [
        caller_id(rule, envelope=envelope, request_headers=headers)
        for rule in ("cookie:Session", "cookie:other")
    ]

    assert found == [MASK, None]


def test_the_client_s_address_is_masked() -> None:
    """An address is a person's; it leaves as a mask."""
    assert caller_id("client-ip") == mask_key("203.0.113.9")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("account.id", "acme-owls"),
        ("number", "123456789"),
        ("items.1.key", "second-key"),
        ("items.7.key", None),
        ("items.key", None),
        ("account", None),
        ("yes", None),
        ("account.id.more", None),
        ("nothing", None),
    ],
)
def test_a_path_leads_into_a_json_body(path: str, value: str | None) -> None:
    """Texts and whole numbers at the path name a caller, and nothing else does."""
    document = {
        "account": {"id": "acme-owls"},
        "number": 123456789,
        "yes": True,
        "items": [{"key": "first-key"}, {"key": "second-key"}],
    }
    expected = None if value is None else mask_key(value)

    assert expected == caller_id(f"body:{path}", sent=json_body(document))


def test_a_path_is_the_name_of_a_form_s_field() -> None:
    """Dots are part of the name there."""
    params = [{"name": "a.b", "value": "acme-owls"}, {"name": "c"}]
    sent = {"mimeType": FORM, "params": params}

    assert caller_id("body:a.b", sent=sent) == mask_key("acme-owls")
    assert caller_id("body:c", sent=sent) is None


def test_the_last_field_of_a_cut_form_is_not_believed() -> None:
    """Half an account's name may be another account's."""
    params = [{"name": "a", "value": "whole-name"}, {"name": "b", "value": "acme"}]
    sent = {"mimeType": FORM, "params": params, "comment": "cut"}

    assert caller_id("body:a", sent=sent) == mask_key("whole-name")
    assert caller_id("body:b", sent=sent) is None


def test_a_packed_body_is_opened() -> None:
    """JSON and forms stand in the log as they were sent."""
    packed = gzip.compress(json.dumps({"team": "acme-owls"}).encode())
    headers = [("Content-Encoding", "gzip")]

    for content, kind in (
        (packed, "application/json"),
        (gzip.compress(b"team=acme-owls"), FORM),
    ):
        found = caller_id(
            "body:team", sent=binary_body(content, kind), request_headers=headers
        )
        assert found == mask_key("acme-owls")


def test_a_multipart_form_is_read() -> None:
    """A field counts, a file does not."""
    text = (
        '--x\r\nContent-Disposition: form-data; name="team"\r\n\r\nacme-owls\r\n'
        '--x\r\nContent-Disposition: form-data; name="up"; filename="f"\r\n\r\nowl'
        "\r\n--x--\r\n"
    )
    sent = text_body(text, "multipart/form-data; boundary=x")

    assert caller_id("body:team", sent=sent) == mask_key("acme-owls")
    assert caller_id("body:up", sent=sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        None,
        json_body({"team": "[REDACTED 9]"}),
        json_body({"team": MASK}),
        text_body('{"team": "acme', "application/json"),
        text_body("team=acme-owls"),
        text_body("[" * 100_000, "application/json"),
        text_body("no boundary", "multipart/form-data"),
        binary_body(b"\xff\xfe\x00", "application/json"),
        binary_body(b"\xff\xfe\x00", FORM),
        {"mimeType": FORM, "text": "data:x;base64,%%%%"},
        {"mimeType": "application/json", "text": "data:x;base64,%%%%"},
    ],
)
def test_a_body_that_says_nothing_names_nobody(sent: Mapping[str, Any] | None) -> None:
    """What is missing, masked, cut, or no JSON and no form."""
    assert caller_id("body:team", sent=sent) is None


def test_a_body_that_cannot_be_unpacked_names_nobody() -> None:
    """Its first bytes promise what the others do not keep."""
    sent = binary_body(b"\x1f\x8bnonsense", FORM)
    headers = [("Content-Encoding", "gzip")]

    assert caller_id("body:team", sent=sent, request_headers=headers) is None


def test_a_query_that_was_cut_is_not_believed() -> None:
    """A record that shed its headers has long texts cut too."""
    cut: dict[str, Any] = {"envelope": {"notes": ["shed"]}, "query": [("team", "acme")]}

    assert caller_id("query:team", request_headers=[], **cut) is None
    assert caller_id("query:team", **cut) == mask_key("acme")


def answered(answer: Answer | Miss, **record: Any) -> Identified:
    """Return what is found when a function answers so."""
    identifier = Identifier(rules=["m:f"], functions={"m:f": Answers(answer)})
    return identifier.identify(a_record(**record))


def test_what_a_function_returns_is_masked() -> None:
    """It may return a key in clear, with who that is."""
    found = answered(Answer("owl-customer", "Owl", "owl@example.com"))

    caller = Caller(mask_key("owl-customer"), "Owl", "owl@example.com")
    assert Identified(caller, "m:f") == found


@pytest.mark.parametrize(
    "members",
    [
        {"scheme": "bearer", "id": MASK},
        {"headers": {"x-api-key": MASK}},
        {"query": {"key": MASK}},
        {"cookies": {"session": MASK}},
    ],
)
def test_a_function_may_return_a_mask_of_auth(members: dict[str, Any]) -> None:
    """What the writer masked is not masked twice."""
    found = answered(Answer(MASK, "Owl"), envelope=auth(**members))

    assert Caller(MASK, "Owl") == found.caller


@pytest.mark.parametrize("envelope", [{}, auth(scheme="bearer", id=OTHER_MASK)])
def test_a_function_cannot_take_a_mask_from_elsewhere(envelope: dict[str, Any]) -> None:
    """It may have read a header that the client filled with another's mask."""
    found = answered(Answer(MASK), envelope=envelope)

    assert Identified(ANONYMOUS, None, (Miss.MASKED,)) == found


def test_a_function_without_an_answer_leaves_it_to_the_next_rule() -> None:
    """Why it had none is kept for those who ask."""
    functions = {"m:f": Answers(Miss.NONE), "m:g": Answers(Miss.LATE)}
    identifier = Identifier(rules=["m:f", "m:g", "client-ip"], functions=functions)

    found = identifier.identify(a_record())

    assert found.rule == "client-ip"
    assert found.misses == (Miss.NONE, Miss.LATE)


def test_a_function_is_asked_only_when_its_turn_comes() -> None:
    """A caller that is known already costs nothing."""
    function = Answers(Miss.NONE)
    identifier = Identifier(rules=["client-ip", "m:f"], functions={"m:f": function})

    identifier.identify(a_record())
    identifier.identify(a_record(envelope={"caller": {"id": "app"}}))

    assert function.asked == []


def test_a_function_that_is_not_given_cannot_be_named() -> None:
    """It would fail at each record instead of once."""
    with pytest.raises(KeyError, match="m:f"):
        Identifier(rules=["m:f"])


def test_a_table_gives_label_and_email_and_another_id() -> None:
    """Several keys of one customer may become one caller."""
    callers = Callers({MASK: Known("Owl", "owl@example.com", OTHER_MASK)})
    identifier = Identifier(rules=["bearer"], directory=callers)

    found = identifier.caller_of(a_record(envelope=auth(scheme="bearer", id=MASK)))

    assert Caller(OTHER_MASK, "Owl", "owl@example.com") == found


def test_a_table_fills_what_a_function_left_open() -> None:
    """Its own words stay."""
    id_ = mask_key("owl-customer")
    identifier = Identifier(
        rules=["m:f"],
        directory=Callers({id_: Known("Table", "table@example.com")}),
        functions={"m:f": Answers(Answer("owl-customer", "Function"))},
    )

    found = identifier.caller_of(a_record())

    assert Caller(id_, "Function", "table@example.com") == found


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ({"id": MASK}, Caller(MASK, "Table", "table@example.com")),
        ({"id": MASK, "label": "App"}, Caller(MASK, "App", "table@example.com")),
        ({"id": MASK, "label": "A", "email": "b"}, Caller(MASK, "A", "b")),
        ({"id": OTHER_MASK}, Caller(OTHER_MASK)),
    ],
)
def test_a_table_fills_what_the_application_left_open(
    caller: dict[str, str], expected: Caller
) -> None:
    """The id that the application gave stays, whatever the table has."""
    callers = Callers({MASK: Known("Table", "table@example.com", OTHER_MASK)})

    found = Identifier(directory=callers).identify(
        a_record(envelope={"caller": caller})
    )

    assert Identified(expected, APPLICATION) == found


def test_a_caller_that_no_table_knows_stays() -> None:
    """A table names callers, it does not choose them."""
    identifier = Identifier(rules=["client-ip"], directory=Callers())

    assert Caller(mask_key("203.0.113.9")) == identifier.caller_of(a_record())


@pytest.mark.parametrize(
    ("envelope", "kind"),
    [
        ({}, None),
        ({"caller": {"id": "app"}}, None),
        ({"caller": {"id": MASK}}, "sha512"),
        ({"caller": {"id": "hmac-" + MASK}}, "hmac"),
        (auth(scheme="basic", user="owl"), None),
        (auth(id="hmac-" + MASK), "hmac"),
        (auth(headers={"x-api-key": MASK}), "sha512"),
        (auth(query={"key": "hmac-" + MASK}), "hmac"),
        (auth(cookies={"s": MASK}), "sha512"),
    ],
)
def test_a_record_shows_how_its_writer_masks(
    envelope: dict[str, Any], kind: str | None
) -> None:
    """Any mask of it will do."""
    assert kind == mask_kind(a_record(envelope=envelope))


def test_another_way_to_mask_is_told() -> None:
    """The same key would have two ids."""
    told: list[str] = []
    plain = Identifier(on_other_mask=told.append)
    keyed = Identifier(masks=HMAC, on_other_mask=told.append)

    for mask in (MASK, "hmac-" + MASK):
        record = a_record(envelope=auth(scheme="bearer", id=mask))
        plain.identify(record)
        keyed.identify(record)
    plain.identify(a_record())

    assert told == ["sha512", "hmac"]


def test_values_in_clear_get_the_mask_that_is_set() -> None:
    """The keyed mask holds for rules and functions alike."""
    identifier = Identifier(
        rules=["m:f", "client-ip"],
        masks=HMAC,
        functions={"m:f": Answers(Answer("owl-customer"))},
    )

    assert Caller(HMAC.key("owl-customer")) == identifier.caller_of(a_record())
