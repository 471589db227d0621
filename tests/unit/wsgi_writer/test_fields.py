"""Listed fields in JSON and forms, replaced in place."""

from __future__ import annotations

import json

import pytest

from wsgi_writer.fields import FieldMask, looks_like_json
from wsgi_writer.mask import Masks

FIELDS = FieldMask(Masks())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"password":"hunter2"}', '{"password":"[REDACTED 7]"}'),
        (
            ' { "a" : [ { "PassWord" :\n"hunter2" , "b" : 1.50 } ] } ',
            ' { "a" : [ { "PassWord" :\n"[REDACTED 7]" , "b" : 1.50 } ] } ',
        ),
        ('{"cvv":123,"x":1e999}', '{"cvv":"[REDACTED]","x":1e999}'),
        ('{"cvv":null}', '{"cvv":"[REDACTED]"}'),
        ('{"secret":{"a":["}",{"b":"\\""}]},"c":1}', '{"secret":"[REDACTED]","c":1}'),
        ('{"secret":[["]"]],"c":1}', '{"secret":"[REDACTED]","c":1}'),
        ('{"secret":["password"],"c":[]}', '{"secret":"[REDACTED]","c":[]}'),
        (
            '{"password":"a","password":"bc"}',
            '{"password":"[REDACTED 1]","password":"[REDACTED 2]"}',
        ),
        (
            '[{"cvv":"1"},{"cvv":"12"}]',
            '[{"cvv":"[REDACTED 1]"},{"cvv":"[REDACTED 2]"}]',
        ),
        ('{"p\\u0061ssword":"h\\u0075nter2"}', '{"p\\u0061ssword":"[REDACTED 7]"}'),
        ('{"cvv":"🦉é"}', '{"cvv":"[REDACTED 2]"}'),
        ('{"cvv":"\\"\\\\"}', '{"cvv":"[REDACTED 2]"}'),
        ('{"cvv":NaN,"a":Infinity}', '{"cvv":"[REDACTED]","a":Infinity}'),
        ('{"a":1}\n{"cvv":"1"}\n', '{"a":1}\n{"cvv":"[REDACTED 1]"}\n'),
        ('\x1e{"cvv":"1"}\n', '\x1e{"cvv":"[REDACTED 1]"}\n'),
        ('\ufeff{"cvv":"1"}', '\ufeff{"cvv":"[REDACTED 1]"}'),
        ('{"İ":1,"cvv":"1"}', '{"İ":1,"cvv":"[REDACTED 1]"}'),
    ],
)
def test_listed_values_are_replaced_and_nothing_else(given: str, expected: str) -> None:
    """At any depth, in any case, and every other byte stays as it was."""
    assert expected == FIELDS.mask_json(given)


@pytest.mark.parametrize(
    "given",
    [
        '{"a":"password","b":["secret"],"password_hint":"x","keys":1}',
        '{"say \\"password":"x"}',
        '{"\\\\u0063vv":"x"}',
        '"password"',
        '{"a":"{\\"b\\":\\"password\\"}"}',
    ],
)
def test_a_text_without_listed_keys_is_returned_as_it_is(given: str) -> None:
    """A name in a value, or within a longer name, is not listed."""
    assert FIELDS.mask_json(given) is given


@pytest.mark.parametrize(
    "given",
    [
        '{"password":"hunt',
        '{"password":"hunter2"',
        '{"password":"x"} and more',
        "{'password': 'x'}",
        "",
        "   ",
        '{"password":"' + "\n" + '"}',
        '{"password":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"password":' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_json_is_not_guessed_at(given: str) -> None:
    """Cut, nested too deeply, or not JSON at all: None, and no exception."""
    assert FIELDS.mask_json(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            '{"Message":"{\\"cvv\\":\\"1\\",\\"a\\":\\"é\\"}"}',
            '{"Message":"{\\"cvv\\":\\"[REDACTED 1]\\",\\"a\\":\\"é\\"}"}',
        ),
        ('{"a":"[\\"cvv\\" is short"}', '{"a":"[REDACTED 15]"}'),
    ],
)
def test_json_inside_a_json_string_is_masked(given: str, expected: str) -> None:
    """A message wrapped in a message; what only looks like one is replaced."""
    assert expected == FIELDS.mask_json(given)


def test_half_a_character_in_json_inside_a_json_string_stays_escaped() -> None:
    """Undone it could be written nowhere, and the record would be lost."""
    given = r'{"a":"{\"cvv\":1,\"b\":\"\ud83e é\"}"}'
    masked = FIELDS.mask_json(given)

    assert masked is not None
    assert masked.encode("utf-8")
    inner = json.loads(json.loads(masked)["a"])
    assert inner == {"cvv": "[REDACTED]", "b": "\ud83e é"}


def test_json_in_json_in_json_ends_somewhere() -> None:
    """Too many wrappings are replaced as a whole."""
    text = '{"cvv":"hunter2"}'
    for _ in range(6):
        text = json.dumps({"m": text})

    masked = FIELDS.mask_json(text)

    assert masked is not None
    assert "hunter2" not in masked


def test_a_name_in_another_script_is_masked() -> None:
    """`mask_fields` takes any name."""
    fields = FieldMask(Masks(fields=["contraseña"]))

    assert fields.mask_json('{"CONTRASEÑA":"x"}') == '{"CONTRASEÑA":"[REDACTED 1]"}'


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ('{"a":1}', '{"a":1}'),
        ('{"cvv":"1"}', '{"cvv":"[REDACTED 1]"}'),
        ('{"cvv":"1', "[REDACTED 9]"),
        ("[password]", "[password]"),
    ],
)
def test_json_in_a_form_value_is_masked(given: str, expected: str) -> None:
    """Webhooks send JSON as the value of a field."""
    assert expected == FIELDS.mask_form_value(given)


def test_what_begins_like_json_is_told() -> None:
    """After white space, NULs and byte order marks too."""
    assert all(map(looks_like_json, ("{", " \r\n[", "\ufeff{", "\xff\xfe\0{")))
    assert not any(map(looks_like_json, ("", "a{", '"a"')))
