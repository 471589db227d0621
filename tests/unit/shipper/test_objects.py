"""JSON objects of logs: what is tolerated, and what members may hold."""

from __future__ import annotations

from typing import Any

import pytest

from shipper.formats.objects import LogObject, decode_object, read_object
from shipper.formats.reasons import MAX_LINE_BYTES
from shipper.model import Reject, Skip


@pytest.mark.parametrize("line", [b"", b"  ", b"\r", b"\xef\xbb\xbf"])
def test_a_blank_line_is_skipped(line: bytes) -> None:
    """It says nothing."""
    assert read_object(line) == Skip("blank")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", "not-json"),
        (b'"x"', "not-json"),
        (b"DEBUG", "not-json"),
        (b'{"a":1', "not-json"),
        (b'{"a":' * 100_000, "not-json"),
        (b'{"a":' + b"9" * 5000 + b"}", "not-json"),
        (b"{" + b" " * MAX_LINE_BYTES + b"}", "too-long"),
    ],
)
def test_what_is_no_object_is_a_reject(line: bytes, reason: str) -> None:
    """Half a line is no object either."""
    found = read_object(line)
    assert isinstance(found, Reject)

    assert found.reason == reason


@pytest.mark.parametrize(
    "line", [b'\xef\xbb\xbf{"a":"b"}', b' {"a":"b"}\r', b'{"a":"b","x":NaN}']
)
def test_what_is_clear_all_the_same_is_read(line: bytes) -> None:
    """A byte order mark, a carriage return, a number that is none."""
    found = read_object(line)
    assert isinstance(found, LogObject)

    assert found.text("a") == "b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a":"caf\xc3\xa9"}', "caf\u00e9"),
        (b'{"a":"caf\xe9"}', "caf\u00e9"),
        (b'{"a":"\xe9\\u20ac"}', "\u00e9\u20ac"),
        (b'{"a":"\xc3\xa9","b":"\xff"}', "\u00e9"),
        (b'{"a":"x\\ud83d"}', "x\ufffd"),
        (b'{"a":"x\\ud83d","b":"\xff"}', "x\ufffd"),
        (b'{"a":"\\u00e9"}', "\u00e9"),
        (b'{"a":"t\tt"}', "t\tt"),
        (b'{"a":5}', "5"),
        (b'{"a":0.10}', "0.10"),
        (b'{"a":true}', None),
        (b'{"a":null}', None),
        (b'{"a":"-"}', None),
        (b'{"a":""}', None),
        (b'{"a":[]}', None),
    ],
)
def test_text_is_text(text: bytes, expected: str | None) -> None:
    """Bytes that are no UTF-8 become a character each; a dash is nothing."""
    found = decode_object(text)
    assert found is not None

    assert found.text("a") == expected


def test_bytes_of_a_field_are_those_of_the_line() -> None:
    """Whether or not they are UTF-8."""
    found = decode_object(b'{"a":"\xe9","b":"\xc3\xa9"}')
    assert found is not None

    assert (
        found.raw("a"),
        found.target("a"),
        found.raw("b"),
    ) == (b"\xe9", "%E9", b"\xc3\xa9")


@pytest.mark.parametrize(
    ("path", "value", "has"),
    [
        ("a.b", 1, True),
        ("c.d", 2, True),
        ("c.e.f", 3, True),
        ("c.n", None, True),
        ("c.x", None, False),
        ("c.d.x", None, False),
        ("x", None, False),
        (".", None, False),
    ],
)
def test_paths_go_by_whole_names_first(path: str, value: Any, has: bool) -> None:
    """A member may have dots in its own name."""
    found = LogObject(
        {"a.b": 1, "a": {"b": 9}, "c": {"d": 2, "e": {"f": 3}, "n": None}}
    )

    assert (value, has) == (found.value(path), found.has(path))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5), ("5", 5), ("007", 7), (0, 0), (-1, None), ("-1", None), (True, None),
        ("5.0", None), ("", None), (None, None), ("\u0665", None), ("9" * 19, None),
        ([], None),
    ],
)  # fmt: skip
def test_whole_numbers_are_counts(value: Any, expected: int | None) -> None:
    """Anything else is not known."""
    assert LogObject({"a": value}).integer("a") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 2_000_000), ("0.0005", 500), ("1e3", 1_000_000_000), ("-1", None),
        (-1, None), ("-", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_durations_are_exact(value: Any, expected: int | None) -> None:
    """To the nanosecond; a negative one is not known."""
    assert LogObject({"a": value}).duration_ns("a", 1_000_000) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.012s", 12_000_000), ("1.25ms", 1_250_000), ("1m0.5s", 60_500_000_000),
        ("305.1µs", 305_100), ("7ns", 7), ("2h", 7_200_000_000_000), ("0s", 0),
    ],
)  # fmt: skip
def test_a_duration_may_say_its_own_unit(value: str, expected: int) -> None:
    """As Go prints it, and Google's load balancers; the name's unit is not asked."""
    assert LogObject({"a": value}).duration_ns("a", 1_000_000) == expected


@pytest.mark.parametrize(
    "value", ["x", "1,5", True, [], {}, "1e99", 10**15, "inf", "9m x", "s", "9999h"]
)
def test_a_duration_that_is_no_number_is_a_reject(value: Any) -> None:
    """Nor is one that lasts for years."""
    found = LogObject({"a": value}).duration_ns("a", 1_000_000)
    assert isinstance(found, Reject)

    assert found.reason == "number"
