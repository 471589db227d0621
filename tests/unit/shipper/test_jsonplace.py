"""JSON members marked in place, and the texts of which nothing can be told."""

from __future__ import annotations

import pytest

from shipper.jsonplace import MemberMarks

MARKS = MemberMarks(["password", "pin", "true"])


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ('{"password":"hunter2"}', '{"password":"[REDACTED 7]"}'),
        ('{ "PassWord" :\t"h" , "a": 1.50 }',
         '{ "PassWord" :\t"[REDACTED 1]" , "a": 1.50 }'),
        ('{"password":"é\\n"}', '{"password":"[REDACTED 2]"}'),
        ('{"password":"配達済み"}', '{"password":"[REDACTED 4]"}'),
        ('{"pin":12.5e3,"a":1}', '{"pin":"[REDACTED]","a":1}'),
        ('{"pin":null}', '{"pin":"[REDACTED]"}'),
        ('{"pin":[1,{"password":"]}"}],"a":[]}', '{"pin":"[REDACTED]","a":[]}'),
        ('{"pin":{"a":"}\\n{"},"pin":7}', '{"pin":"[REDACTED]","pin":"[REDACTED]"}'),
        ('[{"pin":""},{"pin":"12"}]',
         '[{"pin":"[REDACTED 0]"},{"pin":"[REDACTED 2]"}]'),
    ],
)  # fmt: skip
def test_the_value_alone_is_marked(text: str, marked: str) -> None:
    """Blanks, numbers and the order of members stay as they were written."""
    assert MARKS.scrub(text) == marked


@pytest.mark.parametrize(
    "text",
    [
        "true",
        '"password"',
        '["password","pin"]',
        '{"a":"password","pins":1,"a pin":2,"shipping":3}',
        '{"password":"[REDACTED 9]","pin":"[NOT SENT: packed]"}',
        '{"a":"say \\n pin"}',
        "{}",
    ],
)
def test_the_same_object_comes_back_when_nothing_is_to_be_marked(text: str) -> None:
    """A word that is no member's name, and a mark that stands already."""
    assert MARKS.scrub(text) is text


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"{\\"pin\\":1}"}',
        '{"a":"{\\"b\\":\\"{\\\\\\"c\\\\\\":1}\\"}"}',
        '{"\\u0070in":1}',
        '{"a":"{\\u0022pin\\u0022:1}"}',
        '{"pa\u017fword":1}',
        '{"pa\u00dfword":1}',
        '{"pin":NaN}',
        '{"pin":1',
        '{"pin":1}\n{"pin":2}',
        '\ufeff{"pin":1}',
        "pin",
        "\ud800",
        "",
    ],
)
def test_nothing_is_said_where_a_tree_has_to_tell(text: str) -> None:
    """Escapes, folding letters, JSON within a string, and what is no strict JSON."""
    assert MARKS.scrub(text) is None
