"""What is hidden in a document that is nested as deeply as documents can be."""

from __future__ import annotations

import json

import pytest

from shipper.policy import Redaction
from shipper.redact import Redacted, Redactor
from tests.support.records import a_record, text_content


def nested(depth: int, core: str) -> str:
    """Return JSON in so many arrays below one member."""
    return '{"a":' + "[" * depth + core + "]" * depth + "}"


@pytest.mark.timeout(20)
def test_a_path_with_stars_takes_no_more_time_for_arrays_in_arrays() -> None:
    """Each array may be a step of the path or none, in any number of ways."""
    text = nested(800, '"ssn"')
    redactor = Redactor(denylist=["*.*.*.*.*.*.ssn"])

    result = redactor.apply(a_record(given=text_content(text, "application/json")))

    assert isinstance(result, Redacted)
    assert json.loads(result.entry)["response"]["content"]["text"] == text


@pytest.mark.parametrize(
    ("names", "redaction"),
    [(["user.ssn", "ssn"], "mark"), (["ssn"], "remove"), (["s n", "ssn"], "mark")],
)
def test_no_depth_ends_the_program_or_leaves_a_secret(
    names: list[str], redaction: Redaction
) -> None:
    """A document may be read that is too deep by one to be laid out again."""
    redactor = Redactor(denylist=names, redaction=redaction)
    for depth in range(900, 1010):
        text = nested(depth, '{"ssn":"hunter2"}')
        result = redactor.apply(a_record(given=text_content(text, "application/json")))

        assert isinstance(result, Redacted)
        assert b"hunter2" not in result.entry


def test_under_an_allowlist_no_depth_ends_the_program() -> None:
    """What cannot be laid out again stays here."""
    redactor = Redactor(allowlist=["b"])
    for depth in range(900, 1010):
        text = nested(depth, '{"ssn":"hunter2"}')
        result = redactor.apply(a_record(given=text_content(text, "application/json")))

        assert isinstance(result, Redacted)
        assert b"hunter2" not in result.entry
