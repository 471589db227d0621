"""Who made a request: which word of the record is believed, and how it is masked."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.identify import Identifier, check_rule
from shipper.model import Caller
from tests.support.records import MASK, a_record
from wsgi_writer.mask import mask_key

ANONYMOUS = Caller("anonymous", "anonymous")
OTHER_MASK = MASK.replace("wxyz", "abcd")


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

    shown = Identifier(rules=["header:x-c"], mask_short_keys=True).caller_of(record)
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


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_user_name_proves_nothing(status: int) -> None:
    """Anybody could fill another's log with refused requests."""
    envelope = auth(scheme="basic", user="owlbert-user")

    assert caller_id("basic-user", envelope=envelope, status=status) is None


def test_an_empty_value_is_nobody() -> None:
    """An empty header names nobody."""
    assert caller_id("header:x-a", request_headers=[("X-A", "")]) is None


@pytest.mark.parametrize(
    "rule", ["header:X-Api-Key", "query:a b", "bearer", "basic-user"]
)
def test_a_good_rule_is_not_complained_about(rule: str) -> None:
    """The configuration asks before anything is built."""
    assert check_rule(rule) is None


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("", "expected one of"),
        ("heade:X", "expected one of"),
        ("header:", "needs a name"),
        ("header", "needs a name"),
        ("header:a b", "not the name of a header"),
        ("bearer:x", "takes no name"),
    ],
)
def test_a_bad_rule_is_told(rule: str, word: str) -> None:
    """The complaint says what was expected."""
    problem = check_rule(rule)

    assert problem is not None
    assert word in problem
    with pytest.raises(ValueError, match=word):
        Identifier(rules=[rule])
