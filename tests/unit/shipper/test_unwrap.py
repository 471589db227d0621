"""Wrappers of container engines, and the lines inside."""

from __future__ import annotations

import json

import pytest

from shipper.formats.unwrap import (
    CRI,
    DOCKER,
    Pending,
    Unwrapper,
    Whole,
    find_wrapper,
    unwrapped,
)
from shipper.model import Reject

TIME = b"2016-10-06T00:17:09.669794202Z"


def _docker(text: str, stream: str = "stdout") -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": TIME.decode()}).encode()


def _cri(text: bytes, tag: bytes = b"F", stream: bytes = b"stdout") -> bytes:
    return b" ".join((TIME, stream, tag, text))


@pytest.mark.parametrize(
    ("wrapper", "line"),
    [
        (DOCKER, _docker('a "b" \u00e9\n')),
        (DOCKER, _docker('a "b" \u00e9\r\n')),
        (CRI, _cri('a "b" \u00e9'.encode())),
        (CRI, _cri('a "b" \u00e9'.encode()).replace(b"Z", b"+02:00", 1)),
    ],
)
def test_a_whole_line_stands_where_it_begins(wrapper: str, line: bytes) -> None:
    """Its wrapper is gone, every other byte is there."""
    taken = Unwrapper(wrapper).take(line, 70)

    assert Whole('a "b" \u00e9'.encode(), 70) == taken


def test_parts_are_joined_where_the_first_one_begins() -> None:
    """The position must not move past it until the last one is there."""
    unwrapper = Unwrapper(CRI)

    taken = [
        unwrapper.take(_cri(b"one, ", b"P"), 10),
        unwrapper.take(_cri(b"two, ", b"P"), 20),
    ]
    waiting = unwrapper.pending_from
    taken.append(unwrapper.take(_cri(b"three"), 30))

    assert [Pending(), Pending(), Whole(b"one, two, three", 10)] == taken
    assert (waiting, unwrapper.pending_from) == (10, None)


@pytest.mark.parametrize(
    ("wrapper", "lines"),
    [
        (
            CRI,
            [
                _cri(b"a", b"P"),
                _cri(b"b", b"P", b"stderr"),
                _cri(b"A"),
                _cri(b"B", b"F", b"stderr"),
            ],
        ),
        (
            DOCKER,
            [
                _docker("a"),
                _docker("b", "stderr"),
                _docker("A\n"),
                _docker("B\n", "stderr"),
            ],
        ),
    ],
)
def test_streams_are_joined_apart(wrapper: str, lines: list[bytes]) -> None:
    """Two streams of one container cut their lines in between each other."""
    unwrapper = Unwrapper(wrapper)

    taken = [unwrapper.take(line, number) for number, line in enumerate(lines)]

    assert [Pending(), Pending(), Whole(b"aA", 0), Whole(b"bB", 1)] == taken


def test_what_never_ends_is_told_and_forgotten() -> None:
    """A file may end inside a line."""
    unwrapper = Unwrapper(DOCKER)
    unwrapper.take(_docker("a"), 7)

    assert unwrapper.finish() == 7
    assert unwrapper.finish() is None


def test_a_joined_line_has_a_bound() -> None:
    """Its parts are dropped as they come, and the last one is refused."""
    unwrapper = Unwrapper(CRI)
    for _ in range(5):
        unwrapper.take(_cri(b"x" * 300_000, b"P"), 0)

    refused = unwrapper.take(_cri(b"."), 9)

    assert isinstance(refused, Reject)
    assert ("too-long", Whole(b"y", 10)) == (
        refused.reason,
        unwrapper.take(_cri(b"y"), 10),
    )


@pytest.mark.parametrize("wrapper", [DOCKER, CRI])
def test_lines_without_the_wrapper_are_refused(wrapper: str) -> None:
    """Blank ones are blank lines."""
    unwrapper = Unwrapper(wrapper)

    refused = unwrapper.take(b"owls", 0)

    assert isinstance(refused, Reject)
    assert ("wrapper", Whole(b"", 1)) == (refused.reason, unwrapper.take(b" ", 1))


@pytest.mark.parametrize(
    ("lines", "wrapper"),
    [
        ([_docker("a\n"), b"", _docker("b")], DOCKER),
        ([_cri(b"a"), _cri(b"", b"P")], CRI),
        ([_cri(b"a"), b"owls"], None),
        ([b'{"log": {"version": "1.2"}}'], None),
        ([b'{"log": "a", "stream": "x", "time": "y"}'], None),
        ([], None),
    ],
)
def test_the_wrapper_is_found_in_the_first_lines(
    lines: list[bytes], wrapper: str | None
) -> None:
    """A HAR document begins like a line of Docker's, and is none."""
    assert wrapper == find_wrapper(lines)


def test_the_lines_inside_are_for_detection() -> None:
    """Parts are joined and what is no line is left out."""
    lines = [_cri(b"a", b"P"), _cri(b"b"), b"owls", _cri(b"c", b"P")]

    assert unwrapped(lines, CRI) == [b"ab"]
    assert lines == unwrapped(lines, None)
