"""Why a line was refused, in words that give nothing away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shipper.explain import UNEXPLAINED, why_refused
from tests.support.records import a_record_line, compact


def broken(**changes: Any) -> bytes:
    """Return a record line with members of the envelope changed."""
    return compact({**json.loads(a_record_line()), **changes})


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (broken(client=5), "client is not of type string"),
        (broken(open=False), "open is not true"),
        (broken(dropped=0), "dropped breaks minimum 1"),
        (broken(notes=["hunter2"]), "notes[0] is not one of the known words"),
        (broken(w=[1, 2]), "w breaks minItems 3"),
        (b'{"v":1}', "the line misses id, client, entry"),
        (b"[]", "the line is not of type object"),
    ],
)
def test_the_first_fault_is_named_with_its_place(line: bytes, sentence: str) -> None:
    """A person can find the fault from place and expectation."""
    assert sentence == why_refused(line)


def test_a_value_of_the_line_is_never_repeated() -> None:
    """A dead letter's reason is shown and logged; the line's secrets are not."""
    line = broken(id="hunter2", auth={"query": {"hunter2": 5}})

    assert "hunter2" not in why_refused(line)


def test_a_name_that_only_the_line_knows_is_not_repeated() -> None:
    """Names of query parameters can be secrets too."""
    line = broken(auth={"query": {"hunter2": 5}})

    assert why_refused(line) == "auth.query.* is not of type string"


@pytest.mark.parametrize("line", [b"{", b"\xff", a_record_line()])
def test_what_the_schema_has_no_word_for_is_still_a_sentence(line: bytes) -> None:
    """Explaining never raises, whatever it is asked about."""
    assert why_refused(line) == UNEXPLAINED
