"""Tables of callers: what a file may hold, and what is said of one that may not."""

from __future__ import annotations

import json

import pytest

from shipper.identify import Known
from shipper.lookup.table import Table, UnusableError, read_rows
from tests.support.records import MASK
from wsgi_writer.mask import Masks, mask_key

OWL = Known("Owl", "owl@example.com")
KEY = "owl-key-number-one"
SECRET = "key-that-no-message-may-show"


def table(content: str | bytes) -> Table:
    """Return the table that a file's content is."""
    encoded = content.encode() if isinstance(content, str) else content
    return Table(read_rows(encoded), mask_key)


@pytest.mark.parametrize(
    "content",
    [
        f"key,label,email\n{KEY},Owl,owl@example.com\n",
        f"Email,Plan, Label ,API_KEY\nowl@example.com,gold,Owl,{KEY}",
        f"key;label;email\r\n{KEY};Owl;owl@example.com\r\n",
        f"key\tlabel\temail\n\n{KEY}\tOwl\towl@example.com\n \n",
        f'\ufeff"key","label","email"\n"{KEY}","Owl","owl@example.com"\n',
        json.dumps([{"key": KEY, "label": "Owl", "email": "owl@example.com"}]),
        json.dumps({KEY: {"label": "Owl", "Email": "owl@example.com", "n": 1}}),
        f"key,label,email\n{mask_key(KEY)},Owl,owl@example.com\n",
    ],
)
def test_csv_and_json_say_the_same(content: str) -> None:
    """Columns in any order, keys raw or masked, a byte order mark or none."""
    assert table(content).find(mask_key(KEY)) == OWL


def test_a_label_alone_is_enough() -> None:
    """The shortest table is an object of names."""
    assert table(json.dumps({KEY: "Owl"})).find(mask_key(KEY)) == Known("Owl")
    assert table(f"key,label\n{KEY}\n").find(mask_key(KEY)) == Known()


def test_half_a_surrogate_pair_is_replaced() -> None:
    """JSON can spell it, and no request could carry it."""
    found = table(f'{{"{KEY}": "Owl\\ud800"}}').find(mask_key(KEY))

    assert found == Known("Owl\ufffd")


def test_an_id_is_masked_like_a_key() -> None:
    """Nothing leaves raw, and what is masked is not masked twice."""
    known = table(f"key,id\nfirst-key,{KEY}\nsecond-key,{MASK}\n")

    assert known.find(mask_key("first-key")) == Known(id=mask_key(KEY))
    assert known.find(mask_key("second-key")) == Known(id=MASK)


def test_the_shown_end_of_a_mask_does_not_matter() -> None:
    """A short key is found whether its mask shows four characters of it or not."""
    known = table("key,label\n12345,Owl\n")

    assert known.find(mask_key("12345", mask_short_keys=True)) == Known("Owl")
    assert known.find(mask_key("12345")) == Known("Owl")


def test_a_raw_key_is_masked_as_requests_are() -> None:
    """With the keyed mask the same raw key is found under that."""
    masks = Masks(mask="hmac", mask_key=b"sixteen bytes!!!")
    known = Table(read_rows(f"key,label\n{KEY},Owl\n".encode()), masks.key)

    assert known.find(masks.key(KEY)) == Known("Owl")
    assert known.find(mask_key(KEY)) is None


def test_a_number_is_as_good_as_its_digits() -> None:
    """JSON files have ids as numbers."""
    content = json.dumps([{"key": 123456789, "label": None}])

    assert table(content).find(mask_key("123456789")) == Known()


def test_long_texts_are_cut() -> None:
    """A record is no user profile."""
    known = table(json.dumps({KEY: "o" * 1000})).find(mask_key(KEY))

    assert known == Known("o" * 256)


def test_an_empty_list_is_a_table() -> None:
    """Nobody is known yet."""
    assert len(table("[]")) == 0
    assert len(table("key,label\n")) == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the first line names no column key"),
        (f"{SECRET},Owl\n", "the first line names no column key"),
        (f"key,label\n{SECRET},Owl,more\n", "line 2 has 3 cells for 2 columns"),
        (f"key,label\n\n,{SECRET}\n", "line 3 has no key"),
        (f'key,label\n{SECRET},"Owl\n', "line 2 is not CSV: "),
        (
            f"key,label\n{SECRET},Owl\nother,x\n{mask_key(SECRET)},Owl\n",
            "line 4 has the key of line 2 again",
        ),
        (
            f'{{"{SECRET}": "Owl", "a": "x", "{SECRET}": "Other"}}',
            "member 3 has the key of member 1 again",
        ),
        (
            f"key,label,KEY\na,Owl,{SECRET}\n",
            "the first line names the column key twice",
        ),
        (b"key\nowl\n\xff\n", "line 3 is not UTF-8"),
        (f'{{"{SECRET}": 1,\n2}}', "line 2, column 1 is not JSON: "),
        ("[" * 100_000, "it is not JSON that can be read"),
        (f'["{SECRET}"]', "element 1 is no object"),
        (f'{{"a": "x", "{SECRET}": 7}}', "member 2 is no object"),
        (f'[{{"key": "a"}}, {{"label": "{SECRET}"}}]', "element 2 has no key"),
        (f'{{"{SECRET}": {{"label": []}}}}', "member 1 has a label that is no text"),
    ],
)
def test_a_fault_is_told_by_its_place_alone(content: str | bytes, problem: str) -> None:
    """A raw key is a credential: no message repeats a word of the file."""
    with pytest.raises(UnusableError) as caught:
        table(content)

    assert caught.value.problem.startswith(problem)
    assert SECRET not in f"{caught.value} {caught.value.hint}"
