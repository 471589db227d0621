"""The caller as the application names it: masked, capped, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from wsgi_writer.caller import AnswerError, Caller, caller_from
from wsgi_writer.mask import Masks, mask_key


def test_the_key_is_masked_and_the_answer_left_alone() -> None:
    """The application's dict may be shared between requests."""
    answer = {"api_key": "owlbert-api-key", "label": "Owl", "email": "o@example.com"}
    before = dict(answer)

    caller = caller_from(answer, Masks())

    assert Caller(mask_key("owlbert-api-key"), "Owl", "o@example.com") == caller
    assert before == answer


@pytest.mark.parametrize(
    ("key", "text"),
    [(123456789, "123456789"), (b"m\xc3\xbcll-key", "müll-key"), (1.5, "1.5")],
)
def test_a_key_that_is_no_string_becomes_one(key: object, text: str) -> None:
    """Applications know their callers by number."""
    assert mask_key(text) == caller_from({"api_key": key}, Masks()).id


def test_label_and_email_may_be_missing() -> None:
    """And there may be entries we do not know."""
    answer = MappingProxyType({"api_key": "k" * 9, "label": None, "plan": "free"})

    assert Caller(mask_key("k" * 9), "", "") == caller_from(answer, Masks())


def test_long_texts_are_cut() -> None:
    """A record is no user profile."""
    caller = caller_from({"api_key": "k", "label": "l" * 999, "email": 7}, Masks())

    assert (caller.label, caller.email) == ("l" * 256, "7")


class Loud(str):
    """A string with its own idea of slicing."""

    __slots__ = ()

    def __getitem__(self, key: object) -> str:
        """Give away something else."""
        return "unmasked"


def test_a_string_of_another_kind_is_read_as_a_plain_one() -> None:
    """Frameworks hand over lazy and marked-up strings."""
    caller = caller_from({"api_key": Loud("k" * 9), "label": Loud("Owl")}, Masks())

    assert Caller(mask_key("k" * 9), "Owl", "") == caller


@pytest.mark.parametrize("answer", [["api_key"], "key", 7, ("api_key", "k")])
def test_an_answer_that_is_no_mapping_is_refused(answer: object) -> None:
    """The message says what was expected and what came."""
    with pytest.raises(AnswerError, match=r"returned \w+, expected a mapping"):
        caller_from(answer, Masks())


@pytest.mark.parametrize(
    "answer",
    [{}, {"api_key": None}, {"api_key": ""}, {"id": "k"}, {"api_key": "k" * 70_000}],
)
def test_an_answer_without_a_usable_key_is_refused(
    answer: Mapping[str, object],
) -> None:
    """A caller without an id would group strangers together."""
    with pytest.raises(AnswerError, match="'api_key'"):
        caller_from(answer, Masks())
