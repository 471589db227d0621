"""Nobody gets an identity by asking for it, and one key has one identity."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from shipper.identify import Identifier, Known
from shipper.lookup.table import Table, read_rows
from shipper.matching import Answer, Miss
from shipper.request_view import RequestView
from tests.support.exchanges import an_exchange, encoded
from tests.support.records import compact, parsed
from wsgi_writer.mask import Masks

PLAIN = Masks()
KEYED = Masks(mask="hmac", mask_key=b"sixteen bytes!!!")
EVERYWHERE = (
    "bearer",
    "basic-user",
    "header:X-Api-Key",
    "header:X-Customer",
    "header:Authorization",
    "header:Cookie",
    "query:team",
    "query:api_key",
    "cookie:session",
    "jwt:sub",
    "body:team",
    "m:f",
)

letters = st.sampled_from("abcdefghijkmnpqrstuvwxyzABCDEFGH23456789-_.")
keys = st.text(letters, min_size=1, max_size=40)
masks = st.sampled_from([PLAIN, KEYED])


class Copier:
    """Implements `Function`: believes the first thing it sees of the client's."""

    def ask(self, request: RequestView) -> Answer | Miss:
        """Return a header, a parameter or a body as the caller's key."""
        for value in (
            request.headers.get("x-customer"),
            request.query.get("team"),
            request.body,
        ):
            if value:
                return Answer(value)
        return Miss.NONE


def found(
    exchange: dict[str, Any], by: Masks, rules: tuple[str, ...] = EVERYWHERE
) -> str | None:
    """Return the id that an exchange gets, or None for nobody."""
    record = parsed(encoded(an_exchange(**exchange), by).rstrip(b"\n"))
    functions = {"m:f": Copier()}
    identifier = Identifier(
        rules=rules, unidentified="drop", masks=by, functions=functions
    )
    caller = identifier.caller_of(record)
    return None if caller is None else caller.id


@given(keys, masks, masks)
def test_a_mask_that_a_client_sends_is_nobody(
    key: str, by: Masks, other: Masks
) -> None:
    """Wherever a client puts another's mask, it does not become that caller."""
    mask = other.key(key)
    json_body = {"request_type": "application/json", "request_body": b""}
    places: list[dict[str, Any]] = [
        {"request_headers": [(name, value)]}
        for name in ("X-Api-Key", "X-Customer", "Authorization", "X-Other")
        for value in (mask, f"Bearer {mask}", f"Basic {mask}")
    ]
    places += [
        {"request_headers": [("Cookie", f"session={mask}")]},
        {"target": f"/?team={quote(mask, safe='')}"},
        {"target": f"/?api_key={quote(mask, safe='')}"},
        {**json_body, "request_body": compact({"team": mask})},
    ]

    assert mask not in [found(place, by) for place in places]


@given(keys, masks)
def test_one_key_has_one_identity(key: str, by: Masks) -> None:
    """Masked by the writer or here, from a header, a query, a body or a function."""
    sent = {"request_headers": [("X-Api-Key", key)]}
    json_body = {
        "request_type": "application/json",
        "request_body": compact({"team": key}),
    }
    ways = [
        found(sent, by, ("header:X-Api-Key",)),
        found(
            {"request_headers": [("Authorization", f"Bearer {key}")]}, by, ("bearer",)
        ),
        found({"request_headers": [("X-Customer", key)]}, by, ("header:X-Customer",)),
        found({"target": f"/?team={key}"}, by, ("query:team",)),
        found({"target": f"/?api_key={key}"}, by, ("query:api_key",)),
        found(json_body, by, ("body:team",)),
        found({"request_headers": [("X-Customer", key)]}, by, ("m:f",)),
    ]

    assert set(ways) == {by.key(key)}


@given(keys, masks, st.booleans())
def test_a_table_knows_a_key_by_its_raw_and_its_masked_form(
    key: str, by: Masks, is_raw: bool
) -> None:
    """The id that a request gets is the one that the table has."""
    rows = read_rows(compact([{"key": key if is_raw else by.key(key), "label": "Owl"}]))
    table = Table(rows, by.key)
    sent = {"request_headers": [("X-Api-Key", key)]}

    id_ = found(sent, by, ("header:X-Api-Key",))

    assert id_ is not None
    assert table.find(id_) == Known("Owl")
